"""The ledger on disk, for reading: Parquet tables named by their content, and a manifest.

A reader sees either the ledger before a write or the one after it: new files never overwrite old
ones, and only the manifest's atomic replacement makes them current.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.ledger.contract import TABLES
from features.ledger.schema import QUARANTINE_SCHEMA, stored_schema
from features.ledger.slices import CustomerRows

FORMAT = 2
MANIFEST = "manifest.json"
QUARANTINE = "quarantine"


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
        self._open_tables: dict[str, CustomerRows] = {}

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

    @classmethod
    def empty(cls) -> Ledger:
        """Return a ledger without a single row, nowhere on disk."""
        return cls(Path(), Manifest("", "EUR", date(1970, 1, 1), {}, {}, ()))

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
            schema = QUARANTINE_SCHEMA if name == QUARANTINE else stored_schema(TABLES[name])
            empty = schema.empty_table()
            return empty.select(columns) if columns else empty
        return pq.read_table(self.root / file, columns=columns)

    def customers_table(
        self, name: str, first: str, last: str, columns: list[str] | None = None
    ) -> pa.Table:
        """Read the rows of one table about the customers from ``first`` to ``last`` (included)."""
        if name not in self.manifest.tables:
            return self.table(name, columns)
        return self.customer_rows(name).read(first, last, columns)

    def customer_rows(self, name: str) -> CustomerRows:
        """Return a stored table to read parts of; its file stays open.

        Raises
        ------
        KeyError
            The ledger has no rows of that table.
        """
        if name not in self._open_tables:
            self._open_tables[name] = CustomerRows(self.root / self.manifest.tables[name])
        return self._open_tables[name]

    @cached_property
    def quarantine(self) -> pa.Table:
        """The rows that broke the contract, with the rule each broke."""
        return self.table(QUARANTINE)
