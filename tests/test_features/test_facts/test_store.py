from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import build
from features.facts.book import STREAMS, Book
from features.facts.loading import Range, load_customers
from features.facts.receivables import DERIVED
from features.facts.store import about_path, read_facts, write_facts


def stored(book: Book, folder: Path, number: int) -> Book:
    write_facts(book, folder, number)
    return read_facts(folder, number, book.surroundings, book.rates)


@pytest.mark.parametrize("number", [0, 3, 70_000])
def test_facts_read_are_the_facts_written(busy_book, tmp_path, number):
    found = stored(busy_book, tmp_path, number)
    for name in STREAMS:
        one, two = getattr(busy_book, name), getattr(found, name)
        for field in ("offsets", "known", "void", "owner"):
            values = getattr(two, field)
            assert values.dtype == np.int64
            np.testing.assert_array_equal(getattr(one, field), values, f"{name}.{field}")
        assert set(one.measures) == set(two.measures) >= set(DERIVED.get(name, ()))
        for measure, values in one.measures.items():
            np.testing.assert_array_equal(values, two.measures[measure], f"{name}.{measure}")


def test_what_is_read_says_the_same_of_customers_and_invoices(busy_book, tmp_path):
    found = stored(busy_book, tmp_path, 5)
    assert list(found.customer_ids) == list(busy_book.customer_ids)
    assert found.invoice_names.equals(busy_book.invoice_names)
    np.testing.assert_array_equal(found.invoice_offsets, busy_book.invoice_offsets)
    for name in ("reporting_currency", "extract_date", "places"):
        assert getattr(found, name) == getattr(busy_book, name)


def test_features_of_facts_on_disk_are_the_same(busy_ledger, busy_book, invoice_keys, tmp_path):
    keys = invoice_keys(busy_ledger)
    days = np.random.default_rng(1).integers(10, 400, len(keys))
    keys["as_of"] = pd.Timestamp(2024, 1, 1) + pd.to_timedelta(days, "D")
    for first, last in (("A", "E"), ("B", "C"), ("E", "E")):
        part = replace(
            load_customers(busy_ledger, Range(first, last)), surroundings=busy_book.surroundings
        )
        own = keys[keys["customer_id"].between(first, last)]
        expected, found = build(part, own), build(stored(part, tmp_path, ord(first)), own)
        assert expected.to_numpy().tobytes() == found.to_numpy().tobytes()


def test_customers_without_any_fact_are_stored(make_facts, tmp_path):
    book = make_facts().customer("A").customer("B").book()
    found = stored(book, tmp_path, 0)
    assert list(found.customer_ids) == ["A", "B"]
    assert [len(getattr(found, name).known) for name in STREAMS if name != "masters"] == [0] * (
        len(STREAMS) - 1
    )


def test_a_bucket_is_complete_when_all_of_it_is_there(busy_book, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("disk is full")

    monkeypatch.setattr("features.facts.store.replace_atomically", full)
    with pytest.raises(OSError, match="disk is full"):
        write_facts(busy_book, tmp_path, 0)
    assert not about_path(tmp_path, 0).exists()


def test_writing_again_leaves_linked_files_alone(busy_book, make_facts, tmp_path):
    """A part may share its file with that of an earlier table."""
    write_facts(busy_book, tmp_path, 0)
    part = tmp_path / "items" / "part-00000.parquet"
    content = part.read_bytes()
    (tmp_path / "earlier").hardlink_to(part)
    write_facts(make_facts().customer().book(), tmp_path, 0)
    assert part.read_bytes() != content
    assert (tmp_path / "earlier").read_bytes() == content
