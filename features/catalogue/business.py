"""The business done with the customer: limit use, sales trend, balance against sales, bureau."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature, ratio
from features.engine import Moment
from features.facts.book import Float64


def _monthly_sales(m: Moment) -> Float64:
    return m.issued["365d"]["amount"] / 12.0


FEATURES = [
    Feature(
        "customer_limit_use_ratio_now",
        "ratio",
        1,
        "its exposure is {value} its credit limit",
        "no credit limit is known",
        lambda m: np.minimum(ratio(m.position["balance"] + m.open_orders, m.limit), 10.0),
    ),
    Feature(
        "customer_balance_to_sales_ratio_365d",
        "ratio",
        1,
        "its balance is {value} its monthly sales",
        "no sales in the last year",
        lambda m: np.minimum(ratio(m.position["balance"], _monthly_sales(m)), 24.0),
    ),
    Feature(
        "customer_sales_trend_ratio_90d",
        "ratio",
        0,
        "sales of the last 90 days are {value} those of an average quarter",
        "no sales in the last year",
        lambda m: ratio(m.issued["90d"]["amount"], m.issued["365d"]["amount"] / 4.0),
    ),
    Feature(
        "customer_cash_to_sales_ratio_90d",
        "ratio",
        -1,
        "its payments of the last 90 days are {value} the sales of the same days",
        "no sales in the last 90 days",
        lambda m: np.minimum(ratio(m.paid["90d"]["amount"], m.issued["90d"]["amount"]), 10.0),
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
        "customer_bureau_score_value_now",
        "score",
        -1,
        "its bureau score is {value}",
        "no bureau score is known",
        lambda m: m.latest(m.book.bureau, "score_milli") / 1000.0,
    ),
    Feature(
        "customer_bureau_age_value_now",
        "days",
        0,
        "its bureau score is {value} old",
        "no bureau score is known",
        lambda m: m.day - m.latest(m.book.bureau, "scored_day"),
    ),
]
