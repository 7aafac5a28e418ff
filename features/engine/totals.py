"""A stream's totals at the moments of keys, worked out measure by measure when asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from features.engine.keys import Keys
from features.engine.windows import sums_now, window_rows, window_sums, window_sums_then
from features.facts.book import Float64, Stream
from features.facts.versions import DAY, Int64

WINDOWS = {"30d": 30, "90d": 90, "180d": 180, "365d": 365, "all": 36_500}
"""Names and lengths in days of the windows."""
_PLACES = {name: at for at, name in enumerate(WINDOWS)}
_LENGTHS = np.array(list(WINDOWS.values()), dtype=np.int64) * DAY


class Totals:
    """Sums of a stream's measures: ``totals[window][measure]``, float64 of shape (keys,).

    Parameters
    ----------
    stream : Stream
    keys : Keys
        Sorted by customer and ``as_of``.
    """

    def __init__(self, stream: Stream, keys: Keys) -> None:
        self._stream = stream
        self._keys = keys
        self._sums: dict[str, Float64] = {}
        self._means: dict[str, Float64] = {}

    def __getitem__(self, window: str) -> Window:
        # Not kept: a window that its totals keep would keep them, and a bucket's facts, alive.
        return Window(self, _PLACES[window])

    @cached_property
    def _rows(self) -> tuple[Int64, Int64]:
        stream, keys = self._stream, self._keys
        end, start = window_rows(stream.offsets, stream.known, keys.customer, keys.as_of, _LENGTHS)
        return end, start

    def sums(self, measure: str) -> Float64:
        """Return the sums over all windows; shape (windows, keys)."""
        found = self._sums.get(measure)
        if found is None:
            stream, keys = self._stream, self._keys
            end, start = self._rows
            total = stream.running_total(measure)
            if len(stream.withdrawn) == 0:
                found = window_sums(total, end, start)
            else:
                found = window_sums_then(
                    total, end, start, stream.known, stream.void, stream.measures[measure],
                    stream.withdrawn, stream.withdrawn_offsets, keys.customer, keys.as_of,
                    _LENGTHS,
                )  # fmt: skip
            self._sums[measure] = found
        return found

    def means(self, measure: str) -> Float64:
        """Return the means over all windows, NaN where nothing happened; (windows, keys)."""
        found = self._means.get(measure)
        if found is None:
            found = self._means[measure] = self.sums(measure) / self.counts
        return found

    @cached_property
    def counts(self) -> Float64:
        """Numbers of facts over all windows, NaN where nothing happened; (windows, keys)."""
        count = self.sums("count")
        return np.where(count > 0, count, np.nan)


class Window:
    """One window of `Totals`."""

    def __init__(self, totals: Totals, at: int) -> None:
        self._totals = totals
        self._at = at

    def __getitem__(self, measure: str) -> Float64:
        row: Float64 = self._totals.sums(measure)[self._at]
        return row

    @property
    def count(self) -> Float64:
        """Number of facts in the window, NaN where there is none."""
        row: Float64 = self._totals.counts[self._at]
        return row

    def mean(self, measure: str) -> Float64:
        """Return a measure per fact of the window, NaN where there is none."""
        row: Float64 = self._totals.means(measure)[self._at]
        return row


def standing(stream: Stream, measure: str, keys: Keys) -> Float64:
    """Return the sum of a measure over all facts believed at each key's moment."""
    ends, ended = stream.ends(measure)
    sums: Float64 = sums_now(
        stream.offsets, stream.known, stream.began(measure), ends, ended, keys.customer, keys.as_of
    )
    return sums
