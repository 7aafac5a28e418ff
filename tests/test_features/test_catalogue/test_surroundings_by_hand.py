"""How everyone else pays, and what others say: small ledgers beside their answers."""

from __future__ import annotations

from math import nan

import pytest


@pytest.fixture
def neighbours(facts):
    """Return a book of four customers that paid one invoice each, and A one more, lately."""
    facts.customer("A", 0, segment="trade", country="DE", group_id="G")
    facts.customer("B", 0, segment="trade", country="FR", group_id="G")
    facts.customer("C", 0, segment="retail", country="DE").customer("D", 0)
    for customer, late in zip("ABCD", (0, 20, 9, 0), strict=True):
        facts.invoice(f"I{customer}", customer, due=30)
        facts.payment(f"P{customer}", f"I{customer}", 30 + late, customer=customer)
    facts.invoice("J", issued=100, due=180).payment("PJ", "J", 190)
    return facts.book()


def test_surroundings(neighbours, row, check):
    # On day 200 five invoices are paid: 0, 20, 9, 0 days late early on, and 10 lately.
    check(
        row(neighbours, 200),
        {
            "customer_portfolio_late_5d_difference_30d": 1 - 3 / 5,
            "customer_portfolio_late_5d_difference_90d": 1 - 3 / 5,
            "customer_portfolio_days_late_difference_30d": 10 - 39 / 5,
            "customer_segment_late_5d_difference_365d": 2 / 3 - 3 / 5,
            "customer_segment_late_5d_difference_90d": 1 - 2 / 3,
            "customer_country_late_5d_difference_365d": 2 / 3 - 3 / 5,
            "customer_country_late_5d_difference_90d": 0.0,
            "customer_group_late_5d_rate_90d": 1.0,
            "customer_group_late_5d_rate_365d": 2 / 3,
            "customer_group_days_late_mean_365d": 30 / 3,
            "customer_group_late_5d_difference_365d": 2 / 3 - 3 / 5,
            "customer_late_5d_against_segment_difference_365d": 1 / 2 - 2 / 3,
        },
    )
    check(
        row(neighbours, 200, "D"),
        {
            "customer_segment_late_5d_difference_365d": 0.0,
            "customer_country_late_5d_difference_365d": nan,
            "customer_group_late_5d_rate_365d": nan,
            "customer_late_5d_against_segment_difference_365d": 0.0 - 3 / 5,
        },
    )


def test_bureau_scores(facts, row, check):
    facts.bureau(10, 500).bureau(40, 450.5, recorded=44)
    facts.add("bureau_scores", 50, None, customer_id="A", provider="other", scored_on=None, score=9)
    facts.rows["bureau_scores"][-1]["scored_on"] = facts.rows["bureau_scores"][0]["scored_on"]
    book = facts.customer().book()
    names = ("score_value_now", "score_mean_last4", "score_difference_now", "age_value_now")
    expected = {
        10: (nan, nan, nan, nan),
        43: (500, 500, nan, 33),
        45: (450.5, 475.25, -49.5, 5),
        51: (9, 9, nan, 41),  # another bureau's: not comparable
    }
    for day, values in expected.items():
        wanted = {f"customer_bureau_{name}": v for name, v in zip(names, values, strict=True)}
        check(row(book, day), wanted)


def test_the_mean_of_bureau_scores_is_over_the_latest(facts, row, check):
    for number, score in enumerate((600, 500, 400, 300, 200, 100, 100, 100, 100)):
        facts.bureau(10 * (number + 1), score)
    book = facts.customer().book()
    for day, four, eight in ((11, 600, 600), (41, 450, 450), (51, 350, 400), (91, 100, 225)):
        names = {
            "customer_bureau_score_mean_last4": four,
            "customer_bureau_score_mean_last8": eight,
        }
        check(row(book, day), names)
