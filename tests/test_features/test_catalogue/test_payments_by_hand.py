"""How a customer has paid: features of small ledgers beside their answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

LATE = (0, 3, 40, -2, 10)
"""Days late of five invoices due on days 30, 130, 230, 330 and 430, one a month's pay each."""
AMOUNTS = (10_000, 20_000, 30_000, 40_000, 100_000)


@pytest.fixture
def paid(facts):
    """Return a book of one customer that paid five invoices of 20 days' terms."""
    facts.customer("A", 0)
    for number, (late, amount) in enumerate(zip(LATE, AMOUNTS, strict=True)):
        due = 30 + 100 * number
        facts.invoice(f"I{number}", issued=due - 20, due=due, amount=amount)
        facts.payment(f"P{number}", f"I{number}", due + late, amount)
    return facts.book()


def test_rates_and_delays_over_windows(paid, row, check):
    # At day 450: 440 in the last 30 and 90 days; 270 (the edge counts) and 328 too in 180;
    # 133 as well in the year.
    check(
        row(paid, 450),
        {
            "customer_late_5d_rate_30d": 1.0,
            "customer_late_5d_rate_90d": 1.0,
            "customer_late_5d_rate_180d": 2 / 3,
            "customer_late_5d_rate_365d": 2 / 4,
            "customer_late_5d_rate_all": 2 / 5,
            "customer_late_15d_rate_365d": 1 / 4,
            "customer_late_30d_rate_all": 1 / 5,
            "customer_late_60d_rate_365d": 0.0,
            "customer_days_late_mean_365d": 51 / 4,
            "customer_days_late_mean_all": 51 / 5,
            "customer_days_to_pay_mean_365d": (51 + 4 * 20) / 4,
            "customer_late_5d_trend_difference_90d": 1.0 - 1 / 3,
            "customer_late_5d_trend_difference_365d": 2 / 4 - 0.0,
            "customer_days_to_pay_trend_difference_90d": 30 - (23 + 60 + 18) / 3,
            "customer_days_late_std_365d": np.std([3, 40, -2, 10]),
            "customer_late_5d_by_amount_rate_365d": 130 / 190,
            "customer_days_late_by_amount_mean_365d": (60 + 1200 - 80 + 1000) / 190,
        },
    )


def test_the_latest_payments(paid, row, check):
    newest_first = np.array(LATE[::-1])
    fading = 0.9 ** np.arange(5)
    check(
        row(paid, 450),
        {
            "customer_days_late_value_last1": 10,
            "customer_days_late_mean_last3": 48 / 3,
            "customer_late_1d_rate_last3": 2 / 3,
            "customer_late_5d_rate_last60": 2 / 5,
            "customer_late_30d_rate_last60": 1 / 5,
            "customer_late_15d_rate_ewm": 0.81 / fading.sum(),
            "customer_days_to_pay_mean_ewm": fading @ (newest_first + 20) / fading.sum(),
            "customer_days_late_spread_value_last20": 10 - 0,
            "customer_days_late_by_amount_mean_last20": (1000 - 80 + 1200 + 60) / 200,
            "customer_late_streak_count_last60": 1,
            "customer_on_time_streak_count_last60": 0,
            "customer_days_late_trend_difference_ewm": fading @ newest_first / fading.sum() - 10.2,
        },
    )
    check(
        row(paid, 400),
        {"customer_late_streak_count_last60": 0, "customer_on_time_streak_count_last60": 1},
    )


def test_rates_are_shrunk_to_segment_and_portfolio(facts, row, check):
    facts.customer("A", 0, segment="trade").customer("B", 0, segment="trade").customer("C", 0)
    for customer, late in (("A", 40), ("B", 0), ("C", 0)):
        facts.invoice(f"I{customer}", customer, due=30)
        facts.payment(f"P{customer}", f"I{customer}", 30 + late, customer=customer)
    portfolio = (1 + 0.5) / (3 + 1)
    segment = (1 + 8 * portfolio) / (2 + 8)
    book = facts.book()
    name = "customer_late_15d_shrunk_rate_365d"
    check(row(book, 100, "A"), {name: (1 + 8 * segment) / 9})
    check(row(book, 100, "C"), {name: 8 * portfolio / 9})  # it has no segment
    check(row(book, 100, "nobody"), {name: portfolio})


def test_how_early_the_recent_invoices_were_paid(facts, row, check):
    for name, early in (("I1", 15), ("I2", 14), ("I3", 6), ("I4", 2), ("I5", 0), ("I6", -1)):
        facts.invoice(name, due=40).payment(f"P{name}", name, 40 - early)
    check(
        row(facts.book(), 50, issued=50, due=80),
        {
            "invoice_paid_15d_early_share_last60": 1 / 6,
            "invoice_paid_6d_early_share_last60": 3 / 6,
            "invoice_paid_2d_early_share_last60": 4 / 6,
            "customer_early_share_last60": 4 / 6,
            "customer_on_due_share_last60": 1 / 6,
            "invoice_paid_count_last60": 6,
        },
    )


def test_habits(facts, row, check):
    # Paid on Monday 29th January (day 28), twice, and on Tuesday 30th in two parts.
    for name, due in (("I1", 28), ("I2", 40), ("I3", 20)):
        facts.invoice(name, due=due)
    facts.payment("P1", "I1", 28).payment("P2", "I2", 28)
    facts.payment("P3", "I3", 26, 40_000).payment("Q3", "I3", 29, 60_000)
    check(
        row(facts.book(), 50),
        {
            "customer_usual_weekday_share_last60": 2 / 3,
            "customer_month_end_share_last60": 3 / 3,
            "customer_batch_share_last60": 1 / 2,  # of the two that have one paid after them
            "customer_on_due_share_last60": 1 / 3,
            "customer_early_share_last60": 1 / 3,
            "customer_in_parts_share_last60": 1 / 3,
            "customer_part_payments_rate_365d": 1 / 3,
            "customer_payments_per_invoice_ratio_365d": 4 / 3,
        },
    )


def test_without_payments_nothing_is_known(facts, row):
    facts.invoice("I1")
    found = row(facts.book(), 20)
    for name in ("late_5d_rate_365d", "days_late_mean_ewm", "early_share_last60"):
        assert math.isnan(found[f"customer_{name}"])
