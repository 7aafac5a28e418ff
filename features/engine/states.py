"""The latest fact of a stream at the moments of keys, and the one before it."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.engine.keys import Keys
from features.facts.book import Float64, Stream
from features.facts.lookup import latest_row
from features.facts.versions import ALWAYS, Int64


class LatestStates:
    """Reads measures of each stream's latest fact; its row is found once.

    Parameters
    ----------
    keys : Keys
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._rows: dict[int, Int64] = {}

    def __call__(self, stream: Stream, measure: str) -> Float64:
        """Return a measure of the latest fact, NaN where there is none."""
        found: Float64 = picked(stream.measures[measure], self.rows(stream))
        return found

    def change(self, stream: Stream, measure: str, of_one: str) -> Float64:
        """Return by how much a measure moved since the fact before the latest.

        Only facts that agree in the measure ``of_one`` are compared; NaN where there is no other.
        """
        keys = self._keys
        rows = self.rows(stream)
        before = row_before(
            stream.offsets, stream.void, stream.measures[of_one], rows, keys.customer, keys.as_of
        )
        values = stream.measures[measure]
        return np.asarray(picked(values, rows) - picked(values, before))

    def mean(self, stream: Stream, measure: str, of_one: str, count: int) -> Float64:
        """Return the mean of a measure over the latest facts, up to so many; NaN without any.

        Only facts that agree with the latest in the measure ``of_one`` count.
        """
        keys = self._keys
        found: Float64 = mean_of_latest(
            stream.offsets,
            stream.void,
            stream.measures[of_one],
            stream.measures[measure],
            self.rows(stream),
            keys.customer,
            keys.as_of,
            count,
        )
        return found

    def rows(self, stream: Stream) -> Int64:
        """Return the row of each key's latest fact, -1 for none."""
        rows = self._rows.get(id(stream))
        if rows is None:
            keys = self._keys
            rows = latest_row(stream.offsets, stream.known, stream.void, keys.customer, keys.as_of)
            self._rows[id(stream)] = rows
        return rows


@njit(cache=True, nogil=True)
def picked(values, rows):  # type: ignore[no-untyped-def]
    """Return values by row as floats, NaN for a row of -1 and for what is not known."""
    out = np.empty(len(rows), np.float64)
    for i in range(len(rows)):
        row = rows[i]
        out[i] = np.nan if row < 0 or values[row] == ALWAYS else values[row]
    return out


@njit(cache=True, nogil=True)
def row_before(offsets, void, same, rows, customer, as_of):  # type: ignore[no-untyped-def]
    """Return the last believed row before each row that agrees with it in ``same``, or -1."""
    out = np.full(len(rows), -1, np.int64)
    for i in range(len(rows)):
        if rows[i] < 0:
            continue
        row = rows[i] - 1
        first = offsets[customer[i]]
        while row >= first and (void[row] < as_of[i] or same[row] != same[rows[i]]):
            row -= 1
        if row >= first:
            out[i] = row
    return out


@njit(cache=True, nogil=True)
def mean_of_latest(offsets, void, same, values, rows, customer, as_of, count):  # type: ignore[no-untyped-def]
    """Return the mean over each row and the last believed ones before it that agree in ``same``."""
    out = np.full(len(rows), np.nan)
    for i in range(len(rows)):
        if rows[i] < 0:
            continue
        total, found = values[rows[i]], 1
        row = rows[i] - 1
        while row >= offsets[customer[i]] and found < count:
            if void[row] >= as_of[i] and same[row] == same[rows[i]]:
                total += values[row]
                found += 1
            row -= 1
        out[i] = total / found
    return out
