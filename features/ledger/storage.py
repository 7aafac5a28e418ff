"""The ledger on disk: Parquet tables named by their content, and a manifest that is replaced whole.

A reader sees either the ledger before a write or the one after it: new files never overwrite old
ones, and only the manifest's atomic replacement makes them current.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.ledger.contract import TABLES, ColumnType, Table

FORMAT = 1
MANIFEST = "manifest.json"
QUARANTINE = "quarantine"

_PHYSICAL: dict[ColumnType, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "choice": pa.string(),
    "currency": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "money": pa.int64(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


def reporting_column(money_column: str) -> str:
    """Return the name of the column that holds a money column in reporting minor units."""
    return f"{money_column}_reporting"


def physical_schema(table: Table) -> pa.Schema:
    """Return the columns of a table as stored.

    To the contract's columns come, for each money column, ``<name>_reporting`` (integer minor
    units of the reporting currency at the event's rate), and for every table but ``fx_rates``
    ``known_at`` (the later of event and ``recorded_at``; null for master data without a date =
    always known) and ``removed`` (this version says that a later extract no longer has the row).
    Payments and disputes carry their invoice's ``customer_id``; an empty ``kind`` or ``status``
    is stored as its default.
    """
    fields = []
    for column in table.columns:
        fields.append(pa.field(column.name, _PHYSICAL[column.type]))
        if column.type == "money":
            fields.append(pa.field(reporting_column(column.name), pa.int64()))
    if table.name != "fx_rates":
        fields += [pa.field("known_at", pa.timestamp("us")), pa.field("removed", pa.bool_())]
    return pa.schema(fields)


QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("table", pa.string()),
        pa.field("rule", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("source_row", pa.string()),
        pa.field("extract_date", pa.date32()),
    ]
)
"""``source_row`` is the refused row as JSON, every value as the extract had it."""


@dataclass(frozen=True)
class Manifest:
    """What the current ledger consists of.

    Parameters
    ----------
    fingerprint : str
        Hash of all facts; equal for equal ledgers.
    reporting_currency : str
        ISO 4217 code.
    extract_date : date
        Date of the latest extract: facts are complete up to the day before it.
    tables : mapping of str to str
        File name of each table, relative to the ledger.
    rows : mapping of str to int
        Row count of each table.
    imports : tuple of mapping
        One report per import that changed something, oldest first.
    """

    fingerprint: str
    reporting_currency: str
    extract_date: date
    tables: Mapping[str, str]
    rows: Mapping[str, int]
    imports: tuple[Mapping[str, Any], ...]
    format: int = FORMAT


class Ledger:
    """A ledger opened for reading.

    Parameters
    ----------
    root : Path
        The ledger's folder.
    manifest : Manifest
        Read once: a ledger object keeps seeing the state it was opened at.
    """

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self.root = root
        self.manifest = manifest

    @classmethod
    def open(cls, root: str | Path) -> Ledger:
        """Open the ledger in a folder.

        Raises
        ------
        FileNotFoundError
            The folder holds no ledger.
        ValueError
            The manifest is damaged or of a later format.
        """
        folder = Path(root)
        path = folder / MANIFEST
        if not path.is_file():
            raise FileNotFoundError(
                f"{folder}: no ledger here (no {MANIFEST}); make one with 'payrisk ingest'"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(
                    f"{path}: ledger format {content['format']}, this version reads {FORMAT}; "
                    "import the extract again"
                )
            content["extract_date"] = date.fromisoformat(content["extract_date"])
            content["imports"] = tuple(content["imports"])
            return cls(folder, Manifest(**content))
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path}: damaged manifest ({error}); import again") from error

    @property
    def fingerprint(self) -> str:
        """Hash of all facts."""
        return self.manifest.fingerprint

    @property
    def reporting_currency(self) -> str:
        """ISO 4217 code of the ``*_reporting`` columns."""
        return self.manifest.reporting_currency

    @property
    def extract_date(self) -> date:
        """Facts are complete up to the day before this one."""
        return self.manifest.extract_date

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Read one table, sorted by customer, moment of knowledge and key; empty where absent."""
        file = self.manifest.tables.get(name)
        if file is None:
            schema = QUARANTINE_SCHEMA if name == QUARANTINE else physical_schema(TABLES[name])
            empty = schema.empty_table()
            return empty.select(columns) if columns else empty
        return pq.read_table(self.root / file, columns=columns)

    @cached_property
    def quarantine(self) -> pa.Table:
        """The rows that broke the contract, with the rule each broke."""
        return self.table(QUARANTINE)


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the ledger for one writer.

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
            raise RuntimeError(
                f"{root}: another import is writing to this ledger; wait for it"
            ) from error
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
    root.mkdir(parents=True, exist_ok=True)
    # A reader that opened the ledger before this write still finds its files.
    previous = set()
    if (root / MANIFEST).is_file():
        previous = set(Ledger.open(root).manifest.tables.values())
    files: dict[str, str] = {}
    rows: dict[str, int] = {}
    for name in [*TABLES, QUARANTINE]:
        content = tables.get(name)
        if content is None or content.num_rows == 0:
            continue
        files[name] = _write_table(root, name, _canonical_order(name, content))
        rows[name] = content.num_rows
    facts = {name: file for name, file in files.items() if name != QUARANTINE}
    identity = json.dumps([FORMAT, reporting_currency, facts], sort_keys=True)
    manifest = Manifest(
        fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
        reporting_currency=reporting_currency,
        extract_date=extract_date,
        tables=files,
        rows=rows,
        imports=imports,
    )
    text = json.dumps(asdict(manifest), indent=1, default=str)
    replace_atomically(root / MANIFEST, text.encode())
    _remove_unreferenced(root, set(files.values()) | previous)
    return Ledger(root, manifest)


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
    return aligned.sort_by([(column, "ascending") for column in order])


def _write_table(root: Path, name: str, content: pa.Table) -> str:
    draft = root / f".{name}.{uuid.uuid4().hex}"
    try:
        pq.write_table(content, draft, compression="zstd", store_schema=False)
        digest = hashlib.file_digest(draft.open("rb"), "sha256").hexdigest()[:16]
        file = f"{name}-{digest}.parquet"
        draft.replace(root / file)
    finally:
        draft.unlink(missing_ok=True)
    return file


def _remove_unreferenced(root: Path, current: set[str]) -> None:
    for path in root.glob("*.parquet"):
        if path.name not in current:
            path.unlink(missing_ok=True)
    for path in root.glob(".*.????????????????????????????????"):
        path.unlink(missing_ok=True)
