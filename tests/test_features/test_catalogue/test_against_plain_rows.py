"""The newer groups of features against a slow, obvious reading of the rows."""

from __future__ import annotations

from datetime import timedelta
from math import nan

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import build

CUSTOMERS = "AB"
DAY = timedelta(days=1)
Row = dict[str, object]

days = st.integers(0, 150)
moments = st.one_of(st.integers(80, 1000), st.integers(1400, 2200)).map(lambda n: n / 4)
lags = st.sampled_from([0.0, 0.0, 0.25, 1.0, 30.0])
cents = st.sampled_from([5_000, 40_000, 100_000])


@st.composite
def ledgers(draw):
    """Draw rows as (method, arguments) of a hand-made ledger."""
    rows = []

    def add(method, event, /, **content):
        rows.append((method, {**content, "recorded": event + draw(lags)}))

    for customer in CUSTOMERS:
        for recorded in (None, draw(days))[: draw(st.integers(1, 2))]:
            about = {
                "segment": draw(st.sampled_from(["trade", "trade", "retail", None])),
                "country": draw(st.sampled_from(["DE", "FR", None])),
                "group_id": draw(st.sampled_from(["G", "G", "H", None])),
            }
            rows.append(("customer", {"customer": customer, "recorded": recorded, **about}))
    for number in range(draw(st.integers(5, 10))):
        name, customer, amount = f"I{number}", draw(st.sampled_from(CUSTOMERS)), draw(cents)
        issued = draw(days)
        due = issued + draw(st.integers(0, 60))
        add(
            "invoice",
            issued,
            invoice=name,
            customer=customer,
            issued=issued,
            due=due,
            amount=amount,
        )
        on = due + draw(st.integers(-10, 40))
        about = {"invoice": name, "customer": customer, "on": on}
        fate = draw(st.sampled_from(["open", "paid", "paid", "discount", "only discount"]))
        off = amount // 20 if "discount" in fate else 0
        if off:
            add("payment", on, payment=f"D{number}", amount=off, kind="discount", **about)
        if fate in ("paid", "discount"):
            add("payment", on, payment=f"P{number}", amount=amount - off, **about)
        if draw(st.integers(0, 2)) == 0:
            add(
                "payment",
                on,
                payment=f"U{number}",
                amount=draw(cents),
                **{**about, "invoice": None},
            )
        at = issued
        for _ in range(draw(st.sampled_from([0, 0, 1, 2, 3, 4]))):
            at = max(at + draw(st.integers(-5, 30)), issued)
            status = draw(st.sampled_from(["open", "open", "resolved", "credited"]))
            part = draw(st.sampled_from([{}, {"amount": 3_000}, {"amount": 90_000}]))
            fault = draw(st.sampled_from([True, False, None]))
            more = {"customer": customer, "seller_fault": fault, **part}
            add("dispute", at, invoice=name, status=status, on=at, **more)
            if draw(st.booleans()):
                # The same state once more, in other words.
                later = {**rows[-1][1], "seller_fault": not fault}
                rows.append(("dispute", {**later, "recorded": at + 31 + draw(st.integers(1, 30))}))
    for number in range(draw(st.integers(3, 8))):
        customer, made = draw(st.sampled_from(CUSTOMERS)), draw(days)
        amount = draw(st.sampled_from([0, 5_000, 40_000]))
        about = {"promise": f"T{number}", "customer": customer, "made": made, "amount": amount}
        promised = made + draw(st.integers(0, 25))
        add("promise", made, promised=promised, **about)
        if draw(st.booleans()):
            later = made + 31 + draw(st.integers(0, 20))
            rows.append(("promise", {**about, "promised": promised + 9, "recorded": later}))
    kinds = st.sampled_from(["reminder", "letter", "call", "email", "visit", "legal"])
    for number in range(draw(st.integers(4, 12))):
        on = draw(days)
        content = {"activity": f"Z{number}", "customer": draw(st.sampled_from(CUSTOMERS)), "on": on}
        add("activity", on, kind=draw(kinds), level=draw(st.integers(1, 3)), **content)
    return rows


def share(some: float, of: float) -> float:
    return min(some / of, 1.0) if of > 0 else nan


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan


def late(values: list[int]) -> float:
    return mean([value >= 5 for value in values])


