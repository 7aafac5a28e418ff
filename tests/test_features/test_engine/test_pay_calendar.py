"""What a customer's pay runs say of an invoice, in hand-made histories."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from features.engine.pay_calendar import PAY_CALENDAR_COLUMNS, pay_calendar

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)
TERMS = 30
FRIDAY = 1  # 1970-01-02: days since 1970 modulo 7


NO_ITEMS = (np.zeros(3, np.int64), *(np.zeros(0, np.int64) for _ in range(5)))


def open_items(due):
    """Return the states of one customer's invoices, open all along since their issue."""
    due = np.array(due, np.int64)
    issued = due - TERMS
    order = np.argsort(issued, kind="stable")
    due, issued = due[order], issued[order]
    return (
        np.array([0, len(due)]), issued * DAY, np.full(len(due), 2**62),
        np.full(len(due), 100), issued, due,
    )  # fmt: skip


def read(due, paid, key_due, day=None, still_open=()):
    """Return the columns for one customer that settled invoices, and one key."""
    due, paid = np.array(due, np.int64), np.array(paid, np.int64)
    order = np.argsort(paid, kind="stable")
    due, paid = due[order], paid[order]
    today = np.array([paid.max(initial=0) + 1 if day is None else day], np.int64)
    found = pay_calendar(
        np.array([0, len(due)]), paid * DAY, np.full(len(due), 2**62), paid - due, paid, due,
        np.full(len(due), TERMS), *open_items(still_open), np.array([0]), today * DAY, today,
        np.array([key_due], np.int64), np.array([key_due - TERMS], np.int64),
    )  # fmt: skip
    return dict(zip(PAY_CALENDAR_COLUMNS, found[:, 0].tolist(), strict=True))


@pytest.mark.parametrize(("due", "late"), [(1000, 1), (1001, 0), (1002, 6), (1004, 4)])
def test_who_pays_every_friday_pays_on_the_next_one(due, late):
    dues = np.arange(600, 990, 9)
    fridays = dues + (FRIDAY - dues) % 7
    found = read(dues, fridays, due)
    assert found["days_late"] == (FRIDAY - due) % 7
    assert found["late_1"] == float((FRIDAY - due) % 7 >= 1)
    assert found["error"] < found["error_of_none"]
    assert found["to_next"] == (FRIDAY - due) % 7
    assert found["days_late_if_missed"] == (FRIDAY - due) % 7 + 7


