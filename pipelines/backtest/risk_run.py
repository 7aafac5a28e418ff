"""The backtest of the default model or the scorecard from cutoffs to tables and report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from configs.settings import Settings
from features.facts.book import Book
from features.ledger.writing import replace_atomically
from models.scorecard.card import Scorecard
from models.scorecard.hand_made import read_hand_made_card
from pipelines.backtest.risk import OTHER, judge, tested_month
from pipelines.backtest.risk_baselines import BASELINES, HAND_MADE
from pipelines.backtest.risk_report import Backtested, risk_report
from pipelines.backtest.risk_tables import (
    graded,
    grades_by_cutoff,
    master_scale,
    migration_by_cutoff,
    ranking_measures,
    stability_table,
)
from pipelines.backtest.tables import metrics_tables
from pipelines.files import write_frames

DRAWS = 400


def backtest_risk(
    name: str,
    book: Book,
    cutoffs: Sequence[date],
    end: date,
    out: Path,
    settings: Settings,
    hand_made: Path,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Fit at every cutoff, measure on the customers' following year, write tables and report.

    Returns
    -------
    DataFrame
        ``metrics``: a row per cutoff, target and predictor.

    Raises
    ------
    ValueError
        A window that has not passed or a hand-made card that cannot be read, found before anything
        is fitted; too little to train on.
    """
    for cutoff in cutoffs:
        tested_month(cutoff, settings.default.window_months, end)
    card_by_hand = read_hand_made_card(hand_made)
    judged = {}
    for number, cutoff in enumerate(cutoffs):
        progress(f"{name}: cutoff {cutoff} ({number + 1} of {len(cutoffs)})")
        judged[cutoff] = judge(name, book, cutoff, end, settings, card_by_hand, progress)
    progress(f"{name}: measures and their intervals")
    grades = settings.scorecard.grades
    together = pd.concat([one.predictions for one in judged.values()], ignore_index=True)
    predictions = graded(together, grades)
    metrics, pooled, comparisons = metrics_tables(
        predictions, ("model", OTHER[name], *BASELINES, HAND_MADE), DRAWS, ranking_measures
    )
    tables = {
        "metrics": metrics,
        "pooled": pooled,
        "comparisons": comparisons,
        "grades": grades_by_cutoff(predictions, grades),
        "migration": migration_by_cutoff(predictions, grades),
        "stability": stability_table(judged),
        "predictions": predictions,
    }
    progress(f"{name}: report")
    latest = judged[cutoffs[-1]].model
    card = latest if isinstance(latest, Scorecard) else None
    tested = predictions[predictions["cutoff"] == cutoffs[-1]]
    scale = master_scale(grades, card, tested)
    text = risk_report(Backtested(name, tables, scale, card, settings.default), end)
    write_frames(out, tables, csv=True)
    replace_atomically(out / "report.html", text.encode())
    return metrics
