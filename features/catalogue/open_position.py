"""What is open and overdue at the moment, in itself and against the customer's habit."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.engine.ratios import bounded, ratio
from features.facts.book import Float64

_NOTHING_OPEN = "nothing is open"


def _share_of_balance(column: str, name: str, sentence: str, certain: bool = True) -> Feature:
    return Feature(
        f"customer_{name}_share_now",
        "share",
        1 if certain else 0,
        sentence,
        _NOTHING_OPEN,
        lambda m: m.of_balance[column],
    )


def _overdue_share(bucket: str, label: str) -> Feature:
    return _share_of_balance(bucket, bucket, f"{{value}} of its balance is {label}")


def _worst_against_habit(m: Moment) -> Float64:
    # With nothing overdue, only those who used to pay late stand better than their habit.
    worst = m.position["worst_dpd"] - m.recent["days_late_p90_20"]
    return np.where(m.position["overdue_count"] > 0, worst, np.minimum(worst, 0.0))


def _net_overdue(m: Moment) -> Float64:
    excused = m.position["disputed"] + np.maximum(m.unapplied, 0.0)
    return bounded(m.position["overdue"] - excused, m.position["balance"])


def _concentration(m: Moment) -> Float64:
    major = m.position["balance"] / 100.0
    return bounded(m.position["amount_squares"], major * major, 1.0)


def _payment_gap(m: Moment) -> Float64:
    # No payment in a year leaves no usual gap; 0 would read as one that has just paid.
    return (m.day - m.last_payment_day) * m.paid["365d"].count / 365.0


FEATURES = [
    _overdue_share("overdue", "overdue"),
    _overdue_share("overdue_1_30", "1 to 30 days overdue"),
    _overdue_share("overdue_31_60", "31 to 60 days overdue"),
    Feature(
        "customer_overdue_61_plus_share_now",
        "share",
        1,
        "{value} of its balance is more than 60 days overdue",
        _NOTHING_OPEN,
        lambda m: m.of_balance["overdue_61_90"] + m.of_balance["overdue_90_plus"],
    ),
    _overdue_share("overdue_90_plus", "more than 90 days overdue"),
    Feature(
        "customer_overdue_unexcused_share_now",
        "share",
        1,
        "{value} of its balance is overdue, without disputes and what unapplied cash covers",
        _NOTHING_OPEN,
        _net_overdue,
    ),
    Feature(
        "customer_worst_dpd_max_now",
        "days",
        1,
        "its oldest open invoice is {value} past due",
        _NOTHING_OPEN,
        lambda m: np.where(m.position["open_count"] > 0, m.position["worst_dpd"], np.nan),
    ),
    Feature(
        "customer_worst_dpd_against_habit_difference_now",
        "days",
        1,
        "its oldest open invoice differs by {value} from how late it usually pays",
        "no habit to compare with",
        _worst_against_habit,
    ),
    _share_of_balance(
        "beyond_habit_amount",
        "beyond_habit",
        "{value} of its balance is later than it seldom pays",
    ),
    _share_of_balance(
        "beyond_worst_amount",
        "beyond_worst",
        "{value} of its balance is later than any of its last 20 payments",
    ),
    Feature(
        "customer_overdue_days_by_amount_mean_now",
        "days",
        1,
        "its overdue amount is {value} past due on average",
        "nothing is overdue",
        lambda m: ratio(m.position["overdue_amount_days"], np.floor(m.position["overdue"] / 100)),
    ),
    Feature(
        "customer_overdue_count_now",
        "count",
        1,
        "{value} of its open invoices are overdue",
        _NOTHING_OPEN,
        lambda m: np.where(m.position["open_count"] > 0, m.position["overdue_count"], np.nan),
    ),
    Feature(
        "customer_overdue_by_count_share_now",
        "share",
        1,
        "{value} of its open invoices are overdue",
        _NOTHING_OPEN,
        lambda m: m.position["overdue_count"] / m.open_count,
    ),
    Feature(
        "customer_open_age_against_usual_difference_now",
        "days",
        1,
        "its open invoices are {value} older than it usually takes to pay",
        "nothing is open or it has paid nothing yet",
        lambda m: m.position["age_sum"] / m.open_count - m.recent["days_to_pay_ewm"],
    ),
    _share_of_balance(
        "due_next_30",
        "due_next_30",
        "{value} of its balance falls due within 30 days",
        certain=False,
    ),
    _share_of_balance(
        "largest_open",
        "largest_open",
        "its largest open invoice is {value} of its balance",
        certain=False,
    ),
    Feature(
        "customer_open_concentration_share_now",
        "share",
        0,
        "its balance is concentrated on few invoices to {value}",
        _NOTHING_OPEN,
        _concentration,
    ),
    Feature(
        "customer_part_paid_share_now",
        "share",
        0,
        "{value} of its open invoices are paid in part",
        _NOTHING_OPEN,
        lambda m: m.position["part_paid_count"] / m.open_count,
    ),
    Feature(
        "customer_days_since_payment_value_now",
        "days",
        1,
        "its last payment was {value} ago",
        "it never paid",
        lambda m: m.day - m.last_payment_day,
    ),
    Feature(
        "customer_payment_gap_against_usual_ratio_now",
        "ratio",
        1,
        "the time since its last payment is {value} its usual gap",
        "too few payments for a usual gap",
        _payment_gap,
    ),
    Feature(
        "customer_unapplied_share_now",
        "share",
        -1,
        "cash not yet applied covers {value} of its balance",
        _NOTHING_OPEN,
        lambda m: bounded(m.unapplied, m.position["balance"]),
    ),
]