def test_who_pays_on_the_fifteenth_pays_on_the_next_one():
    dues, paid = [], []
    for month in range(1, 25):
        for day in (3, 7, 11, 14, 18, 22, 27):
            due = date(2020 + (month - 1) // 12, (month - 1) % 12 + 1, day)
            run = due if day <= 15 else due + timedelta(days=20)
            dues.append((due - EPOCH).days)
            paid.append((run.replace(day=15) - EPOCH).days)
    key = (date(2022, 3, 12) - EPOCH).days
    found = read(dues, paid, key, day=key)
    assert (found["days_late"], found["late_1"], found["late_5"]) == (3.0, 1.0, 0.0)
    assert found["to_next"] == 3.0
    assert 28.0 <= found["gap"] <= 31.0


def test_payments_without_a_calendar_keep_most_of_their_error():
    draw = np.random.default_rng(3)
    due = 600 + 11 * np.arange(40)
    found = read(due, due + draw.integers(0, 40, 40), 1100)
    assert found["error"] > 0.6 * found["error_of_none"] > 3.0


def test_one_settlement_tells_its_days_late_but_no_calendar():
    found = read([100], [104], 121)
    assert found["days_late"] == 4.0
    assert np.isnan(found["error"]) and np.isnan(found["gap"]) and np.isnan(found["to_next"])
    assert found["same_weekday_days_late"] == 4.0  # 121 is three weeks after 100 ...
    assert np.isnan(found["same_fortnight_days_late"])  # ... an odd number of them


def test_a_customer_that_paid_nothing_has_nothing():
    found = read([], [], 50, day=10)
    for support in ("support", *(f"as_said_count_{days}" for days in (1, 5, 15))):
        assert found.pop(support) == 0.0
    assert np.isnan(list(found.values())).all()


def test_keys_of_one_customer_share_their_settlements_only_while_these_stand():
    """A settlement withdrawn between two keys, without a new one, changes the second."""
    due, paid = np.array([100, 107, 114]), np.array([104, 111, 120])
    void = np.array([2**62, 2**62, 130 * DAY])
    days = np.array([125, 126, 131])
    both = pay_calendar(
        np.array([0, 3]), paid * DAY, void, paid - due, paid, due, np.full(3, 30),
        *NO_ITEMS, np.zeros(3, np.int64), days * DAY, days, np.full(3, 142), np.full(3, 112),
    )  # fmt: skip
    for at, today in enumerate(days):
        alone = pay_calendar(
            np.array([0, 3]), paid * DAY, void, paid - due, paid, due, np.full(3, 30),
            *NO_ITEMS, np.zeros(1, np.int64), today[None] * DAY, today[None], np.array([142]),
            np.array([112]),
        )  # fmt: skip
        assert np.array_equal(both[:, at], alone[:, 0], equal_nan=True)
    same_weekday = both[PAY_CALENDAR_COLUMNS.index("same_weekday_days_late")]
    assert same_weekday.tolist() == [14 / 3, 14 / 3, 4.0]


def test_a_customer_that_paid_nothing_does_not_get_its_neighbours_calendar():
    due, paid = np.array([100, 107, 114]), np.array([104, 111, 120])
    customer = np.array([0, 1])
    found = pay_calendar(
        np.array([0, 3, 3]), paid * DAY, np.full(3, 2**62), paid - due, paid, due,
        np.full(3, 30), *NO_ITEMS, customer, np.full(2, 125 * DAY), np.full(2, 125),
        np.full(2, 142), np.full(2, 112),
    )  # fmt: skip
    assert np.isfinite(found[PAY_CALENDAR_COLUMNS.index("days_late"), 0])
    counts = [k for k, name in enumerate(PAY_CALENDAR_COLUMNS) if name.startswith("as_said_count")]
    counts.append(PAY_CALENDAR_COLUMNS.index("support"))
    assert np.isnan(np.delete(found[:, 1], counts)).all()
    assert not found[counts, 1].any()


def by_friday(number, every=9):
    """Return due days, and the Fridays on which a run that pays what is due by then pays them."""
    due = 600 + every * np.arange(number)
    return due, due + (FRIDAY - due) % 7


def test_what_runs_foretold_is_held_against_what_came():
    due, paid = by_friday(40)
    late = paid - due
    missed = np.flatnonzero(late == 2)
    paid[missed] += 7
    for key_due in range(1003, 1010):
        said = (FRIDAY - key_due) % 7
        found = read(due, paid, key_due, day=1002)
        assert found["days_late"] == said
        for days in (1, 5, 15):
            alike = (late >= days) == (said >= days)
            assert found[f"as_said_count_{days}"] == alike.sum()
            came = (paid - due)[alike] >= days
            if alike.any():
                assert found[f"as_said_late_{days}"] == came.mean()
    assert found["kept"] == 1 - len(missed) / 40
    latest = np.argsort(paid, kind="stable")[-10:]
    assert found["missed_10"] == np.isin(latest, missed).mean()
    assert found["beyond_10"] == pytest.approx(7 * np.isin(latest, missed).mean())


def test_runs_that_paid_nothing_of_what_was_open_for_them_are_silent():
    due, paid = by_friday(40)
    first = paid[-1] + 1
    awaited = first + (FRIDAY - first) % 7
    for day, silent in ((awaited, 0), (awaited + 1, 1), (awaited + 8, 2), (awaited + 200, 8)):
        found = read(due, paid, 1300, day=day, still_open=[first])
        assert found["silent"] == silent
        assert found["silence"] == pytest.approx(silent * np.log(42))  # none of 40 was missed
        # With nothing open for it yet a run has nothing to pay.
        assert read(due, paid, 1300, day=day, still_open=[day])["silent"] == 0.0
        assert read(due, paid, 1300, day=day)["silent"] == 0.0


def test_a_payment_ends_the_silence():
    due, paid = by_friday(40)
    first = paid[-1] + 1
    assert read(due, paid, 1300, day=first + 15, still_open=[first - 60])["silent"] == 2.0
    paid_again = np.append(paid, first + 13)
    found = read(np.append(due, first + 9), paid_again, 1300, day=first + 15, still_open=[first])
    assert found["silent"] == 0.0


def test_without_runs_silence_counts_the_usual_gaps_between_payments():
    due = np.arange(600, 1000, 11)
    found = read(due, due + 4, 1300, day=due[-1] + 40, still_open=[due[-1] + 1])
    # Awaited since five days after the last one fell due, silent since: 34 days, three gaps.
    assert (found["gap"], found["silent"]) == (11.0, 3.0)


def test_a_large_customer_shows_its_runs_over_more_than_its_latest_settlements():
    """Seventy invoices a run: the latest sixty settlements are of one day."""
    dues, paid = [], []
    for month in range(1, 9):
        run = (date(2022, month, 15) - EPOCH).days
        dues += [run - 3 - k % 20 for k in range(70)]
        paid += [run] * 70
    key = (date(2022, 8, 25) - EPOCH).days
    found = read(dues, paid, key, day=(date(2022, 8, 20) - EPOCH).days)
    assert found["days_late"] == (date(2022, 9, 15) - EPOCH).days - key
    assert found["to_next"] == found["days_late"]
