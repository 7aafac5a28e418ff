from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.ledger.slices import CustomerRows

CUSTOMERS = ["", "A", "AB", "B", "Z", "a", "ä", "日本"]
"""In the order in which a table is sorted."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in which customers start and end inside row groups, and some rows have none."""
    rows = np.random.default_rng(7).integers(1, 8, len(CUSTOMERS))
    names = [c for c, n in zip(CUSTOMERS, rows, strict=True) for _ in range(n)] + [None] * 7
    table = pa.table(
        {
            "amount": np.arange(len(names)),
            "customer_id": pa.array(names, pa.string()),
            "note": pa.array([f"n{at}" for at in range(len(names))]),
        }
    )
    path = tmp_path_factory.mktemp("slices") / "rows.parquet"
    pq.write_table(table, path, row_group_size=3)
    return path


@pytest.mark.parametrize(
    ("first", "last"), itertools.combinations_with_replacement(["", "0", "A", "B", "b", "日本"], 2)
)
def test_a_range_of_customers_is_the_filtered_table(path, first, last):
    whole = pq.read_table(path)
    customer = whole["customer_id"]
    inside = pc.and_(pc.greater_equal(customer, first), pc.less_equal(customer, last))
    expected = whole.filter(pc.fill_null(inside, False))
    rows = CustomerRows(path)
    assert rows.read(first, last).equals(expected)
    assert rows.read(first, last, ["note"]).equals(expected.select(["note"]))


def test_rows_without_a_customer_belong_to_no_range(path):
    everyone = CustomerRows(path).read("", "\U0010ffff")
    assert everyone["customer_id"].null_count == 0
    assert len(everyone) == len(pq.read_table(path)) - 7


def test_row_counts_add_up_to_those_of_the_table(path):
    customers, counts = CustomerRows(path).row_counts()
    column = pq.read_table(path, columns=["customer_id"])["customer_id"].drop_null().to_pylist()
    assert customers.to_pylist() == sorted(customers.to_pylist())
    assert [
        sum(int(n) for c, n in zip(customers.to_pylist(), counts, strict=True) if c == customer)
        for customer in CUSTOMERS
    ] == [column.count(customer) for customer in CUSTOMERS]


def test_a_table_without_a_row_has_no_customers(tmp_path):
    empty = tmp_path / "empty.parquet"
    pq.write_table(pa.table({"customer_id": pa.array([], pa.string())}), empty)
    rows = CustomerRows(empty)
    assert len(rows.read("", "Z")) == 0
    customers, counts = rows.row_counts()
    assert len(customers) == len(counts) == 0


def test_very_long_customer_ids_are_found(tmp_path):
    """Row groups without statistics are read too."""
    long = "K" * 5000
    table = pa.table({"customer_id": ["A", "B", long + "1", long + "2", None, None]})
    pq.write_table(table, tmp_path / "long.parquet", row_group_size=2)
    rows = CustomerRows(tmp_path / "long.parquet")
    assert rows.read("B", long + "1")["customer_id"].to_pylist() == ["B", long + "1"]
