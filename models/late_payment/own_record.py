"""How early the early pay: hazards and days corrected by the customer's own record.

How early the early pay is a habit of the house: one pays a month after issue whatever the terms,
another by the next run. Boosters learn such habits from the customers that have them, and know
little of one that pays like none before it. So the way in which P(paid by the due day) is divided
among its intervals is taken as a prior that is worth some invoices, to which those of the
customer's record are added: the mean of the posterior of a Dirichlet and multinomial (Gelman et
al., Bayesian Data Analysis, section 3.4). P(late) stays what the hazards say.

The first interval has no left end, and few ledgers show more than a handful of payments there. Its
days are in the same way divided between the ledger's and a Laplace around the customer's median.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from configs.settings import LatePaymentSettings
from features.facts.versions import Int64
from models.calibration import is_worse
from models.late_payment.curve import DAYS, interval_columns
from models.late_payment.dataset import Rows, thinned
from models.late_payment.grid import EDGES, FIRST_DAY, horizon_position, interval_of

Float64 = npt.NDArray[np.float64]

_EARLY = horizon_position(1)
"""The intervals up to the due day."""
_COUNT = "invoice_paid_count_last60"
_LATER_THAN_NOW = "invoice_paid_later_than_now_share_last60"
"""For an invoice at its issue: later than on the day of issue."""
_TERMS = "invoice_terms_value_now"
_PAID_BY = (
    "invoice_paid_15d_early_share_last60",
    "invoice_paid_6d_early_share_last60",
    "invoice_paid_2d_early_share_last60",
    "customer_early_share_last60",
)
"""Shares of the record paid before each edge up to the due day; `_ON_DUE` is that of the day."""
_ON_DUE = "customer_on_due_share_last60"
NOT_FOR_HAZARDS = (_COUNT, *_PAID_BY[:3])
"""Features kept from boosters and regression: what they tell of lateness others tell already."""
_MEDIAN, _SPREAD = "customer_days_late_median_last20", "customer_days_late_spread_value_last20"
_LEDGERS_DAYS = 2.0
"""Payments of the record in the first interval that say as much of its days as the ledger."""
_MOST_ROWS = 20_000
_NARROWEST, _WIDEST = 8.0, 40.0
"""Days, scale of the Laplace."""


@dataclass(frozen=True)
class OwnRecord:
    """How much a customer's record says of how early it pays, against the hazards.

    Parameters
    ----------
    prior_invoices : float or None
        Invoices of the record that say as much as the hazards; None leaves these as they are.
    """

    prior_invoices: float | None = None

    def applied(
        self, hazards: Float64, matrix: Float64, features: Sequence[str], start: Int64
    ) -> Float64:
        """Return the corrected hazards, shape (n, intervals).

        Parameters
        ----------
        hazards : float64 array of shape (n, intervals)
        matrix : float64 array of shape (n, features)
        features : sequence of str
            The matrix's columns.
        start : int64 array of shape (n,)
            First day late still possible.
        """
        if self.prior_invoices is None:
            return hazards
        mass, still_open = _masses(hazards, start)
        mass = _posterior(mass, _record(matrix, features), self.prior_invoices)
        corrected = hazards.copy()
        alive = np.ones(len(hazards))
        for interval in range(_EARLY):
            ahead = start < EDGES[interval + 1]
            hazard = np.minimum(mass[interval] / np.where(alive > 0, alive, 1.0), 1.0)
            corrected[:, interval] = np.where(ahead, hazard, hazards[:, interval])
            alive = np.maximum(alive - mass[interval], still_open)
        return corrected

    def spread(
        self, weights: Float64, matrix: Float64, features: Sequence[str], start: Int64
    ) -> Float64:
        """Return the weights of the days with those of the first interval corrected.

        Parameters
        ----------
        weights : float64 array of shape (n, days)
            Of every day of a curve; 0 before the start.
        matrix, features, start
            As for `applied`.
        """
        if self.prior_invoices is None:
            return weights
        column = features.index
        first = interval_columns(0)
        # Nobody pays before the day of issue; without terms it is as far off as can be.
        possible = np.fmax(start, -np.nan_to_num(matrix[:, column(_TERMS)], nan=np.inf))
        share = _record(matrix, features)[0]
        rows = np.flatnonzero(
            (share > 0) & (possible < EDGES[1]) & ~np.isnan(matrix[:, column(_MEDIAN)])
        )
        if len(rows) == 0:
            return weights
        share = (share[rows] / (share[rows] + _LEDGERS_DAYS))[:, None]
        median = matrix[rows, column(_MEDIAN)].clip(FIRST_DAY, EDGES[1] - 1)
        # The quartiles of a Laplace lie 2 ln 2 scales apart.
        scale = np.nan_to_num(matrix[rows, column(_SPREAD)], nan=np.inf) / (2 * np.log(2))
        scale = scale.clip(_NARROWEST, _WIDEST)
        own = np.exp(-np.abs(DAYS[first] - median[:, None]) / scale[:, None])
        own[DAYS[first] < possible[rows, None]] = 0.0
        corrected = weights.copy()
        corrected[rows, first] = (1 - share) * _to_one(weights[rows, first]) + share * _to_one(own)
        return corrected


def _to_one(weights: Float64) -> Float64:
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1.0))


def fit_own_record(
    predict: Callable[[Float64], Float64],
    features: Sequence[str],
    later: Rows,
    settings: LatePaymentSettings,
) -> OwnRecord:
    """Keep the setting's correction unless later payments up to the due day speak against it.

    Their log loss, of the intervals, must not be larger by more than a standard error. In doubt the
    record counts, for most of the later rows are of customers that the hazards have learnt from,
    and know better than they will new ones. The days of the first interval follow the same choice.

    Parameters
    ----------
    predict : callable
        Hazards of a matrix, shape (n, intervals), learnt before the later rows and calibrated on
        them.
    features : sequence of str
        Columns of ``later.matrix``.
    later : Rows
    settings : LatePaymentSettings
    """
    chosen = later.closed & (later.days_late < EDGES[_EARLY]) & (later.start < EDGES[_EARLY])
    # Those whose due day has not passed yet would be the early ones of their invoices only.
    chosen &= later.observed >= EDGES[_EARLY]
    prior = settings.record_prior
    if prior is None or not chosen.any():
        return OwnRecord()
    rows = thinned(later.take(chosen), _MOST_ROWS, settings.seed)
    mass, _ = _masses(predict(rows.matrix), rows.start)
    corrected = _posterior(mass, _record(rows.matrix, features), prior)
    paid_in = interval_of(rows.days_late), np.arange(len(rows))
    # Both add up to the same.
    alone, both = (-np.log(np.maximum(share[paid_in], 1e-9)) for share in (mass, corrected))
    return OwnRecord() if is_worse(both, alone) else OwnRecord(prior)


def _masses(hazards: Float64, start: Int64) -> tuple[Float64, Float64]:
    """Return P(paid in the interval), shape (early intervals, n), and P(paid after the due day)."""
    mass = np.zeros((_EARLY, len(hazards)))
    alive = np.ones(len(hazards))
    for interval in range(_EARLY):
        ahead = start < EDGES[interval + 1]
        mass[interval] = np.where(ahead, alive * hazards[:, interval], 0.0)
        alive = alive - mass[interval]
    return mass, alive


def _record(matrix: Float64, features: Sequence[str]) -> Float64:
    """Return the invoices of the record paid in each interval, shape (early intervals, n).

    Those paid as early as this one can no longer be, or never could, do not count.
    """
    wanted = (_COUNT, *_PAID_BY, _ON_DUE, _LATER_THAN_NOW)
    column = {name: np.nan_to_num(matrix[:, features.index(name)]) for name in wanted}
    by_edge = [column[name] for name in _PAID_BY]
    by_edge.append(by_edge[-1] + column[_ON_DUE])
    record = np.empty((_EARLY, len(matrix)))
    before = 1.0 - column[_LATER_THAN_NOW]
    for interval, share in enumerate(by_edge):
        record[interval] = column[_COUNT] * np.maximum(share - before, 0.0)
        before = np.maximum(before, share)
    return record


def _posterior(mass: Float64, record: Float64, prior: float) -> Float64:
    total = _added(mass)
    share = mass / np.where(total > 0, total, 1.0)
    return np.asarray(total * (prior * share + record) / (prior + _added(record)))


def _added(parts: Float64) -> Float64:
    """Return the sum over the intervals, in the same order for any number of rows."""
    total = np.zeros(parts.shape[1])
    for part in parts:
        total = total + part
    return total
