"""Rows that replace each other, as facts with the span of time in which each was believed.

A fact is known from ``known`` on and no longer believed from ``void`` on (both microseconds since
1970, half-open). At ``as_of`` exactly the facts with ``known < as_of <= void`` count, so a later
correction never reaches back into the past.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FOREVER = np.int64(2**62)
"""``void`` of a fact that was never withdrawn."""
ALWAYS = np.int64(-(2**62))
"""``known`` of master data without a date, and any day that is not known."""
DAY = np.int64(86_400_000_000)
"""Microseconds of a day."""


class Versions:
    """The versions of a table's facts that stated something, in stored order.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of a ledger table, with ``known_at``, ``void_at`` and ``removed``.
    customers : pyarrow.Array of str
        The customers by position; rows of others are left out.
    """

    def __init__(self, table: pa.Table, customers: pa.Array) -> None:
        known = _integers(table["known_at"], ALWAYS)
        void = _integers(table["void_at"], FOREVER)
        removed = table["removed"].fill_null(False).to_numpy()
        customer = _positions(table["customer_id"].combine_chunks(), customers)
        keep = ~removed & (void > known) & (customer >= 0)
        self.table = table if keep.all() else table.filter(pa.array(keep))
        self.known: Int64 = known[keep]
        self.void: Int64 = void[keep]
        self.customer: Int64 = customer[keep]

    def __len__(self) -> int:
        return len(self.known)

    def take(self, rows: Flags) -> Versions:
        """Return the versions of some rows."""
        part = object.__new__(Versions)
        part.table = self.table.filter(pa.array(rows))
        part.known, part.void = self.known[rows], self.void[rows]
        part.customer = self.customer[rows]
        return part

    def days(self, name: str) -> Int64:
        """Return dates as days since 1970; `ALWAYS` where there is none."""
        return _integers(self.table[name].cast(pa.int32()), ALWAYS)

    def integers(self, name: str, missing: int | np.int64) -> Int64:
        """Return a column of integers."""
        return _integers(self.table[name], missing)

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Return a column as floats, NaN where there is nothing."""
        return np.asarray(self.table[name].cast(pa.float64()).to_numpy(), dtype=np.float64)

    def choice(self, name: str, choices: Sequence[str]) -> Int64:
        """Return each row's place among the choices, -1 for none of them."""
        places = pc.index_in(self.table[name], value_set=pa.array(choices, pa.string()))
        return _integers(places, -1)

    def texts(self, name: str) -> pa.Array:
        """Return a column of text."""
        return self.table[name].combine_chunks()


def _integers(column: pa.ChunkedArray | pa.Array, missing: int | np.int64) -> Int64:
    filled = pc.fill_null(column.cast(pa.int64()), int(missing))
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def _positions(owner: pa.Array, customers: pa.Array) -> Int64:
    """Return each row's customer; rows of a customer come together, so each is looked up once."""
    if len(owner) == 0:
        return np.empty(0, dtype=np.int64)
    runs = pc.run_end_encode(owner)
    places = _integers(pc.index_in(runs.values, value_set=customers), -1)
    return np.repeat(places, np.diff(runs.run_ends.to_numpy(), prepend=0))
