"""When an invoice counts as paid: small ledgers with the answer beside them."""

from __future__ import annotations

import pytest

from configs.settings import SettlementSettings
from features.facts.loading import load_book
from features.facts.settlement import CREDITED, OPEN, PAID, WRITTEN_OFF


@pytest.fixture
def states(microseconds, day_number):
    """Return (state, open cents, settled day) of invoice I1 as known at each moment."""

    def states(facts, *moments: float, rules: SettlementSettings | None = None):
        items = load_book(facts.ledger(), rules).items
        found = []
        for moment in moments:
            now = (items.known < microseconds(moment)) & (items.void >= microseconds(moment))
            now &= items.measures["invoice"] == 0
            assert now.sum() <= 1
            if not now.any():
                found.append(None)
                continue
            row = int(now.argmax())
            settled = int(items.measures["settled_day"][row])
            state = int(items.measures["state"][row])
            settled = settled - day_number(0) if settled >= 0 else -1
            found.append((state, int(items.measures["open"][row]), settled))
        return found

    return states


def test_unknown_until_the_day_after_it_became_known(facts, states):
    facts.invoice("I1", recorded=4.5)
    assert states(facts, 4.5, 4.6) == [None, (OPEN, 100_000, -1)]


def test_partial_payments_settle_on_the_last_one(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20, 60_000).payment("P2", "I1", 45, 40_000)
    assert states(facts, 20, 21, 45, 46) == [
        (OPEN, 100_000, -1),
        (OPEN, 40_000, -1),
        (OPEN, 40_000, -1),
        (PAID, 0, 45),
    ]


def test_late_recorded_payment_counts_on_its_own_day_once_known(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20, recorded=33.5)
    assert states(facts, 21, 33.5, 33.6) == [(OPEN, 100_000, -1)] * 2 + [(PAID, 0, 20)]


@pytest.mark.parametrize(
    ("amount", "paid", "state"),
    [
        (100_000, 99_900, PAID),  # one unit short: at the tolerance
        (100_000, 99_899, OPEN),
        (10_000, 9_950, PAID),  # half a percent short
        (10_000, 9_949, OPEN),  # below one unit, but above half a percent
        (100, 100, PAID),
        (100, 99, OPEN),  # the tolerance is floored to whole cents
        (100_000, 120_000, PAID),
    ],
)
def test_tolerance_is_the_smaller_of_both(facts, states, amount, paid, state):
    facts.invoice("I1", amount=amount).payment("P1", "I1", 20, paid)
    assert states(facts, 21)[0][0] == state


def test_tolerance_is_a_setting(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20, 95_000)
    generous = SettlementSettings(tolerance=50, relative_tolerance=0.1)
    assert states(facts, 21) == [(OPEN, 5_000, -1)]
    assert states(facts, 21, rules=generous) == [(PAID, 0, 20)]


def test_reversal_reopens_and_the_last_payment_day_counts(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20).reversal("R1", "P1", 30)
    facts.payment("P2", "I1", 50)
    assert states(facts, 21, 30, 31, 50, 51) == [
        (PAID, 0, 20),
        (PAID, 0, 20),
        (OPEN, 100_000, -1),
        (OPEN, 100_000, -1),
        (PAID, 0, 50),
    ]


def test_partial_reversal_leaves_the_rest_paid(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20).reversal("R1", "P1", 30, 25_000)
    assert states(facts, 31) == [(OPEN, 25_000, -1)]


def test_reversal_takes_nothing_back_before_its_payment_is_known(facts, states):
    facts.invoice("I1").payment("P0", "I1", 5, 30_000).payment("P1", "I1", 20, 70_000, recorded=40)
    facts.reversal("R1", "P1", 30, 70_000)
    assert states(facts, 31, 41) == [(OPEN, 70_000, -1), (OPEN, 70_000, -1)]


def test_reversal_follows_its_payment_to_the_invoice_it_is_moved_to(facts, states):
    facts.invoice("I1").invoice("I2")
    facts.payment("P1", "I1", 20).reversal("R1", "P1", 30).payment("P1", "I2", 20, recorded=40)
    facts.payment("P2", "I1", 35)
    # On day 36 the reversal still stands against I1, although the payment moves on day 40.
    assert states(facts, 31, 36, 41) == [(OPEN, 100_000, -1), (PAID, 0, 35), (PAID, 0, 35)]


def test_reversed_write_off_can_be_paid(facts, states):
    facts.invoice("I1").payment("W1", "I1", 40, kind="write_off")
    facts.reversal("R1", "W1", 60).payment("P1", "I1", 70)
    assert states(facts, 41, 61, 71) == [
        (WRITTEN_OFF, 0, -1),
        (OPEN, 100_000, -1),
        (PAID, 0, 70),
    ]


def test_reversed_credit_is_a_claim_again(facts, states):
    facts.invoice("I1").payment("K1", "I1", 10, kind="credit_note").reversal("R1", "K1", 20)
    assert states(facts, 11, 21) == [(CREDITED, 0, -1), (OPEN, 100_000, -1)]


def test_write_off_is_never_paid(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20, 60_000)
    facts.payment("W1", "I1", 90, 40_000, kind="write_off")
    assert states(facts, 21, 91) == [(OPEN, 40_000, -1), (WRITTEN_OFF, 0, -1)]


def test_payment_after_a_write_off_pays(facts, states):
    facts.invoice("I1").payment("W1", "I1", 90, kind="write_off").payment("P1", "I1", 120)
    assert states(facts, 91, 121) == [(WRITTEN_OFF, 0, -1), (PAID, 0, 120)]


