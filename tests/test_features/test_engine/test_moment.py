"""The kernels against hand-made answers, and against the slow, obvious account."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import make_keys
from features.engine import Moment
from features.engine.recent import RECENT_DEPTH
from features.engine.totals import WINDOWS
from features.facts.book import Book

WINDOWED = ("30d", "90d", "180d", "365d", "all")


@pytest.fixture
def look(moment):
    """Return the state of a book for one customer at a moment, or about an invoice."""

    def look(book: Book, number: float, customer: str = "A", **invoice: object) -> Moment:
        return see(book, customer, moment(number), **invoice)

    return look


def see(book: Book, customer: str, as_of: datetime, **invoice: object) -> Moment:
    frame = pd.DataFrame({"customer_id": [customer], **{k: [v] for k, v in invoice.items()}})
    return Moment(book, make_keys(book, frame, as_of))


@pytest.mark.parametrize(
    ("number", "seen"),
    [(10, 0), (10.001, 1), (39.999, 1), (40, 1), (40.001, 0)],
)
def test_windows_are_half_open(facts, look, number, seen):
    # A fact of day 10, 00:00 counts from just after it until 30 days later: [start, end).
    book = facts.invoice("I1", issued=10).book()
    assert look(book, number).issued["30d"]["count"][0] == seen


@pytest.mark.parametrize(("issued", "recorded"), [(10, 25.5), (10, 10), (10, 3)])
def test_windows_run_on_the_later_of_event_and_recorded(facts, look, issued, recorded):
    book = facts.invoice("I1", issued=issued, recorded=recorded).book()
    known = max(issued, recorded)
    counts = [look(book, known + n).issued["30d"]["count"][0] for n in (0, 0.01, 30, 30.01)]
    assert counts == [0, 1, 1, 0]


def test_window_names_say_their_days():
    assert {name: f"{days}d" for name, days in WINDOWS.items() if name != "all"} == {
        name: name for name in WINDOWS if name != "all"
    }


def test_corrected_amount_counts_from_its_correction(facts, look):
    facts.invoice("I1", amount=100_000).invoice("I1", amount=70_000, recorded=20)
    book = facts.book()
    amounts = [look(book, n).issued["all"]["amount"][0] for n in (20, 20.01)]
    assert amounts == [100_000, 70_000]


def test_open_position_by_hand(facts, look):
    facts.invoice("due today", due=100, amount=1_000)
    facts.invoice("1 day", due=99, amount=2_000)
    facts.invoice("30 days", due=70, amount=4_000)
    facts.invoice("31 days", due=69, amount=8_000)
    facts.invoice("60 days", due=40, amount=16_000)
    facts.invoice("61 days", due=39, amount=32_000)
    facts.invoice("90 days", due=10, amount=64_000)
    facts.invoice("91 days", due=9, amount=128_000)
    facts.invoice("paid", due=50, amount=256_000).payment("P1", "paid", 99, 256_000)
    facts.invoice("partly", due=120, amount=512_000).payment("P2", "partly", 60, 12_000)
    facts.invoice("paid today", due=120, amount=7).payment("P3", "paid today", 100, 7)
    facts.invoice("another's", "B", due=50)
    facts.dispute("31 days", "open", 90, amount=3_000, seller_fault=True)
    facts.dispute("61 days", "open", 90)
    facts.dispute("1 day", "open", 90).dispute("1 day", "resolved", 95)
    position = {k: int(v[0]) for k, v in look(facts.book(), 100).position.items()}
    assert position == {
        "balance": 255_000 + 500_000 + 7,
        "overdue": 254_000,
        "open_count": 10,
        "overdue_count": 7,
        "overdue_1_30": 6_000,
        "overdue_31_60": 24_000,
        "overdue_61_90": 96_000,
        "overdue_90_plus": 128_000,
        "worst_dpd": 91,
        "overdue_amount_days": 20 + 40 * 30 + 80 * 31 + 160 * 60 + 320 * 61 + 640 * 90 + 1280 * 91,
        "same_due_count": 0,
        "same_due_amount": 0,
        "own_open": 0,
        "own_amount": 0,
        "largest_open": 500_000,
        "age_sum": 1000,
        # The invoice paid on day 99 came 49 days late, as late as this customer ever paid.
        "beyond_habit_count": 4,
        "beyond_habit_amount": 240_000,
        "beyond_worst_amount": 240_000,
        "disputed": 35_000,
        "disputed_seller_fault": 3_000,
        "own_disputed": 0,
        "due_next_30": 500_000 + 1_000 + 7,
        "part_paid_count": 1,
        "older_count": 0,
        "older_amount": 0,
        "amount_squares": sum(n * n for n in (10, 20, 40, 80, 160, 320, 640, 1280, 5000, 0)),
    }


def test_own_invoice_and_those_due_the_same_day(facts, look, moment):
    facts.invoice("own", due=50, amount=10_000).payment("P1", "own", 20, 4_000)
    facts.invoice("other", due=50, amount=3_000).invoice("later", due=51)
    own = {
        "issued_on": moment(0),
        "due_on": moment(50),
        "amount": 100.0,
        "currency": "EUR",
        "invoice_id": "own",
    }
    book = facts.book()
    position = look(book, 30, **own).position
    names = ("own_open", "own_amount", "same_due_count", "same_due_amount")
    assert [position[name][0] for name in names] == [6_000, 10_000, 1, 3_000]
    proposed = look(book, 30, **{**own, "invoice_id": "new"}).position
    assert [proposed[name][0] for name in names] == [0, 0, 2, 9_000]


def test_recent_settlements_by_hand(facts, look, moment):
    # Paid 9, 5, 0, -3 days after due, in that order.
    for number, late in enumerate((9, 5, 0, -3)):
        due = 40 + 20 * number
        facts.invoice(f"I{number}", due=due).payment(f"P{number}", f"I{number}", due + late)
    recent = {k: v[0] for k, v in look(facts.book(), 200).recent.items()}
    weights = np.array([1.0, 0.9, 0.81, 0.729])
    expected = {
        "count": 4,
        "days_late_mean_3": 2 / 3,
        "days_late_mean_10": 11 / 4,
        "days_late_median_20": 0,
        "days_late_p90_20": 9,
        "days_late_max_20": 9,
        "late_5_rate_10": 0.5,
        "late_1_rate_10": 0.5,
        "days_late_ewm": weights @ [-3, 0, 5, 9] / weights.sum(),
        "late_5_ewm": weights @ [0, 0, 1, 1] / weights.sum(),
    }
    for name, value in expected.items():
        assert recent[name] == pytest.approx(value, abs=1e-12), name


def test_days_late_are_bounded_in_means_only(facts, look):
    facts.invoice("I1", due=10).payment("P1", "I1", 500)
    recent = look(facts.book(), 600).recent
    assert recent["days_late_mean_3"][0] == 180
    assert recent["days_late_max_20"][0] == 490


def test_share_as_late_compares_with_the_invoice_now(facts, look, moment):
    for number, late in enumerate((0, 10, 20, 30)):
        facts.invoice(f"I{number}").payment(f"P{number}", f"I{number}", 30 + late)
    key = {"issued_on": moment(80), "due_on": moment(90), "amount": 1.0, "currency": "EUR"}
    book = facts.book()
    shares = [look(book, n, **key).recent["share_as_late"][0] for n in (89, 90, 100, 110, 120)]
    assert shares == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_latest_limit_and_score_stand(facts, look):
    facts.limit(10, 5_000_00).limit(50, 2_000_00, recorded=60).bureau(5, 400.5, recorded=9)
    facts.limit(90, 9_000_00, valid_to=datetime(2024, 4, 20).date())  # day 110
    book = facts.customer().book()
    limits = [look(book, n).limit[0] for n in (10, 11, 60, 61, 91, 109.5, 110)]
    np.testing.assert_equal(
        limits, [np.nan, 5_000_00, 5_000_00, 2_000_00, 9_000_00, 9_000_00, np.nan]
    )
    scores = [look(book, n).latest(book.bureau, "score_milli")[0] for n in (9, 9.5)]
    np.testing.assert_equal(scores, [np.nan, 400_500])


def test_orders_add_up_in_their_latest_state(facts, look):
    facts.order("O1", 5, 1_000).order("O2", 6, 2_000, open_amount=500).order("O3", 7, 4_000)
    facts.order("O1", 5, 1_000, "invoiced", 20).order("O3", 7, 4_000, "cancelled", 30)
    book = facts.customer().book()
    assert [look(book, n).open_orders[0] for n in (5, 10, 21, 31)] == [0, 5_500, 4_500, 500]


def test_unapplied_cash_until_it_is_applied(facts, look):
    facts.invoice("I1").payment("P1", None, 20).payment("P1", "I1", 20, recorded=28)
    facts.payment("P2", None, 24, 7_000).reversal("R2", "P2", 26, 3_000)
    book = facts.book()
    found = [look(book, n).unapplied[0] for n in (20, 21, 25, 27, 29)]
    assert found == [0, 100_000, 107_000, 104_000, 4_000]


def test_surroundings_end_with_yesterday(facts, look):
    facts.customer("A", 0, segment="trade").customer("B", 0, segment="trade")
    facts.customer("C", 0, segment="retail")
    for name, customer, paid in (("I1", "A", 40), ("I2", "B", 41), ("I3", "C", 41)):
        facts.invoice(name, customer).payment(f"P{name}", name, paid, customer=customer)
    book = facts.book()
    seen = [
        (int(m.portfolio("late_5", "30d")[0]), int(m.segment("late_5", "30d")[0]))
        for m in (look(book, n) for n in (40, 40.9, 41, 41.9, 42, 70, 71, 72))
    ]
    # What became known on the day itself does not count, whatever the hour.
    assert seen == [(0, 0), (0, 0), (1, 1), (1, 1), (3, 2), (3, 2), (2, 1), (0, 0)]


days = st.integers(0, 120)
lags = st.sampled_from([0.0, 0.0, 0.25, 1.0, 30.0])
cents = st.sampled_from([5_000, 40_000, 60_000, 99_950, 100_000])


@st.composite
def histories(draw):
    """Draw rows as (method, arguments) of a hand-made ledger."""
    rows = []
    names = [f"I{n}" for n in range(draw(st.integers(1, 4)))]
    owners: dict[str | None, str] = {}
    for name in names:
        issued, terms = draw(days), draw(st.integers(0, 60))
        customer = owners[name] = draw(st.sampled_from("AB"))
        for version in range(draw(st.sampled_from([1, 1, 2]))):
            rows.append(
                (
                    "invoice",
                    {
                        "invoice": name,
                        "customer": customer,
                        "issued": issued,
                        "due": issued + terms + 7 * version,
                        "amount": draw(cents),
                        "recorded": issued + draw(lags) + 40.5 * version,
                        "removed": version == 1 and draw(st.booleans()),
                    },
                )
            )
    if draw(st.booleans()):
        credited = draw(st.sampled_from([*names, None]))
        rows.append(
            (
                "invoice",
                {
                    "invoice": "note",
                    "issued": draw(days),
                    "amount": draw(cents),
                    "kind": "credit_note",
                    "credited_invoice_id": credited,
                    "customer": owners.get(credited, "A"),
                },
            )
        )
    kinds = st.sampled_from(["payment", "payment", "discount", "write_off", "credit_note"])
    for number in range(draw(st.integers(0, 7))):
        on, lag = draw(days), draw(lags)
        invoice = draw(st.sampled_from([*names, None]))
        entry = {
            "payment": f"P{number}",
            "invoice": invoice,
            "customer": owners.get(invoice, "A"),
            "on": on,
            "amount": draw(cents),
            "recorded": on + lag,
            "kind": draw(kinds),
        }
        rows.append(("payment", entry))
        fate = draw(st.sampled_from(["stands", "stands", "moved", "removed", "reversed"]))
        later = on + lag + draw(st.sampled_from([0.5, 10.0, 45.0]))
        if fate in ("moved", "removed"):
            target = draw(st.sampled_from(names))
            change = {"invoice": target, "customer": owners[target], "recorded": later}
            change["removed"] = fate == "removed"
            rows.append(("payment", {**entry, **change}))
        elif fate == "reversed":
            reversal = {"payment": f"R{number}", "reverses": f"P{number}"}
            reversal["customer"] = entry["customer"]
            rows.append(("reversal", {**reversal, "on": int(later), "amount": entry["amount"]}))
    return rows


def given_histories(test):
    limits = settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    moments = st.lists(st.integers(0, 800).map(lambda n: n / 4), min_size=1, max_size=3)
    return limits(given(rows=histories(), moments=moments)(test))


def filled(facts, rows):
    facts.customer("A").customer("B")
    for method, content in rows:
        getattr(facts, method)(**content)
    return facts


@given_histories
def test_engine_equals_the_obvious_account(make_facts, plain_book, moment, rows, moments):
    facts = filled(make_facts(), rows)
    book, plain = facts.book(), plain_book(facts.rows)
    for as_of in map(moment, moments):
        for customer in "AB":
            seen = see(book, customer, as_of)
            check_position(seen, plain.states(as_of), customer, as_of)
            check_settlements(seen, plain.settlements(customer, as_of), as_of)
            check_issued(seen, plain, customer, as_of)
            assert seen.unapplied[0] == plain.unapplied(customer, as_of)


def check_position(seen, states, customer, as_of):
    left = [
        (open_cents, (as_of.date() - row["due_on"]).days)
        for state, open_cents, _, row in states.values()
        if state == "open" and row["customer_id"] == customer
    ]
    overdue = [(cents, dpd) for cents, dpd in left if dpd > 0]
    expected = {
        "balance": sum(cents for cents, _ in left),
        "open_count": len(left),
        "largest_open": max((cents for cents, _ in left), default=0),
        "overdue": sum(cents for cents, _ in overdue),
        "overdue_count": len(overdue),
        "worst_dpd": max((dpd for _, dpd in overdue), default=0),
        "overdue_amount_days": sum(cents // 100 * dpd for cents, dpd in overdue),
    }
    for name, low, high in (("1_30", 1, 30), ("31_60", 31, 60), ("61_90", 61, 90)):
        expected[f"overdue_{name}"] = sum(c for c, dpd in overdue if low <= dpd <= high)
    expected["overdue_90_plus"] = sum(cents for cents, dpd in overdue if dpd > 90)
    assert {name: int(seen.position[name][0]) for name in expected} == expected


def check_settlements(seen, settlements, as_of):
    for window in WINDOWED:
        start = as_of - timedelta(days=WINDOWS[window])
        inside = [entry for entry in settlements if entry[0] >= start]
        late = [(day - row["due_on"]).days for _, day, row in inside]
        found = {
            name: int(seen.settled[window][name][0])
            for name in ("count", "late_1", "late_5", "late_30", "days_late_bounded", "amount",
                         "days_to_pay")
        }  # fmt: skip
        assert found["count"] == len(inside)
        assert found["late_1"] == sum(n >= 1 for n in late)
        assert found["late_5"] == sum(n >= 5 for n in late)
        assert found["late_30"] == sum(n >= 30 for n in late)
        assert found["days_late_bounded"] == sum(min(max(n, -60), 180) for n in late)
        assert found["amount"] == sum(row["amount"] for _, _, row in inside)
        waits = [(day - row["issued_on"]).days for _, day, row in inside]
        assert found["days_to_pay"] == sum(min(max(n, 0), 360) for n in waits)
    late = [(day - row["due_on"]).days for _, day, row in settlements]
    recent = {name: values[0] for name, values in seen.recent.items()}
    assert recent["count"] == len(late) <= RECENT_DEPTH
    if not late:
        assert np.isnan(recent["days_late_median_20"])
        return
    assert recent["days_late_max_20"] == max(late)
    assert recent["days_late_median_20"] == sorted(late)[(len(late) - 1) // 2]
    assert recent["days_late_mean_10"] == np.mean(np.clip(late, -60, 180))
    if len({known for known, _, _ in settlements}) == len(settlements):
        last = np.clip(late[::-1][:3], -60, 180)
        assert recent["days_late_mean_3"] == pytest.approx(last.mean())
        weights = 0.9 ** np.arange(len(late))
        ewm = weights @ np.clip(late[::-1], -60, 180) / weights.sum()
        assert recent["days_late_ewm"] == pytest.approx(ewm)


def check_issued(seen, plain, customer, as_of):
    believed = [
        row
        for row in plain.believed("invoices", "invoice_id", as_of).values()
        if row["customer_id"] == customer and row["kind"] == "invoice"
    ]
    for window in WINDOWED:
        start = as_of - timedelta(days=WINDOWS[window])
        inside = [row for row in believed if row["known_at"] >= start]
        assert seen.issued[window]["count"][0] == len(inside)
        assert seen.issued[window]["amount"][0] == sum(row["amount"] for row in inside)
