"""How the customer has paid: rates and delays over windows, the last invoices, the trend."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature, ratio
from features.engine import Moment
from features.facts.book import Float64

_SPAN = {"90d": "in the last 90 days", "180d": "in the last 180 days", "365d": "in the last year"}
_PRIOR_INVOICES = 8.0
"""Weight of the surroundings in a shrunk rate, in invoices."""


def _late_rate(days: int, window: str) -> Feature:
    return Feature(
        name=f"customer_late_{days}d_rate_{window}",
        unit="share",
        direction=1,
        sentence=f"{{value}} of its invoices paid {_SPAN[window]} were {days} or more days late",
        missing=f"it paid no invoice {_SPAN[window]}",
        compute=lambda m: ratio(m.settled[window][f"late_{days}"], m.settled[window]["count"]),
    )


def _days_late_mean(window: str) -> Feature:
    return Feature(
        name=f"customer_days_late_mean_{window}",
        unit="days",
        direction=1,
        sentence=f"it paid {{value}} after due on average {_SPAN[window]}",
        missing=f"it paid no invoice {_SPAN[window]}",
        compute=lambda m: ratio(m.settled[window]["days_late_bounded"], m.settled[window]["count"]),
    )


def _spread(m: Moment) -> Float64:
    year = m.settled["365d"]
    mean = ratio(year["days_late_bounded"], year["count"])
    square = ratio(year["days_late_squared"], year["count"])
    return np.sqrt(np.maximum(square - mean * mean, 0.0))


def _shrunk(days: int) -> Feature:
    def compute(m: Moment) -> Float64:
        """Shrink customer to segment to portfolio, each by `_PRIOR_INVOICES` invoices."""
        late = f"late_{days}"
        base = ratio(m.portfolio(late, "365d") + 0.5, m.portfolio("count", "365d") + 1.0)
        segment = (m.segment(late, "365d") + _PRIOR_INVOICES * base) / (
            m.segment("count", "365d") + _PRIOR_INVOICES
        )
        year = m.settled["365d"]
        return (year[late] + _PRIOR_INVOICES * segment) / (year["count"] + _PRIOR_INVOICES)

    return Feature(
        name=f"customer_late_{days}d_shrunk_rate_365d",
        unit="share",
        direction=1,
        sentence=f"customers with its record pay {{value}} of invoices {days} or more days late",
        missing="nobody paid anything yet",
        compute=compute,
    )


FEATURES = [
    _late_rate(1, "90d"),
    _late_rate(1, "365d"),
    _late_rate(5, "90d"),
    _late_rate(5, "365d"),
    _late_rate(15, "365d"),
    _late_rate(30, "365d"),
    _shrunk(1),
    _shrunk(5),
    _shrunk(30),
    _days_late_mean("90d"),
    _days_late_mean("365d"),
    Feature(
        "customer_days_late_trend_difference_90d",
        "days",
        1,
        "it paid {value} later in the last 90 days than over the last year",
        "too little history for a trend",
        lambda m: (
            ratio(m.settled["90d"]["days_late_bounded"], m.settled["90d"]["count"])
            - ratio(m.settled["365d"]["days_late_bounded"], m.settled["365d"]["count"])
        ),
    ),
    Feature(
        "customer_days_late_std_365d",
        "days",
        0,
        "its payment days vary by {value}",
        "it paid no invoice in the last year",
        _spread,
    ),
    Feature(
        "customer_days_late_by_amount_mean_365d",
        "days",
        1,
        "weighted by amount, it paid {value} after due in the last year",
        "it paid no invoice in the last year",
        lambda m: ratio(
            m.settled["365d"]["amount_days_late"], np.floor(m.settled["365d"]["amount"] / 100)
        ),
    ),
    Feature(
        "customer_days_late_mean_last3",
        "days",
        1,
        "its last three invoices were paid {value} after due",
        "it has paid nothing yet",
        lambda m: m.recent["days_late_mean_3"],
    ),
    Feature(
        "customer_days_late_mean_last10",
        "days",
        1,
        "its last ten invoices were paid {value} after due",
        "it has paid nothing yet",
        lambda m: m.recent["days_late_mean_10"],
    ),
    Feature(
        "customer_late_5d_rate_last10",
        "share",
        1,
        "{value} of its last ten invoices were 5 or more days late",
        "it has paid nothing yet",
        lambda m: m.recent["late_5_rate_10"],
    ),
    Feature(
        "customer_late_1d_rate_last10",
        "share",
        1,
        "{value} of its last ten invoices were late",
        "it has paid nothing yet",
        lambda m: m.recent["late_1_rate_10"],
    ),
    Feature(
        "customer_days_late_mean_ewm",
        "days",
        1,
        "lately it pays {value} after due",
        "it has paid nothing yet",
        lambda m: m.recent["days_late_ewm"],
    ),
    Feature(
        "customer_late_5d_rate_ewm",
        "share",
        1,
        "lately {value} of its invoices are 5 or more days late",
        "it has paid nothing yet",
        lambda m: m.recent["late_5_ewm"],
    ),
    Feature(
        "customer_days_late_median_last20",
        "days",
        1,
        "half of its last 20 invoices were paid {value} or more after due",
        "it has paid nothing yet",
        lambda m: m.recent["days_late_median_20"],
    ),
    Feature(
        "customer_days_late_p90_last20",
        "days",
        1,
        "one in ten of its last 20 invoices was paid {value} or more after due",
        "it has paid nothing yet",
        lambda m: m.recent["days_late_p90_20"],
    ),
    Feature(
        "customer_days_late_max_last20",
        "days",
        1,
        "the latest of its last 20 payments came {value} after due",
        "it has paid nothing yet",
        lambda m: m.recent["days_late_max_20"],
    ),
    Feature(
        "customer_month_end_share_last60",
        "share",
        0,
        "{value} of its recent payments came at a month's end",
        "it has paid nothing yet",
        lambda m: m.recent["month_end_share"],
    ),
]
