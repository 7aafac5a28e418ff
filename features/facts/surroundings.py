"""How everyone pays: daily totals of the portfolio, of segments, countries and groups.

A customer's features need nothing of other customers but these totals. They are sums of whole
numbers by day, so those of parts of the ledger add up to those of the whole, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from features.facts.versions import Int64

Place = tuple[str, str]
"""A kind (``segment``, ``country``, ``group``) and a name."""

PORTFOLIO: Place = ("portfolio", "")
SETTLED_MEASURES = ("count", "late_1", "late_5", "late_15", "late_30", "days_late_bounded")
MEASURES = (*SETTLED_MEASURES, "invoiced")
"""Of settled invoices, and the amount of those issued."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Totals by place and day.

    Parameters
    ----------
    places : tuple of Place
        The first is the portfolio.
    offsets : int64 array of shape (places + 1,)
        Rows of each place, by day.
    day : int64 array of shape (rows,)
        Days since 1970 on which something became known.
    totals : int64 array of shape (measures, rows + 1)
        Running total of each of `MEASURES` over all rows before each row.
    """

    places: tuple[Place, ...]
    offsets: Int64
    day: Int64
    totals: Int64

    @cached_property
    def index(self) -> dict[Place, int]:
        """The row of ``offsets`` of each place."""
        return {place: at for at, place in enumerate(self.places)}

    def codes(self, places: Sequence[Place]) -> Int64:
        """Return the code of each place, -1 for one of which nothing is known."""
        return np.array([self.index.get(place, -1) for place in places], dtype=np.int64)

    @classmethod
    def of(cls, days: DailyTotals) -> Surroundings:
        """Add up running totals."""
        places, code, day, values = days.places, days.code, days.day, days.values
        order = sorted(range(len(places)), key=lambda at: (places[at] != PORTFOLIO, places[at]))
        rank = np.empty(len(places), dtype=np.int64)
        rank[order] = np.arange(len(places))
        code = rank[code]
        rows = np.lexsort((day, code))
        totals = np.zeros((len(MEASURES), len(rows) + 1), dtype=np.int64)
        np.cumsum(values[:, rows], axis=1, out=totals[:, 1:])
        offsets = np.searchsorted(code[rows], np.arange(len(places) + 1)).astype(np.int64)
        return cls(tuple(places[at] for at in order), offsets, day[rows], totals)


@dataclass(frozen=True, eq=False)
class DailyTotals:
    """What became known on each day about each place, for some of the customers.

    Parameters
    ----------
    places : tuple of Place
    code, day : int64 arrays of shape (rows,)
        Place and day, each pair once.
    values : int64 array of shape (measures, rows)
    """

    places: tuple[Place, ...]
    code: Int64
    day: Int64
    values: Int64

    @classmethod
    def collect(
        cls, places: tuple[Place, ...], code: Int64, day: Int64, values: Int64
    ) -> DailyTotals:
        """Add up the rows of each place and day; rows of the code -1 are left out."""
        inside = code >= 0
        code, day, values = code[inside], day[inside], values[:, inside]
        if len(code) == 0:
            return cls(places, code, day, values)
        first, days = day.min(), int(day.max() - day.min()) + 1
        cells, own = np.unique(code * days + day - first, return_inverse=True)
        totals = np.zeros((len(values), len(cells)), dtype=np.int64)
        for row, of in zip(totals, values, strict=True):
            np.add.at(row, own, of)
        return cls(places, cells // days, cells % days + first, totals)

    @classmethod
    def together(cls, parts: Sequence[DailyTotals]) -> DailyTotals:
        """Add up the totals of parts of the ledger."""
        places = tuple(sorted({place for part in parts for place in part.places}))
        index = {place: at for at, place in enumerate(places)}
        codes = [
            np.array([index[place] for place in part.places], dtype=np.int64)[part.code]
            for part in parts
        ]
        return cls.collect(
            places,
            np.concatenate([np.empty(0, np.int64), *codes]),
            np.concatenate([np.empty(0, np.int64), *(part.day for part in parts)]),
            np.concatenate(
                [np.empty((len(MEASURES), 0), np.int64), *(part.values for part in parts)], axis=1
            ),
        )

    @classmethod
    def of_many(cls, parts: Iterable[DailyTotals]) -> DailyTotals:
        """Add up the totals of many parts, in little more memory than the sum takes.

        Sums of as many parts are added to each other, so that a row is added up some ten times and
        not once for every part that follows.
        """
        sums: list[tuple[int, DailyTotals]] = []
        for part in parts:
            size, total = 1, part
            while sums and sums[-1][0] == size:
                size, total = 2 * size, cls.together([sums.pop()[1], total])
            sums.append((size, total))
        return cls.together([total for _, total in sums])


@lru_cache(maxsize=4)
def first_difference(before: Surroundings, after: Surroundings) -> int | None:
    """Return the first day on which two surroundings differ, None if they are the same.

    All buckets ask about the same two, so the answer is kept.
    """
    days = [
        day
        for place in {*before.places, *after.places}
        if (day := _place_difference(before, after, place)) is not None
    ]
    return min(days, default=None)


def _place_difference(before: Surroundings, after: Surroundings, place: Place) -> int | None:
    first, second = _daily(before, place), _daily(after, place)
    size = min(first.shape[1], second.shape[1])
    differs = np.flatnonzero((first[:, :size] != second[:, :size]).any(axis=0))
    if len(differs):
        at = differs[0]
        return int(min(first[0, at], second[0, at]))
    longer = first if first.shape[1] > size else second
    return int(longer[0, size]) if longer.shape[1] > size else None


def _daily(around: Surroundings, place: Place) -> npt.NDArray[np.int64]:
    """Return the days of a place and their values, one column each."""
    at = around.index.get(place)
    if at is None:
        return np.empty((1 + len(MEASURES), 0), dtype=np.int64)
    low, high = around.offsets[at], around.offsets[at + 1]
    return np.vstack([around.day[low:high], np.diff(around.totals[:, low : high + 1], axis=1)])
