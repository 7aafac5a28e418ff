"""The customer's pay runs: how late an invoice falls between them, and which were missed."""

from __future__ import annotations

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.engine.ratios import bounded, shrunk
from features.facts.book import Float64

_NO_SUCH = "it has paid no invoice due on such a day yet"
_TOO_FEW = "it has paid fewer than two invoices"
_ONE_DAY = "it has paid on fewer than two days"
_PRIOR = 2.0
"""Weight of the customer's own shrunk rate in a rate by calendar, in invoices."""


def _same(what: str, column: str, words: str) -> Feature:
    return Feature(
        f"invoice_days_late_same_{what}_mean_like", "days", 1,
        f"it paid invoices due {words} {{value}} [after|before] due", _NO_SUCH,
        lambda m: m.of_invoice(m.pay_calendar[column]),
    )  # fmt: skip


def _rate(days: int) -> Feature:
    def compute(m: Moment) -> Float64:
        own, found = m.shrunk_late[days], m.pay_calendar
        return m.of_invoice(shrunk(found[f"late_{days}"], found["support"], own, _PRIOR))

    return Feature(
        f"invoice_late_{days}d_by_pay_runs_rate_like", "share", 1,
        f"{{value}} of its invoices due as far from its pay runs were {days} or more days late",
        "not about an invoice", compute,
    )  # fmt: skip


def _as_said_rate(days: int) -> Feature:
    def compute(m: Moment) -> Float64:
        own, found = m.shrunk_late[days], m.pay_calendar
        rate, support = found[f"as_said_late_{days}"], found[f"as_said_count_{days}"]
        return m.of_invoice(shrunk(rate, support, own, _PRIOR))

    return Feature(
        f"invoice_pay_runs_late_{days}d_rate_like", "share", 1,
        f"{{value}} of its invoices of which its pay runs said the same were {days} or more "
        "days late",
        "not about an invoice", compute,
    )  # fmt: skip


FEATURES = [
    _same("weekday", "same_weekday_days_late", "on this weekday"),
    _same("fortnight", "same_fortnight_days_late", "on this day of the fortnight"),
    _same("day_of_month", "same_day_of_month_days_late", "around this day of the month"),
    Feature(
        "invoice_days_late_by_pay_runs_median_like",
        "days",
        1,
        "by its pay runs the invoice would be paid {value} [after|before] due",
        "it has paid nothing yet",
        lambda m: m.of_invoice(m.pay_calendar["days_late"]),
    ),
    Feature(
        "invoice_days_late_if_pay_run_missed_value_like",
        "days",
        1,
        "should its pay run miss it, the next would pay {value} [after|before] due",
        "its payments follow no calendar",
        lambda m: m.of_invoice(m.pay_calendar["days_late_if_missed"]),
    ),
    _rate(1),
    _rate(5),
    _as_said_rate(1),
    _as_said_rate(5),
    _as_said_rate(15),
    Feature(
        "invoice_beyond_pay_runs_difference_now",
        "days",
        0,
        "{value} have passed since the pay run that should have paid it",
        "it has paid nothing yet",
        lambda m: m.of_invoice(m.dpd - m.pay_calendar["days_late"]),
    ),
    Feature(
        "invoice_to_next_pay_run_value_now",
        "days",
        0,
        "its next usual pay day comes {value} after the due day, or after today",
        "its payments follow no calendar",
        lambda m: m.of_invoice(m.pay_calendar["to_next"]),
    ),
    Feature(
        "customer_pay_runs_error_mean_now",
        "days",
        0,
        "its payments stray from its pay runs by {value} on average",
        _TOO_FEW,
        lambda m: m.pay_calendar["error"],
    ),
    Feature(
        "customer_pay_runs_error_share_now",
        "share",
        0,
        "{value} of the scatter of its payments is left once its pay runs are known",
        _TOO_FEW,
        lambda m: bounded(m.pay_calendar["error"], m.pay_calendar["error_of_none"]),
    ),
    Feature(
        "customer_pay_runs_kept_share_last60",
        "share",
        0,
        "{value} of its latest invoices were paid on the very day to be expected of it",
        _TOO_FEW,
        lambda m: m.pay_calendar["kept"],
    ),
    Feature(
        "customer_pay_runs_missed_share_last10",
        "share",
        1,
        "{value} of its latest invoices missed the run that should have paid them",
        _TOO_FEW,
        lambda m: m.pay_calendar["missed_10"],
    ),
    Feature(
        "customer_pay_runs_missed_mean_last10",
        "days",
        1,
        "its latest invoices were paid {value} [after|before] the run that should have paid them",
        _TOO_FEW,
        lambda m: m.pay_calendar["beyond_10"],
    ),
    Feature(
        "customer_pay_runs_silent_count_now",
        "count",
        1,
        "pay runs in a row that paid nothing although something was open for them: {value}",
        _ONE_DAY,
        lambda m: m.pay_calendar["silent"],
    ),
    Feature(
        "customer_pay_runs_silence_value_now",
        "log",
        1,
        "one in {value} customers with its record would let as many pay runs in a row pass",
        _ONE_DAY,
        lambda m: m.pay_calendar["silence"],
    ),
    Feature(
        "customer_days_between_payments_median_now",
        "days",
        0,
        "it pays every {value}",
        _TOO_FEW,
        lambda m: m.pay_calendar["gap"],
    ),
]
