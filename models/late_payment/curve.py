"""From interval hazards to the curve of the payment day, and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.versions import Int64
from models.late_payment.grid import (
    EDGES,
    FIRST_DAY,
    HORIZONS,
    INTERVALS,
    LAST_DAY,
    horizon_position,
)

Float64 = npt.NDArray[np.float64]
DAYS = np.arange(FIRST_DAY, LAST_DAY + 1)
"""The days late of a curve's columns."""
_SPREAD_EVENLY = 20.0
"""Payments taken to be spread evenly over each interval, beside those that were made."""


@dataclass(frozen=True)
class Curves:
    """The payment day of n invoices.

    ``survival[:, j]`` is P(days late >= EDGES[j]); ``daily[:, d]`` is P(paid on ``DAYS[d]``), which
    sums to 1 with the tail: paid after ``LAST_DAY``, or never.
    """

    survival: Float64
    daily: Float64

    def late(self, days: int) -> Float64:
        """Return P(paid ``days`` or more after due), never paid included."""
        return self.survival[:, horizon_position(days)]

    def expected_days_late(self) -> Float64:
        """Return the mean number of days late, truncated at `LAST_DAY`."""
        tail = np.maximum(1.0 - self.daily.sum(axis=1), 0.0)
        # Not a matrix product: its last digit depends on the number of rows.
        return np.asarray((self.daily * DAYS).sum(axis=1) + tail * LAST_DAY)

    def quantile(self, share: float) -> Int64:
        """Return the first day late by which a share is paid, at most `LAST_DAY`."""
        reached = self.daily.cumsum(axis=1) >= share - 1e-12
        first = np.where(reached.any(axis=1), reached.argmax(axis=1), len(DAYS) - 1)
        return DAYS[first].astype(np.int64)


def interval_columns(interval: int) -> slice:
    """Return the columns of `DAYS` that an interval covers."""
    left = max(int(EDGES[interval]), FIRST_DAY)
    return slice(left - FIRST_DAY, int(EDGES[interval + 1]) - FIRST_DAY)


def day_weights(days_late: Int64, due_weekday: Int64) -> Float64:
    """Return how payments spread over the days of each interval, by the due day's weekday.

    Parameters
    ----------
    days_late, due_weekday : int64 arrays of shape (n,)
        Settled invoices; Monday = 0.

    Returns
    -------
    float64 array of shape (7, len(DAYS))
        Sums to 1 within every interval; the tail after the last edge is spread evenly. A
        weekday's own counts are shrunk to those of the weekday on which the payment falls.
    """
    inside = (days_late >= FIRST_DAY) & (days_late < LAST_DAY)
    column = days_late[inside] - FIRST_DAY
    weekday = due_weekday[inside]
    counts = np.zeros((7, len(DAYS)))
    np.add.at(counts, (weekday, column), 1.0)
    paid_on = np.bincount((weekday + days_late[inside]) % 7, minlength=7) + 0.5
    by_weekday = paid_on / paid_on.sum()
    pooled = counts.sum(axis=0)
    for interval in range(INTERVALS):
        # Where few have paid, a day on which nobody has is possible all the same.
        span = interval_columns(interval)
        pooled[span] += _SPREAD_EVENLY / (span.stop - span.start)
    weights = np.empty_like(counts)
    for due in range(7):
        prior = by_weekday[(due + DAYS) % 7] * 7.0
        for interval in range(INTERVALS):
            span = interval_columns(interval)
            expected = pooled[span] * prior[span]
            mass = counts[due, span] + 20.0 * expected / expected.sum()
            weights[due, span] = mass / mass.sum()
    tail = slice(int(EDGES[-1]) - FIRST_DAY, len(DAYS))
    weights[:, tail] = 1.0 / (LAST_DAY + 1 - EDGES[-1])
    return weights


def curves(hazards: Float64, weights: Float64, start: Int64, never: float) -> Curves:
    """Build the curves of invoices from their hazards.

    Parameters
    ----------
    hazards : float64 array of shape (n, INTERVALS)
        P(paid in the interval | open at its start and at ``start``).
    weights : float64 array of shape (n, len(DAYS))
        How much of its interval's payments falls on each day, up to a factor; 0 before ``start``.
    start : int64 array of shape (n,)
        The first day late still possible; intervals before it are past.
    never : float
        Share of those still open at the last edge that is not paid within `LAST_DAY`.
    """
    n = len(hazards)
    survival = np.ones((n, INTERVALS + 1))
    daily = np.zeros((n, len(DAYS)))
    alive = np.ones(n)
    for interval in range(INTERVALS):
        span = interval_columns(interval)
        past = start >= EDGES[interval + 1]
        paid = np.where(past, 0.0, alive * hazards[:, interval])
        share = weights[:, span]
        total = share.sum(axis=1, keepdims=True)
        # Where no day of the interval was ever paid on, its last day stands for it.
        last = np.zeros_like(share)
        last[:, -1] = 1.0
        share = np.where(total > 0, share / np.where(total > 0, total, 1.0), last)
        daily[:, span] += paid[:, None] * share
        alive = alive - paid
        survival[:, interval + 1] = alive
    tail = slice(int(EDGES[-1]) - FIRST_DAY, len(DAYS))
    share = weights[:, tail]
    total = share.sum(axis=1, keepdims=True)
    share = share / np.where(total > 0, total, 1.0)
    daily[:, tail] += (alive * (1.0 - never))[:, None] * share
    return Curves(survival, daily)


def columns(curve: Curves) -> dict[str, Float64]:
    """Return ``p_late_kd`` for every horizon and ``expected_days_late``."""
    late = {f"p_late_{days}d": curve.late(days) for days in HORIZONS}
    return {**late, "expected_days_late": curve.expected_days_late()}
