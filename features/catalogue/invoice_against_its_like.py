"""The invoice against the customer's record on invoices like it, and against its usual ones."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature, Unit
from features.engine import Moment
from features.engine.ratios import bounded, shrunk, within
from features.facts.book import Float64

_NOT_AN_INVOICE = "not about an invoice"
_PRIOR = 2.0
"""Weight of the customer's own shrunk rate in a rate on similar invoices, in invoices."""
_LEAST_SPREAD = 0.1
"""Of log amounts: a customer whose amounts never varied is surprised by a tenth."""


def _shrunk_to_own(m: Moment, rate: str, weight: str, days: int) -> Float64:
    """Shrink a rate on similar invoices to the customer's, as shrunk to its surroundings."""
    return m.of_invoice(shrunk(m.recent[rate], m.recent[weight], m.shrunk_late[days], _PRIOR))


def _like_rate(days: int) -> Feature:
    return Feature(
        f"invoice_late_{days}d_rate_like",
        "share",
        1,
        f"{{value}} of its invoices of similar terms and amount were {days} or more days late",
        _NOT_AN_INVOICE,
        lambda m: _shrunk_to_own(m, f"like_late_{days}", "like_weight", days),
    )


def _late_with_same(what: str, words: str) -> Feature:
    return Feature(
        f"invoice_late_5d_same_{what}_rate_like",
        "share",
        1,
        f"{{value}} of its invoices of {words} were 5 or more days late",
        _NOT_AN_INVOICE,
        lambda m: _shrunk_to_own(m, f"like_{what}_late_5", f"like_{what}_count", 5),
    )


def _of_invoice(
    name: str, unit: Unit, direction: int, column: str, sentence: str, missing: str
) -> Feature:
    return Feature(
        f"invoice_{name}_like", unit, 1 if direction else 0, sentence, missing,
        lambda m: m.of_invoice(m.recent[column]),
    )  # fmt: skip


def _deviation(m: Moment) -> Float64:
    mean = m.issued["365d"].mean("log_amount") / 1000.0
    square = m.issued["365d"].mean("log_amount_squared") / 1e6
    spread = np.sqrt(np.maximum(square - mean * mean, _LEAST_SPREAD**2))
    return within((m.log_amount - mean) / spread, -20.0, 20.0)


FEATURES = [
    *(_like_rate(days) for days in (1, 5, 15, 30)),
    Feature(
        "invoice_late_5d_against_own_difference_like",
        "share",
        1,
        "it pays invoices like this one late {value} [more|less] often than its others",
        _NOT_AN_INVOICE,
        lambda m: _shrunk_to_own(m, "like_late_5", "like_weight", 5) - m.shrunk_late[5],
    ),
    _of_invoice(
        "days_late_mean",
        "days",
        1,
        "like_days_late",
        "it paid invoices of similar terms and amount {value} [after|before] due",
        "it has paid no such invoice yet",
    ),
    _of_invoice(
        "like_support_value",
        "count",
        0,
        "like_weight",
        "its record holds {value} invoices like this one",
        _NOT_AN_INVOICE,
    ),
    _late_with_same("terms", "these terms"),
    _of_invoice(
        "days_late_same_terms_mean",
        "days",
        1,
        "like_terms_days_late",
        "it paid invoices of these terms {value} [after|before] due",
        "it has paid no invoice of these terms yet",
    ),
    _late_with_same("amount", "this size"),
    _of_invoice(
        "days_late_same_amount_mean",
        "days",
        1,
        "like_amount_days_late",
        "it paid invoices of this size {value} [after|before] due",
        "it has paid no invoice of this size yet",
    ),
    Feature(
        "invoice_amount_against_usual_difference_365d",
        "log",
        0,
        "the amount is {value} times its usual one",
        "no usual amount yet",
        lambda m: m.log_amount - m.issued["365d"].mean("log_amount") / 1000.0,
    ),
    Feature(
        "invoice_amount_deviation_value_365d",
        "spreads",
        0,
        "the amount is {value} times the usual spread above its usual one",
        "no usual amount yet",
        _deviation,
    ),
    Feature(
        "invoice_amount_against_largest_ratio_now",
        "ratio",
        0,
        "the amount is {value} its largest open invoice",
        "nothing is open",
        lambda m: bounded(m.amount, m.position["largest_open"], 20.0),
    ),
    Feature(
        "invoice_amount_of_balance_share_now",
        "share",
        0,
        "it makes up {value} of what the customer will owe with it",
        _NOT_AN_INVOICE,
        lambda m: bounded(m.amount, m.others_open + m.amount),
    ),
    Feature(
        "invoice_amount_to_sales_ratio_365d",
        "ratio",
        0,
        "the amount is {value} its monthly sales",
        "no sales in the last year",
        lambda m: np.minimum(m.amount / m.monthly_sales, 24.0),
    ),
    Feature(
        "invoice_terms_against_usual_difference_365d",
        "days",
        0,
        "its terms are {value} [longer|shorter] than usual",
        "no usual terms yet",
        lambda m: m.terms - m.issued["365d"].mean("terms"),
    ),
    Feature(
        "invoice_terms_against_agreed_difference_now",
        "days",
        0,
        "its terms are {value} [longer|shorter] than agreed with the customer",
        "no agreed terms are known",
        lambda m: m.terms - m.latest(m.book.masters, "terms"),
    ),
    Feature(
        "invoice_days_to_pay_against_terms_difference_ewm",
        "days",
        0,
        "lately it pays {value} [later|earlier] after issue than this invoice's terms allow",
        "it has paid nothing yet",
        lambda m: m.recent["days_to_pay_ewm"] - m.terms,
    ),
]
