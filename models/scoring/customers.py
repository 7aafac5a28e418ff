"""Scores of customers: default, points, grade, exposure, expected loss, limit; and the worklist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import Settings
from features.build import build_matrix, moment_in_microseconds
from features.catalogue import CUSTOMER_FEATURES
from features.engine import Moment
from features.facts.book import Book, Float64
from features.facts.versions import DAY
from features.ledger.money import minor_units_per_major
from models.bundle import LoadedModel
from models.limits import suggest_limits, upper_by_rule
from models.loss.expected import insurers_part
from models.loss.given_default import LossGivenDefault, assumed
from models.priority import rank_worklist
from models.reasons import REASON_COLUMNS, Reason, details, find_reasons, sentences
from models.scoring.basis import customer_basis_at
from models.scoring.default_status import GRADE, DefaultStatus, default_status
from models.snapshot_months import active
from models.snapshots import customer_keys

CARD_REASON_COLUMNS = tuple(f"card_{name}" for name in REASON_COLUMNS)
"""The scorecard's own reasons, where the default model's stand in `REASON_COLUMNS`."""
CUSTOMER_COLUMNS = [
    "customer_id",
    "as_of",
    "currency",
    "pd_12m",
    "pd_upper",
    "score",
    "grade",
    "exposure",
    "overdue",
    "insured",
    "lgd",
    "lgd_basis",
    "expected_loss",
    "current_limit",
    "suggested_limit",
    "binding_cap",
    "basis",
    *REASON_COLUMNS,
    *CARD_REASON_COLUMNS,
]
"""The columns of the ``customers`` output."""

_FALLBACK_TERMS = 30.0


@dataclass(frozen=True)
class CustomerScores:
    """The customers' output, the worklist made from it, and the customers' reasons in detail."""

    customers: pd.DataFrame
    worklist: pd.DataFrame
    reasons: pd.DataFrame


def score_customers(
    models: Mapping[str, LoadedModel],
    book: Book,
    invoices: pd.DataFrame,
    as_of: date | datetime,
    settings: Settings,
    collectors: Mapping[str, str | None],
    losses: LossGivenDefault | None = None,
) -> CustomerScores:
    """Score every active customer at a moment.

    Parameters
    ----------
    models : mapping of str to LoadedModel
        ``default`` and ``scorecard``; columns of an absent one stay empty, but for customers in
        default. The probability of default is the default model's, else the scorecard's.
    book : Book
    invoices : DataFrame
        The scored open invoices, with ``p_paid_30d``.
    as_of : date or datetime
    settings : Settings
    collectors : mapping of str to str
        Collector of each customer.
    losses : LossGivenDefault, optional
        Absent: the assumption of the settings.
    """
    moment_us = moment_in_microseconds(as_of)
    position = np.flatnonzero(active(book, moment_us)).astype(np.int64)
    keys = customer_keys(position, np.full(len(position), moment_us, dtype=np.int64))
    moment = Moment(book, keys)
    units = minor_units_per_major(book.reporting_currency)
    scored = pd.DataFrame({"customer_id": book.customer_ids[position]})
    scored["as_of"] = as_of
    scored["currency"] = book.reporting_currency
    matrix = build_matrix(book, keys, CUSTOMER_FEATURES)
    settled = moment.settled["365d"]["count"]
    status = default_status(moment, settings.default)
    pd_12m, found = _risk(scored, models, matrix, settled, status)
    balance = moment.position["balance"] / units
    scored["exposure"] = np.round(balance + moment.open_orders / units, 2)
    scored["overdue"] = moment.position["overdue"] / units
    exposure = scored["exposure"].to_numpy()
    insured = insurers_part(exposure, moment.covered / units, moment.insured / units)
    scored["insured"] = np.round(insured, 2)
    losses = losses or assumed(settings.loss, settings.default.lgd)
    segment = np.nan_to_num(moment.latest(book.masters, "segment"), nan=-1.0).astype(np.int64)
    lgd, scored["lgd_basis"] = losses.of(segment)
    scored["lgd"] = lgd
    scored["expected_loss"] = np.round(pd_12m * lgd * np.maximum(exposure - insured, 0.0), 2)
    scored["current_limit"] = moment.limit / units
    scored["suggested_limit"], scored["binding_cap"] = suggest_limits(
        settings.limits,
        monthly_sales_p80=monthly_sales_p80(book, position, moment_us) / units,
        terms_days=_usual(moment.issued["365d"]["terms"], moment.issued["365d"]["count"]),
        expected_days_late=np.nan_to_num(moment.recent["days_late_mean_10"]),
        pd_12m=pd_12m,
        pd_upper=scored["pd_upper"].to_numpy(),
        lgd=lgd,
        settled_invoices=settled,
        current_limit=scored["current_limit"].to_numpy(),
    )
    scored["basis"] = status.basis(customer_basis_at(moment))
    worklist = _worklist(scored, invoices, moment, settings, collectors)
    customers = scored.reindex(columns=CUSTOMER_COLUMNS)
    return CustomerScores(customers, worklist, details(scored["customer_id"], found))


def monthly_sales_p80(book: Book, position: npt.NDArray[np.int64], as_of: int) -> Float64:
    """Return the 80th percentile of each customer's sales per 30 days over the last 360.

    Reporting minor units; a customer younger than a year counts from its first invoice.
    """
    months = 12
    sales = np.zeros((len(book.customer_ids), months))
    issued = book.issued
    age = (as_of - issued.known - 1) // (30 * DAY)
    counts = (issued.known < as_of) & (issued.void >= as_of) & (age < months)
    owner = np.searchsorted(issued.offsets, np.flatnonzero(counts), side="right") - 1
    np.add.at(sales, (owner, age[counts]), issued.measures["amount"][counts])
    first = np.full(len(book.customer_ids), as_of)
    some = issued.offsets[1:] > issued.offsets[:-1]
    first[some] = issued.known[issued.offsets[:-1][some]]
    lived = np.clip((as_of - first) // (30 * DAY) + 1, 1, months)
    return np.array([np.quantile(sales[c, : lived[c]], 0.8) for c in position])


def _usual(total: Float64, count: Float64) -> Float64:
    return np.where(count > 0, total / np.maximum(count, 1.0), _FALLBACK_TERMS)


def _risk(
    scored: pd.DataFrame,
    models: Mapping[str, LoadedModel],
    matrix: Float64,
    settled: Float64,
    status: DefaultStatus,
) -> tuple[npt.NDArray[np.float64], list[tuple[Reason, ...]]]:
    """Fill the risk columns; returns the probability of default, and why.

    Without a model it is known of those in default only, NaN for the others.
    """
    pd_12m = np.full(len(scored), np.nan)
    scored["score"] = np.nan
    scored["grade"] = None
    found: list[tuple[Reason, ...]] = [()] * len(scored)
    if "scorecard" in models and len(scored):
        card = models["scorecard"].model
        score = card.score(matrix)
        pd_12m = card.pd_of(score)
        scored["score"], scored["grade"] = score, card.grade(pd_12m)
        found = _explained(card, matrix)
    pd_upper = upper_by_rule(pd_12m, settled)
    if "default" in models and len(scored):
        if "scorecard" in models:
            beside = sentences(status.explain(found))
            scored[list(CARD_REASON_COLUMNS)] = beside.to_numpy(dtype=object)
        model = models["default"].model
        pd_12m = model.predict(matrix)
        pd_upper = model.predict_upper(pd_12m, settled)
        found = _explained(model, matrix)
    # Points tell who will default: of who has, they say nothing, and no model is needed to know.
    pd_12m = np.where(status.defaulted, 1.0, pd_12m)
    pd_upper = np.where(status.defaulted, 1.0, pd_upper)
    scored.loc[status.defaulted, "score"] = np.nan
    scored.loc[status.defaulted, "grade"] = GRADE
    found = status.explain(found)
    scored["pd_12m"], scored["pd_upper"] = pd_12m, pd_upper
    scored[list(REASON_COLUMNS)] = sentences(found)
    return pd_12m, found


def _explained(model: Any, matrix: Float64) -> list[tuple[Reason, ...]]:
    return find_reasons(model.features, matrix, model.contributions(matrix), model.usual)


def _worklist(
    scored: pd.DataFrame,
    invoices: pd.DataFrame,
    moment: Moment,
    settings: Settings,
    collectors: Mapping[str, str | None],
) -> pd.DataFrame:
    cash = invoices[["customer_id", "due_on", "open_reporting", "p_paid_30d", "as_of"]].copy()
    cash["p_paid_30d"] = cash["p_paid_30d"].astype(np.float64)
    # Without a late-payment model nothing is known of when cash comes: all overdue is at risk.
    cash["expected"] = cash["open_reporting"] * cash["p_paid_30d"]
    late = pd.to_datetime(cash["due_on"]) < pd.to_datetime(cash["as_of"])
    cash["at_risk"] = np.where(late, cash["open_reporting"] - cash["expected"].fillna(0.0), 0.0)
    sums = cash.groupby("customer_id")[["expected", "at_risk"]].sum(min_count=1)
    frame = scored.join(sums, on="customer_id")
    frame["cash_at_risk"] = frame["at_risk"].fillna(0.0).round(2)
    frame["expected_cash_30d"] = frame["expected"].round(2)
    frame["worst_dpd"] = moment.position["worst_dpd"]
    frame["collector_id"] = frame["customer_id"].map(collectors)
    stated = _overdue_sentence(moment)
    own = frame[list(REASON_COLUMNS)].to_numpy(dtype=object)
    frame[list(REASON_COLUMNS)] = np.column_stack([stated, own[:, :-1]])
    return rank_worklist(frame, settings.priority)


def _overdue_sentence(moment: Moment) -> npt.NDArray[np.object_]:
    """Say first why a customer is on the list at all."""
    return np.array(
        [
            f"{int(count)} overdue invoice{'' if count == 1 else 's'}, oldest by {int(dpd)} days"
            for count, dpd in zip(
                moment.position["overdue_count"], moment.position["worst_dpd"], strict=True
            )
        ],
        dtype=object,
    )
