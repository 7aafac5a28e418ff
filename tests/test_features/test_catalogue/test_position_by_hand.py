"""Open position and business with a customer: small ledgers beside their answers."""

from __future__ import annotations

from datetime import date
from math import nan

import pytest


@pytest.fixture
def owing(facts):
    """Return a book with open invoices 100, 50, 5 and -20 days past due on day 200."""
    facts.customer("A", 0, customer_since=date(2023, 1, 1), business_started=date(2010, 1, 1))
    for number, (dpd, amount) in enumerate(
        ((100, 10_000), (50, 20_000), (5, 30_000), (-20, 40_000))
    ):
        facts.invoice(f"I{number}", issued=170 - dpd, due=200 - dpd, amount=amount)
    facts.invoice("paid", issued=80, due=110, amount=20_000).payment("P", "paid", 117, 20_000)
    facts.payment("part", "I3", 196, 10_000).payment("loose", None, 197, 5_000)
    facts.dispute("I1", "open", 160, amount=15_000, amount_reporting=15_000, seller_fault=True)
    facts.limit(0, 200_000).order("O1", 150, 25_000).order("O2", 151, 9_000)
    facts.order("O2", 151, 9_000, "cancelled", 160).insurance(10, 50_000, percent=90.0)
    return facts.book()


def test_open_position(owing, row, check):
    # Open: 100, 200, 300 and 300 of 400; 900 in all. It once paid, 7 days late and 37 after issue.
    check(
        row(owing, 200),
        {
            "customer_overdue_share_now": 6 / 9,
            "customer_overdue_1_30_share_now": 3 / 9,
            "customer_overdue_31_60_share_now": 2 / 9,
            "customer_overdue_61_plus_share_now": 1 / 9,
            "customer_overdue_90_plus_share_now": 1 / 9,
            "customer_overdue_unexcused_share_now": (600 - 150 - 50) / 900,
            "customer_worst_dpd_max_now": 100,
            "customer_worst_dpd_against_habit_difference_now": 93,
            "customer_beyond_habit_share_now": 3 / 9,
            "customer_beyond_worst_share_now": 3 / 9,
            "customer_overdue_days_by_amount_mean_now": (100 * 100 + 50 * 200 + 5 * 300) / 600,
            "customer_overdue_count_now": 3,
            "customer_overdue_by_count_share_now": 3 / 4,
            "customer_open_age_against_usual_difference_now": (130 + 80 + 35 + 10) / 4 - 37,
            "customer_due_next_30_share_now": 3 / 9,
            "customer_largest_open_share_now": 3 / 9,
            "customer_open_concentration_share_now": (1 + 4 + 9 + 9) / 81,
            "customer_part_paid_share_now": 1 / 4,
            "customer_days_since_payment_value_now": 3,
            "customer_payment_gap_against_usual_ratio_now": 3 * 3 / 365,
            "customer_unapplied_share_now": 50 / 900,
            "customer_disputed_share_now": 150 / 900,
        },
    )


def test_business(owing, row, check):
    monthly = 120_000 / 12
    found = row(owing, 200, issued=200, due=230, amount=60_000)
    check(
        found,
        {
            "customer_limit_use_ratio_now": (90_000 + 25_000) / 200_000,
            "invoice_limit_use_with_it_ratio_now": (90_000 + 25_000 + 60_000) / 200_000,
            "customer_insured_share_now": 45_000 / 115_000,
            "customer_balance_to_sales_ratio_365d": 90_000 / monthly,
            "customer_overdue_to_sales_ratio_365d": 60_000 / monthly,
            # Sales: 400 in the last 30 days, 900 in the last 90 (with the invoice of day 165 and
            # that of day 120), so the balance goes back exactly 90 days.
            "customer_sales_days_value_now": 90,
            "customer_sales_days_against_terms_difference_now": 60,
            "customer_cash_to_sales_ratio_90d": 35_000 / 90_000,
            "customer_sales_trend_ratio_90d": 90_000 / (3 * monthly),
            "customer_open_orders_to_sales_ratio_365d": 25_000 / monthly,
            "customer_cancelled_orders_rate_all": 1 / 2,
            "customer_portfolio_invoiced_share_365d": 1.0,
            "customer_days_since_invoice_value_now": 10,
            "customer_invoice_gap_against_usual_ratio_365d": 10 * 5 / 365,
            "customer_relation_days_value_now": 565,
            "customer_business_days_value_now": 1095,
        },
    )


def test_cover_that_insurers_keep(facts, row, check):
    facts.customer("A", 0).invoice("I1")
    facts.insurance(100, 80_000, until=465, policy_id="P1")
    # Cut to a quarter from day 300 on, as known on day 310; a second insurer steps in on day 400.
    facts.insurance(300, 20_000, 310, until=465, policy_id="P1")
    facts.insurance(400, 60_000, policy_id="P2")
    book = facts.book()
    kept = {200: nan, 281: 1.0, 309: 1.0, 311: 0.25, 401: 1.0, 466: 0.75, 600: 0.75, 700: 1.0}
    for day, share in kept.items():
        check(row(book, day), {"customer_insured_cover_kept_share_180d": share})


def test_ages_are_told_apart_up_to_a_bound(facts, row, check):
    facts.customer("A", 0, customer_since=date(2023, 12, 22))
    book = facts.book()
    for day, age in ((1, 11), (700, 710), (720, 730), (1500, 730)):
        check(row(book, day), {"customer_relation_days_value_now": age})


def test_a_balance_of_more_than_a_years_sales(facts, row, check):
    facts.invoice("old", amount=500_000).invoice("new", issued=390, amount=100_000)
    check(row(facts.book(), 400), {"customer_sales_days_value_now": 365})


def test_nothing_open_is_not_nothing_known(facts, row, check):
    facts.customer("A", 0).invoice("I1").payment("P1", "I1", 40)
    check(
        row(facts.book(), 50),
        {
            "customer_overdue_share_now": nan,
            "customer_overdue_count_now": nan,
            "customer_worst_dpd_against_habit_difference_now": -10,
            "customer_insured_share_now": nan,
            "customer_limit_use_ratio_now": nan,
            "customer_cancelled_orders_rate_all": nan,
            "customer_balance_to_sales_ratio_365d": 0,
        },
    )
