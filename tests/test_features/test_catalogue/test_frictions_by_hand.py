"""What went wrong with a customer: small ledgers beside their answers."""

from __future__ import annotations

from math import nan

import pytest


@pytest.fixture
def quarrels(facts):
    """Return a book of four invoices, of which three were disputed."""
    for number in range(4):
        facts.invoice(f"I{number}", issued=10 * number, due=10 * number + 30, amount=50_000)
    facts.dispute("I0", "open", 40).dispute("I0", "credited", 60, seller_fault=True)
    facts.dispute("I1", "open", 50).dispute("I1", "withdrawn", 70, recorded=90)
    facts.dispute("I2", "open", 66, recorded=80, amount=20_000, amount_reporting=20_000)
    facts.invoice("C0", issued=60, amount=30_000, kind="credit_note", credited_invoice_id="I0")
    return facts.book()


def test_disputes(quarrels, row, check):
    found = {
        day: row(quarrels, day)[
            ["customer_dispute_rate_365d", "customer_disputed_share_now",
             "customer_seller_fault_rate_all", "customer_credited_disputes_rate_all"]
        ].tolist()
        for day in (45, 75, 85, 95)
    }  # fmt: skip
    assert found == {
        45: [1 / 4, 50 / 200, pytest.approx(nan, nan_ok=True), pytest.approx(nan, nan_ok=True)],
        75: [2 / 4, 50 / 170, 1.0, 1.0],
        85: [3 / 4, 70 / 170, 1.0, 1.0],
        95: [3 / 4, 20 / 170, 1 / 2, 1 / 2],
    }
    check(row(quarrels, 95), {"customer_credit_notes_share_365d": 30 / 200})


def test_a_dispute_counts_once_and_where_it_was_known_first(facts, row):
    facts.invoice("I0").dispute("I0", "open", 40)
    # Recorded later: that it began before, and that it began again.
    facts.dispute("I0", "open", 35, recorded=60).dispute("I0", "resolved", 50)
    facts.dispute("I0", "open", 70)
    book = facts.book()
    name = "customer_dispute_rate_365d"
    assert [row(book, day)[name] for day in (38, 41, 61, 75)] == [0, 1, 1, 1]


def test_promises(facts, row, check):
    facts.invoice("I0", amount=90_000).invoice("I1", issued=5, due=300, amount=10_000)
    facts.promise("T0", 40, 45, 30_000).payment("P0", "I0", 44, 30_000)
    facts.promise("T1", 50, 60).promise("T2", 65, 75, 20_000, recorded=67)
    book = facts.book()
    names = ("broken_promises_rate_365d", "broken_promises_count_180d", "days_to_promise_value_now",
             "promised_share_now")  # fmt: skip
    expected = {
        41: (nan, 0, 4, 30 / 100),
        48: (nan, 0, -3, 30 / 70),
        50: (0.0, 0, nan, nan),  # judged on the fourth day after
        52: (0.0, 0, 8, 0.0),  # one that names no amount
        66: (1 / 2, 1, nan, nan),
        68: (1 / 2, 1, 7, 20 / 70),
        80: (2 / 3, 2, nan, nan),
        246: (2 / 3, 1, nan, nan),
    }
    for day, values in expected.items():
        wanted = {f"customer_{name}": v for name, v in zip(names, values, strict=True)}
        check(row(book, day), wanted)


def test_reminders_and_contacts(facts, row, check):
    facts.activity("Z0", "reminder", 10, level=1).activity("Z1", "letter", 40, level=3, recorded=45)
    facts.activity("Z2", "call", 50).activity("Z3", "email", 60).activity("Z4", "legal", 61)
    book = facts.customer().book()
    names = ("dunning_level_max_now", "reminders_count_90d", "contacts_count_90d",
             "days_since_contact_value_now")  # fmt: skip
    expected = {
        5: (0, 0, 0, nan),
        44: (1, 1, 0, nan),
        62: (3, 2, 2, 2),
        130: (3, 1, 2, 70),
        131: (0, 1, 2, 71),
        500: (0, 0, 0, 365),
    }
    for day, values in expected.items():
        wanted = {f"customer_{name}": v for name, v in zip(names, values, strict=True)}
        check(row(book, day), wanted)


def test_discounts_losses_and_events(facts, row, check):
    for number in range(4):
        facts.invoice(f"I{number}", issued=0, due=30, amount=100_000)
    facts.payment("P0", "I0", 9, 98_000).payment("D0", "I0", 9, 2_000, kind="discount")
    facts.payment("P1", "I1", 150)
    facts.payment("W2", "I2", 160, 80_000, kind="write_off").payment("P2", "I2", 190, 20_000)
    facts.event("restructuring", 170, recorded=175)
    book = facts.book()
    check(
        row(book, 200),
        {
            "customer_discounts_taken_rate_365d": 1 / 2,
            "customer_discounts_taken_difference_90d": 0.0 - 1 / 2,
            "customer_written_off_share_all": 80 / 400,
            "customer_recovered_share_all": 20 / 80,
            "customer_days_since_event_value_now": 30,
        },
    )
    check(
        row(book, 159),
        {
            "customer_written_off_share_all": 0,
            "customer_recovered_share_all": nan,
            "customer_days_since_event_value_now": nan,
        },
    )
