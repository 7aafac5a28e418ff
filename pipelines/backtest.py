"""Backtests: train at rolling cutoffs, predict what came after, measure beside simple rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.loading import load_book
from features.facts.versions import DAY
from features.ledger.storage import Ledger
from models.evaluation import classification_metrics
from models.late_payment.grid import HORIZONS
from models.late_payment.model import fit_late_payment, issue_rows
from models.plots import report_figure
from models.snapshots import add_months, matured_snapshots, month_starts
from models.training import Checked, fit_risk
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
        Folder for ``metrics`` and ``predictions`` (Parquet and CSV) and ``report.png``.
    settings : Settings
    progress : callable

    Returns
    -------
    DataFrame
        One row per cutoff, target and predictor (the model and its baselines).

    Raises
    ------
    ValueError
        A cutoff that leaves nothing to test, or too little to train on.
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
    tables = []
    for number, cutoff in enumerate(ordered):
        progress(f"{name}: cutoff {cutoff} ({number + 1} of {len(ordered)})")
        until = ordered[number + 1] if number + 1 < len(ordered) else end
        if name == "late_payment":
            tables.append(_late_payment(book, cutoff, until, end, settings))
        else:
            tables.append(_risk(name, book, cutoff, end, settings))
    predictions = pd.concat(tables, ignore_index=True)
    if predictions.empty:
        raise ValueError(
            f"--cutoffs: after {ordered[-1]} there is nothing to test yet in a ledger that ends "
            f"with {end}; choose earlier dates"
        )
    metrics = _measure(predictions)
    write_frames(out, {"metrics": metrics, "predictions": predictions}, csv=True)
    headline = "late_5d" if name == "late_payment" else "default_12m"
    checks = [
        Checked(f"{headline} from {cutoff}", part["outcome"].to_numpy(), part["model"].to_numpy())
        for cutoff, part in predictions[predictions["target"] == headline].groupby("cutoff")
    ]
    report_figure(name, checks).savefig(out / "report.png", dpi=110)
    return metrics


def _late_payment(
    book: Book, cutoff: date, until: date, end: date, settings: Settings
) -> pd.DataFrame:
    edge = moment_in_microseconds(cutoff)
    model = fit_late_payment(book, edge, settings.late_payment).model
    rows = issue_rows(book, edge, moment_in_microseconds(until), moment_in_microseconds(end))
    curve = model.curves(rows.matrix, rows.start, rows.keys.due_day)
    parts = []
    for days in HORIZONS:
        matured = rows.observed >= days
        own = f"customer_late_{days}d_shrunk_rate_365d"
        parts.append(
            pd.DataFrame(
                {
                    "cutoff": cutoff,
                    "target": f"late_{days}d",
                    "customer_id": book.customer_ids[rows.keys.customer[matured]],
                    "invoice_id": book.invoice_ids[rows.keys.invoice[matured]],
                    "outcome": rows.days_late[matured] >= days,
                    "model": curve.late(days)[matured],
                    "own_late_rate": rows.matrix[matured, model.features.index(own)]
                    if own in model.features
                    else np.nan,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _risk(name: str, book: Book, cutoff: date, end: date, settings: Settings) -> pd.DataFrame:
    window = settings.default.window_months
    edge = moment_in_microseconds(cutoff)
    # The first monthly snapshot that the model has not learnt from.
    tested = int(month_starts(edge // int(DAY) - 1, edge // int(DAY) + 31)[0])
    matured = add_months(tested, window) * int(DAY)
    if matured > moment_in_microseconds(end):
        raise ValueError(
            f"--cutoffs: the {window} months after {cutoff} end after the ledger's extract of "
            f"{end}; choose earlier dates"
        )
    model = fit_risk(name, matured_snapshots(book, settings.default, edge), settings)
    snapshots = matured_snapshots(book, settings.default, matured)
    test = snapshots.take(snapshots.as_of == tested * DAY)
    frame = pd.DataFrame(
        {
            "cutoff": cutoff,
            "target": "default_12m",
            "customer_id": book.customer_ids[test.customer],
            "outcome": test.bad,
            "model": model.predict(test.matrix),
        }
    )
    # Rules of thumb as rankings: a larger value is riskier.
    for rule, feature, sign in (
        ("worst_dpd", "customer_worst_dpd_max_now", 1.0),
        ("overdue_share", "customer_overdue_share_now", 1.0),
        ("bureau_score", "customer_bureau_score_value_now", -1.0),
    ):
        values = sign * test.matrix[:, model.features.index(feature)]
        lowest = np.nanmin(values) if np.isfinite(values).any() else 0.0
        frame[rule] = pd.Series(np.nan_to_num(values, nan=lowest)).rank(pct=True)
    return frame


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
