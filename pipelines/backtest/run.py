"""Backtests: train at rolling cutoffs, predict what came after, measure beside simple rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from configs.settings import Settings
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from pipelines.backtest.late_payment_run import backtest_late_payment
from pipelines.backtest.protocol import Protocol
from pipelines.backtest.risk_baselines import SHIPPED_CARD
from pipelines.backtest.risk_run import backtest_risk


def backtest(
    name: str,
    ledger_path: Path,
    cutoffs: Sequence[date],
    out: Path,
    settings: Settings,
    progress: Callable[[str], None],
    protocol: Protocol | None = None,
    hand_made: Path | None = None,
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
    hand_made : Path, optional
        For default and scorecard only: a card to hold them against, by default the shipped one.

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
        if hand_made is not None:
            raise ValueError(f"{name}: --hand-made-card is the default model's and the scorecard's")
        return backtest_late_payment(
            book, ordered, end, out, settings.late_payment, protocol or Protocol(), progress
        )
    if protocol not in (None, Protocol()):
        raise ValueError(f"{name}: --customer-folds and --rescore-days are late_payment's")
    return backtest_risk(
        name, book, ordered, end, out, settings, hand_made or SHIPPED_CARD, progress
    )
