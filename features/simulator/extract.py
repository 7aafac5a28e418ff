"""Columns of the canonical extract as Arrow arrays, and the files they are written to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from features.ledger.contract import TABLES
from features.simulator.business_days import Calendar
from features.simulator.draws import Int64

FileFormat = Literal["csv", "parquet"]
WRITTEN = (
    "customers",
    "invoices",
    "payments",
    "orders",
    "credit_limits",
    "bureau_scores",
    "customer_events",
    "disputes",
    "promises",
    "activities",
    "insurance",
)
"""Tables the simulator writes, a file each."""

_ARROW_TYPES = {"money": pa.decimal128(18, 2), "number": pa.float64(), "integer": pa.int64()}
_ARROW_TYPES |= {"date": pa.date32(), "timestamp": pa.timestamp("us")}


def numbered(prefix: str, *parts: tuple[Int64, int]) -> pa.Array:
    """Return text ids: a prefix and zero-padded numbers joined by '-'.

    Examples
    --------
    >>> numbered("I", (np.array([7]), 5), (np.array([12]), 4)).to_pylist()
    ['I00007-0012']
    """
    padded = [
        pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
        for numbers, width in parts
    ]
    joined = padded[0] if len(padded) == 1 else pc.binary_join_element_wise(*padded, "-")
    return pc.binary_join_element_wise(pa.scalar(prefix), joined, "")


def number_within(owner: Int64) -> Int64:
    """Return 0, 1, ... within each run of equal owners; owners come together."""
    changes = np.flatnonzero(np.diff(owner, prepend=-1))
    lengths = np.diff(np.append(changes, len(owner)))
    return np.arange(len(owner), dtype=np.int64) - np.repeat(changes, lengths)


def money(cents: Int64) -> pa.Array:
    """Return exact decimals with two places from integer cents.

    Examples
    --------
    >>> money(np.array([60050])).to_pylist()
    [Decimal('600.50')]
    """
    words = np.stack([cents, cents >> 63], axis=1).astype("<i8")
    return pa.Array.from_buffers(
        pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(np.ascontiguousarray(words))]
    )


def chosen(names: tuple[str, ...], at: Int64) -> pa.Array:
    """Return the name at each index; None where it is negative."""
    return pa.array(names).take(pa.array(at, mask=at < 0))


def dates(calendar: Calendar, days: Int64) -> pa.Array:
    """Return the dates of simulated days."""
    first = np.datetime64(calendar.start.isoformat(), "D")
    return pa.array(first + np.asarray(days, np.int64), pa.date32())


def constant(value: str, n: int) -> pa.Array:
    """Return ``value`` n times."""
    return pa.repeat(pa.scalar(value), n)


def table(name: str, columns: dict[str, pa.Array]) -> pa.Table:
    """Return a table in the contract's columns and types; columns not given are empty.

    Raises
    ------
    KeyError
        A column that the contract does not have.
    """
    declared = TABLES[name].columns
    rest = dict(columns)
    length = len(next(iter(rest.values())))
    arrays, fields = [], []
    for column in declared:
        kind = _ARROW_TYPES.get(column.type, pa.string())
        array = rest.pop(column.name, None)
        arrays.append(pa.nulls(length, kind) if array is None else pc.cast(array, kind))
        fields.append(pa.field(column.name, kind))
    if rest:
        raise KeyError(f"{name} has no column {sorted(rest)}")
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


_ROW_GROUP = 250_000
"""Rows kept back for a Parquet row group: a chunk has only hundreds of some tables."""


class ExtractWriter:
    """Appends chunks to the files of an extract.

    Parameters
    ----------
    folder : Path
        Exists and is empty.
    file_format : {"csv", "parquet"}
        Of the extract; the truth is always Parquet.
    """

    def __init__(self, folder: Path, file_format: FileFormat) -> None:
        self._folder = folder
        self._format = file_format
        self._open: dict[str, pa_csv.CSVWriter | pq.ParquetWriter] = {}
        self._kept_back: dict[str, list[pa.Table]] = {}

    def append(self, name: str, rows: pa.Table) -> None:
        """Append rows to table ``name``; ``truth/...`` names go to Parquet."""
        as_csv = self._format == "csv" and not name.startswith("truth/")
        if as_csv:
            rows = _as_text(rows)
        if name not in self._open:
            path = self._folder / f"{name}.{'csv' if as_csv else 'parquet'}"
            path.parent.mkdir(exist_ok=True)
            self._open[name] = (
                pa_csv.CSVWriter(
                    path, rows.schema, write_options=pa_csv.WriteOptions(quoting_style="none")
                )
                if as_csv
                else pq.ParquetWriter(path, rows.schema)
            )
        if as_csv:
            self._open[name].write_table(rows)
            return
        kept = self._kept_back.setdefault(name, [])
        kept.append(rows)
        if sum(part.num_rows for part in kept) >= _ROW_GROUP:
            self._write_row_group(name)

    def _write_row_group(self, name: str) -> None:
        self._open[name].write_table(pa.concat_tables(self._kept_back.pop(name)))

    def close(self) -> None:
        """Finish all files."""
        for name in list(self._kept_back):
            self._write_row_group(name)
        for writer in self._open.values():
            writer.close()


def _as_text(rows: pa.Table) -> pa.Table:
    """Return rows with moments at midnight shortened to their date: a date is its 00:00."""
    for at, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):
            rows = rows.set_column(at, field.name, pc.cast(rows.column(at), pa.date32()))
    return rows
