"""Simulating the open book: draws of its cash per period, customers moving together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.versions import Int64
from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.periods import PERIODS
from models.cash_forecast.simulation_kernel import NORMALS, cash_by_customer
from models.cash_forecast.thresholds import thresholds

Float64 = npt.NDArray[np.float64]

CUSTOMERS_AT_ONCE = 200
"""Customers whose draws are held at a time."""
OVERDUE = -1
"""The pay run of everything overdue: the customer's next run may pay all of it."""


@dataclass(frozen=True)
class Simulated:
    """Draws of a book's cash.

    Parameters
    ----------
    customers : int64 array of shape (customers,)
        Those with open invoices, ascending.
    quantiles : float64 array of shape (shares, customers, periods)
        Of each customer's cash.
    book : float64 array of shape (periods, draws)
        The book's cash; draws of different periods belong together.
    """

    customers: Int64
    quantiles: Float64
    book: Float64


def pay_run(due_day: Int64, today: int | Int64) -> Int64:
    """Return what an invoice is paid together with: its due day's, or all that is overdue."""
    return np.where(due_day < today, OVERDUE, due_day)


def quantile(draws: Float64, share: float) -> Float64:
    """Return the smallest of the drawn values that a share does not exceed, along the last axis.

    No interpolation: the cash of one invoice is its amount or nothing.

    Examples
    --------
    >>> float(quantile(np.array([0.0, 0.0, 50.0, 0.0]), 0.75))
    0.0
    """
    number = draws.shape[-1]
    at = min(max(int(np.ceil(share * number - 1e-9)) - 1, 0), number - 1)
    return np.asarray(np.partition(draws, at, axis=-1)[..., at])


def simulate(
    customer: Int64,
    run: Int64,
    chances: Float64,
    amount: Float64,
    movement: CoMovement,
    shares: tuple[float, ...],
    *,
    draws: int,
    seed: int,
) -> Simulated:
    """Simulate the cash of open invoices per period.

    Memory is bounded by `CUSTOMERS_AT_ONCE` times ``draws``, whatever the book's size.

    Parameters
    ----------
    customer, run : int64 arrays of shape (n,)
        Position of the customer; what it is paid together with, see `pay_run`.
    chances : float64 array of shape (n, periods - 1)
        See `periods.paid_by`.
    amount : float64 array of shape (n,)
    movement : CoMovement
    shares : tuple of float
        The quantiles asked for, in (0, 1).
    draws, seed : int
        The same seed gives the same draws.
    """
    generator = np.random.default_rng(seed)
    market = generator.standard_normal((len(PERIODS), draws))
    # Rows in an order of their own: the draws must not depend on the order they come in.
    order = np.lexsort((amount, chances[:, 0], run, customer))
    sorted_chances, amounts, runs = chances[order], amount[order], run[order]
    owners, begin = np.unique(customer[order], return_index=True)
    edges = np.append(begin, len(order)).astype(np.int64)
    seeds = generator.integers(2**64, size=len(owners), dtype=np.uint64)
    book = np.zeros((len(PERIODS), draws))
    quantiles = np.zeros((len(shares), len(owners), len(PERIODS)))
    for low in range(0, len(owners), CUSTOMERS_AT_ONCE):
        high = min(low + CUSTOMERS_AT_ONCE, len(owners))
        rows = slice(edges[low], edges[high])
        cash = cash_by_customer(
            thresholds(sorted_chances[rows], movement.lasting_customer),
            amounts[rows],
            edges[low : high + 1] - edges[low],
            runs[rows],
            market,
            movement.loadings,
            NORMALS,
            seeds[low:high],
        )
        book += cash.sum(axis=0)
        for number, share in enumerate(shares):
            quantiles[number, low:high] = quantile(cash, share)
    return Simulated(owners, quantiles, book)
