"""Divisions and bounds that many features end with: one pass, and little to call for one key."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.facts.book import Float64


def ratio(numerator: Float64, denominator: Float64) -> Float64:
    """Divide, NaN where the denominator is not above zero.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    found: Float64 = _ratio(numerator, denominator)
    return found


def bounded(numerator: Float64, denominator: Float64, most: float = 1.0) -> Float64:
    """Divide, at least 0 and at most ``most``; NaN where the denominator is not above zero.

    Examples
    --------
    >>> bounded(np.array([-1.0, 1.0, 9.0]), np.array([4.0, 4.0, 4.0]))
    array([0.  , 0.25, 1.  ])
    """
    found: Float64 = _bounded(numerator, denominator, most)
    return found


def within(values: Float64, least: float, most: float) -> Float64:
    """Return values no lower and no higher than the bounds; NaN stays NaN.

    Examples
    --------
    >>> within(np.array([-1.0, 0.5, np.nan, 3.0]), 0.0, 2.0)
    array([0. , 0.5, nan, 2. ])
    """
    found: Float64 = _within(values, least, most)
    return found


def shrunk(rate: Float64, support: Float64, towards: Float64, prior: float) -> Float64:
    """Return rates shrunk towards others that weigh ``prior``; the others where nothing supports.

    Examples
    --------
    >>> rates, support = np.array([1.0, np.nan]), np.array([6.0, 0.0])
    >>> shrunk(rates, support, np.array([0.2, 0.2]), prior=2.0)
    array([0.8, 0.2])
    """
    found: Float64 = _shrunk(rate, support, towards, prior)
    return found


@njit(cache=True, nogil=True)
def _shrunk(rate, support, towards, prior):  # type: ignore[no-untyped-def]
    out = np.empty(len(rate), np.float64)
    for i in range(len(rate)):
        found = rate[i] * support[i] if support[i] > 0.0 else 0.0
        out[i] = (found + prior * towards[i]) / (support[i] + prior)
    return out


@njit(cache=True, nogil=True)
def _ratio(numerator, denominator):  # type: ignore[no-untyped-def]
    out = np.empty(len(numerator), np.float64)
    for i in range(len(numerator)):
        below = denominator[i]
        out[i] = numerator[i] / below if below > 0 else np.nan
    return out


@njit(cache=True, nogil=True)
def _bounded(numerator, denominator, most):  # type: ignore[no-untyped-def]
    out = np.empty(len(numerator), np.float64)
    for i in range(len(numerator)):
        below = denominator[i]
        value = numerator[i] / below if below > 0 else np.nan
        if value < 0.0:
            value = 0.0
        out[i] = most if value > most else value
    return out


@njit(cache=True, nogil=True)
def _within(values, least, most):  # type: ignore[no-untyped-def]
    out = np.empty(len(values), np.float64)
    for i in range(len(values)):
        value = values[i]
        if value < least:
            value = least
        out[i] = most if value > most else value
    return out
