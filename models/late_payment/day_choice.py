"""On which day of an interval an invoice is paid: a choice among days, by the customer's habits.

A conditional logit (McFadden 1974, "Conditional logit analysis of qualitative choice behavior").
Within an interval, a day is chosen with a probability proportional to how usual it is in the ledger
by the due day's weekday, times a factor for how far it lies from each day on which a habit of the
customer would put the payment: its median, its latest delay, its pay runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.optimize import minimize

from features.facts.versions import Int64
from models.late_payment.dataset import Rows, thinned
from models.late_payment.grid import EDGES, FIRST_DAY, INTERVALS, interval_of

Float64 = npt.NDArray[np.float64]

_HABITS = (
    "customer_days_late_median_last20",
    "customer_days_late_value_last1",
    "invoice_days_late_by_pay_runs_median_like",
    "invoice_days_late_if_pay_run_missed_value_like",
    "invoice_days_to_pay_against_terms_difference_ewm",
    "invoice_days_late_same_weekday_mean_like",
    "invoice_days_late_same_day_of_month_mean_like",
)
"""Features that say how late a payment would be by one habit of the customer."""
_TO_NEXT_RUN = "invoice_to_next_pay_run_value_now"
_TERMS = "invoice_terms_value_now"
_HABIT_COUNT = len(_HABITS) + 2
_NO_DAY = -(2**30)

_ZONES = np.array([0, 15])
"""Days late from which habits count as much as in the next zone: early, near, late."""
_DISTANCES = np.array([0, 1, 2, 3, 4, 7, 8, 14, 15, 21, 22, 35])
"""Days from a habit's day, left ends of the groups that share a factor; weeks stand alone."""
_GROUPS = 2 * len(_DISTANCES) - 1
_SHAPE = (len(_ZONES) + 1, _HABIT_COUNT, _GROUPS)

_RIDGE = 40.0
"""Weight of half the squared effects against the summed log loss."""
_MOST_ROWS = 60_000


