from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.settings import OrderPolicy
from serving.order_policy import SEVERITY, Position, decide

POLICY = OrderPolicy()
GOOD = Position(
    as_of=date(2026, 1, 1),
    currency="EUR",
    known=True,
    exposure=Decimal(5000),
    overdue=Decimal(0),
    worst_days_past_due=0,
    current_limit=Decimal(10_000),
    suggested_limit=Decimal(1),
    pd_12m=0.01,
    grade="C",
)


def codes(decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


@pytest.mark.parametrize(
    ("amount", "outcome", "code"),
    [
        ("4000", "release", "within_limit"),
        ("4000.01", "warn", "limit_nearly_used"),
        ("5000", "warn", "limit_nearly_used"),
        ("5000.01", "review", "limit_exceeded"),
        ("6000", "review", "limit_exceeded"),
        ("6000.01", "hold", "limit_exceeded"),
    ],
)
def test_the_limit_decides_at_its_edges(amount, outcome, code):
    decision = decide(Decimal(amount), GOOD, POLICY)
    assert (decision.outcome, code in codes(decision)) == (outcome, True)


def test_the_numbers_of_an_answer_add_up():
    decision = decide(Decimal("1000.50"), GOOD, POLICY)
    assert decision.exposure_before == Decimal(5000)
    assert decision.exposure_after == Decimal("6000.50")
    assert decision.headroom == Decimal("3999.50")
    assert decision.limit_use == pytest.approx(0.60005)
    assert decision.limit_basis == "current_limit"


@pytest.mark.parametrize(
    ("change", "outcome", "code"),
    [
        ({"pd_12m": 0.10}, "review", "pd_high"),
        ({"pd_12m": 0.40}, "hold", "pd_high"),
        ({"pd_12m": None}, "review", "pd_not_known"),
        ({"worst_days_past_due": 29}, "release", "overdue_slightly"),
        ({"worst_days_past_due": 30}, "review", "overdue"),
        ({"worst_days_past_due": 60}, "hold", "overdue"),
        ({"exposure": None}, "review", "exposure_not_known"),
        ({"current_limit": None, "suggested_limit": None}, "review", "limit_not_known"),
        ({"current_limit": Decimal(0)}, "hold", "no_credit"),
        ({"current_limit": None, "suggested_limit": Decimal(0)}, "hold", "no_credit"),
        ({"known": False}, "review", "unknown_customer"),
        ({"as_of": None, "known": False}, "review", "no_scores"),
    ],
)
def test_each_fact_calls_for_its_outcome(change, outcome, code):
    decision = decide(Decimal(100), replace(GOOD, **change), POLICY)
    assert decision.outcome == outcome
    assert code in codes(decision)


def test_without_a_limit_in_force_the_suggested_one_counts():
    decision = decide(
        Decimal(100),
        replace(GOOD, current_limit=None, suggested_limit=Decimal(20_000)),
        POLICY,
    )
    assert (decision.outcome, decision.limit_basis) == ("release", "suggested_limit")
    assert "suggested limit (none is in force)" in decision.reasons[0].text


def test_an_unknown_customer_follows_the_policy():
    unknown = Position(as_of=date(2026, 1, 1), currency="EUR", known=False)
    holding = POLICY.model_copy(update={"unknown_customer": "hold"})
    assert decide(Decimal(1), unknown, POLICY).outcome == "review"
    assert decide(Decimal(1), unknown, holding).outcome == "hold"


amounts = st.decimals("0.01", "1000000", places=2)
maybe_amounts = st.none() | st.decimals("0", "1000000", places=2)


@given(
    amount=amounts,
    more=amounts,
    position=st.builds(
        Position,
        as_of=st.none() | st.just(date(2026, 1, 1)),
        currency=st.just("EUR"),
        known=st.booleans(),
        exposure=maybe_amounts,
        overdue=maybe_amounts,
        worst_days_past_due=st.none() | st.integers(0, 500),
        current_limit=maybe_amounts,
        suggested_limit=maybe_amounts,
        pd_12m=st.none() | st.floats(0, 1),
    ),
)
def test_a_larger_order_is_never_treated_better_and_ignorance_never_releases(
    amount, more, position
):
    small, large = (decide(size, position, POLICY) for size in (amount, amount + more))
    assert SEVERITY.index(small.outcome) <= SEVERITY.index(large.outcome)
    if small.outcome in ("release", "warn"):
        assert position.known and position.as_of is not None
        assert None not in (position.exposure, position.pd_12m, small.limit)
    assert small.reasons and all(reason.text.endswith(".") for reason in small.reasons)
