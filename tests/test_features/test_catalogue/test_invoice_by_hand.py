"""Features of one invoice: small ledgers beside their answers."""

from __future__ import annotations

from math import exp, log, nan

import numpy as np
import pytest


@pytest.fixture
def habits(facts):
    """Return a book of a customer late on short terms and on time on long ones."""
    facts.customer("A", 0, terms_days=30)
    for number, (terms, late, amount) in enumerate(
        ((10, 8, 10_000), (10, 6, 10_000), (60, 0, 40_000))
    ):
        issued = 10 * number
        facts.invoice(f"I{number}", issued=issued, due=issued + terms, amount=amount)
        facts.payment(f"P{number}", f"I{number}", issued + terms + late, amount)
    return facts.book()


def test_against_its_like(habits, row, check):
    found = row(habits, 100, issued=100, due=110, amount=10_000)
    # One customer: portfolio 2 of 3 late by 5; the segment is the portfolio.
    portfolio = (2 + 0.5) / 4
    own = (2 + 8 * portfolio) / 11
    near = 0.97**2 + 0.97
    far = exp(-0.5 * (50 / 4) ** 2 - log(4) ** 2)
    weight = near + far
    like = (near + 2 * own) / (weight + 2)
    check(
        found,
        {
            "customer_late_5d_shrunk_rate_365d": own,
            "invoice_late_5d_rate_like": like,
            "invoice_late_5d_against_own_difference_like": like - own,
            "invoice_like_support_value_like": weight,
            "invoice_days_late_mean_like": (0.97**2 * 8 + 0.97 * 6) / weight,
            "invoice_late_5d_same_terms_rate_like": (2 + 2 * own) / 4,
            "invoice_days_late_same_terms_mean_like": 7,
            "invoice_late_5d_same_amount_rate_like": (2 + 2 * own) / 4,
            "invoice_days_late_same_amount_mean_like": 7,
        },
        within=1e-6,  # the ledger's logarithms are rounded to thousandths
    )
    check(
        row(habits, 100, issued=100, due=130, amount=900_000),
        {
            "invoice_late_5d_same_terms_rate_like": own,
            "invoice_days_late_same_terms_mean_like": nan,
            "invoice_days_late_same_amount_mean_like": nan,
        },
    )


def test_against_the_usual(habits, row, check):
    logs = np.log([10_000, 10_000, 40_000])
    fading = 0.9 ** np.arange(3)
    check(
        row(habits, 100, issued=100, due=145, amount=20_000),
        {
            "invoice_terms_against_usual_difference_365d": 45 - 80 / 3,
            "invoice_terms_against_agreed_difference_now": 45 - 30,
            "invoice_amount_to_sales_ratio_365d": 12 * 20_000 / 60_000,
            "invoice_amount_of_balance_share_now": 1.0,
            "invoice_amount_against_largest_ratio_now": nan,
            "invoice_days_to_pay_against_terms_difference_ewm": (
                fading @ [60, 16, 18] / fading.sum() - 45
            ),
        },
    )
    found = row(habits, 100, issued=100, due=145, amount=20_000)
    # The ledger's logarithms are rounded to thousandths.
    assert found["invoice_amount_deviation_value_365d"] == pytest.approx(
        (log(20_000) - logs.mean()) / logs.std(), abs=2e-3
    )
    assert found["invoice_amount_against_usual_difference_365d"] == pytest.approx(
        log(20_000) - logs.mean(), abs=1e-3
    )


@pytest.fixture
def batch(facts):
    """Return a book of open invoices, some due with ``own``, one of these paid."""
    facts.invoice("own", issued=10, due=40, amount=50_000).payment("P1", "own", 20, 10_000)
    facts.invoice("with", issued=11, due=40, amount=20_000)
    facts.invoice("done", issued=12, due=40, amount=20_000).payment("P2", "done", 43, 20_000)
    facts.invoice("older", issued=5, due=35, amount=60_000).invoice("later", issued=20, due=90)
    facts.dispute("own", "open", 41)
    return facts.book()


def test_the_invoice_and_its_batch(batch, row, check):
    check(
        row(batch, 50, issued=10, due=40, amount=50_000, invoice="own"),
        {
            "invoice_amount_value_now": log(500),
            "invoice_terms_value_now": 30,
            "invoice_due_weekday_value_now": 5,  # Saturday 10 February 2024
            "invoice_due_day_of_month_value_now": 10,
            "invoice_due_to_month_end_value_now": 19,
            "invoice_days_to_issue_value_now": 0,
            "invoice_days_past_due_value_now": 10,
            "invoice_days_past_due_against_habit_difference_now": 10 - 3,
            "invoice_age_value_now": 40,
            "invoice_paid_later_than_now_share_last60": 0.0,
            "invoice_paid_slower_than_now_share_last60": 0.0,
            "invoice_wait_for_usual_weekday_mean_last60": 3,
            "invoice_same_due_day_count_now": 1,
            "invoice_same_due_amount_ratio_now": 20 / 50,
            "invoice_same_due_settled_count_now": 1,
            "invoice_same_due_days_late_mean_now": 3,
            "invoice_older_open_count_now": 1,
            "invoice_older_open_share_now": 60 / 180,
            "invoice_part_paid_share_now": 0.2,
            "invoice_disputed_count_now": 1,
            "invoice_amount_against_largest_ratio_now": 50_000 / 100_000,
            "invoice_amount_of_balance_share_now": 50 / (50 + 180),
        },
    )


def test_an_invoice_not_issued_yet(batch, row, check):
    check(
        row(batch, 50, issued=53, due=60),
        {
            "invoice_days_to_issue_value_now": 3,
            "invoice_days_past_due_value_now": -10,
            "invoice_age_value_now": 0,
            "invoice_part_paid_share_now": 0,
            "invoice_disputed_count_now": 0,
            "invoice_older_open_count_now": 3,
            "invoice_same_due_days_late_mean_now": nan,
        },
    )
