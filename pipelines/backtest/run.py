"""Backtests: train at rolling cutoffs, predict what came after, measure beside simple rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from configs.settings import Settings
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from models.evaluation import classification_metrics
from models.plots import report_figure
from models.training import Checked
from pipelines.backtest.late_payment_run import backtest_late_payment
from pipelines.backtest.protocol import Protocol
from pipelines.backtest.risk import risk
from pipelines.files import write_frames

MEASURES = ("rows", "base_rate", "auc", "average_precision", "log_loss", "brier", "ece")
"""What the summary shows of every row of the metrics."""


def backtest(
    name: str,
    ledger_path: Path,
    cutoffs: Sequence[date],
    out: Path,
    settings: Settings,
    progress: Callable[[str], None],
    protocol: Protocol | None = None,
) -> pd.DataFrame:
    """Backtest one model.

    Parameters
    ----------
    name : str
        late_payment, default or scorecard.
    ledger_path : Path
    cutoffs : sequence of date
        Each model learns what was known before its cutoff and is tested on what came after: the
        invoices issued until the next cutoff (the last: until the extract), or the customers at
        the cutoff and their following year.
    out : Path
        Folder for the tables (Parquet and CSV) and the report.
    settings : Settings
    progress : callable
    protocol : Protocol, optional
        For late_payment only: customers held out, age of proposals.

    Returns
    -------
    DataFrame
        One row per cutoff, target and predictor (the model and its baselines).

    Raises
    ------
    ValueError
        A cutoff that leaves nothing to test, or too little to train on; an option that the model
        does not have.
    """
    ledger = Ledger.open(ledger_path)
    ordered = sorted(set(cutoffs))
    end = ledger.extract_date
    if not ordered or ordered[-1] >= end:
        raise ValueError(
            f"--cutoffs: {ordered[-1] if ordered else 'none given'} leaves nothing to test in a "
            f"ledger that ends with {end}; choose earlier dates"
        )
    book = load_book(ledger, settings.settlement)
    if name == "late_payment":
        return backtest_late_payment(
            book, ordered, end, out, settings.late_payment, protocol or Protocol(), progress
        )
    if protocol not in (None, Protocol()):
        raise ValueError(f"{name}: --customer-folds and --rescore-days are late_payment's")
    tables = []
    for number, cutoff in enumerate(ordered):
        progress(f"{name}: cutoff {cutoff} ({number + 1} of {len(ordered)})")
        tables.append(risk(name, book, cutoff, end, settings))
    predictions = pd.concat(tables, ignore_index=True)
    if predictions.empty:
        raise ValueError(
            f"--cutoffs: after {ordered[-1]} there is nothing to test yet in a ledger that ends "
            f"with {end}; choose earlier dates"
        )
    metrics = _measure(predictions)
    write_frames(out, {"metrics": metrics, "predictions": predictions}, csv=True)
    checks = [
        Checked(f"default_12m from {cutoff}", part["outcome"].to_numpy(), part["model"].to_numpy())
        for cutoff, part in predictions.groupby("cutoff")
    ]
    report_figure(name, checks).savefig(out / "report.png", dpi=110)
    return metrics


def _measure(predictions: pd.DataFrame) -> pd.DataFrame:
    keys = ("cutoff", "target", "customer_id", "invoice_id", "outcome")
    predictors = [column for column in predictions.columns if column not in keys]
    return pd.DataFrame(
        [
            {
                "cutoff": cutoff,
                "target": target,
                "predictor": predictor,
                **classification_metrics(
                    part["outcome"].to_numpy(dtype=bool), part[predictor].to_numpy(dtype=float)
                ),
            }
            for (cutoff, target), part in predictions.groupby(["cutoff", "target"], sort=False)
            for predictor in predictors
            if part[predictor].notna().all()
        ]
    )
