"""Sums over windows that end at a moment, as differences of exact running totals.

A fact counts at ``as_of`` exactly if ``known < as_of <= void``; windows run on ``known``. Keys are
sorted by customer and moment, so each reading starts where the one before it ended.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.facts.lookup import first_not_before


@njit(cache=True, nogil=True)
def window_rows(offsets, known, customer, as_of, lengths):  # type: ignore[no-untyped-def]
    """Find the rows at which windows begin and end.

    Parameters
    ----------
    offsets, known : int64 arrays
        Of a stream.
    customer, as_of : int64 arrays of shape (n,)
        Sorted by both; a customer of -1 has no rows.
    lengths : int64 array of shape (windows,)
        Microseconds, ascending.

    Returns
    -------
    end, start : int64 arrays of shape (n,) and (windows, n)
        Rows ``start:end`` are known within the window before the moment.
    """
    n, w = len(customer), len(lengths)
    end = np.zeros(n, np.int64)
    start = np.zeros((w, n), np.int64)
    previous = np.int64(-1)
    low = np.int64(0)
    high = np.int64(0)
    stop = np.int64(0)
    at = np.zeros(w, np.int64)
    for i in range(n):
        c = customer[i]
        if c < 0:
            continue
        if c != previous:
            previous = c
            low, high = offsets[c], offsets[c + 1]
            stop = first_not_before(known, low, high, as_of[i])
            for j in range(w):
                at[j] = first_not_before(known, low, stop, as_of[i] - lengths[j])
        else:
            moment = as_of[i]
            while stop < high and known[stop] < moment:
                stop += 1
            for j in range(w):
                begin = moment - lengths[j]
                row = at[j]
                while row < stop and known[row] < begin:
                    row += 1
                at[j] = row
        end[i] = stop
        for j in range(w):
            start[j, i] = at[j]
    return end, start


@njit(cache=True, nogil=True)
def window_sums(total, end, start):  # type: ignore[no-untyped-def]
    """Return the sum of a measure over each window; float64 array of shape (windows, n).

    ``total`` is the running total before each row.
    """
    w, n = start.shape
    out = np.empty((w, n), np.float64)
    for j in range(w):
        for i in range(n):
            out[j, i] = total[end[i]] - total[start[j, i]]
    return out


@njit(cache=True, nogil=True)
def window_sums_then(  # type: ignore[no-untyped-def]
    total, end, start, known, void, values, withdrawn, withdrawn_offsets, customer, as_of, lengths
):
    """Return `window_sums` where some facts were withdrawn later.

    ``total`` leaves the withdrawn rows out; they are few, and are added one by one where they were
    still believed, so that sums are exact at every moment.
    """
    w, n = start.shape
    out = np.empty((w, n), np.float64)
    extra = np.zeros(w, np.int64)
    for i in range(n):
        c = customer[i]
        extra[:] = 0
        if c >= 0 and withdrawn_offsets[c] < withdrawn_offsets[c + 1]:
            for at in range(withdrawn_offsets[c], withdrawn_offsets[c + 1]):
                row = withdrawn[at]
                if known[row] >= as_of[i]:
                    break
                if void[row] >= as_of[i]:
                    for j in range(w):
                        if known[row] >= as_of[i] - lengths[j]:
                            extra[j] += values[row]
        for j in range(w):
            out[j, i] = total[end[i]] - total[start[j, i]] + extra[j]
    return out


@njit(cache=True, nogil=True)
def sums_now(  # type: ignore[no-untyped-def]
    offsets, known, begun, ends, ended, customer, as_of
):
    """Return the sum over all facts believed at each moment; float64 array of shape (n,).

    ``begun`` is the running total by ``known``; ``ends`` holds each customer's ``void`` in order
    and ``ended`` their running total: what has begun less what has ended still stands.
    """
    out = np.zeros(len(customer), np.float64)
    for i in range(len(customer)):
        c = customer[i]
        if c < 0:
            continue
        low, high = offsets[c], offsets[c + 1]
        into = first_not_before(known, low, high, as_of[i])
        outof = first_not_before(ends, low, high, as_of[i])
        out[i] = (begun[into] - begun[low]) - (ended[outof] - ended[low])
    return out


@njit(cache=True, nogil=True)
def sums_around(offsets, day, totals, place, today, lengths):  # type: ignore[no-untyped-def]
    """Return a place's totals over windows of days that end with yesterday.

    Parameters
    ----------
    offsets, day : int64 arrays
        Of the surroundings.
    totals : int64 array of shape (measures, rows + 1)
    place, today : int64 arrays of shape (n,)
        A place of -1 has nothing.
    lengths : int64 array of shape (windows,)
        Days.

    Returns
    -------
    float64 array of shape (measures, windows, n)
    """
    m, w, n = totals.shape[0], len(lengths), len(place)
    out = np.zeros((m, w, n), np.float64)
    for i in range(n):
        p = place[i]
        if p < 0:
            continue
        low, high = offsets[p], offsets[p + 1]
        end = first_not_before(day, low, high, today[i])
        for j in range(w):
            start = first_not_before(day, low, end, today[i] - lengths[j])
            for k in range(m):
                out[k, j, i] = totals[k, end] - totals[k, start]
    return out
