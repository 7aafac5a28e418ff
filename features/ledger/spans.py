"""Until when each version of a fact was believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64 = npt.NDArray[np.int64]

_ALWAYS = np.int64(-(2**62))


def void_at(table: pa.Table, key: Sequence[str]) -> pa.Array:
    """Return the moment from which each row's fact was stated by another version; null for none.

    What was recorded later stands as soon as it is known, even where an earlier version is about a
    later day. Of versions of one moment the last in the order of the rows stands.

    Parameters
    ----------
    table : pyarrow.Table
        ``known_at``, ``recorded_at`` and the key's columns, in stored order.
    key : sequence of str
        The columns that identify a fact.
    """
    void = np.zeros(table.num_rows, dtype=np.int64)
    fact = _codes(table, key)
    rows = np.flatnonzero(np.bincount(fact, minlength=1)[fact] > 1)
    known, recorded = (_moments(table[name])[rows] for name in ("known_at", "recorded_at"))
    recorded = np.where(recorded == _ALWAYS, known, recorded)
    order = np.lexsort((known, recorded, fact[rows]))[::-1]
    rows, known, fact = rows[order], known[order], fact[rows][order]
    # Latest version first: a version ends where the earliest known of those after it begins.
    follows = np.flatnonzero(fact[1:] == fact[:-1]) + 1
    first = np.ones(len(rows), dtype=bool)
    first[follows] = False
    earliest = _running_minimum(known, np.cumsum(first))
    void[rows[follows]] = earliest[follows - 1]
    ended = np.zeros(table.num_rows, dtype=bool)
    ended[rows[follows]] = True
    return pa.array(void, mask=~ended).cast(pa.timestamp("us"))


def _running_minimum(values: Int64, group: Int64) -> Int64:
    """Return the minimum so far within each run of equal groups."""
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    # Later groups start below all earlier ones, so one running minimum serves them all.
    shifted = rank - group * len(values)
    least = np.minimum.accumulate(shifted) + group * len(values)
    return values[np.argsort(values, kind="stable")][least] if len(values) else values


def _codes(table: pa.Table, key: Sequence[str]) -> Int64:
    """Return an integer per row, equal for equal keys."""
    codes = np.zeros(table.num_rows, dtype=np.int64)
    for name in key:
        column = table[name].combine_chunks().dictionary_encode(null_encoding="encode")
        own = column.indices.to_numpy().astype(np.int64)
        codes = codes * max(len(column.dictionary), 1) + own
        if name != key[0]:
            codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return codes


def _moments(column: pa.ChunkedArray) -> Int64:
    filled = pc.fill_null(column.cast(pa.int64()), int(_ALWAYS))
    return np.asarray(filled.to_numpy(), dtype=np.int64)
