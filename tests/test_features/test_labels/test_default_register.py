"""The default register, day-end by day-end."""

from __future__ import annotations

import pandas as pd
import pytest

from configs.settings import DefaultSettings
from features.labels.default_register import default_register, lasting_on


@pytest.fixture
def register(microseconds, day_number):
    """Return (customer, day, reason, cured day or None) of every default known at a moment."""

    def register(facts, cutoff: float = 1000, **settings: float):
        book = facts.book()
        found = default_register(book, DefaultSettings(**settings), microseconds(cutoff))
        start = day_number(0)
        return [
            (
                str(book.customer_ids[row.customer]),
                row.day - start,
                row.reason,
                None if row.cured_day < 0 else row.cured_day - start,
            )
            for row in found.itertuples()
        ]

    return register


def test_ninety_consecutive_day_ends_from_the_due_day_on(facts, register):
    # Due on day 30, so overdue at the ends of days 30 to 119: the 90th is day 119's.
    facts.invoice("I1", due=30)
    assert register(facts, 119) == []
    assert register(facts, 120) == [("A", 119, "overdue", None)]


@pytest.mark.parametrize(("paid_on", "defaults"), [(118, 0), (119, 0), (120, 1)])
def test_payment_by_the_ninetieth_day_end_prevents_it(facts, register, paid_on, defaults):
    # A payment on day D counts at D's end.
    facts.invoice("I1", due=30).payment("P1", "I1", paid_on)
    assert len(register(facts)) == defaults


def test_what_was_recorded_later_is_judged_by_what_was_known(facts, register):
    facts.invoice("I1", due=30).payment("P1", "I1", 100, recorded=125)
    assert register(facts) == [("A", 119, "overdue", 214)]


def test_an_interruption_starts_the_count_again(facts, register):
    # Overdue at the ends of days 30 to 99, then of 110 on.
    facts.invoice("I1", due=30).payment("P1", "I1", 100).invoice("I2", due=110)
    assert register(facts) == [("A", 199, "overdue", None)]


def test_another_invoice_may_carry_the_count_on(facts, register):
    facts.invoice("I1", due=30).payment("P1", "I1", 100).invoice("I2", due=100)
    assert register(facts) == [("A", 119, "overdue", None)]


@pytest.mark.parametrize(("amount", "defaults"), [(50_000, 0), (50_001, 1)])
def test_above_the_absolute_threshold(facts, register, amount, defaults):
    facts.invoice("I1", amount=amount)
    assert len(register(facts)) == defaults


@pytest.mark.parametrize(("amount", "defaults"), [(60_000, 0), (60_001, 1)])
def test_above_the_relative_threshold(facts, register, amount, defaults):
    # 1% of a balance of 60,000 units: the other invoice is not due for years.
    facts.invoice("I1", amount=amount).invoice("I2", due=700, amount=6_000_000 - amount)
    assert len(register(facts, 600)) == defaults


def test_many_small_items_add_up(facts, register):
    for number in range(6):
        facts.invoice(f"I{number}", due=30 + number, amount=10_000)
    # 500.01 units are not reached before the sixth is due.
    assert register(facts) == [("A", 35 + 89, "overdue", None)]


def test_cure_after_as_many_clean_day_ends(facts, register):
    facts.invoice("I1", due=30).payment("P1", "I1", 150)
    # Clean at the ends of days 150 to 239.
    assert register(facts, 239) == [("A", 119, "overdue", None)]
    assert register(facts, 240) == [("A", 119, "overdue", 239)]


def test_a_relapse_before_the_cure_is_the_same_default(facts, register):
    facts.invoice("I1", due=30).payment("P1", "I1", 150)
    facts.invoice("I2", due=200).payment("P2", "I2", 210)
    assert register(facts) == [("A", 119, "overdue", 210 + 89)]


def test_a_default_after_the_cure_is_another(facts, register):
    facts.invoice("I1", due=30).payment("P1", "I1", 150).invoice("I2", due=300)
    assert register(facts) == [("A", 119, "overdue", 239), ("A", 389, "overdue", None)]


def test_disputed_amounts_do_not_count(facts, register):
    facts.invoice("I1", due=30).dispute("I1", "open", 35)
    assert register(facts) == []


def test_the_count_starts_when_the_dispute_ends(facts, register):
    facts.invoice("I1", due=30).dispute("I1", "open", 35).dispute("I1", "resolved", 60)
    assert register(facts) == [("A", 149, "overdue", None)]


@pytest.mark.parametrize(("disputed", "defaults"), [(49_999, 1), (50_000, 0)])
def test_only_the_disputed_part_is_left_out(facts, register, disputed, defaults):
    facts.invoice("I1", due=30).dispute("I1", "open", 20, amount=disputed, currency="EUR")
    assert len(register(facts)) == defaults