def test_discount_counts_as_payment(facts, states):
    facts.invoice("I1").payment("P1", "I1", 10, 97_000)
    facts.payment("S1", "I1", 10, 3_000, kind="discount")
    assert states(facts, 11) == [(PAID, 0, 10)]


@pytest.mark.parametrize("linked", [True, False])
def test_full_credit_is_no_claim(facts, states, linked):
    facts.invoice("I1")
    if linked:
        facts.invoice("I2", issued=9, kind="credit_note", credited_invoice_id="I1")
    else:
        facts.payment("K1", "I1", 9, kind="credit_note")
    assert states(facts, 9, 10) == [(OPEN, 100_000, -1), (CREDITED, 0, -1)]


def test_linked_credit_note_reduces(facts, states):
    facts.invoice("I1").invoice(
        "I2", issued=9, amount=20_000, kind="credit_note", credited_invoice_id="I1"
    )
    facts.payment("P1", "I1", 25, 80_000)
    assert states(facts, 10, 26) == [(OPEN, 80_000, -1), (PAID, 0, 25)]


def test_correction_of_the_amount_opens_the_difference(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20).invoice("I1", amount=150_000, recorded=30)
    facts.payment("P2", "I1", 44, 50_000)
    assert states(facts, 21, 31, 45) == [(PAID, 0, 20), (OPEN, 50_000, -1), (PAID, 0, 44)]


def test_what_was_recorded_later_stands_where_both_count_from_one_day(facts, states):
    facts.invoice("I1", issued=10, amount=90_000, recorded=2)
    facts.invoice("I1", issued=10, amount=70_000, recorded=5)
    facts.invoice("I1", issued=10, amount=80_000, recorded=7)
    assert states(facts, 10, 11) == [None, (OPEN, 80_000, -1)]


def test_a_corrected_date_replaces_one_that_lies_ahead(facts, states):
    facts.invoice("I1", issued=20, amount=90_000, recorded=2)
    facts.invoice("I1", issued=3, amount=80_000, recorded=5)
    assert states(facts, 5, 6, 21) == [None, (OPEN, 80_000, -1), (OPEN, 80_000, -1)]


def test_removed_invoice_is_gone_and_may_come_back(facts, states):
    facts.invoice("I1").invoice("I1", recorded=30, removed=True).invoice("I1", recorded=50)
    assert states(facts, 30, 31, 51) == [(OPEN, 100_000, -1), None, (OPEN, 100_000, -1)]


def test_removed_payment_opens_again(facts, states):
    facts.invoice("I1").payment("P1", "I1", 20).payment("P1", "I1", 20, recorded=33, removed=True)
    assert states(facts, 33, 34) == [(PAID, 0, 20), (OPEN, 100_000, -1)]


def test_payment_known_before_its_invoice_waits_for_it(facts, states):
    facts.invoice("I1", issued=10).payment("P1", "I1", 5, 40_000)
    assert states(facts, 10, 11) == [None, (OPEN, 60_000, -1)]


def test_cash_applied_later_settles_on_the_day_of_the_money(facts, states, microseconds):
    facts.invoice("I1").payment("P1", None, 20).payment("P1", "I1", 20, recorded=28)
    assert states(facts, 21, 28, 29) == [(OPEN, 100_000, -1)] * 2 + [(PAID, 0, 20)]
    cash = facts.book().unapplied
    assert [(cash.known[0], cash.void[0])] == [(microseconds(20), microseconds(28))]


def test_reversed_cash_is_no_longer_there_to_apply(facts, microseconds):
    facts.customer().payment("P1", None, 20).reversal("R1", "P1", 26, 30_000)
    cash = facts.book().unapplied
    assert list(cash.measures["amount"]) == [100_000, -30_000]
    assert list(cash.known) == [microseconds(20), microseconds(26)]


def test_open_amount_in_the_reporting_currency_is_the_same_share(facts, states):
    facts.invoice("I1", amount=100_000, currency="USD", amount_reporting=90_001)
    facts.payment("P1", "I1", 20, 25_000, currency="USD", amount_reporting=1)
    assert states(facts, 21) == [(OPEN, 67_501, -1)]


@pytest.mark.parametrize("what", ["overpaid", "rest written off", "same claim stated again"])
def test_what_changes_nothing_keeps_the_moment_of_settlement(facts, microseconds, what):
    facts.invoice("I1").payment("P1", "I1", 20, 99_950)
    if what == "overpaid":
        facts.payment("P2", "I1", 60, 10_000)
    elif what == "rest written off":
        facts.payment("W1", "I1", 60, 50, kind="write_off")
    else:
        facts.invoice("I1", recorded=60, order_id="O1")
    settled = facts.book().settled
    assert list(settled.known) == [microseconds(20)]
    assert list(settled.measures["settled_day"] - settled.measures["due_day"]) == [-10]


def test_facts_of_one_moment_keep_their_order_when_one_is_withdrawn(facts):
    facts.invoice("I1", due=30).invoice("I2", due=20)
    facts.payment("P1", "I1", 40).payment("P2", "I2", 40)
    before = facts.book().settled.measures["days_late"].tolist()
    facts.reversal("R2", "P2", 50)
    assert facts.book().settled.measures["days_late"].tolist() == before == [10, 20]


def test_customers_without_master_data_have_their_facts(facts):
    facts.customer("A").bureau(3, 500, customer="B").invoice("I1", customer="C")
    book = facts.book()
    assert list(book.customer_ids) == ["A", "B", "C"]
    assert book.bureau.offsets.tolist() == [0, 0, 1, 1]