def expected(plain, customer: str) -> dict[str, float]:
    """Return the features of a customer, worked out from the rows."""
    issued = [
        row for row in plain.of(customer, "invoices", "invoice_id")
        if plain.inside(row["known_at"], 365)
    ]  # fmt: skip
    payments = plain.of(customer, "payments", "payment_id")
    own = [value for known, owner, value in plain.settled()
           if owner == customer and plain.inside(known, 365)]  # fmt: skip
    balance = sum(plain.open_items(customer).values())
    ends = [row for rows in plain.disputes(customer).values() for row in rows
            if row["status"] != "open"]  # fmt: skip
    judged = plain.judged(customer)
    activities = plain.of(customer, "activities", "activity_id")
    recent = [row for row in activities if plain.inside(row["known_at"], 90)]
    portfolio = [plain.around(None, customer, length) for length in (30, 365)]
    segment = plain.around("segment", customer, 365)
    if plain.place(customer, "segment", plain.as_of) is None:
        segment = portfolio[1]
    group = plain.around("group_id", customer, 365)
    found = {
        "dispute_rate_365d": share(
            sum(plain.inside(known, 365) for known in plain.openings(customer)), len(issued)
        ),
        "disputed_share_now": share(plain.disputed(customer), balance),
        "seller_fault_rate_all": mean([bool(row["seller_fault"]) for row in ends]),
        "credited_disputes_rate_all": mean([row["status"] == "credited" for row in ends]),
        "broken_promises_rate_365d": mean(
            [broken for moment, broken in judged if plain.inside(moment, 365)]
        ),
        "broken_promises_count_180d": sum(
            broken for moment, broken in judged if plain.inside(moment, 180)
        ),
        "reminders_count_90d": sum(row["kind"] in ("reminder", "letter") for row in recent),
        "contacts_count_90d": sum(row["kind"] in ("call", "email", "visit") for row in recent),
        "discounts_taken_rate_365d": share(
            sum(row["kind"] == "discount" and plain.inside(row["known_at"], 365)
                for row in payments),
            len(own),
        ),
        "unapplied_share_now": share(
            sum(row["amount"] for row in payments if row["invoice_id"] is None), balance
        ),
        "portfolio_late_5d_difference_30d": late(portfolio[0]) - late(portfolio[1]),
        "segment_late_5d_difference_365d": late(segment) - late(portfolio[1]),
        "country_late_5d_difference_365d": (
            late(plain.around("country", customer, 365)) - late(portfolio[1])
        ),
        "group_late_5d_rate_365d": late(group),
        "group_days_late_mean_365d": mean(group),
        "late_5d_against_segment_difference_365d": late(own) - late(segment),
    }  # fmt: skip
    reminders = [row for row in activities if row["kind"] in ("reminder", "letter")]
    contacts = [row for row in activities if row["kind"] in ("call", "email", "visit")]
    today = plain.as_of.date()
    if is_clear(reminders):
        level = [row["level"] for row in latest(reminders)
                 if (today - row["happened_on"]).days <= 90]  # fmt: skip
        found["dunning_level_max_now"] = sum(level)
    if is_clear(contacts):
        gap = [min((today - row["happened_on"]).days, 365) for row in latest(contacts)]
        found["days_since_contact_value_now"] = mean(gap)
    promises = plain.of(customer, "promises", "promise_id")
    if is_clear(promises):
        left = [(row["promised_on"] - today).days for row in latest(promises)]
        found["days_to_promise_value_now"] = mean([days for days in left if days >= -3])
    return {f"customer_{name}": value for name, value in found.items()}


def is_clear(rows: list[Row]) -> bool:
    """Return whether no two facts became known at the same moment."""
    return len({row["known_at"] for row in rows}) == len(rows)


def latest(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["known_at"])[-1:]


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=ledgers(),
    moments=st.lists(moments, min_size=3, max_size=6, unique=True),
)
def test_features_equal_the_obvious_account(make_facts, plain_rows, moment, rows, moments):
    facts = make_facts()
    for method, content in rows:
        getattr(facts, method)(**content)
    book = facts.book()
    for as_of in map(moment, moments):
        plain = plain_rows(facts.rows, as_of)
        found = build(book, pd.DataFrame({"customer_id": list(CUSTOMERS)}), as_of)
        for customer, (_, features) in zip(CUSTOMERS, found.iterrows(), strict=True):
            wanted = expected(plain, customer)
            assert {name: features[name] for name in wanted} == pytest.approx(
                wanted, abs=1e-12, nan_ok=True
            ), (customer, as_of)
