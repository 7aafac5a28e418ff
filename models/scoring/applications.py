"""Scores of applications: the PD of customers without any history, and a first limit."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd

from configs.settings import ScorecardSettings, Settings
from features.build import moment_in_microseconds
from features.facts.book import Book, Float64
from features.facts.money_at import reporting_minor_units
from features.ledger.money import minor_units_per_major
from models.bundle import LoadedModel
from models.limits import limits_of_applicants
from models.loss.given_default import LossGivenDefault
from models.reasons import COUNT, REASON_COLUMNS
from models.scorecard.master_scale import grade_of

APPLICATION_COLUMNS = [
    "application_id",
    "customer_id",
    "as_of",
    "currency",
    "requested_amount",
    "pd_12m",
    "pd_upper",
    "score",
    "grade",
    "lgd",
    "lgd_basis",
    "expected_loss",
    "suggested_limit",
    "binding_cap",
    "basis",
    *REASON_COLUMNS,
]
"""The columns of the ``applications`` output."""


def score_applications(
    default: LoadedModel | None,
    book: Book,
    frame: pd.DataFrame,
    as_of: date | datetime,
    settings: Settings,
    losses: LossGivenDefault,
) -> pd.DataFrame:
    """Score applications; rows do not see each other.

    Parameters
    ----------
    default : LoadedModel or None
        The default model; None leaves all but the amounts empty.
    book : Book
        For the rates of currencies and the codes of segments.
    frame : DataFrame
        ``application_id customer_id segment country business_days bureau_score amount currency``.
    as_of : date or datetime
    settings : Settings
    losses : LossGivenDefault

    Returns
    -------
    DataFrame
        `APPLICATION_COLUMNS`, amounts in the reporting currency. ``expected_loss`` is that of the
        suggested limit, fully used.
    """
    scored = frame[["application_id", "customer_id"]].copy()
    scored["as_of"] = as_of
    scored["currency"] = book.reporting_currency
    moments = np.full(len(frame), moment_in_microseconds(as_of), dtype=np.int64)
    units = minor_units_per_major(book.reporting_currency)
    requested = np.round(reporting_minor_units(book, frame, moments) / units, 2)
    scored["requested_amount"] = requested
    model = None if default is None else default.model.application
    if model is None or not len(frame):
        return scored.reindex(columns=APPLICATION_COLUMNS)
    matrix = model.matrix(frame)
    pd_12m, pd_upper = model.predict(matrix)
    places = {name: code for code, (kind, name) in enumerate(book.places) if kind == "segment"}
    segment = frame["segment"].map(places).fillna(-1).to_numpy(dtype=np.int64)
    lgd, scored["lgd_basis"] = losses.of(segment)
    scored["pd_12m"], scored["pd_upper"], scored["lgd"] = pd_12m, pd_upper, lgd
    scored["score"], scored["grade"] = on_master_scale(pd_12m, settings.scorecard)
    limit, scored["binding_cap"] = limits_of_applicants(
        settings.limits, requested, pd_12m, pd_upper, lgd
    )
    scored["suggested_limit"] = limit
    scored["expected_loss"] = np.round(pd_12m * lgd * limit, 2)
    scored["basis"] = model.basis(matrix)
    reasons = [(texts + [None] * COUNT)[:COUNT] for texts in model.reasons(frame, matrix)]
    scored[list(REASON_COLUMNS)] = pd.DataFrame(reasons, index=scored.index, dtype=object)
    return scored.reindex(columns=APPLICATION_COLUMNS)


def on_master_scale(pd_12m: Float64, settings: ScorecardSettings) -> tuple[Float64, np.ndarray]:
    """Return the points that a probability is worth on the scorecard's scale, and its grade.

    Examples
    --------
    >>> points, grade = on_master_scale(np.array([1 / 51]), ScorecardSettings())
    >>> points.tolist(), grade.tolist()
    ([600.0], ['D'])
    """
    clipped = np.clip(pd_12m, 1e-9, 1 - 1e-9)
    good = np.log((1 - clipped) / clipped)
    factor = settings.pdo / np.log(2.0)
    points = np.rint(settings.base_score + factor * (good - np.log(settings.base_odds)))
    return points, grade_of(pd_12m, settings.grades)
