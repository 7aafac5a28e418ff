"""The outcome of invoices at a cutoff."""

from __future__ import annotations

import pytest

from features.facts.settlement import OPEN, PAID, WRITTEN_OFF
from features.labels.payment_day import NEVER, outcomes


@pytest.fixture
def labels(microseconds):
    """Return what a cutoff knows: (state, days late, open) by invoice."""

    def labels(facts, cutoff: float):
        book = facts.book()
        found = outcomes(book, microseconds(cutoff))
        return {
            str(book.invoice_ids[invoice]): (int(state), int(late), int(left))
            for invoice, state, late, left in zip(
                found.invoice, found.state, found.days_late, found.open, strict=True
            )
        }

    return labels


def test_each_fate(facts, labels):
    facts.invoice("early").payment("P1", "early", 25)
    facts.invoice("late").payment("P2", "late", 44)
    facts.invoice("open").payment("P3", "open", 20, 30_000)
    facts.invoice("lost").payment("P4", "lost", 50, kind="write_off")
    facts.invoice("credited").payment("P5", "credited", 20, kind="credit_note")
    facts.invoice("removed").invoice("removed", recorded=40, removed=True)
    facts.invoice("future", issued=70, due=90)
    facts.invoice("note", kind="credit_note")
    assert labels(facts, 70) == {
        "early": (PAID, -5, 0),
        "late": (PAID, 14, 0),
        "open": (OPEN, 40, 70_000),
        "lost": (WRITTEN_OFF, NEVER, 0),
    }


def test_a_payment_counts_from_the_day_after_it_is_known(facts, labels):
    facts.invoice("I1").payment("P1", "I1", 44, recorded=52)
    assert labels(facts, 52) == {"I1": (OPEN, 22, 100_000)}
    assert labels(facts, 53) == {"I1": (PAID, 14, 0)}


def test_a_bounced_payment_does_not_count(facts, labels):
    facts.invoice("I1").payment("P1", "I1", 30).reversal("R1", "P1", 37)
    facts.payment("P2", "I1", 58)
    assert labels(facts, 31) == {"I1": (PAID, 0, 0)}
    assert labels(facts, 38) == {"I1": (OPEN, 8, 100_000)}
    assert labels(facts, 59) == {"I1": (PAID, 28, 0)}


def test_a_corrected_due_date_moves_the_lateness(facts, labels):
    facts.invoice("I1").payment("P1", "I1", 44).invoice("I1", due=40, recorded=50)
    assert labels(facts, 50) == {"I1": (PAID, 14, 0)}
    assert labels(facts, 51) == {"I1": (PAID, 4, 0)}


def test_when_the_outcome_became_known(facts, microseconds):
    facts.invoice("I1").payment("P1", "I1", 44, recorded=47).payment("P2", "I1", 60, 500)
    facts.invoice("I2")
    found = outcomes(facts.book(), microseconds(80))
    known = dict(zip(found.invoice, found.closed_known, strict=True))
    assert known == {0: microseconds(47), 1: microseconds(80)}


def test_customers_without_invoices_shift_nobody(facts, microseconds):
    facts.customer("A").customer("C").invoice("I1", "B").invoice("I2", "D")
    found = outcomes(facts.book(), microseconds(10))
    assert list(found.customer) == [1, 3]
    assert list(found.take(found.customer == 3).invoice) == [1]
