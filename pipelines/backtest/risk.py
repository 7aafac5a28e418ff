"""Default and scorecard at one cutoff: customers at the cutoff, and their following year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.versions import DAY
from models.default.model import DefaultModel
from models.scorecard.card import Scorecard
from models.scorecard.hand_made import HandMadeCard
from models.snapshot_months import add_months, month_starts
from models.snapshots import Snapshots, matured_snapshots, training_snapshots
from models.training import fit_risk
from pipelines.backtest.risk_baselines import predict_baselines

OTHER = {"default": "scorecard", "scorecard": "default"}
"""The model of the same event beside each."""


@dataclass(frozen=True)
class Judged:
    """What came of one cutoff.

    Parameters
    ----------
    predictions : DataFrame
        A row per customer of the tested snapshot.
    model : DefaultModel or Scorecard
    learnt : Snapshots
        What it was fitted on ...
    learnt_pd : float64 array of shape (learnt,)
        ... and says of it.
    """

    predictions: pd.DataFrame
    model: DefaultModel | Scorecard
    learnt: Snapshots
    learnt_pd: npt.NDArray[np.float64]


def tested_month(cutoff: date, window_months: int, end: date) -> tuple[int, int]:
    """Return the first monthly snapshot not learnt from, and the end of its window; days.

    Raises
    ------
    ValueError
        The window has not passed by the ledger's end.
    """
    first = moment_in_microseconds(cutoff) // int(DAY) - 1
    tested = int(month_starts(first, first + 32)[0])
    matured = add_months(tested, window_months)
    if matured * int(DAY) > moment_in_microseconds(end):
        raise ValueError(
            f"--cutoffs: the {window_months} months after {cutoff} end after the ledger's extract "
            f"of {end}; choose earlier dates"
        )
    return tested, matured


def judge(
    name: str,
    book: Book,
    cutoff: date,
    end: date,
    settings: Settings,
    hand_made: HandMadeCard,
    progress: Callable[[str], None],
) -> Judged:
    """Fit both models and the baselines at a cutoff, and predict what the following year brought.

    The model asked for must fit; the other is left out where it cannot.

    Raises
    ------
    ValueError
        Too little to train on, or a window that has not passed; one line that names the cutoff.
    """
    tested, matured = tested_month(cutoff, settings.default.window_months, end)
    learnt = training_snapshots(book, settings.default, moment_in_microseconds(cutoff))
    try:
        model = fit_risk(name, learnt, settings)
    except ValueError as error:
        raise ValueError(f"--cutoffs: {cutoff}: {error}") from error
    test = matured_snapshots(book, settings.default, matured * int(DAY), since_day=tested)
    if not len(test):
        raise ValueError(
            f"--cutoffs: {cutoff}: no active customer that is not in default to test on; choose "
            "another date"
        )
    columns = {"model": model.predict(test.matrix)}
    try:
        columns[OTHER[name]] = fit_risk(OTHER[name], learnt, settings).predict(test.matrix)
    except ValueError as error:
        progress(f"{name}: without the other model: {error}")
        columns[OTHER[name]] = np.full(len(test), np.nan)
    columns |= predict_baselines(book, learnt.whole, test, hand_made)
    predictions = pd.DataFrame(
        {
            "cutoff": cutoff,
            "target": f"default_{settings.default.window_months}m",
            "customer_id": book.customer_ids[test.customer],
            "outcome": test.bad,
            **columns,
        }
    )
    return Judged(predictions, model, learnt, model.predict(learnt.matrix))