@dataclass(frozen=True)
class DayChoice:
    """How payments spread over the days of each interval.

    Parameters
    ----------
    base : float64 array of shape (7, days)
        Logarithm of `curve.day_weights`, by the due day's weekday.
    effects : float64 array of shape (zones, habits, groups of distances)
        Added to it for each habit that the customer has.
    """

    base: Float64
    effects: Float64

    def weights(
        self, matrix: Float64, features: Sequence[str], start: Int64, weekday: Int64
    ) -> Float64:
        """Return the weight of every day of a curve, shape (n, days); 0 before the start.

        Parameters
        ----------
        matrix : float64 array of shape (n, features)
        features : sequence of str
            The matrix's columns.
        start : int64 array of shape (n,)
            First day late still possible.
        weekday : int64 array of shape (n,)
            Of the due day, Monday = 0.
        """
        habits = _days_by_habit(matrix, features, start)
        return np.asarray(_weights(self.effects, self.base, habits, weekday, start))

    def to_document(self) -> dict[str, Any]:
        """Return the choice as plain data."""
        return {"base": self.base.tolist(), "effects": self.effects.tolist()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DayChoice:
        """Rebuild the choice."""
        return cls(np.array(document["base"]), np.array(document["effects"]))


def fit_day_choice(
    rows: Rows, features: Sequence[str], day_weights: Float64, seed: int
) -> DayChoice:
    """Fit the effects to the days on which rows were paid, given the interval.

    Parameters
    ----------
    rows : Rows
    features : sequence of str
        Columns of ``rows.matrix``.
    day_weights : float64 array of shape (7, days)
        See `curve.day_weights`.
    seed : int
        For the rows drawn where there are very many.
    """
    interval = np.minimum(interval_of(rows.days_late), INTERVALS - 1)
    left, right = np.maximum(EDGES[interval], FIRST_DAY), EDGES[interval + 1]
    # An interval counts where it has been observed whole, as for the hazards.
    counts = rows.closed & (rows.observed >= right) & (rows.days_late < right)
    counts &= (rows.days_late >= np.maximum(left, rows.start)) & (right - rows.start > 1)
    paid = thinned(rows.take(counts), _MOST_ROWS, seed)
    interval = interval_of(paid.days_late)
    given = (
        np.log(day_weights),
        _days_by_habit(paid.matrix, features, paid.start),
        (paid.keys.due_day + 3) % 7,
        np.maximum(np.maximum(EDGES[interval], FIRST_DAY), paid.start),
        EDGES[interval + 1],
        paid.days_late,
    )

    def penalised(flat: Float64) -> tuple[float, Float64]:
        slope = np.zeros(_SHAPE)
        loss = _loss(flat.reshape(_SHAPE), *given, slope)
        return loss + 0.5 * _RIDGE * float(flat @ flat), slope.ravel() + _RIDGE * flat

    start = np.zeros(int(np.prod(_SHAPE)))
    found = minimize(penalised, start, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return DayChoice(given[0], found.x.reshape(_SHAPE))


def _days_by_habit(matrix: Float64, features: Sequence[str], start: Int64) -> Int64:
    """Return the day late of each habit, shape (n, habits); `_NO_DAY` where there is none."""
    column = {name: matrix[:, features.index(name)] for name in (*_HABITS, _TO_NEXT_RUN, _TERMS)}
    found = np.column_stack(
        [
            *(column[name] for name in _HABITS),
            np.maximum(start, 0) + column[_TO_NEXT_RUN],
            # The day of issue: few pay before it.
            -column[_TERMS],
        ]
    )
    known = ~np.isnan(found)
    return np.where(known, np.rint(np.where(known, found, 0.0)), _NO_DAY).astype(np.int64)


@njit(cache=True, nogil=True)
def _group(distance):  # type: ignore[no-untyped-def]
    """Return the group of a signed distance in days."""
    at = len(_DISTANCES) - 1
    while _DISTANCES[at] > abs(distance):
        at -= 1
    return len(_DISTANCES) - 1 + (at if distance >= 0 else -at)


@njit(cache=True, nogil=True)
def _zone(day):  # type: ignore[no-untyped-def]
    """Return the zone of a day late."""
    return (1 if day >= _ZONES[0] else 0) + (1 if day >= _ZONES[1] else 0)


@njit(cache=True, nogil=True)
def _utility(effects, base, habits, day):  # type: ignore[no-untyped-def]
    """Return the logarithm of a day's weight for one row."""
    total = base[day - FIRST_DAY]
    zone = _zone(day)
    for habit in range(len(habits)):
        if habits[habit] != _NO_DAY:
            total += effects[zone, habit, _group(day - habits[habit])]
    return total


@njit(cache=True, nogil=True)
def _loss(effects, base, habits, weekday, first, last, paid, slope):  # type: ignore[no-untyped-def]
    """Return minus the log-likelihood of days ``paid`` in [first, last); add up its slope."""
    total = 0.0
    weight = np.empty(base.shape[1])
    for i in range(len(paid)):
        count = last[i] - first[i]
        most = -np.inf
        for k in range(count):
            weight[k] = _utility(effects, base[weekday[i]], habits[i], first[i] + k)
            most = max(most, weight[k])
        total -= weight[paid[i] - first[i]] - most
        mass = 0.0
        for k in range(count):
            weight[k] = np.exp(weight[k] - most)
            mass += weight[k]
        total += np.log(mass)
        for k in range(count):
            day = first[i] + k
            error = weight[k] / mass - (1.0 if day == paid[i] else 0.0)
            zone = _zone(day)
            for habit in range(habits.shape[1]):
                if habits[i, habit] != _NO_DAY:
                    slope[zone, habit, _group(day - habits[i, habit])] += error
    return total


@njit(cache=True, nogil=True)
def _weights(effects, base, habits, weekday, start):  # type: ignore[no-untyped-def]
    """Return the weight of every day from ``start`` on; past the last edge habits do not count."""
    n, days = len(start), base.shape[1]
    out = np.zeros((n, days))
    for i in range(n):
        for k in range(max(start[i] - FIRST_DAY, 0), days):
            day = FIRST_DAY + k
            if day < EDGES[-1]:
                out[i, k] = np.exp(_utility(effects, base[weekday[i]], habits[i], day))
            else:
                out[i, k] = np.exp(base[weekday[i], k])
    return out
