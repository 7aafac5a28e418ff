"""Training one registered model at a moment: what is fitted, how it did, what it was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.versions import DAY
from models.bundle import Model
from models.cash_forecast.fitting import with_co_movement
from models.default.application import fit_application
from models.default.model import DefaultModel, fit_default, unseen_log_odds
from models.evaluation import classification_metrics, kolmogorov_smirnov
from models.late_payment.fitting import fit_late_payment, silent
from models.late_payment.grid import HORIZONS
from models.scorecard.card import Scorecard
from models.scorecard.fit import fit_scorecard, unseen_good_log_odds
from models.snapshots import Snapshots, training_snapshots

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

MIN_OOT_DEFAULTS = 10
"""Defaulted customers below which an out-of-time fit of a risk model says nothing."""
EXPLAINED_ROWS = 300
"""Rows whose contributions the importance plot shows."""
_TEST_SHARE = 0.3


@dataclass(frozen=True)
class Checked:
    """Outcomes and predictions on rows the predicting model did not learn from."""

    title: str
    outcome: Bool
    probability: Float64


@dataclass(frozen=True)
class Trained:
    """A trained model with its record.

    Parameters
    ----------
    name : str
    model : Model
    metrics : dict of str to float
    parameters : dict
    checks : tuple of Checked
        What the plots show.
    window : tuple of date
        First and last day of the rows learnt from.
    evaluated : tuple of date, or None
        First and last day of the rows that the metrics were measured on by a model fitted with what
        was known before the first; None where customers were held out instead.
    rows : int
    sample : DataFrame
        A few rows of the matrix: the input example.
    explained : DataFrame
        Up to `EXPLAINED_ROWS` rows of the matrix ...
    contributions : float64 array of the same shape
        ... and what each feature contributes to their risk.
    """

    name: str
    model: Model
    metrics: dict[str, float]
    parameters: dict[str, Any]
    checks: tuple[Checked, ...]
    window: tuple[date, date]
    evaluated: tuple[date, date] | None
    rows: int
    sample: pd.DataFrame
    explained: pd.DataFrame
    contributions: Float64


def train(
    name: str,
    book: Book,
    as_of: date,
    settings: Settings,
    progress: Callable[[str], None] = silent,
) -> Trained:
    """Train one model with what was known before ``as_of``.

    Raises
    ------
    ValueError
        The ledger does not hold what the model needs; one line that names what is missing.
    """
    if name == "late_payment":
        return _train_late_payment(book, as_of, settings, progress)
    if name in ("default", "scorecard"):
        return _train_risk(name, book, as_of, settings, progress)
    raise ValueError(f"{name!r} is not a model; choose late_payment, default or scorecard")


def _train_late_payment(
    book: Book, as_of: date, settings: Settings, progress: Callable[[str], None]
) -> Trained:
    cutoff = moment_in_microseconds(as_of)
    fitted = fit_late_payment(book, cutoff, settings.late_payment, progress)
    progress("late_payment: how payment days move together")
    model = with_co_movement(book, fitted, cutoff)
    rows = fitted.evaluated
    metrics: dict[str, float] = {}
    checks = []
    for days in HORIZONS:
        matured = rows.observed >= days
        checked = Checked(
            f"{days} or more days late, at issue",
            rows.days_late[matured] >= days,
            fitted.curves.late(days)[matured],
        )
        measured = classification_metrics(checked.outcome, checked.probability)
        metrics |= {f"oot_late_{days}d_{key}": value for key, value in measured.items()}
        if days in (1, 5, 30) and matured.any():
            checks.append(checked)
    paid = rows.closed & (rows.days_late < 10**5)
    median = fitted.curves.quantile(0.5)
    inside = (fitted.curves.quantile(0.1) <= rows.days_late) & (
        rows.days_late <= fitted.curves.quantile(0.9)
    )
    if paid.any():
        metrics["oot_pay_date_mae_days"] = float(np.abs(median - rows.days_late)[paid].mean())
        metrics["oot_pay_date_p10_p90_coverage"] = float(inside[paid].mean())
    known = (book.issued.known < cutoff) & (book.issued.void >= cutoff)
    issued = book.issued.measures["issued_day"][known]
    some = _spread(len(rows))
    return Trained(
        "late_payment",
        model,
        metrics,
        settings.late_payment.model_dump(),
        tuple(checks),
        (_date(int(issued.min())), _date(int(issued.max()))),
        _span(rows.keys.as_of),
        int(known.sum()),
        pd.DataFrame(rows.matrix[:5], columns=fitted.model.features),
        pd.DataFrame(rows.matrix[some], columns=fitted.model.features),
        fitted.model.contributions(rows.matrix[some], rows.start[some]),
    )


def _train_risk(
    name: str, book: Book, as_of: date, settings: Settings, progress: Callable[[str], None]
) -> Trained:
    progress(f"{name}: monthly snapshots")
    cutoff = moment_in_microseconds(as_of)
    snapshots = training_snapshots(book, settings.default, cutoff)
    progress(f"{name}: fit and calibration")
    model = fit_risk(name, snapshots, settings)
    if isinstance(model, DefaultModel):
        application = fit_application(
            book, snapshots.whole, settings.default_model, settings.default.window_months
        )
        model = replace(model, application=application)
    progress(f"{name}: evaluation")
    whole = snapshots.whole
    checked = _out_of_time(name, book, whole, settings) or _unseen(name, snapshots, settings)
    measured = classification_metrics(checked.outcome, checked.probability)
    measured["ks"] = kolmogorov_smirnov(checked.outcome, checked.probability)
    out_of_time = checked.title.startswith("out of time")
    prefix = "oot" if out_of_time else "unseen_customers"
    some = _spread(len(snapshots))
    parameters = settings.scorecard if name == "scorecard" else settings.default_model
    return Trained(
        name,
        model,
        {f"{prefix}_{key}": value for key, value in measured.items()},
        {**parameters.model_dump(), **settings.default.model_dump()},
        (checked,),
        (_date(int(snapshots.as_of.min() // DAY)), _date(int(snapshots.as_of.max() // DAY))),
        _span(whole.as_of[whole.as_of >= _edge(whole)]) if out_of_time else None,
        len(snapshots),
        pd.DataFrame(snapshots.matrix[:5], columns=model.features),
        pd.DataFrame(snapshots.matrix[some], columns=model.features),
        model.contributions(snapshots.matrix[some]),
    )


def fit_risk(name: str, snapshots: Snapshots, settings: Settings) -> DefaultModel | Scorecard:
    """Fit ``default`` or ``scorecard`` on `training_snapshots`."""
    if name == "scorecard":
        return fit_scorecard(snapshots, settings.scorecard, settings.default)
    return fit_default(snapshots, settings.default_model, settings.default)


def _out_of_time(name: str, book: Book, whole: Snapshots, settings: Settings) -> Checked | None:
    """Fit as of the first test month, outcomes as known then; None with too few defaults."""
    edge = _edge(whole)
    before = training_snapshots(book, settings.default, edge)
    if before.bad_customers < MIN_OOT_DEFAULTS:
        return None
    definition = settings.default.model_copy(update={"min_defaulted_customers": MIN_OOT_DEFAULTS})
    try:
        model = fit_risk(name, before, settings.model_copy(update={"default": definition}))
    except ValueError:
        # The shorter history does not carry the model; the whole one may.
        return None
    test = whole.take(whole.as_of >= edge)
    return Checked("out of time: default within the window", test.bad, model.predict(test.matrix))


def _edge(snapshots: Snapshots) -> int:
    """Return the first test month."""
    return int(np.quantile(snapshots.as_of, 1.0 - _TEST_SHARE))


def _span(moments: npt.NDArray[np.int64]) -> tuple[date, date] | None:
    """Return the first and last day of moments."""
    if len(moments) == 0:
        return None
    return _date(int(moments.min() // DAY)), _date(int(moments.max() // DAY))


def _unseen(name: str, snapshots: Snapshots, settings: Settings) -> Checked:
    """Check on customers held out, where history is too short for an out-of-time fit."""
    whole = snapshots.whole
    odds = (
        unseen_log_odds(snapshots, settings.default_model)
        if name == "default"
        else -unseen_good_log_odds(snapshots, settings.scorecard)
    )
    probability = 1.0 / (1.0 + np.exp(-odds[snapshots.matured]))
    return Checked("unseen customers: default within the window", whole.bad, probability)


def _spread(rows: int) -> npt.NDArray[np.int64]:
    """Return up to `EXPLAINED_ROWS` rows, evenly spread."""
    return np.unique(np.linspace(0, rows - 1, min(rows, EXPLAINED_ROWS)).astype(np.int64))


def _date(day: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day)
