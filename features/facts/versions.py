"""Rows that replace each other, as facts with the span of time in which each was believed.

A fact is known from ``known`` on and no longer believed from ``void`` on (both microseconds since
1970, half-open). At ``as_of`` exactly the facts with ``known < as_of <= void`` count, so a later
correction never reaches back into the past.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Int64 = npt.NDArray[np.int64]

FOREVER = np.int64(2**62)
"""``void`` of a fact that was never withdrawn."""
ALWAYS = np.int64(-(2**62))
"""``known`` of master data without a date."""
DAY = np.int64(86_400_000_000)
"""Microseconds of a day."""


def days(column: pa.ChunkedArray) -> Int64:
    """Return dates as days since 1970, int64; nulls become `ALWAYS`."""
    filled = column.cast(pa.int32()).cast(pa.int64()).fill_null(int(ALWAYS))
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def microseconds(column: pa.ChunkedArray) -> Int64:
    """Return moments as microseconds since 1970, int64; nulls become `ALWAYS`."""
    filled = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(int(ALWAYS))
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def believed(table: pa.Table, key: tuple[str, ...]) -> pd.DataFrame:
    """Return the versions of a table's facts with ``known`` and ``void``.

    Parameters
    ----------
    table : pyarrow.Table
        A ledger table with ``known_at`` and ``removed``, in stored order.
    key : tuple of str
        The columns that identify a fact.

    Returns
    -------
    DataFrame
        One row per version that stated something, in stored order: the columns of the table,
        with dates as days since 1970, and ``known`` and ``void``.
    """
    known = microseconds(table["known_at"])
    identity = table.select(list(key)).to_pandas()
    code = identity.groupby(list(key), dropna=False, sort=False).ngroup().to_numpy()
    void = np.full(len(code), FOREVER)
    # What was recorded later stands as soon as it counts, even where an earlier version is about a
    # later day; the stable sort keeps the stored order among versions of one moment.
    recorded = microseconds(table["recorded_at"])
    order = np.lexsort((known, np.where(recorded == ALWAYS, known, recorded), code))[::-1]
    earliest = pd.Series(known[order]).groupby(code[order]).cummin().to_numpy()
    same = code[order][1:] == code[order][:-1]
    void[order[1:][same]] = earliest[:-1][same]
    removed = table["removed"].fill_null(False).to_numpy()
    content = {}
    for field in table.schema:
        if pa.types.is_date(field.type):
            content[field.name] = days(table[field.name])
        elif field.name not in ("known_at", "recorded_at", "removed"):
            content[field.name] = table[field.name].to_pandas()
    frame = pd.DataFrame(content)
    frame["known"] = known
    frame["void"] = void
    return frame[~removed & (void > known)]
