"""How everyone else pays lately, against how they paid before: shocks without the calendar."""

from __future__ import annotations

from features.catalogue.declaration import Feature, ratio

FEATURES = [
    Feature(
        "customer_portfolio_late_5d_difference_30d",
        "share",
        0,
        "the portfolio's share of late invoices moved by {value} in the last 30 days",
        "nobody paid anything yet",
        lambda m: (
            ratio(m.portfolio("late_5", "30d"), m.portfolio("count", "30d"))
            - ratio(m.portfolio("late_5", "365d"), m.portfolio("count", "365d"))
        ),
    ),
    Feature(
        "customer_segment_late_5d_difference_365d",
        "share",
        0,
        "its segment's share of late invoices differs by {value} from the portfolio's",
        "nobody paid anything yet",
        lambda m: (
            ratio(m.segment("late_5", "365d"), m.segment("count", "365d"))
            - ratio(m.portfolio("late_5", "365d"), m.portfolio("count", "365d"))
        ),
    ),
]
