"""How everyone around a customer pays, at the moments of keys."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from features.engine.keys import Keys
from features.engine.states import LatestStates
from features.engine.totals import WINDOWS
from features.engine.windows import sums_around
from features.facts.book import Book, Float64
from features.facts.receivables import EARLIEST, LATEST
from features.facts.surroundings import MEASURES, PORTFOLIO
from features.facts.versions import Int64

_WINDOWS = ("30d", "90d", "365d")
_LENGTHS = np.array([WINDOWS[name] for name in _WINDOWS], dtype=np.int64)
_PLACES = {name: at for at, name in enumerate(_WINDOWS)}
_MEASURES = {name: at for at, name in enumerate(MEASURES)}
_COUNT, _DAYS_LATE = _MEASURES["count"], _MEASURES["days_late_bounded"]
_LATE = slice(_MEASURES["late_1"], _MEASURES["late_30"] + 1)


class Around:
    """Totals and rates of the portfolio, and of a customer's segment, country and group.

    Parameters
    ----------
    book : Book
    keys : Keys
    day : int64 array of shape (keys,)
        Day of ``as_of``; windows end with the day before.
    latest : LatestStates
        Of the same keys.
    """

    def __init__(self, book: Book, keys: Keys, day: Int64, latest: LatestStates) -> None:
        self._book = book
        self._keys = keys
        self._day = day
        self._latest = latest
        self._both: dict[str, tuple[Float64, Float64]] = {}

    def total(self, kind: str, measure: str, window: str) -> Float64:
        """Return a total of the customer's place of a kind, 0 where it has none."""
        found: Float64 = self._add_up(kind)[0][_MEASURES[measure], _PLACES[window]]
        return found

    def mean(self, kind: str, measure: str, window: str) -> Float64:
        """Return a measure per settled invoice of the customer's place, NaN where none was."""
        found: Float64 = self._add_up(kind)[1][_MEASURES[measure], _PLACES[window]]
        return found

    def segment_mean(self, measure: str, window: str) -> Float64:
        """Return a measure per invoice of the segment; the portfolio's where it has none."""
        found: Float64 = self._segment_means[_MEASURES[measure], _PLACES[window]]
        return found

    @cached_property
    def _segment_means(self) -> Float64:
        segment, portfolio = (self._add_up(kind)[1] for kind in ("segment", "portfolio"))
        return np.where(self.has("segment"), segment, portfolio)

    def late_of_year(self, kind: str) -> tuple[Float64, Float64]:
        """Return the year's invoices late by 1, 5, 15 and 30 days, (4, keys), and their number."""
        year = self._add_up(kind)[0][:, _PLACES["365d"]]
        return year[_LATE], year[_COUNT]

    def has(self, kind: str) -> npt.NDArray[np.bool_]:
        """Return whether the customer's segment, country or group is known."""
        return self._latest(self._book.masters, kind) >= 0

    def _add_up(self, kind: str) -> tuple[Float64, Float64]:
        found = self._both.get(kind)
        if found is None:
            around, masters = self._book.surroundings, self._book.masters
            if kind == "portfolio":
                place = np.full(len(self._keys), around.index.get(PORTFOLIO, -1), dtype=np.int64)
            else:
                codes = masters.measures[kind]
                place = _places(codes, self._latest.rows(masters), self._book.place_codes)
            sums = sums_around(
                around.offsets, around.day, around.totals, place, self._day, _LENGTHS
            )
            found = self._both[kind] = sums, _put_right(sums, _COUNT, _DAYS_LATE)
        return found


@njit(cache=True, nogil=True)
def _places(codes, rows, place_codes):  # type: ignore[no-untyped-def]
    """Return the surroundings' code of the place that each row of master data names, or -1."""
    out = np.full(len(rows), -1, np.int64)
    for i in range(len(rows)):
        if rows[i] >= 0 and codes[rows[i]] >= 0:
            out[i] = place_codes[codes[rows[i]]]
    return out


@njit(cache=True, nogil=True)
def _put_right(sums, count, days_late):  # type: ignore[no-untyped-def]
    """Bring sums within what can be, in place, and return them per settled invoice.

    A withdrawal counts on its own day, and may leave a window with less than nothing, or with
    more late invoices than invoices.
    """
    means = np.empty(sums.shape, np.float64)
    for w in range(sums.shape[1]):
        for i in range(sums.shape[2]):
            settled = max(sums[count, w, i], 0.0)
            for k in range(sums.shape[0]):
                value = sums[k, w, i]
                if k == days_late:
                    value = min(max(value, EARLIEST * settled), LATEST * settled)
                elif k < days_late:
                    value = min(max(value, 0.0), settled)
                else:
                    value = max(value, 0.0)
                sums[k, w, i] = value
                means[k, w, i] = value / settled if settled > 0.0 else np.nan
    return means
