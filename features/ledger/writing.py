"""Writing ledgers: made current at once, whole or, for large ones, customer by customer."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.ledger.contract import TABLES
from features.ledger.schema import QUARANTINE_SCHEMA, physical_schema, stored_schema
from features.ledger.slices import ROW_GROUP
from features.ledger.spans import void_at
from features.ledger.storage import FORMAT, MANIFEST, QUARANTINE, Ledger, Manifest


@contextmanager
def exclusive(
    root: Path, refusal: str = "another import is writing to this ledger; wait for it"
) -> Iterator[None]:
    """Hold a folder for one writer.

    Raises
    ------
    RuntimeError
        Another process is writing to it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise RuntimeError(f"{root}: {refusal}") from error
        yield


def write_ledger(
    root: Path,
    tables: Mapping[str, pa.Table],
    *,
    reporting_currency: str,
    extract_date: date,
    imports: tuple[Mapping[str, Any], ...] = (),
) -> Ledger:
    """Write all tables of a ledger and make them current at once.

    Parameters
    ----------
    root : Path
        The ledger's folder; created if need be. The caller holds it `exclusive`.
    tables : mapping of str to pyarrow.Table
        In their `physical_schema`, any row order; ``quarantine`` too. Absent tables are empty.
    reporting_currency : str
        ISO 4217 code.
    extract_date : date
        Date of the latest extract.
    imports : tuple of mapping
        The import reports to keep, oldest first.
    """
    with LedgerWriter(
        root, reporting_currency=reporting_currency, extract_date=extract_date, imports=imports
    ) as writer:
        writer.append(tables)
        return writer.finish()


class LedgerWriter:
    """Writes a ledger in parts, each of later customers than the one before, in bounded memory.

    Nothing is current before `finish`; leaving the context without it leaves the folder as it was.

    Parameters
    ----------
    root, reporting_currency, extract_date, imports
        As in `write_ledger`.
    """

    def __init__(
        self,
        root: Path,
        *,
        reporting_currency: str,
        extract_date: date,
        imports: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._currency = reporting_currency
        self._extract_date = extract_date
        self._imports = imports
        self._drafts: dict[str, Path] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, int] = {}

    def __enter__(self) -> LedgerWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()
        for draft in self._drafts.values():
            draft.unlink(missing_ok=True)

    def append(self, tables: Mapping[str, pa.Table]) -> None:
        """Add rows, all versions of a fact together.

        Parameters
        ----------
        tables : mapping of str to pyarrow.Table
            In their `physical_schema`, any row order; ``quarantine`` too.
        """
        for name in [*TABLES, QUARANTINE]:
            content = tables.get(name)
            if content is None or content.num_rows == 0:
                continue
            ordered = _canonical_order(name, content)
            if name not in self._writers:
                self._drafts[name] = self._root / f".{name}.{uuid.uuid4().hex}"
                self._writers[name] = pq.ParquetWriter(
                    self._drafts[name], ordered.schema, compression="zstd", store_schema=False
                )
                self._rows[name] = 0
            self._writers[name].write_table(ordered, row_group_size=ROW_GROUP)
            self._rows[name] += ordered.num_rows

    def finish(self) -> Ledger:
        """Make what was written the current ledger."""
        # A reader that opened the ledger before this write still finds its files.
        previous = set()
        if (self._root / MANIFEST).is_file():
            previous = set(Ledger.open(self._root).manifest.tables.values())
        files: dict[str, str] = {}
        for name, writer in self._writers.items():
            writer.close()
            with self._drafts[name].open("rb") as written:
                digest = hashlib.file_digest(written, "sha256").hexdigest()[:16]
            files[name] = f"{name}-{digest}.parquet"
            self._drafts[name].replace(self._root / files[name])
        self._writers.clear()
        facts = {name: file for name, file in files.items() if name != QUARANTINE}
        identity = json.dumps([FORMAT, self._currency, facts], sort_keys=True)
        manifest = Manifest(
            fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
            reporting_currency=self._currency,
            extract_date=self._extract_date,
            tables=files,
            rows=dict(self._rows),
            imports=self._imports,
        )
        text = json.dumps(asdict(manifest), indent=1, default=str)
        replace_atomically(self._root / MANIFEST, text.encode())
        _remove_unreferenced(self._root, set(files.values()) | previous)
        return Ledger(self._root, manifest)


def replace_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _canonical_order(name: str, content: pa.Table) -> pa.Table:
    if name == QUARANTINE:
        return content.cast(QUARANTINE_SCHEMA).sort_by(
            [(column, "ascending") for column in ("table", "rule", "source_row", "extract_date")]
        )
    table = TABLES[name]
    schema = physical_schema(table)
    leading = [column for column in ("customer_id", "known_at") if column in schema.names]
    rest = [column for column in schema.names if column not in leading]
    first = [key for key in table.key if key in rest]
    order = [*leading, *first, *(column for column in rest if column not in first)]
    aligned = content.select(schema.names).cast(schema)
    ordered = aligned.sort_by([(column, "ascending") for column in order])
    if name == "fx_rates":
        return ordered
    return ordered.append_column("void_at", void_at(ordered, table.key)).cast(stored_schema(table))


def _remove_unreferenced(root: Path, current: set[str]) -> None:
    for path in root.glob("*.parquet"):
        if path.name not in current:
            path.unlink(missing_ok=True)
    for path in root.glob(".*.????????????????????????????????"):
        path.unlink(missing_ok=True)
