"""The business done with the customer: exposure against its limit, sales, orders, insurance."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.engine.ratios import bounded, ratio, within
from features.facts.book import Float64

_NO_SALES = "no sales in the last year"
_NO_LIMIT = "no credit limit is known"
_RELATION_DAYS, _BUSINESS_DAYS = 730.0, 1095.0
"""Ages are told apart up to here: one that goes on counting would be a calendar."""
_STEPS = np.array([30.0, 60.0, 90.0, 185.0])
"""Days from each window to the next longer one, up to a year."""


def _sales_days(m: Moment) -> Float64:
    """Count back the days of sales that make up the balance, at most a year."""
    days: Float64 = _counted_back(m.issued.sums("amount"), m.position["balance"], _STEPS)
    return days


@njit(cache=True, nogil=True)
def _counted_back(sales, balance, steps):  # type: ignore[no-untyped-def]
    out = np.full(len(balance), np.nan)
    for i in range(len(balance)):
        if sales[len(steps) - 1, i] <= 0.0:
            continue
        out[i] = 0.0
        before = 0.0
        for w in range(len(steps)):
            sold = sales[w, i] - before
            left = max(balance[i] - before, 0.0)
            out[i] += steps[w] * min(left / max(sold, 1.0), 1.0)
            before = sales[w, i]
    return out


def _issue_gap(m: Moment) -> Float64:
    gaps = (m.day - m.last_issue_day) * m.issued["365d"].count / 365.0
    return within(gaps, 0.0, 20.0)


def _exposure_with_it(m: Moment) -> Float64:
    return m.others_open + m.amount + m.open_orders


FEATURES = [
    Feature(
        "customer_limit_use_ratio_now",
        "ratio",
        1,
        "its exposure is {value} its credit limit",
        _NO_LIMIT,
        lambda m: bounded(m.exposure, m.limit, 10.0),
    ),
    Feature(
        "invoice_limit_use_with_it_ratio_now",
        "ratio",
        1,
        "with this invoice its exposure is {value} its credit limit",
        _NO_LIMIT,
        lambda m: bounded(_exposure_with_it(m), m.limit, 10.0),
    ),
    Feature(
        "customer_insured_share_now",
        "share",
        0,
        "an insurer bears {value} of its exposure",
        "nothing is owed or ordered",
        lambda m: bounded(m.insured, m.exposure),
    ),
    Feature(
        "customer_insured_cover_kept_share_180d",
        "share",
        -1,
        "insurers cover {value} of what they covered half a year ago",
        "nothing was covered half a year ago",
        lambda m: bounded(m.covered, m.covered_before(180)),
    ),
    Feature(
        "customer_balance_to_sales_ratio_365d",
        "ratio",
        1,
        "its balance is {value} its monthly sales",
        _NO_SALES,
        lambda m: np.minimum(m.position["balance"] / m.monthly_sales, 24.0),
    ),
    Feature(
        "customer_overdue_to_sales_ratio_365d",
        "ratio",
        1,
        "its overdue amount is {value} its monthly sales",
        _NO_SALES,
        lambda m: np.minimum(m.position["overdue"] / m.monthly_sales, 24.0),
    ),
    Feature(
        "customer_sales_days_value_now",
        "days",
        1,
        "its balance is the sales of the last {value}",
        _NO_SALES,
        _sales_days,
    ),
    Feature(
        "customer_sales_days_against_terms_difference_now",
        "days",
        1,
        "its balance is the sales of {value} [more|less] than its usual terms",
        _NO_SALES,
        lambda m: _sales_days(m) - m.issued["365d"].mean("terms"),
    ),
    Feature(
        "customer_cash_to_sales_ratio_90d",
        "ratio",
        -1,
        "its payments of the last 90 days are {value} the sales of the same days",
        "no sales in the last 90 days",
        lambda m: bounded(m.paid["90d"]["amount"], m.issued["90d"]["amount"], 10.0),
    ),
    Feature(
        "customer_sales_trend_ratio_90d",
        "ratio",
        0,
        "sales of the last 90 days are {value} those of an average quarter",
        _NO_SALES,
        lambda m: m.issued["90d"]["amount"] / (3.0 * m.monthly_sales),
    ),
    Feature(
        "customer_open_orders_to_sales_ratio_365d",
        "ratio",
        0,
        "its open orders are {value} its monthly sales",
        _NO_SALES,
        lambda m: np.minimum(m.open_orders / m.monthly_sales, 24.0),
    ),
    Feature(
        "customer_cancelled_orders_rate_all",
        "share",
        0,
        "{value} of its orders were cancelled",
        "it has ordered nothing yet",
        lambda m: ratio(m.cancelled_orders, m.order_count),
    ),
    Feature(
        "customer_portfolio_invoiced_share_365d",
        "share",
        0,
        "it makes up {value} of all that was invoiced in the last year",
        "nothing was invoiced in the last year",
        lambda m: bounded(m.issued["365d"]["amount"], m.portfolio("invoiced", "365d")),
    ),
    Feature(
        "customer_days_since_invoice_value_now",
        "days",
        0,
        "its last invoice was issued {value} ago",
        "it never had an invoice",
        lambda m: m.day - m.last_issue_day,
    ),
    Feature(
        "customer_invoice_gap_against_usual_ratio_365d",
        "ratio",
        0,
        "the time since its last invoice is {value} its usual gap",
        "it had no invoice in the last year",
        _issue_gap,
    ),
    Feature(
        "customer_relation_days_value_now",
        "days",
        -1,
        "it has been a customer for {value} (two years count as ever)",
        "the start of the relation is not known",
        lambda m: within(m.day - m.latest(m.book.masters, "customer_since"), 0.0, _RELATION_DAYS),
    ),
    Feature(
        "customer_business_days_value_now",
        "days",
        -1,
        "its business is {value} old (three years count as ever)",
        "the start of its business is not known",
        lambda m: within(m.day - m.latest(m.book.masters, "business_started"), 0.0, _BUSINESS_DAYS),
    ),
]
