"""Characteristics: what features are about, so that a reason is given once, not in five variants.

SHAP values divide a cause among all features that carry it, in shares that change from one training
to the next. The sum over what a person takes for one thing is larger and steadier.
"""

from __future__ import annotations

import re
from functools import cache

from features.catalogue import CATALOGUE

_PREFIXES = {
    "missed pay runs": ("customer_pay_runs_silen", "customer_pay_runs_missed"),
    "pay runs": ("invoice_days_late_by_pay_runs", "invoice_late_1d_by_pay_runs")
    + ("invoice_late_5d_by_pay_runs", "invoice_days_late_same_weekday")
    + ("invoice_days_late_same_fortnight", "invoice_days_late_same_day_of_month")
    + ("invoice_beyond_pay_runs", "invoice_to_next_pay_run", "invoice_pay_runs")
    + ("customer_pay_runs", "customer_days_between_payments"),
    "payment trend": ("customer_late_5d_trend", "customer_days_late_trend")
    + ("customer_days_to_pay_trend", "customer_late_5d_against_segment"),
    "payment record": ("customer_late", "customer_days_late", "customer_days_to_pay")
    + ("customer_on_time", "customer_early", "customer_on_due", "invoice_paid_count")
    + ("invoice_paid_2d", "invoice_paid_6d", "invoice_paid_15d"),
    "record on similar invoices": ("invoice_late", "invoice_days_late", "invoice_like"),
    "ways of paying": ("customer_in_parts", "customer_part_", "customer_payments_per")
    + ("customer_batch", "customer_discounts"),
    "overdue balance": ("customer_overdue", "customer_worst_dpd", "customer_beyond")
    + ("customer_open_age", "invoice_older_open"),
    "time since the last payment": ("customer_days_since_payment", "customer_payment_gap"),
    "age of the invoice": ("invoice_days_past_due", "invoice_age", "invoice_paid_"),
    "payments on the invoice": ("invoice_part_paid",),
    "amount": ("invoice_amount",),
    "terms": ("invoice_terms", "invoice_days_to_pay_against_terms"),
    "due day": ("invoice_due", "invoice_wait_for", "customer_usual_weekday", "customer_month_end"),
    "days until issue": ("invoice_days_to_issue",),
    "invoices due the same day": ("invoice_same_due",),
    "balance and its mix": ("customer_due_next", "customer_largest_open", "customer_open_conc")
    + ("customer_balance_to", "customer_sales_days", "customer_unapplied", "customer_cash_to"),
    "limit": ("customer_limit", "invoice_limit", "customer_insured"),
    "volume of business": ("customer_sales_trend", "customer_open_orders", "customer_cancelled")
    + ("customer_portfolio_invoiced", "customer_days_since_invoice", "customer_invoice_gap"),
    "age of the relation": ("customer_relation", "customer_business"),
    "disputes and credit notes": ("customer_disput", "invoice_disputed", "customer_seller_fault")
    + ("customer_credited", "customer_credit_notes"),
    "promises": ("customer_broken", "customer_days_to_promise", "customer_promised"),
    "dunning and contacts": ("customer_dunning", "customer_reminders", "customer_contacts")
    + ("customer_days_since_contact",),
    "write-offs": ("customer_written_off", "customer_recovered"),
    "portfolio and segment": ("customer_portfolio", "customer_segment", "customer_country"),
    "group of companies": ("customer_group",),
    "credit bureau": ("customer_bureau",),
    "insolvency and other events": ("customer_days_since_event",),
}
"""Beginnings of names; the first characteristic with a match holds."""

_CALENDAR_UNITS = ("weekday", "day_of_month")
_UNSPOKEN = ("due day", "days until issue")


@cache
def characteristic(feature: str) -> str:
    """Return what a feature is about, whatever its threshold, statistic and window.

    A feature of none of the characteristics is one of its own.

    Examples
    --------
    >>> characteristic("customer_late_5d_rate_365d"), characteristic("invoice_amount_value_now")
    ('payment record', 'amount')
    >>> characteristic("invoice_paid_2d_early_share_last60")
    'payment record'
    >>> characteristic("customer_moon_phase_value_now")
    'customer moon phase'
    """
    for name, prefixes in _PREFIXES.items():
        if feature.startswith(prefixes):
            return name
    return re.sub(r"_[^_]+_[^_]+$", "", feature).replace("_", " ")


@cache
def is_spoken(feature: str) -> bool:
    """Tell whether a feature says something to a person: the calendar explains nothing to anyone.

    Examples
    --------
    >>> is_spoken("invoice_due_weekday_value_now"), is_spoken("invoice_terms_value_now")
    (False, True)
    """
    unit = CATALOGUE[feature].unit
    return unit not in _CALENDAR_UNITS and characteristic(feature) not in _UNSPOKEN
