"""How the customer has paid over windows of time: late rates, delays, trends, shrunk rates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.engine.ratios import ratio
from features.facts.book import Float64

_SPAN = {
    "30d": "in the last 30 days",
    "90d": "in the last 90 days",
    "180d": "in the last 180 days",
    "365d": "in the last year",
    "all": "so far",
}


def _late_rate(days: int, window: str) -> Feature:
    return Feature(
        name=f"customer_late_{days}d_rate_{window}",
        unit="share",
        direction=1,
        sentence=f"{{value}} of its invoices paid {_SPAN[window]} were {days} or more days late",
        missing=f"it paid no invoice {_SPAN[window]}",
        compute=lambda m: m.settled[window].mean(f"late_{days}"),
    )


def _days_late_mean(window: str) -> Feature:
    return Feature(
        name=f"customer_days_late_mean_{window}",
        unit="days",
        direction=1,
        sentence=f"it paid {{value}} [after|before] due on average {_SPAN[window]}",
        missing=f"it paid no invoice {_SPAN[window]}",
        compute=lambda m: m.settled[window].mean("days_late_bounded"),
    )


def _against_before(measure: str, recent: str, whole: str) -> Callable[[Moment], Float64]:
    """Return the mean of a window less the mean of what came before it in a longer one."""

    def compute(m: Moment) -> Float64:
        late, earlier = m.settled[recent], m.settled[whole]
        before = ratio(earlier[measure] - late[measure], earlier["count"] - late["count"])
        return late.mean(measure) - before

    return compute


def _shrunk(days: int) -> Feature:
    return Feature(
        name=f"customer_late_{days}d_shrunk_rate_365d",
        unit="share",
        direction=1,
        sentence=f"customers with its record pay {{value}} of invoices {days} or more days late",
        missing="nobody paid anything yet",
        compute=lambda m: m.shrunk_late[days],
    )


def _spread(m: Moment) -> Float64:
    mean = m.settled["365d"].mean("days_late_bounded")
    return np.sqrt(np.maximum(m.settled["365d"].mean("days_late_squared") - mean * mean, 0.0))


FEATURES = [
    *(_late_rate(1, window) for window in ("90d", "365d")),
    *(_late_rate(5, window) for window in ("30d", "90d", "180d", "365d", "all")),
    *(_late_rate(15, window) for window in ("90d", "365d")),
    *(_late_rate(30, window) for window in ("365d", "all")),
    _late_rate(60, "365d"),
    *(_shrunk(days) for days in (1, 5, 15, 30)),
    *(_days_late_mean(window) for window in ("90d", "365d", "all")),
    Feature(
        "customer_days_to_pay_mean_365d",
        "days",
        0,
        "it paid {value} after issue on average in the last year",
        "it paid no invoice in the last year",
        lambda m: m.settled["365d"].mean("days_to_pay"),
    ),
    Feature(
        "customer_days_late_trend_difference_90d",
        "days",
        1,
        "it paid {value} [later|earlier] in the last 90 days than over the last year",
        "too little history for a trend",
        lambda m: (
            m.settled["90d"].mean("days_late_bounded") - m.settled["365d"].mean("days_late_bounded")
        ),
    ),
    Feature(
        "customer_late_5d_trend_difference_90d",
        "share",
        1,
        "its share of late invoices moved by {value} between the last 90 days and those before",
        "too little history for a trend",
        _against_before("late_5", "90d", "365d"),
    ),
    Feature(
        "customer_late_5d_trend_difference_365d",
        "share",
        1,
        "its share of late invoices moved by {value} between the last year and all before",
        "too little history for a trend",
        _against_before("late_5", "365d", "all"),
    ),
    Feature(
        "customer_days_to_pay_trend_difference_90d",
        "days",
        1,
        "it took {value} [longer|shorter] to pay in the last 90 days than in the year before",
        "too little history for a trend",
        _against_before("days_to_pay", "90d", "365d"),
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
        "weighted by amount, it paid {value} [after|before] due in the last year",
        "it paid no invoice in the last year",
        lambda m: ratio(m.settled["365d"]["amount_days_late"], m.settled["365d"]["amount_major"]),
    ),
    Feature(
        "customer_late_5d_by_amount_rate_365d",
        "share",
        1,
        "{value} of what it paid in the last year was 5 or more days late",
        "it paid no invoice in the last year",
        lambda m: ratio(m.settled["365d"]["amount_late_5"], m.settled["365d"]["amount"]),
    ),
]
