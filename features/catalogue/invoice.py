"""The invoice itself, and against the customer's record on invoices like it."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature, ratio
from features.engine import Moment
from features.facts.book import Float64
from features.facts.versions import Int64

_NOT_AN_INVOICE = "not about an invoice"
_LIKE_PRIOR = 2.0
"""Weight of the customer's own shrunk rate in a rate on similar invoices, in invoices."""


def _like_rate(days: int) -> Feature:
    def compute(m: Moment) -> Float64:
        """Shrink the rate on similar invoices to the customer's, and that to the portfolio's."""
        late = f"late_{days}"
        portfolio = ratio(m.portfolio(late, "365d") + 0.5, m.portfolio("count", "365d") + 1.0)
        year = m.settled["365d"]
        own = (year[late] + 4.0 * portfolio) / (year["count"] + 4.0)
        weight = m.recent["like_weight"]
        like = np.nan_to_num(m.recent[f"like_{late}"]) * weight
        return m.of_invoice((like + _LIKE_PRIOR * own) / (weight + _LIKE_PRIOR))

    return Feature(
        f"invoice_late_{days}d_rate_like",
        "share",
        1,
        f"{{value}} of its invoices of similar terms and amount were {days} or more days late",
        _NOT_AN_INVOICE,
        compute,
    )


def _due(m: Moment) -> Int64:
    return np.maximum(m.keys.due_day, 0)


def _weekday(day: Int64) -> Int64:
    return (day + 3) % 7


def _day_of_month(day: Int64) -> Int64:
    date = day.astype("datetime64[D]")
    first = date.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((date - first).astype(np.int64) + 1)


def _usual_log_amount(m: Moment) -> Float64:
    return ratio(m.issued["365d"]["log_amount"], m.issued["365d"]["count"]) / 1000.0


FEATURES = [
    _like_rate(1),
    _like_rate(5),
    _like_rate(15),
    Feature(
        "invoice_days_late_mean_like",
        "days",
        1,
        "it paid invoices of similar terms and amount {value} after due",
        "it has paid no such invoice yet",
        lambda m: m.of_invoice(m.recent["like_days_late"]),
    ),
    Feature(
        "invoice_like_support_value_like",
        "count",
        0,
        "its record holds {value} invoices like this one",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.recent["like_weight"]),
    ),
    Feature(
        "invoice_wait_for_usual_weekday_mean_last60",
        "days",
        0,
        "from the due day to the weekdays it pays on it is {value}",
        "it has paid nothing yet",
        lambda m: m.of_invoice(m.recent["wait_for_weekday"]),
    ),
    Feature(
        "invoice_amount_value_now",
        "log",
        0,
        "the amount is {value}",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(np.log(np.maximum(m.keys.amount, 1) / 100.0)),
    ),
    Feature(
        "invoice_amount_against_usual_difference_365d",
        "log",
        0,
        "the amount is {value} times its usual one",
        "no usual amount yet",
        lambda m: m.of_invoice(np.log(np.maximum(m.keys.amount, 1)) - _usual_log_amount(m)),
    ),
    Feature(
        "invoice_terms_value_now",
        "days",
        0,
        "it is due {value} after issue",
        _NOT_AN_INVOICE,
        lambda m: m.terms,
    ),
    Feature(
        "invoice_terms_against_usual_difference_365d",
        "days",
        0,
        "its terms are {value} longer than usual",
        "no usual terms yet",
        lambda m: m.terms - ratio(m.issued["365d"]["terms"], m.issued["365d"]["count"]),
    ),
    Feature(
        "invoice_due_weekday_value_now",
        "weekday",
        0,
        "it is due on a {value}",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(_weekday(_due(m))),
    ),
    Feature(
        "invoice_due_day_of_month_value_now",
        "day_of_month",
        0,
        "it is due on day {value} of the month",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(_day_of_month(_due(m))),
    ),
    Feature(
        "invoice_days_to_issue_value_now",
        "days",
        0,
        "it will be issued in {value}",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(np.maximum(m.keys.issued_day - m.day, 0)),
    ),
    Feature(
        "invoice_days_past_due_value_now",
        "days",
        0,
        "it is {value} past due",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(np.maximum(m.dpd, -120)),
    ),
    Feature(
        "invoice_paid_later_than_now_share_last60",
        "share",
        0,
        "it paid {value} of its recent invoices later than this one is now",
        "it has paid nothing yet",
        lambda m: m.of_invoice(m.recent["share_as_late"]),
    ),
    Feature(
        "invoice_part_paid_share_now",
        "share",
        0,
        "{value} of it is paid already",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(
            np.where(
                m.position["own_amount"] > 0,
                1.0 - np.nan_to_num(ratio(m.position["own_open"], m.position["own_amount"])),
                0.0,
            )
        ),
    ),
    Feature(
        "invoice_same_due_day_count_now",
        "count",
        0,
        "{value} other open invoices are due the same day",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.position["same_due_count"]),
    ),
]
