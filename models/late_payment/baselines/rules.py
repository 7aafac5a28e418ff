"""Rules of thumb, as probabilities: each needs at most a rate per group of the rows learnt from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.late_payment.baselines.cases import Asked, Float64, Learnt
from models.logistic import fit_logistic

_SHRUNK = (30, 15, 5, 1)
"""Days late for which the catalogue has a shrunk rate, largest first."""
_BUCKETS = np.array([1, 31, 61, 91])
"""Aging: current, 1-30, 31-60, 61-90, 90 and more days past due."""
_MEDIANS = np.array([0.5, 4.5, 14.5, 29.5, 59.5])


def base_rate(learnt: Learnt, asked: Asked) -> Float64:
    """Everyone is as late as all were."""
    return np.full(len(asked), learnt.rate)


def due_date(learnt: Learnt, asked: Asked) -> Float64:
    """Everyone pays on the due date, or today once it has passed: nobody will be late."""
    del learnt
    return np.zeros(len(asked))


def last_invoice(learnt: Learnt, asked: Asked) -> Float64:
    """Return the rate of those whose last settled invoice was as late, or was not."""

    def group(rows: Asked) -> npt.NDArray[np.int64]:
        last = rows.feature("customer_days_late_value_last1")
        return np.where(np.isnan(last), 0, np.where(last >= learnt.days, 2, 1))

    return _rate_of_group(group(learnt.asked), learnt, group(asked))


def own_late_rate(learnt: Learnt, asked: Asked) -> Float64:
    """Return the customer's late rate of the year, shrunk to its segment and the portfolio.

    At issue the rate itself, where the catalogue has the horizon. Otherwise that of the next
    shorter horizon, its log-odds moved so that the rows learnt from have their own mean.
    """
    nearest = next(days for days in _SHRUNK if days <= learnt.days)

    def rate(rows: Asked) -> Float64:
        found = rows.feature(f"customer_late_{nearest}d_shrunk_rate_365d")
        return np.clip(np.where(np.isnan(found), learnt.rate, found), 1e-4, 1 - 1e-4)

    own = rate(asked)
    if nearest == learnt.days and not learnt.asked.while_open.any():
        return own
    before = rate(learnt.asked)
    ones = np.ones((len(before), 1))
    moved = fit_logistic(ones, learnt.late, 1e-3, np.log(before / (1 - before)))[0]
    return np.asarray(1.0 / (1.0 + np.exp(-(moved + np.log(own / (1 - own))))))


def own_median(learnt: Learnt, asked: Asked) -> Float64:
    """Return the rate of those whose customers' median of days late is alike."""

    def group(rows: Asked) -> npt.NDArray[np.int64]:
        median = rows.feature("customer_days_late_median_last20")
        return np.where(np.isnan(median), len(_MEDIANS) + 1, np.searchsorted(_MEDIANS, median))

    return _rate_of_group(group(learnt.asked), learnt, group(asked))


def aging(learnt: Learnt, asked: Asked) -> Float64:
    """Return the rate of those in the same aging bucket."""

    def group(rows: Asked) -> npt.NDArray[np.int64]:
        return np.searchsorted(_BUCKETS, rows.rows.start, side="right")

    return _rate_of_group(group(learnt.asked), learnt, group(asked))


def _rate_of_group(
    learnt_group: npt.NDArray[np.int64], learnt: Learnt, group: npt.NDArray[np.int64]
) -> Float64:
    """Return each group's rate, with one case at the rate of all."""
    groups = int(max(learnt_group.max(initial=0), group.max(initial=0))) + 1
    late = np.bincount(learnt_group, weights=learnt.late, minlength=groups)
    rows = np.bincount(learnt_group, minlength=groups)
    return np.asarray(((late + learnt.rate) / (rows + 1.0))[group])
