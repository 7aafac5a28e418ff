from __future__ import annotations

from datetime import date
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.ledger.contract import TABLES
from features.ledger.storage import Ledger
from features.ledger.writing import LedgerWriter, write_ledger

ABOUT = {"reporting_currency": "EUR", "extract_date": date(2026, 1, 1)}


def tables_of(ledger: Ledger) -> dict[str, pa.Table]:
    return {name: ledger.table(name) for name in TABLES}


def in_parts(ledger: Ledger, bounds: list[str]) -> list[dict[str, pa.Table]]:
    """Return a ledger's tables by ranges of customers; what is about none comes first."""
    parts = [{"fx_rates": ledger.table("fx_rates")}]
    for first, last in pairwise(bounds):
        part = {}
        for name, table in TABLES.items():
            if "customer_id" in table.by_name:
                rows = ledger.table(name)
                customer = rows["customer_id"]
                inside = pc.and_(pc.greater_equal(customer, first), pc.less(customer, last))
                part[name] = rows.filter(inside)
        parts.append(part)
    return parts


@pytest.mark.parametrize("bounds", [["", "B", "D", "Z"], ["", "A", "B", "C", "D", "E", "F"]])
def test_written_in_parts_equals_written_at_once(busy_ledger, tmp_path, bounds):
    with LedgerWriter(tmp_path / "parts", **ABOUT) as writer:
        for part in in_parts(busy_ledger, bounds):
            writer.append(part)
        written = writer.finish()
    assert written.manifest.rows == busy_ledger.manifest.rows
    for name, table in tables_of(Ledger.open(tmp_path / "parts")).items():
        assert table.equals(busy_ledger.table(name)), name


def test_leaving_without_an_end_leaves_the_old_ledger(busy_ledger, tmp_path):
    root = tmp_path / "ledger"
    old = write_ledger(root, tables_of(busy_ledger), **ABOUT)
    files = sorted(root.iterdir())
    with (
        pytest.raises(RuntimeError, match="disk is full"),
        LedgerWriter(root, **ABOUT) as writer,
    ):
        writer.append({"customers": busy_ledger.table("customers")})
        raise RuntimeError("disk is full")
    assert sorted(root.iterdir()) == files
    assert Ledger.open(root).manifest == old.manifest


def test_a_reader_that_opened_before_still_reads(busy_ledger, tmp_path):
    root = tmp_path / "ledger"
    write_ledger(root, tables_of(busy_ledger), **ABOUT)
    reader = Ledger.open(root)
    fewer = {name: table.slice(0, 3) for name, table in tables_of(busy_ledger).items()}
    write_ledger(root, fewer, **ABOUT)
    for name, table in tables_of(reader).items():
        assert table.equals(busy_ledger.table(name)), name
    assert Ledger.open(root).manifest.rows["invoices"] == 3


def test_the_same_rows_have_the_same_fingerprint_in_any_order(busy_ledger, tmp_path):
    shuffled = {
        name: table.take(list(reversed(range(table.num_rows))))
        for name, table in tables_of(busy_ledger).items()
    }
    # Rows of one moment and key are told apart by their content.
    assert write_ledger(tmp_path, shuffled, **ABOUT).fingerprint == busy_ledger.fingerprint
