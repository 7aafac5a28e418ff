"""Logistic regression: on the invoice's columns, and with history, the reference to beat.

Made as well as the form allows: days, ratios and counts on a logarithmic scale, outliers drawn in,
columns standardised, what is missing told apart, weekdays and aging as steps, and the ridge chosen
on the later quarter of the rows from those whose answers were known when it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.catalogue import CATALOGUE, INVOICE_FEATURES
from features.facts.versions import DAY
from models.late_payment.baselines.cases import Asked, Bool, Float64, Learnt
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
RIDGES = (1000.0, 300.0, 100.0, 30.0, 10.0)
"""Tried from the strongest on, each from the solution of the one before."""

_LOGARITHMIC = ("days", "ratio", "count", "spreads")
_AGE_STEPS = (-30, -15, -7, -3, 0, 1, 3, 5, 10, 15, 22, 30, 45, 60)
_WEEKDAY = "invoice_due_weekday_value_now"
_LATER = 0.25


def invoice_columns(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from what stands on the invoice, and its age."""
    return _fit_predict(learnt, asked, INVOICE_COLUMNS)


def with_history(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from every point-in-time feature of the catalogue."""
    return _fit_predict(learnt, asked, INVOICE_FEATURES)


@dataclass(frozen=True)
class Design:
    """How features become columns: learnt from the rows trained on.

    Parameters
    ----------
    features : tuple of str
    low, high, mean, spread : float64 arrays of shape (features,)
        Of the transformed columns; the spread is 0 where nothing varies.
    flagged : tuple of int
        Features with an indicator of what is missing.
    """

    features: tuple[str, ...]
    low: Float64
    high: Float64
    mean: Float64
    spread: Float64
    flagged: tuple[int, ...]

    @classmethod
    def learn(cls, features: Sequence[str], asked: Asked) -> Design:
        """Take ranges, means and spreads from rows."""
        columns = _transformed(features, asked)
        count = columns.shape[1]
        low, high, mean, spread = np.zeros((4, count))
        flagged: dict[bytes, int] = {}
        for at in range(count):
            missing = np.isnan(columns[:, at])
            if 0.002 < missing.mean() < 0.998:
                # Features of one source are missing together: one indicator tells it.
                flagged.setdefault(missing.tobytes(), at)
            known = columns[~missing, at]
            if len(known):
                low[at], high[at] = np.quantile(known, [0.005, 0.995])
                kept = np.clip(known, low[at], high[at])
                mean[at], spread[at] = kept.mean(), kept.std()
        spread[spread < 1e-9] = 0.0
        return cls(tuple(features), low, high, mean, spread, tuple(flagged.values()))

    def columns(self, asked: Asked) -> Float64:
        """Return the design matrix, the intercept first; what is missing stands at the mean."""
        raw = _transformed(self.features, asked)
        varies = self.spread > 0
        scaled = (np.clip(raw, self.low, self.high) - self.mean)[:, varies] / self.spread[varies]
        weekday = asked.feature(_WEEKDAY)[:, None] == np.arange(6)
        age = asked.rows.start[:, None] >= np.array(_AGE_STEPS)
        return np.column_stack(
            [
                np.ones(len(asked)),
                np.nan_to_num(scaled),
                np.isnan(raw[:, list(self.flagged)]),
                weekday,
                age & asked.while_open[:, None],
            ]
        ).astype(np.float64)


def _transformed(features: Sequence[str], asked: Asked) -> Float64:
    columns = []
    for name in features:
        values = asked.feature(name)
        if CATALOGUE[name].unit in _LOGARITHMIC:
            values = np.sign(values) * np.log1p(np.abs(values))
        columns.append(values)
    return np.column_stack(columns)


def _fit_predict(learnt: Learnt, asked: Asked, features: Sequence[str]) -> Float64:
    if not 0 < learnt.late.sum() < len(learnt.late):
        return np.full(len(asked), learnt.rate)
    ridge = _chosen_ridge(learnt, features)
    design = Design.learn(features, learnt.asked)
    columns = design.columns(learnt.asked)
    weights = fit_logistic(columns, learnt.late, _penalty(columns, ridge))
    return np.asarray(1.0 / (1.0 + np.exp(-(design.columns(asked) @ weights))))


def _chosen_ridge(learnt: Learnt, features: Sequence[str]) -> float:
    """Return the ridge with the lowest log loss on the later rows; the third where none can say."""
    rows = learnt.asked.rows
    edge = np.quantile(rows.keys.as_of, 1.0 - _LATER)
    later = rows.keys.as_of >= edge
    earlier = ~later & ((rows.keys.due_day + learnt.days) * DAY <= edge)
    if not (_both(learnt.late[later]) and _both(learnt.late[earlier])):
        return RIDGES[2]
    design = Design.learn(features, learnt.asked.take(earlier))
    columns = design.columns(learnt.asked.take(earlier))
    checked = design.columns(learnt.asked.take(later))
    sign = np.where(learnt.late[later], -1.0, 1.0)
    losses, weights = [], None
    for ridge in RIDGES:
        weights = fit_logistic(
            columns, learnt.late[earlier], _penalty(columns, ridge), start=weights
        )
        losses.append(float(np.logaddexp(0.0, sign * (checked @ weights)).mean()))
    return RIDGES[int(np.argmin(losses))]


def _both(late: Bool) -> bool:
    return bool(0 < late.sum() < len(late))


def _penalty(columns: Float64, ridge: float) -> Float64:
    """Return the ridge of each column; the intercept is free."""
    penalty = np.full(columns.shape[1], ridge)
    penalty[0] = 1e-6
    return penalty
