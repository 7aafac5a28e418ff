"""How everyone around a customer pays, at the moments of keys."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
_COUNT, _DAYS_LATE, _INVOICED = (
    MEASURES.index(name) for name in ("count", "days_late_bounded", "invoiced")
)
_LATE = slice(MEASURES.index("late_1"), MEASURES.index("late_30") + 1)


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
        self._totals: dict[str, Float64] = {}
        self._means: dict[str, Float64] = {}

    def total(self, kind: str, measure: str, window: str) -> Float64:
        """Return a total of the customer's place of a kind, 0 where it has none."""
        found: Float64 = self.totals(kind)[MEASURES.index(measure), _WINDOWS.index(window)]
        return found

    def mean(self, kind: str, measure: str, window: str) -> Float64:
        """Return a measure per settled invoice of the customer's place, NaN where none was."""
        means = self._means.get(kind)
        if means is None:
            totals = self.totals(kind)
            count = totals[_COUNT]
            means = self._means[kind] = totals / np.where(count > 0, count, np.nan)
        found: Float64 = means[MEASURES.index(measure), _WINDOWS.index(window)]
        return found

    def late_of_year(self, kind: str) -> tuple[Float64, Float64]:
        """Return the year's invoices late by 1, 5, 15 and 30 days, (4, keys), and their number."""
        year = self.totals(kind)[:, _WINDOWS.index("365d")]
        return year[_LATE], year[_COUNT]

    def has(self, kind: str) -> npt.NDArray[np.bool_]:
        """Return whether the customer's segment, country or group is known."""
        return self._latest(self._book.masters, kind) >= 0

    def totals(self, kind: str) -> Float64:
        """Return all totals of a kind of place; shape (measures, windows, keys)."""
        totals = self._totals.get(kind)
        if totals is None:
            totals = self._totals[kind] = self._sum(kind)
        return totals

    def _sum(self, kind: str) -> Float64:
        around = self._book.surroundings
        if kind == "portfolio":
            place = np.full(len(self._keys), around.index.get(PORTFOLIO, -1), dtype=np.int64)
        else:
            code = np.nan_to_num(self._latest(self._book.masters, kind), nan=-1.0)
            place = self._book.place_codes[code.astype(np.int64)]
        sums: Float64 = sums_around(
            around.offsets, around.day, around.totals, place, self._day, _LENGTHS
        )
        # A withdrawal counts on its own day, and may leave a window with less than nothing.
        np.maximum(sums[_COUNT], 0.0, out=sums[_COUNT])
        np.maximum(sums[_INVOICED], 0.0, out=sums[_INVOICED])
        count = sums[_COUNT]
        sums[_LATE] = np.minimum(np.maximum(sums[_LATE], 0.0), count)
        days = np.maximum(sums[_DAYS_LATE], EARLIEST * count)
        np.minimum(days, LATEST * count, out=sums[_DAYS_LATE])
        return sums
