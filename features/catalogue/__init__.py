"""The feature catalogue: every feature, declared once, by group."""

from features.catalogue import business, invoice, open_position, payment_behaviour, surroundings
from features.catalogue.declaration import Feature

GROUPS: dict[str, list[Feature]] = {
    "payment behaviour": payment_behaviour.FEATURES,
    "the invoice and its like": invoice.FEATURES,
    "open position": open_position.FEATURES,
    "business": business.FEATURES,
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
