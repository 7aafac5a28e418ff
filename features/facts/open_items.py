"""A customer's open items: at a moment, and followed through time step by step."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.facts.book import Book
from features.facts.versions import Int64


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


def open_rows(book: Book, customer: int, moment: int) -> Int64:
    """Return the rows of a book's items that are open at a moment, as known just before it."""
    items = book.items
    first, last = items.offsets[customer], items.offsets[customer + 1]
    believed = (items.known[first:last] < moment) & (items.void[first:last] >= moment)
    is_open = believed & (items.measures["open"][first:last] > 0)
    return np.asarray(first + np.flatnonzero(is_open), dtype=np.int64)
