from __future__ import annotations

import pytest

from features.facts.buckets import Bucket, buckets
from features.facts.loading import CUSTOMER_COLUMNS, read_rows
from features.ledger.storage import Ledger


def customers_of(ledger: Ledger, bucket: Bucket) -> list[str]:
    tables = read_rows(ledger, bucket.customers).values()
    return sorted({name for table in tables for name in table["customer_id"].to_pylist()})


def rows_of(ledger: Ledger, bucket: Bucket) -> int:
    return sum(table.num_rows for table in read_rows(ledger, bucket.customers).values())


@pytest.mark.parametrize("rows", [1, 3000, 10**9])
def test_every_customer_is_in_one_bucket_in_order(sample_ledger, sample_book, rows):
    divided = buckets(sample_ledger, rows)
    assert [bucket.number for bucket in divided] == list(range(len(divided)))
    for bucket in divided[:: len(divided) // 5 or 1]:
        assert customers_of(sample_ledger, bucket)[0] == bucket.customers.first
        assert customers_of(sample_ledger, bucket)[-1] == bucket.customers.last
    ids = list(sample_book.customer_ids)
    edges = [ids.index(edge) for b in divided for edge in (b.customers.first, b.customers.last)]
    assert edges[0] == 0 and edges[-1] == len(ids) - 1
    assert all(start == end + 1 for end, start in zip(edges[1::2], edges[2::2], strict=False)), (
        "a customer is left out or in two buckets"
    )


def test_the_rows_of_all_buckets_are_those_of_the_ledger(sample_ledger):
    divided = buckets(sample_ledger, 5000)
    whole = read_rows(sample_ledger, None)
    assert len(divided) > 3
    for name in CUSTOMER_COLUMNS:
        parts = sum(read_rows(sample_ledger, b.customers)[name].num_rows for b in divided)
        nobody = whole[name]["customer_id"].null_count
        assert parts == whole[name].num_rows - nobody, name


def test_a_bucket_passes_the_limit_by_its_last_customer_at_most(busy_ledger):
    largest = max(rows_of(busy_ledger, bucket) for bucket in buckets(busy_ledger, 1))
    assert len(buckets(busy_ledger, largest + 10)) > 1
    for bucket in buckets(busy_ledger, largest + 10):
        assert rows_of(busy_ledger, bucket) < 2 * largest + 10


def test_a_ledger_without_customers_has_no_buckets():
    assert buckets(Ledger.empty()) == []
    assert buckets(Ledger.empty(), starts=["A"]) == []


def test_a_division_is_kept_when_customers_come(make_facts):
    def ledger(*names: str) -> Ledger:
        facts = make_facts()
        for name in names:
            facts.customer(name, 0).invoice(f"I{name}", name)
        return facts.ledger()

    before = buckets(ledger("B", "C", "D", "F"), 4)
    assert [(b.customers.first, b.customers.last) for b in before] == [("B", "C"), ("D", "F")]
    starts = [bucket.customers.first for bucket in before]
    after = buckets(ledger("A", "B", "C", "CC", "D", "E", "F"), 4, starts)
    # A customer before the first joins the first bucket, one between two the earlier of them.
    spans = [(b.number, b.customers.first, b.customers.last) for b in after]
    assert spans[:2] == [(0, "A", "CC"), (1, "D", "E")]
    assert spans[-1][2] == "F"


def test_customers_that_come_after_the_last_get_buckets_of_their_own(make_facts):
    facts = make_facts()
    for number in range(40):
        facts.customer(f"K{number:02}", 0)
    first = buckets(facts.ledger(), 5)
    assert len(first) == 8
    starts = [bucket.customers.first for bucket in first]
    for number in range(40, 60):
        facts.customer(f"K{number:02}", 0)
    later = buckets(facts.ledger(), 5, starts)
    assert later[:8] == first
    assert len(later) == 12


def test_a_division_of_unchanged_customers_stays_as_it_is(sample_ledger):
    for rows in (30, 500):
        divided = buckets(sample_ledger, rows)
        starts = [bucket.customers.first for bucket in divided]
        assert buckets(sample_ledger, rows, starts) == divided
