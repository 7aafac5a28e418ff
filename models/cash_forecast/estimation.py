"""Estimating how payment days move together, from past forecasts and what then came.

Two invoices open at the begin of a week, with chances ``Phi(a)`` and ``Phi(b)`` to be paid in it,
have the covariance ``sum over n of r^n c_n(a) c_n(b)`` if their normal draws are correlated by
``r``; ``c_n(a) = phi(a) He_{n-1}(a) / sqrt(n!)`` with Hermite polynomials (the tetrachoric series
of Pearson, 1900). Sums over all pairs of a group therefore need no pairs:
``(sum c_n)^2 - sum c_n^2``. The correlation of each kind of pair is the one at which that equals
the covariance seen, summed over all weeks of all forecasts. Pairs in different weeks of one
forecast tell what lasts; a sum over all weeks, less those within one, holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from features.facts.book import Book
from features.facts.versions import ALWAYS, DAY, Int64
from features.labels.payment_day import outcomes
from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.open_book import OpenBook, open_book, paid_day
from models.cash_forecast.periods import WEEKS, period_of
from models.cash_forecast.simulation import pay_run
from models.cash_forecast.thresholds import hazards

Float64 = npt.NDArray[np.float64]

DAYS_BETWEEN = 7
"""Past forecasts are made this many days apart ..."""
MOST_ROWS = 60_000
"""... for one customer of so many that together they have at most about this many invoices."""
MIN_ROWS = 1_000
"""With fewer the correlations are assumed."""
_TERMS = 100
_GRID = np.linspace(0.0, 0.98, 99)


@dataclass(frozen=True)
class PastForecasts:
    """Forecasts of open invoices at earlier moments, and the period each was then paid in.

    Arrays of shape (n,) but ``chances``, (n, WEEKS + 1). ``origin`` numbers the moments; ``weeks``
    is how many of the forecast's weeks have passed; ``period`` is `WEEKS` for whatever was not paid
    in one of them.
    """

    origin: Int64
    customer: Int64
    run: Int64
    chances: Float64
    period: Int64
    weeks: Int64

    def __len__(self) -> int:
        return len(self.origin)


def past_forecasts(
    book: Book, forecast: Callable[[OpenBook], Float64], first: int, cutoff: int
) -> PastForecasts:
    """Return forecasts from moments in ``[first, cutoff)`` and what was known at the cutoff.

    Parameters
    ----------
    book : Book
    forecast : callable
        The chances of `periods.paid_by` for an open book, from a model that has seen nothing from
        ``first`` on.
    first, cutoff : int
        Microseconds since 1970.
    """
    step = DAYS_BETWEEN * int(DAY)
    moments = range(-(-first // int(DAY)) * int(DAY), cutoff - step + 1, step)
    size = sum(int((outcomes(book, moment).open > 0).sum()) for moment in moments)
    every = max(-(-size // MOST_ROWS), 1)
    known = outcomes(book, cutoff)
    parts = []
    for number, moment in enumerate(moments):
        now = open_book(book, moment, every)
        paid = paid_day(known, now.keys.invoice)
        # What was credited since was never a claim.
        kept = np.flatnonzero(paid != ALWAYS)
        weeks = min((cutoff - moment) // step, WEEKS)
        parts.append(
            PastForecasts(
                np.full(len(kept), number),
                now.keys.customer[kept],
                pay_run(now.keys.due_day, now.today)[kept],
                forecast(now)[kept],
                # Paid before, recorded since: the news came in the first week.
                period_of(np.maximum(paid[kept], now.today), now.today),
                np.full(len(kept), weeks),
            )
        )
    if not parts:
        nothing = np.empty(0, dtype=np.int64)
        empty = np.empty((0, WEEKS + 1))
        return PastForecasts(nothing, nothing, nothing, empty, nothing, nothing)
    return PastForecasts(
        *(np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0]))
    )


def estimate(past: PastForecasts) -> CoMovement:
    """Return the correlations under which past forecasts scatter as what came.

    Every week of every forecast counts, and in it every pair of invoices still open.
    """
    if len(past) < MIN_ROWS:
        return CoMovement()
    hazard = hazards(past.chances)
    groups = _groups(past)
    open_then = (past.weeks[:, None] > np.arange(WEEKS)) & (
        past.period[:, None] >= np.arange(WEEKS)
    )
    came = (past.period[:, None] == np.arange(WEEKS)) - hazard[:, :WEEKS]
    seen, seen_across = _pair_sums(came * open_then, groups)
    thresholds = ndtri(hazard[:, :WEEKS])
    sums = [_pair_sums(coefficient * open_then, groups) for coefficient in _hermite(thresholds)]
    same, across = (np.stack(kind, axis=1) for kind in zip(*sums, strict=True))
    market, customer, run = (_correlation(*pair) for pair in zip(seen, same, strict=True))
    lasting = (
        _correlation(seen_across[0], across[0]),
        _correlation(seen_across[1] + seen_across[2], across[1] + across[2]),
    )
    return ascending((market, customer, run), lasting, int(open_then.sum()))


def ascending(
    same_week: tuple[float, float, float], lasting: tuple[float, float], forecasts: int
) -> CoMovement:
    """Return correlations raised until they ascend, with what lasts kept within them.

    Parameters
    ----------
    same_week : tuple of float
        As estimated: of the market, the customer and the pay run, each in [0, 1).
    lasting : tuple of float
        As estimated: of market and customer.
    forecasts : int
    """
    market, customer, run = same_week
    customer = max(market, customer)
    # What lasts is a part of what moves together in one week.
    lasting_market = min(lasting[0], market)
    # Added up like this the bounds agree to the last digit where the customer adds nothing.
    most = lasting_market + (customer - market)
    return CoMovement(
        market,
        customer,
        max(customer, run),
        lasting_market,
        float(np.clip(lasting[1], lasting_market, most)),
        forecasts,
    )


def _groups(past: PastForecasts) -> list[Int64]:
    """Return the numbers of each row's origin, customer, pay run and itself, nested."""
    keys = np.column_stack([past.origin, past.customer, past.run])
    nested = [np.unique(keys[:, :k], axis=0, return_inverse=True)[1].ravel() for k in (1, 2, 3)]
    return [*nested, np.arange(len(past))]


