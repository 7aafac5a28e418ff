"""Following a customer's open items through time: one step of a forward merge."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def open_at(known, void, item_open, row, high, moment, active, size):  # type: ignore[no-untyped-def]
    """Bring the list of a customer's open items forward to a later moment.

    Parameters
    ----------
    known, void, item_open : int64 arrays of shape (rows,)
        The states of the items, sorted by customer and ``known``.
    row, high : int
        The next state not taken in yet, and the end of the customer's.
    moment : int
        States with ``known < moment <= void`` are believed.
    active, size : int64 array and int
        The rows open so far are ``active[:size]``.

    Returns
    -------
    row, active, size
        As they are at the moment.
    """
    while row < high and known[row] < moment:
        if item_open[row] > 0:
            if size == len(active):
                grown = np.empty(2 * size, np.int64)
                grown[:size] = active
                active = grown
            active[size] = row
            size += 1
        row += 1
    kept = 0
    for a in range(size):
        if void[active[a]] >= moment:
            active[kept] = active[a]
            kept += 1
    return row, active, kept