def test_a_late_recorded_opening_does_not_reopen_a_resolved_dispute(facts, register):
    facts.invoice("I1", due=30)
    facts.dispute("I1", "open", 10, recorded=25).dispute("I1", "resolved", 15)
    assert register(facts) == [("A", 119, "overdue", None)]


def test_a_dispute_opened_and_settled_on_one_day_is_settled(facts, register):
    facts.invoice("I1", due=30).dispute("I1", "open", 20).dispute("I1", "credited", 20)
    assert register(facts) == [("A", 119, "overdue", None)]


@pytest.mark.parametrize(("cash", "defaults"), [(49_999, 1), (50_000, 0)])
def test_unapplied_cash_is_netted(facts, register, cash, defaults):
    facts.invoice("I1", due=30).payment("P1", None, 20, cash)
    assert len(register(facts)) == defaults


def test_cash_taken_back_is_netted_no_longer(facts, register):
    facts.invoice("I1", due=30).payment("P1", None, 20).reversal("R1", "P1", 50)
    assert register(facts) == [("A", 139, "overdue", None)]


def test_unlinked_credit_notes_are_netted(facts, register):
    facts.invoice("I1", due=30).invoice("C1", issued=20, kind="credit_note")
    assert register(facts) == []


@pytest.mark.parametrize("reason", ["insolvency", "legal", "agency"])
def test_events_default_when_they_become_known(facts, register, reason):
    facts.customer().event(reason, 50, recorded=61.5)
    assert register(facts, 61.5) == []
    assert register(facts, 62) == [("A", 61, reason, None)]


@pytest.mark.parametrize("kind", ["restructuring", "left"])
def test_other_events_do_not(facts, register, kind):
    facts.customer().event(kind, 50)
    assert register(facts) == []


@pytest.mark.parametrize(("amount", "defaults"), [(50_000, 0), (50_001, 1)])
def test_write_off_above_the_absolute_threshold(facts, register, amount, defaults):
    facts.invoice("I1", due=30).payment("W1", "I1", 40, amount, kind="write_off")
    facts.payment("P1", "I1", 41)
    assert register(facts) == [("A", 40, "write_off", 40 + 365)] * defaults


@pytest.mark.parametrize(("amount", "defaults"), [(60_000, 0), (60_001, 1)])
def test_write_off_above_the_relative_threshold(facts, register, amount, defaults):
    facts.invoice("I1", due=900, amount=6_000_000)
    facts.payment("W1", "I1", 40, amount, recorded=44, kind="write_off")
    assert register(facts, 400) == [("A", 44, "write_off", None)] * defaults


def test_customers_are_judged_apart(facts, register):
    facts.invoice("I1", "A", due=30, amount=40_000).invoice("I2", "B", due=30, amount=40_000)
    facts.invoice("I3", "C", due=50).event("legal", 60, customer="B")
    assert register(facts, 400) == [("B", 60, "legal", None), ("C", 139, "overdue", None)]


def test_days_and_thresholds_are_settings(facts, register):
    facts.invoice("I1", due=30, amount=20_000)
    assert register(facts, consecutive_days=10, absolute_threshold=199.0) == [
        ("A", 39, "overdue", None)
    ]


@pytest.mark.parametrize(
    ("days", "reasons"),
    [(20, {"overdue", "write_off", "insolvency"}), (1000, {"write_off", "insolvency"})],
)
def test_a_later_cutoff_never_changes_earlier_defaults(busy_book, microseconds, days, reasons):
    settings = DefaultSettings(consecutive_days=days, probation_days=5, event_probation_days=10)
    late = default_register(busy_book, settings, microseconds(400))
    names = ["customer", "day", "reason"]
    for cutoff in (90, 160, 250, 330):
        today = microseconds(cutoff) // 86_400_000_000
        early = default_register(busy_book, settings, microseconds(cutoff))
        known = late[late["day"] < today]
        assert early[names].values.tolist() == known[names].values.tolist()
        cured = known["cured_day"].where(known["cured_day"] < today, -1)
        assert early["cured_day"].tolist() == cured.tolist()
    assert set(", ".join(late["reasons"]).split(", ")) == reasons


def test_empty_book_has_no_defaults(facts, register):
    assert register(facts.customer()) == []


def test_a_default_lasts_until_its_cure_or_through_probation():
    register = pd.DataFrame(
        {"customer": [0, 1, 2], "day": [100, 100, 100], "cured_day": [150, -1, 465]}
    )
    held = {
        when: lasting_on(register, when)["customer"].tolist() for when in (100, 101, 150, 151, 466)
    }
    assert held == {100: [], 101: [0, 1, 2], 150: [0, 1, 2], 151: [1, 2], 466: [1]}