def _pair_sums(values: Float64, groups: list[Int64]) -> tuple[Float64, Float64]:
    """Return the sums of products over pairs of invoices: in the same week, in different weeks.

    Each for pairs of different customers, of one customer's different runs, and of one run.

    Parameters
    ----------
    values : float64 array of shape (n, weeks)
    groups : list of int64 arrays
        See `_groups`.
    """
    same, all_weeks = [], []
    total = values.sum(axis=1)
    for group in groups:
        weeks = [np.bincount(group, weights=column) for column in values.T]
        same.append(sum(float((week**2).sum()) for week in weeks))
        all_weeks.append(float((np.bincount(group, weights=total) ** 2).sum()))
    within = -np.diff(same)
    return within, -np.diff(all_weeks) - within


def _hermite(threshold: Float64) -> Iterator[Float64]:
    """Yield the coefficients ``c_n`` of thresholds, from the first on."""
    inside = np.isfinite(threshold)
    z = np.where(inside, threshold, 0.0)
    before, now = np.zeros_like(z), np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * inside
    for n in range(1, _TERMS + 1):
        yield now / np.sqrt(n)
        before, now = now, (z * now - np.sqrt(n - 1) * before) / np.sqrt(n)


def _correlation(moment: float, series: Float64) -> float:
    """Return the least correlation at which the series reaches the moment seen."""
    reached = _GRID[:, None] ** np.arange(1, len(series) + 1) @ series
    above = np.flatnonzero(reached >= moment)
    if moment <= 0:
        return 0.0
    if len(above) == 0:
        return float(_GRID[-1])
    right = int(above[0])
    share = (moment - reached[right - 1]) / (reached[right] - reached[right - 1])
    return float(_GRID[right - 1] + share * (_GRID[right] - _GRID[right - 1]))
