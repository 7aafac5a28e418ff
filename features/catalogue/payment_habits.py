"""How regularly the customer pays: by weekday, at month's end, in batches, early, in parts."""

from __future__ import annotations

from features.catalogue.declaration import Feature
from features.engine.ratios import bounded

_NEVER = "it has paid nothing yet"


def _habit(name: str, column: str, sentence: str) -> Feature:
    return Feature(
        f"customer_{name}_share_last60", "share", 0, sentence, _NEVER, lambda m: m.recent[column]
    )


FEATURES = [
    _habit(
        "usual_weekday",
        "weekday_share",
        "{value} of its recent payments came on its most usual weekday",
    ),
    _habit("month_end", "month_end_share", "{value} of its recent payments came at a month's end"),
    _habit("batch", "batch_share", "{value} of its recent invoices were paid along with another"),
    _habit("on_due", "on_due_share", "{value} of its recent invoices were paid on the due day"),
    Feature(
        "customer_early_share_last60",
        "share",
        -1,
        "{value} of its recent invoices were paid before they were due",
        _NEVER,
        lambda m: m.recent["early_share"],
    ),
    Feature(
        "customer_in_parts_share_last60",
        "share",
        1,
        "{value} of its recent invoices were paid in parts",
        _NEVER,
        lambda m: m.recent["in_parts_share"],
    ),
    Feature(
        "customer_payments_per_invoice_ratio_365d",
        "ratio",
        0,
        "it made {value} as many payments as it settled invoices in the last year",
        "it paid no invoice in the last year",
        lambda m: bounded(m.paid["365d"]["count"], m.settled["365d"]["count"], 10.0),
    ),
]
