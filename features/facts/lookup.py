"""Finding facts by moment in a customer's rows; a customer of -1 has none."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def first_not_before(known, low, high, moment):  # type: ignore[no-untyped-def]
    """Return the first row in [low, high) whose ``known`` is at or after a moment."""
    while low < high:
        middle = (low + high) // 2
        if known[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def latest_row(offsets, known, void, customer, as_of):  # type: ignore[no-untyped-def]
    """Return the latest fact believed at each moment, -1 for none; int64 array of shape (n,)."""
    out = np.full(len(customer), -1, np.int64)
    for i in range(len(customer)):
        c = customer[i]
        if c < 0:
            continue
        row = first_not_before(known, offsets[c], offsets[c + 1], as_of[i]) - 1
        while row >= offsets[c] and void[row] < as_of[i]:
            row -= 1
        if row >= offsets[c]:
            out[i] = row
    return out
