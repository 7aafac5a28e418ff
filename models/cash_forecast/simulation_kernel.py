"""One step of the simulation: the week each invoice is paid in, summed by customer."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.special import ndtri

NORMALS = ndtri((np.arange(65_536) + 0.5) / 65_536)
"""Equally likely normal values: 16 random bits choose one. Drawing is most of the work, and this
takes a tenth of the time of exact draws; the chance of anything is met to 1 in 65,536."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@njit(cache=True, nogil=True, inline="always")
def _next_normal(state, normals):  # type: ignore[no-untyped-def]
    """Return a normal value and the next state (splitmix64: Steele, Lea and Flood, 2014)."""
    state += _STEP
    bits = (state ^ (state >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return normals[bits >> np.uint64(48)], state


@njit(cache=True, nogil=True)
def cash_by_customer(thresholds, amount, first, run, market, loadings, normals, seeds):  # type: ignore[no-untyped-def]
    """Return the cash of each customer, period and draw.

    An invoice still open at the begin of a period is paid in it where its normal draw is at or
    below its threshold. The draws are the sum of what lasts over all periods, the market's and the
    customer's, and of the parts of the period: the market's, the customer's, the pay run's and the
    invoice's own.

    Parameters
    ----------
    thresholds : float64 array of shape (invoices, periods - 1)
        See `thresholds.thresholds`.
    amount : float64 array of shape (invoices,)
    first : int64 array of shape (customers + 1,)
        Invoices ``first[c]:first[c + 1]`` belong to customer ``c``.
    run : int64 array of shape (invoices,)
        What it is paid together with; invoices of one run are neighbours.
    market : float64 array of shape (periods, draws)
        Normal draws: what lasts, then those of the periods but the last.
    loadings : tuple of six floats
    normals : float64 array
        `NORMALS`.
    seeds : uint64 array of shape (customers,)

    Returns
    -------
    float64 array of shape (customers, periods, draws)
    """
    periods, draws = len(market) - 1, market.shape[1]
    cash = np.zeros((len(first) - 1, periods + 1, draws))
    for c in range(len(first) - 1):
        low, high = first[c], first[c + 1]
        state = seeds[c]
        unpaid = np.empty(high - low, np.bool_)
        for d in range(draws):
            unpaid[:] = True
            left = high - low
            normal, state = _next_normal(state, normals)
            lasting = loadings[0] * market[0, d] + loadings[1] * normal
            for period in range(periods):
                if left == 0:
                    break
                normal, state = _next_normal(state, normals)
                shared = lasting + loadings[2] * market[period + 1, d] + loadings[3] * normal
                together = 0.0
                for i in range(low, high):
                    if i == low or run[i] != run[i - 1]:
                        normal, state = _next_normal(state, normals)
                        together = shared + loadings[4] * normal
                    if unpaid[i - low] and thresholds[i, period] > -np.inf:
                        normal, state = _next_normal(state, normals)
                        if together + loadings[5] * normal <= thresholds[i, period]:
                            cash[c, period, d] += amount[i]
                            unpaid[i - low] = False
                            left -= 1
            for i in range(low, high):
                if unpaid[i - low]:
                    cash[c, periods, d] += amount[i]
    return cash
