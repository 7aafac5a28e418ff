"""The invoice itself: amount, terms, dates, its batch, and how long it has been open."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.engine.ratios import bounded, ratio, within
from features.facts.book import Float64
from features.facts.versions import Int64

_NOT_AN_INVOICE = "not about an invoice"
_NEVER = "it has paid nothing yet"
_LONGEST_AGE = 365.0


def _due(m: Moment) -> Int64:
    return np.maximum(m.keys.due_day, 0)


def _days_into_month(day: Int64) -> Int64:
    date = day.astype("datetime64[D]")
    return np.asarray((date - date.astype("datetime64[M]")).astype(np.int64))


def _days_to_month_end(day: Int64) -> Int64:
    date = day.astype("datetime64[D]")
    return np.asarray(((date.astype("datetime64[M]") + 1) - date).astype(np.int64)) - 1


def _part_paid(m: Moment) -> Float64:
    # An invoice that is not open, or not issued yet, has no part of it paid.
    paid = 1.0 - ratio(m.position["own_open"], m.position["own_amount"])
    return m.of_invoice(np.fmax(paid, 0.0))


# The customer's record, but only rows about an invoice have a use for it.
def _paid_early(days: int) -> Feature:
    return Feature(
        f"invoice_paid_{days}d_early_share_last60",
        "share",
        0,
        f"{{value}} of its recent invoices were paid {days} or more days before they were due",
        _NEVER,
        lambda m: m.of_invoice(m.recent[f"early_{days}_share"]),
    )


FEATURES = [
    Feature(
        "invoice_amount_value_now",
        "log",
        0,
        "the amount is {value}",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(np.log(np.maximum(m.keys.amount, 1) / 100.0)),
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
        "invoice_due_weekday_value_now",
        "weekday",
        0,
        "it is due on a {value}",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice((_due(m) + 3) % 7),
    ),
    Feature(
        "invoice_due_day_of_month_value_now",
        "day_of_month",
        0,
        "it is due on day {value} of the month",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(_days_into_month(_due(m)) + 1),
    ),
    Feature(
        "invoice_due_to_month_end_value_now",
        "days",
        0,
        "it is due {value} before the end of the month",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(_days_to_month_end(_due(m))),
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
        "invoice_days_past_due_against_habit_difference_now",
        "days",
        0,
        "it is {value} further past due than the customer usually lets it come",
        _NEVER,
        lambda m: m.of_invoice(np.maximum(m.dpd, -120) - m.recent["days_late_ewm"]),
    ),
    Feature(
        "invoice_age_value_now",
        "days",
        0,
        "it was issued {value} ago",
        _NOT_AN_INVOICE,
        lambda m: within(m.of_invoice(m.day - m.keys.issued_day), 0.0, _LONGEST_AGE),
    ),
    Feature(
        "invoice_paid_later_than_now_share_last60",
        "share",
        0,
        "it paid {value} of its recent invoices later than this one is now",
        _NEVER,
        lambda m: m.of_invoice(m.recent["share_as_late"]),
    ),
    Feature(
        "invoice_paid_slower_than_now_share_last60",
        "share",
        0,
        "{value} of its recent invoices took longer to be paid than this one is old",
        _NEVER,
        lambda m: m.of_invoice(m.recent["share_as_old"]),
    ),
    *(_paid_early(days) for days in (2, 6, 15)),
    Feature(
        "invoice_paid_count_last60",
        "count",
        0,
        "it has paid {value} recent invoices",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.recent["count"]),
    ),
    Feature(
        "invoice_wait_for_usual_weekday_mean_last60",
        "days",
        0,
        "from the due day to the weekdays it pays on it is {value}",
        _NEVER,
        lambda m: m.of_invoice(m.recent["wait_for_weekday"]),
    ),
    Feature(
        "invoice_same_due_day_count_now",
        "count",
        0,
        "{value} other open invoices are due the same day",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.position["same_due_count"]),
    ),
    Feature(
        "invoice_same_due_amount_ratio_now",
        "ratio",
        0,
        "other open invoices due the same day come to {value} its amount",
        _NOT_AN_INVOICE,
        lambda m: bounded(m.position["same_due_amount"], m.amount, 20.0),
    ),
    Feature(
        "invoice_same_due_settled_count_now",
        "count",
        0,
        "{value} invoices due the same day are paid already",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.recent["same_due_count"]),
    ),
    Feature(
        "invoice_same_due_days_late_mean_now",
        "days",
        0,
        "invoices due the same day were paid {value} [after|before] due",
        "none due the same day is paid yet",
        lambda m: m.of_invoice(m.recent["same_due_days_late"]),
    ),
    Feature(
        "invoice_older_open_count_now",
        "count",
        1,
        "{value} open invoices were due before it",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.position["older_count"]),
    ),
    Feature(
        "invoice_older_open_share_now",
        "share",
        0,
        "{value} of what else is open was due before it",
        "nothing else is open",
        lambda m: m.of_invoice(ratio(m.position["older_amount"], m.others_open)),
    ),
    Feature(
        "invoice_part_paid_share_now",
        "share",
        0,
        "{value} of it is paid already",
        _NOT_AN_INVOICE,
        _part_paid,
    ),
    Feature(
        "invoice_disputed_count_now",
        "count",
        1,
        "{value} dispute about it is open",
        _NOT_AN_INVOICE,
        lambda m: m.of_invoice(m.position["own_disputed"]),
    ),
]
