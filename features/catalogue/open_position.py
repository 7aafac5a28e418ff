"""What is open and overdue at the moment, in itself and against the customer's habit."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature, ratio
from features.engine import Moment
from features.facts.book import Float64


def _overdue_share(bucket: str, label: str) -> Feature:
    return Feature(
        f"customer_{bucket}_share_now",
        "share",
        1,
        f"{{value}} of its balance is {label}",
        "nothing is open",
        lambda m: ratio(m.position[bucket], m.position["balance"]),
    )


def _sixty_or_more(m: Moment) -> Float64:
    late = m.position["overdue_61_90"] + m.position["overdue_90_plus"]
    return ratio(late, m.position["balance"])


def _payment_gap(m: Moment) -> Float64:
    payments = m.paid["365d"]["count"]
    gaps = (m.day - m.last_payment_day) * payments / 365.0
    # No payment in a year leaves no usual gap; 0 would read as one that has just paid.
    return np.where(payments > 0, gaps, np.nan)


FEATURES = [
    _overdue_share("overdue", "overdue"),
    _overdue_share("overdue_31_60", "31 to 60 days overdue"),
    Feature(
        "customer_overdue_61_plus_share_now",
        "share",
        1,
        "{value} of its balance is more than 60 days overdue",
        "nothing is open",
        _sixty_or_more,
    ),
    Feature(
        "customer_worst_dpd_max_now",
        "days",
        1,
        "its oldest open invoice is {value} past due",
        "nothing is open",
        lambda m: np.where(m.position["open_count"] > 0, m.position["worst_dpd"], np.nan),
    ),
    Feature(
        "customer_worst_dpd_against_habit_difference_now",
        "days",
        1,
        "its oldest open invoice differs by {value} from how late it usually pays",
        "no open invoice or no habit to compare with",
        lambda m: np.where(
            m.position["overdue_count"] > 0,
            m.position["worst_dpd"] - m.recent["days_late_p90_20"],
            np.where(m.recent["count"] > 0, np.minimum(-m.recent["days_late_p90_20"], 0.0), np.nan),
        ),
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
        "nothing is open",
        lambda m: np.where(m.position["open_count"] > 0, m.position["overdue_count"], np.nan),
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
        "nothing is open",
        lambda m: np.minimum(ratio(m.unapplied, m.position["balance"]), 1.0),
    ),
]
