from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.build import build_matrix
from features.catalogue import INVOICE_FEATURES
from features.engine import Keys
from features.facts.book import Book
from features.facts.changes import changed_from
from features.facts.loading import load_book
from features.facts.versions import DAY, FOREVER, Int64
from features.ledger.contract import TABLES

NEVER = int(FOREVER)


def some_keys(book: Book, rng: np.random.Generator, moments: Int64) -> Keys:
    """Return the standing invoices of a book, each at some of the moments, sorted."""
    issued = book.issued
    rows = np.repeat(np.flatnonzero(issued.void == FOREVER), 4)
    as_of = rng.choice(moments, len(rows))
    order = np.lexsort((as_of, issued.owner[rows]))
    rows, of = rows[order], issued.measures
    return Keys(
        issued.owner[rows].astype(np.int64), as_of[order], of["issued_day"][rows],
        of["due_day"][rows], of["amount"][rows], of["invoice"][rows],
    )  # fmt: skip


def moments_around(before: Book, after: Book, rng: np.random.Generator) -> Int64:
    """Return moments at, just before and just after facts, where a wrong bound would show."""
    known = np.concatenate([after.items.known, before.items.void, after.masters.known])
    known = rng.choice(known[np.abs(known) < FOREVER], 200)
    return np.concatenate([known, known + 1, known // DAY * DAY, known // DAY * DAY + DAY])


def disagreeing(before: Book, after: Book, rng: np.random.Generator) -> int:
    """Return how many rows that hold are not the same; all else than surroundings compared."""
    before = replace(before, surroundings=after.surroundings)
    keys = some_keys(after, rng, moments_around(before, after, rng))
    keys = keys.take(keys.as_of <= changed_from(before, after)[keys.customer])
    assert len(keys) > 0
    then = before.positions(after.customer_ids)[keys.customer]
    invoice = before.invoice_positions(then, after.invoice_ids[keys.invoice])
    earlier = replace(keys, customer=then, invoice=invoice)
    one = build_matrix(before, earlier, INVOICE_FEATURES)
    two = build_matrix(after, keys, INVOICE_FEATURES)
    return int((one.view(np.int64) != two.view(np.int64)).any(axis=1).sum())


@pytest.mark.parametrize("seed", range(12))
def test_what_comes_after_a_moment_changes_nothing_before_it(
    busy_ledger, busy_book, cut, microseconds, seed
):
    rng = np.random.default_rng(seed)
    # Midnights too: there the span of knowledge is half-open.
    moment = microseconds(rng.integers(60, 400) / (1 if seed % 2 else 2.5))
    before = load_book(cut(busy_ledger, moment))
    found = changed_from(before, busy_book)
    old = np.isin(busy_book.customer_ids, before.customer_ids)
    assert old.any()
    assert (found[old] >= moment).all()
    assert (found[~old] < -(2**60)).all()
    assert (changed_from(busy_book, before) >= moment).all()
    assert disagreeing(before, busy_book, rng) == 0


def test_what_comes_after_a_moment_changes_nothing_of_the_sample(
    sample_ledger, sample_book, cut, microseconds
):
    moment = microseconds(400)
    before = load_book(cut(sample_ledger, moment))
    found = changed_from(before, sample_book)
    old = np.isin(sample_book.customer_ids, before.customer_ids)
    assert (found[old] >= moment).all()
    assert disagreeing(before, sample_book, np.random.default_rng(0)) == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_rewritten_past_is_noticed(busy_ledger, busy_book, rewritten, seed):
    """Rows go missing anywhere, as when an extract was mended."""
    rng = np.random.default_rng(seed)
    name = ["payments", "invoices", "disputes", "customers", "orders", "activities"][seed]
    table = busy_ledger.table(name)
    kept = np.sort(rng.permutation(len(table))[: len(table) - 1 - len(table) // 40])
    before = load_book(rewritten(busy_ledger, {name: table.take(kept)}))
    assert (changed_from(before, busy_book) < FOREVER).any()
    assert disagreeing(before, busy_book, rng) == 0


def test_the_same_facts_never_differ(busy_book):
    assert changed_from(busy_book, busy_book).tolist() == [NEVER] * 5


def test_only_whom_a_fact_is_about_has_changed(make_facts, microseconds):
    facts = make_facts()
    for customer in "ABC":
        facts.customer(customer, 0).invoice(f"I{customer}", customer, amount=500)
    before = facts.book()
    facts.payment("P", "IB", 40, 500, 43.5, customer="B").customer("D", 0)
    found = changed_from(before, facts.book())
    assert found[[0, 1, 2]].tolist() == [NEVER, microseconds(43.5), NEVER]
    assert found[3] < microseconds(-10_000)


def test_a_fact_that_is_withdrawn_differs_from_then_on(make_facts, microseconds):
    facts = make_facts().customer().invoice("I", amount=500).payment("P", "I", 40, 500)
    before = facts.book()
    facts.payment("P", "I", 40, 500, 70, removed=True)
    assert changed_from(before, facts.book()).tolist() == [microseconds(70)]


def test_a_dispute_of_another_invoice_is_another_dispute(make_facts, microseconds):
    def book(disputed: str) -> Book:
        facts = make_facts().customer().invoice("I", amount=500).invoice("J", amount=500)
        return facts.dispute(disputed, "open", 35, dispute="D").book()

    assert changed_from(book("I"), book("J")).tolist() == [microseconds(35)]
    assert changed_from(book("I"), book("I")).tolist() == [NEVER]


def test_new_invoices_and_places_leave_the_others_as_they_are(make_facts):
    """Positions and codes shift with what comes; what they stand for does not."""

    def add(facts, customer):
        facts.customer(customer, 0, segment=f"s{customer}").invoice(f"I{customer}", customer)
        return facts.dispute(f"I{customer}", "open", 35, None, customer)

    facts = add(make_facts(), "B")
    before = facts.book()
    assert changed_from(before, add(facts, "A").book())[1] == NEVER


def test_every_table_about_customers_is_compared(busy_ledger, busy_book, rewritten):
    silent = []
    for name, table in TABLES.items():
        rows = busy_ledger.table(name)
        if "customer_id" in table.by_name and rows.num_rows:
            before = load_book(rewritten(busy_ledger, {name: rows.slice(0, 0)}))
            if (changed_from(before, busy_book) == FOREVER).all():
                silent.append(name)
    assert silent == []
