from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.facts.versions import DAY
from features.ledger.contract import TABLES
from features.ledger.storage import Ledger
from features.ledger.writing import write_ledger
from features.table.building import read_summary

EXTRACT_DATE = date(2025, 4, 1)
"""Shortly after the busy ledger's year, so that a table of months is short."""


class Cutter:
    """Writes ledgers made from the rows of another."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = count()

    def of(
        self, ledger: Ledger, tables: Mapping[str, pa.Table], extract_date: date | None = None
    ) -> Ledger:
        """Write a ledger again with other rows in some tables."""
        return write_ledger(
            self._root / f"ledger{next(self._numbers)}",
            {name: tables.get(name, ledger.table(name)) for name in TABLES},
            reporting_currency=ledger.reporting_currency,
            extract_date=extract_date or ledger.extract_date,
        )

    def before(self, ledger: Ledger, moment: int, extract_date: date | None = None) -> Ledger:
        """Write a ledger of the rows known before a moment (microseconds since 1970)."""
        kept = {}
        for name in TABLES:
            rows = ledger.table(name)
            if name == "fx_rates":
                early = pc.less(rows["rate_date"].cast(pa.int32()), moment // int(DAY))
            else:
                early = pc.less(rows["known_at"].cast(pa.int64()), moment)
            kept[name] = rows.filter(pc.fill_null(early, True))
        return self.of(ledger, kept, extract_date)


@pytest.fixture(scope="session")
def cutter(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    return Cutter(tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="session")
def ledger(busy_ledger: Ledger, cutter: Cutter) -> Ledger:
    """The busy ledger, of an extract taken soon after its year."""
    return cutter.of(busy_ledger, {}, EXTRACT_DATE)


@pytest.fixture(scope="session")
def rows() -> Callable[[Path], pa.Table]:
    """Return all rows of a table, in order."""

    def read(out: Path) -> pa.Table:
        parts = [pq.read_table(out / part) for part in read_summary(out).parts]
        return pa.concat_tables(parts).combine_chunks()

    return read


@pytest.fixture(scope="session")
def content(rows: Callable[[Path], pa.Table]) -> Callable[[Path], bytes]:
    """Return the bytes of all rows of a table, however they are divided into files."""

    def read(out: Path) -> bytes:
        sink = io.BytesIO()
        table = rows(out)
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()

    return read


@pytest.fixture(scope="session")
def frame(rows: Callable[[Path], pa.Table]) -> Callable[[Path], pd.DataFrame]:
    return lambda out: rows(out).to_pandas()


class Watched:
    """Runs tasks one by one, keeps what they return, and stops after some if told to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.results: dict[str, list[Any]] = {"derive": [], "build_part": []}
        self._left = stop_after

    def __call__(self, function: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
        for task in tasks:
            if self._left == 0:
                raise KeyboardInterrupt
            if self._left is not None:
                self._left -= 1
            result = function(task)
            self.results[function.__name__].append(result)
            yield result

    @property
    def derived(self) -> int:
        """How many buckets' facts took work."""
        return sum(self.results["derive"])

    @property
    def built(self) -> list[int]:
        """How many rows of each bucket were built."""
        return [part.built for part in self.results["build_part"]]


@pytest.fixture(scope="session")
def watched() -> type[Watched]:
    return Watched
