"""Facts on disk, bucket by bucket: what is derived from a ledger once and read many times.

A folder with one folder per stream and in each one Parquet file per bucket: ``customer`` (a number
that grows with the bucket and the position in it), ``known``, ``void`` and the stored measures, all
int64, sorted by customer and ``known``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.facts.book import STREAMS, Book, Measures, Stream
from features.facts.receivables import DERIVED
from features.facts.surroundings import Surroundings
from features.facts.versions import Int64
from features.ledger.writing import replace_atomically

_SPAN = ("customer", "known", "void")
_CUSTOMER_BITS = 32
"""A customer's number is its bucket's, shifted by so many bits, and its position in the bucket."""


def part_name(number: int) -> str:
    """Return the file name of a bucket's part.

    Examples
    --------
    >>> part_name(7)
    'part-00007.parquet'
    """
    return f"part-{number:05}.parquet"


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write numbers quickly and small: split by bytes, compressed with LZ4, no dictionaries.

    The file appears whole: a worker that was given up may still be writing the same one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = [
        field.name
        for field in table.schema
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    ]
    with replacing(path) as draft:
        pq.write_table(
            table,
            draft,
            compression="lz4",
            use_dictionary=False,
            write_statistics=False,
            use_byte_stream_split=numbers,
            store_schema=False,
        )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to be written in place of another once it is complete."""
    draft = path.with_name(f".{uuid.uuid4().hex}.{path.name}")
    try:
        yield draft
        draft.replace(path)
    finally:
        # Also where both were the same file already, which a replacement leaves alone.
        draft.unlink(missing_ok=True)


def write_facts(book: Book, folder: Path, number: int) -> None:
    """Write the facts of a bucket.

    Parameters
    ----------
    book : Book
        Of the bucket's customers.
    folder : Path
    number : int
        Of the bucket. What is written here last is what says that the part is complete.
    """
    position = number << _CUSTOMER_BITS
    for name in STREAMS:
        stream: Stream = getattr(book, name)
        base = stream.measures.base if isinstance(stream.measures, Measures) else stream.measures
        columns = {
            "customer": stream.owner + position,
            "known": stream.known,
            "void": stream.void,
            **base,
        }
        write_parquet(folder / name / part_name(number), pa.table(columns))
    write_parquet(
        folder / "customers" / part_name(number),
        pa.table({"customer_id": pa.array(book.customer_ids, pa.string()),
                  "invoices_before": book.invoice_offsets[:-1]}),
    )  # fmt: skip
    write_parquet(
        folder / "invoices" / part_name(number), pa.table({"invoice_id": book.invoice_names})
    )
    about = {
        "reporting_currency": book.reporting_currency,
        "extract_date": book.extract_date.isoformat(),
        "places": book.places,
    }
    replace_atomically(about_path(folder, number), json.dumps(about).encode())


def about_path(folder: Path, number: int) -> Path:
    """Return the file that is there once a bucket's facts are complete."""
    return folder / f"part-{number:05}.json"


def read_facts(folder: Path, number: int, surroundings: Surroundings, rates: pd.DataFrame) -> Book:
    """Return a bucket's book; a stream is read when a feature first asks for it."""
    about = json.loads(about_path(folder, number).read_text(encoding="utf-8"))
    customers = pq.read_table(folder / "customers" / part_name(number), use_threads=False)
    ids = customers["customer_id"].to_pylist()
    invoices = folder / "invoices" / part_name(number)
    names = pq.read_table(invoices, use_threads=False)["invoice_id"].combine_chunks()
    streams = {
        name: StoredStream(folder / name / part_name(number), number, len(ids)) for name in STREAMS
    }
    return Book(
        customer_ids=np.asarray(ids, dtype=object),
        invoice_names=names,
        invoice_offsets=np.append(customers["invoices_before"].to_numpy(), len(names)),
        reporting_currency=about["reporting_currency"],
        extract_date=date.fromisoformat(about["extract_date"]),
        places=tuple((kind, name) for kind, name in about["places"]),
        surroundings=surroundings,
        rates=rates,
        **streams,
    )


class StoredStream(Stream):
    """A stream that reads its columns from a file when they are first asked for.

    Parameters
    ----------
    path : Path
    number, customers : int
        Of the bucket.
    """

    def __init__(self, path: Path, number: int, customers: int) -> None:
        columns = _Columns(path)
        derived = DERIVED.get(path.parent.name, {})
        self.__dict__.update(
            _columns=columns,
            _position=number << _CUSTOMER_BITS,
            _customers=customers,
            measures=Measures(columns, derived),
        )

    @cached_property
    def offsets(self) -> Int64:
        """Where each customer's rows begin, and the end."""
        customer = self.__dict__["_columns"]["customer"]
        wanted = np.arange(self.__dict__["_customers"] + 1) + self.__dict__["_position"]
        return np.asarray(np.searchsorted(customer, wanted), dtype=np.int64)

    @cached_property
    def known(self) -> Int64:
        """From when each fact is known."""
        found: Int64 = self.__dict__["_columns"]["known"]
        return found

    @cached_property
    def void(self) -> Int64:
        """From when each fact is no longer believed."""
        found: Int64 = self.__dict__["_columns"]["void"]
        return found


class _Columns(Mapping[str, Int64]):
    """The columns of a Parquet file of integers, read one by one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, Int64] = {}

    @cached_property
    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(self._path)

    def __getitem__(self, name: str) -> Int64:
        found = self._read.get(name)
        if found is None:
            column = self._file.read([name], use_threads=False)[0].combine_chunks()
            # A copy of its own: compiled code is compiled again for arrays that may not be written.
            found = self._read[name] = np.array(column.to_numpy(), dtype=np.int64)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._file.schema_arrow.names if name not in _SPAN])

    def __len__(self) -> int:
        return len(list(iter(self)))
