"""Logistic regression on the invoice's columns, with a short record, and with all there is.

Made as well as the form allows: the columns of `models.late_payment.design`, and the ridge chosen
on the later quarter of the rows from those whose answers were known when it began.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.catalogue import INVOICE_FEATURES
from features.facts.versions import DAY
from models.late_payment.baselines.cases import Asked, Bool, Float64, Learnt
from models.late_payment.design import Design
from models.logistic import fit_logistic

INVOICE_COLUMNS = (
    "invoice_amount_value_now",
    "invoice_terms_value_now",
    "invoice_due_weekday_value_now",
    "invoice_due_day_of_month_value_now",
    "invoice_due_to_month_end_value_now",
    "invoice_days_to_issue_value_now",
    "invoice_days_past_due_value_now",
)
RECORD_COLUMNS = (
    "customer_late_1d_rate_365d",
    "customer_late_5d_rate_365d",
    "customer_late_30d_rate_365d",
    "customer_late_5d_by_amount_rate_365d",
    "customer_late_5d_rate_last10",
    "customer_days_late_mean_365d",
    "customer_days_late_value_last1",
    "customer_overdue_count_now",
    "customer_overdue_share_now",
    "customer_overdue_days_by_amount_mean_now",
)
"""What published work tells of a customer: paid late how often and by how much, and overdue now
(after Zeng et al., KDD 2008)."""
RIDGES = (1000.0, 300.0, 100.0, 30.0, 10.0)
"""Tried from the strongest on, each from the solution of the one before."""

_LATER = 0.25


def invoice_columns(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from what stands on the invoice, and its age."""
    return _fit_predict(learnt, asked, INVOICE_COLUMNS)


def short_record(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from what stands on the invoice and ten columns of the customer's record."""
    return _fit_predict(learnt, asked, (*INVOICE_COLUMNS, *RECORD_COLUMNS))


def with_history(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from every point-in-time feature of the catalogue."""
    return _fit_predict(learnt, asked, INVOICE_FEATURES)


def _fit_predict(learnt: Learnt, asked: Asked, features: Sequence[str]) -> Float64:
    if not 0 < learnt.late.sum() < len(learnt.late):
        return np.full(len(asked), learnt.rate)
    ridge = _chosen_ridge(learnt, features)
    matrix = _columns_of(features, learnt.asked)
    design = Design.learn(features, matrix)
    columns = design.columns(matrix)
    weights = fit_logistic(columns, learnt.late, _penalty(columns, ridge))
    return np.asarray(
        1.0 / (1.0 + np.exp(-(design.columns(_columns_of(features, asked)) @ weights)))
    )


def _chosen_ridge(learnt: Learnt, features: Sequence[str]) -> float:
    """Return the ridge with the lowest log loss on the later rows; the third where none can say."""
    rows = learnt.asked.rows
    edge = np.quantile(rows.keys.as_of, 1.0 - _LATER)
    later = rows.keys.as_of >= edge
    earlier = ~later & ((rows.keys.due_day + learnt.days) * DAY <= edge)
    if not (_both(learnt.late[later]) and _both(learnt.late[earlier])):
        return RIDGES[2]
    matrix = _columns_of(features, learnt.asked)
    design = Design.learn(features, matrix[earlier])
    columns, checked = design.columns(matrix[earlier]), design.columns(matrix[later])
    sign = np.where(learnt.late[later], -1.0, 1.0)
    losses, weights = [], None
    for ridge in RIDGES:
        weights = fit_logistic(
            columns, learnt.late[earlier], _penalty(columns, ridge), start=weights
        )
        losses.append(float(np.logaddexp(0.0, sign * (checked @ weights)).mean()))
    return RIDGES[int(np.argmin(losses))]


def _columns_of(features: Sequence[str], asked: Asked) -> Float64:
    return asked.rows.matrix[:, [INVOICE_FEATURES.index(name) for name in features]]


def _both(late: Bool) -> bool:
    return bool(0 < late.sum() < len(late))


def _penalty(columns: Float64, ridge: float) -> Float64:
    """Return the ridge of each column; the intercept is free."""
    penalty = np.full(columns.shape[1], ridge)
    penalty[0] = 1e-6
    return penalty
