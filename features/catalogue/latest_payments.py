"""How the customer paid its last invoices, whenever that was: newest first, or fading."""

from __future__ import annotations

from features.catalogue.declaration import Feature, Unit

_NEVER = "it has paid nothing yet"


def _recent(name: str, unit: Unit, column: str, sentence: str) -> Feature:
    return Feature(name, unit, 1, sentence, _NEVER, lambda m: m.recent[column])


FEATURES = [
    _recent(
        "customer_days_late_value_last1",
        "days",
        "days_late_last",
        "its last invoice was paid {value} [after|before] due",
    ),
    _recent(
        "customer_days_late_mean_last3",
        "days",
        "days_late_mean_3",
        "its last three invoices were paid {value} [after|before] due",
    ),
    _recent(
        "customer_days_late_mean_last10",
        "days",
        "days_late_mean_10",
        "its last ten invoices were paid {value} [after|before] due",
    ),
    _recent(
        "customer_late_1d_rate_last3",
        "share",
        "late_1_rate_3",
        "{value} of its last three invoices were late",
    ),
    _recent(
        "customer_late_1d_rate_last10",
        "share",
        "late_1_rate_10",
        "{value} of its last ten invoices were late",
    ),
    _recent(
        "customer_late_5d_rate_last10",
        "share",
        "late_5_rate_10",
        "{value} of its last ten invoices were 5 or more days late",
    ),
    _recent(
        "customer_late_5d_rate_last60",
        "share",
        "late_5_rate_60",
        "{value} of its last 60 invoices were 5 or more days late",
    ),
    _recent(
        "customer_late_30d_rate_last60",
        "share",
        "late_30_rate_60",
        "{value} of its last 60 invoices were 30 or more days late",
    ),
    _recent(
        "customer_days_late_mean_ewm",
        "days",
        "days_late_ewm",
        "lately it pays {value} [after|before] due",
    ),
    _recent(
        "customer_late_1d_rate_ewm",
        "share",
        "late_1_ewm",
        "lately {value} of its invoices are late",
    ),
    _recent(
        "customer_late_5d_rate_ewm",
        "share",
        "late_5_ewm",
        "lately {value} of its invoices are 5 or more days late",
    ),
    _recent(
        "customer_late_15d_rate_ewm",
        "share",
        "late_15_ewm",
        "lately {value} of its invoices are 15 or more days late",
    ),
    Feature(
        "customer_days_to_pay_mean_ewm",
        "days",
        0,
        "lately it pays {value} after issue",
        _NEVER,
        lambda m: m.recent["days_to_pay_ewm"],
    ),
    _recent(
        "customer_days_late_median_last20",
        "days",
        "days_late_median_20",
        "half of its last 20 invoices were paid {value} [after|before] due or later",
    ),
    _recent(
        "customer_days_late_p90_last20",
        "days",
        "days_late_p90_20",
        "one in ten of its last 20 invoices was paid {value} [after|before] due or later",
    ),
    _recent(
        "customer_days_late_max_last20",
        "days",
        "days_late_max_20",
        "the latest of its last 20 payments came {value} [after|before] due",
    ),
    Feature(
        "customer_days_late_spread_value_last20",
        "days",
        0,
        "the middle half of its last 20 payments spans {value}",
        _NEVER,
        lambda m: m.recent["days_late_spread_20"],
    ),
    _recent(
        "customer_days_late_by_amount_mean_last20",
        "days",
        "days_late_by_amount_20",
        "weighted by amount, its last 20 invoices were paid {value} [after|before] due",
    ),
    _recent(
        "customer_late_streak_count_last60",
        "count",
        "late_streak",
        "{value} invoices in a row were paid late, up to the last one",
    ),
    Feature(
        "customer_on_time_streak_count_last60",
        "count",
        -1,
        "{value} invoices in a row were paid on time, up to the last one",
        _NEVER,
        lambda m: m.recent["on_time_streak"],
    ),
    Feature(
        "customer_days_late_trend_difference_ewm",
        "days",
        1,
        "lately it pays {value} [later|earlier] than over its last 60 invoices",
        _NEVER,
        lambda m: m.recent["days_late_ewm"] - m.recent["days_late_mean_60"],
    ),
]
