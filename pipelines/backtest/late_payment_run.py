"""The late-payment backtest from cutoffs to tables and report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from configs.settings import LatePaymentSettings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.ledger.writing import replace_atomically
from models.late_payment.baselines.catalogue import NAMES, REFERENCE
from pipelines.backtest.late_payment import Answers, Span, answers
from pipelines.backtest.late_payment_report import late_payment_report
from pipelines.backtest.protocol import Protocol
from pipelines.backtest.tables import (
    calibration_tables,
    cash_and_task,
    dates_table,
    metrics_tables,
    slices_table,
)
from pipelines.files import write_frames

PREDICTORS = ("model", *NAMES)
HEADLINES = ("late_5d", "open_late_30d")
"""At issue, and while open: what the summary, the slices and the report start with."""
DRAWS = 400


def backtest_late_payment(
    book: Book,
    cutoffs: Sequence[date],
    end: date,
    out: Path,
    settings: LatePaymentSettings,
    protocol: Protocol,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Train at every cutoff, measure on what came until the next, write tables and report.

    Returns
    -------
    DataFrame
        ``metrics``; see `pipelines.backtest.tables`.

    Raises
    ------
    ValueError
        Too little to train on at a cutoff, or nothing to test after all of them.
    """
    found = []
    for number, cutoff in enumerate(cutoffs):
        progress(f"late_payment: cutoff {cutoff} ({number + 1} of {len(cutoffs)})")
        until = cutoffs[number + 1] if number + 1 < len(cutoffs) else end
        span = Span(*(moment_in_microseconds(day) for day in (cutoff, until, end)))
        found.append(_dated(answers(book, span, protocol, settings, progress), cutoff))
    predictions = pd.concat([answer.probabilities for answer in found], ignore_index=True)
    if predictions.empty:
        raise ValueError(
            f"--cutoffs: after {cutoffs[-1]} there is nothing to test yet in a ledger that ends "
            f"with {end}; choose earlier dates"
        )
    dates = pd.concat([answer.dates for answer in found], ignore_index=True)
    progress("late_payment: measures and their intervals")
    metrics, pooled, comparisons = metrics_tables(predictions, PREDICTORS, DRAWS, cash_and_task)
    tables = {
        "metrics": metrics,
        "pooled": pooled,
        "comparisons": comparisons,
        "slices": slices_table(predictions, ("model", REFERENCE), HEADLINES, DRAWS),
        "calibration": calibration_tables(predictions, PREDICTORS),
        "dates": dates_table(dates, DRAWS),
        "predictions": predictions,
    }
    progress("late_payment: report")
    text = late_payment_report(tables, cutoffs, end, protocol)
    write_frames(out, tables, csv=True)
    replace_atomically(out / "report.html", text.encode())
    return metrics


def _dated(answer: Answers, cutoff: date) -> Answers:
    """Put the cutoff first."""
    frames = []
    for frame in (answer.probabilities, answer.dates):
        dated = frame.copy()
        dated.insert(0, "cutoff", cutoff)
        frames.append(dated)
    return Answers(*frames)
