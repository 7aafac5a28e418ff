"""How everyone else pays lately, against how they paid before: shocks without the calendar.

And what others say of the customer: its group, and the credit bureau.
"""

from __future__ import annotations

from collections.abc import Callable

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.facts.book import Float64

_NOBODY = "nobody paid anything yet"


def _portfolio_moved(measure: str, window: str, name: str, what: str) -> Feature:
    return Feature(
        f"customer_portfolio_{name}_difference_{window}",
        "days" if measure == "days_late_bounded" else "share",
        0,
        f"{what} moved by {{value}} in the last {window[:-1]} days",
        _NOBODY,
        lambda m: (
            m.around.mean("portfolio", measure, window)
            - m.around.mean("portfolio", measure, "365d")
        ),
    )


def _against_portfolio(kind: str, window: str) -> Callable[[Moment], Float64]:
    return lambda m: (
        m.around.mean(kind, "late_5", window) - m.around.mean("portfolio", "late_5", window)
    )


def _group_rate(window: str, span: str) -> Feature:
    return Feature(
        f"customer_group_late_5d_rate_{window}",
        "share",
        1,
        f"its group paid {{value}} of its invoices 5 or more days late {span}",
        "it belongs to no group that has paid",
        lambda m: m.around.mean("group", "late_5", window),
    )


def _bureau_mean(count: int, words: str) -> Feature:
    # One score is noisy: the mean of some quarters is the level, the latest what moved.
    return Feature(
        f"customer_bureau_score_mean_last{count}",
        "score",
        -1,
        f"its latest bureau scores, up to {words}, were {{value}} on average",
        "no bureau score is known",
        lambda m: m.latest.mean(m.book.bureau, "score_milli", "provider", count) / 1000.0,
    )


FEATURES = [
    _portfolio_moved("late_5", "30d", "late_5d", "the portfolio's share of late invoices"),
    _portfolio_moved("late_5", "90d", "late_5d", "the portfolio's share of late invoices"),
    _portfolio_moved("days_late_bounded", "30d", "days_late", "the portfolio's average delay"),
    Feature(
        "customer_segment_late_5d_difference_365d",
        "share",
        0,
        "its segment's share of late invoices differs by {value} from the portfolio's",
        _NOBODY,
        lambda m: (
            m.around.segment_mean("late_5", "365d") - m.around.mean("portfolio", "late_5", "365d")
        ),
    ),
    Feature(
        "customer_segment_late_5d_difference_90d",
        "share",
        0,
        "its segment's share of late invoices moved by {value} in the last 90 days",
        _NOBODY,
        lambda m: m.around.segment_mean("late_5", "90d") - m.around.segment_mean("late_5", "365d"),
    ),
    Feature(
        "customer_country_late_5d_difference_365d",
        "share",
        0,
        "its country's share of late invoices differs by {value} from the portfolio's",
        "its country is not known or nobody there has paid",
        _against_portfolio("country", "365d"),
    ),
    Feature(
        "customer_country_late_5d_difference_90d",
        "share",
        0,
        "its country's share of late invoices lately differs by {value} from the portfolio's",
        "its country is not known or nobody there has paid lately",
        _against_portfolio("country", "90d"),
    ),
    _group_rate("90d", "in the last 90 days"),
    _group_rate("365d", "in the last year"),
    Feature(
        "customer_group_days_late_mean_365d",
        "days",
        1,
        "its group paid {value} [after|before] due on average in the last year",
        "it belongs to no group that has paid",
        lambda m: m.around.mean("group", "days_late_bounded", "365d"),
    ),
    Feature(
        "customer_group_late_5d_difference_365d",
        "share",
        1,
        "its group's share of late invoices differs by {value} from the portfolio's",
        "it belongs to no group that has paid",
        _against_portfolio("group", "365d"),
    ),
    Feature(
        "customer_late_5d_against_segment_difference_365d",
        "share",
        1,
        "its share of late invoices differs by {value} from its segment's",
        "it paid no invoice in the last year",
        lambda m: m.settled["365d"].mean("late_5") - m.around.segment_mean("late_5", "365d"),
    ),
    Feature(
        "customer_bureau_score_value_now",
        "score",
        -1,
        "its bureau score is {value}",
        "no bureau score is known",
        lambda m: m.latest(m.book.bureau, "score_milli") / 1000.0,
    ),
    _bureau_mean(4, "four"),
    _bureau_mean(8, "eight"),
    Feature(
        "customer_bureau_score_difference_now",
        "score",
        -1,
        "its bureau score moved by {value} since the one before",
        "no two bureau scores are known",
        lambda m: m.latest.change(m.book.bureau, "score_milli", "provider") / 1000.0,
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
