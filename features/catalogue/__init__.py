"""The feature catalogue: every feature, declared once, by group."""

from features.catalogue import (
    business,
    frictions,
    invoice_against_its_like,
    latest_payments,
    open_position,
    pay_calendar,
    payment_behaviour,
    payment_habits,
    surroundings,
    the_invoice,
)
from features.catalogue.declaration import Feature

GROUPS: dict[str, list[Feature]] = {
    "payment behaviour": payment_behaviour.FEATURES,
    "latest payments": latest_payments.FEATURES,
    "payment habits": payment_habits.FEATURES,
    "pay calendar": pay_calendar.FEATURES,
    "the invoice against its like": invoice_against_its_like.FEATURES,
    "the invoice": the_invoice.FEATURES,
    "open position": open_position.FEATURES,
    "business": business.FEATURES,
    "frictions": frictions.FEATURES,
    "surroundings": surroundings.FEATURES,
}

CATALOGUE: dict[str, Feature] = {
    feature.name: feature for features in GROUPS.values() for feature in features
}
"""All features by name, in the order of the columns of a feature row."""

CUSTOMER_FEATURES = tuple(name for name, f in CATALOGUE.items() if f.entity == "customer")
INVOICE_FEATURES = tuple(CATALOGUE)
"""A row about an invoice has its customer's features too."""

__all__ = ["CATALOGUE", "CUSTOMER_FEATURES", "GROUPS", "INVOICE_FEATURES", "Feature"]
