"""Months of days since 1970, for compiled code."""

from __future__ import annotations

import numpy as np
from numba import njit

MONTH_STARTS = (
    np.arange("1970-01", "2170-01", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
)
"""First day of each month, days since 1970; beyond the dates that a ledger may hold."""
_LAST = len(MONTH_STARTS) - 6
"""Leaves a few months to look ahead."""
_MONTHS_PER_DAY = 12 / 365.2425


@njit(cache=True, nogil=True)
def month_of(day):  # type: ignore[no-untyped-def]
    """Return the month of a day, counted from 1970; days out of the table are of its ends."""
    month = min(max(int(day * _MONTHS_PER_DAY), 0), _LAST)
    while month > 0 and MONTH_STARTS[month] > day:
        month -= 1
    while month < _LAST and MONTH_STARTS[month + 1] <= day:
        month += 1
    return month


@njit(cache=True, nogil=True)
def place_in_month(day):  # type: ignore[no-untyped-def]
    """Return the day of the month, counted from its end in the second half: the last is 31."""
    month = month_of(day)
    of_month = day - MONTH_STARTS[month] + 1
    return of_month if of_month <= 15 else 32 - (MONTH_STARTS[month + 1] - day)
