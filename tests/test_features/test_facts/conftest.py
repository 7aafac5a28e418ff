from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.ledger.contract import TABLES
from features.ledger.storage import Ledger
from features.ledger.writing import write_ledger

Rewrite = Callable[[Ledger, Mapping[str, pa.Table]], Ledger]


@pytest.fixture
def rewritten(tmp_path: Path) -> Rewrite:
    """Writes a ledger again with other rows in some tables."""
    numbers = count()

    def write(ledger: Ledger, tables: Mapping[str, pa.Table]) -> Ledger:
        return write_ledger(
            tmp_path / f"rewritten{next(numbers)}",
            {name: tables.get(name, ledger.table(name)) for name in TABLES},
            reporting_currency=ledger.reporting_currency,
            extract_date=ledger.extract_date,
        )

    return write


@pytest.fixture
def cut(rewritten: Rewrite) -> Callable[[Ledger, int], Ledger]:
    """Writes a ledger of the rows known before a moment (microseconds since 1970)."""

    def write(ledger: Ledger, moment: int) -> Ledger:
        kept = {}
        for name in TABLES:
            rows = ledger.table(name)
            if "known_at" in rows.schema.names:
                early = pc.less(rows["known_at"].cast(pa.int64()), moment)
                rows = rows.filter(pc.fill_null(early, True))
            kept[name] = rows
        return rewritten(ledger, kept)

    return write
