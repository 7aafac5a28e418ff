"""What went wrong with the customer: disputes, promises, reminders, discounts, losses."""

from __future__ import annotations

import numpy as np

from features.catalogue.declaration import Feature
from features.engine import Moment
from features.engine.ratios import bounded, within
from features.facts.book import Float64, Stream

_NOTHING_INVOICED = "nothing was invoiced in the last year"
_NOTHING_PAID = "it paid no invoice in the last year"
_NO_DISPUTE_ENDED = "no dispute has ended yet"
_DUNNING_DAYS = 90
"""A reminder says how far dunning has come for so long."""
_LONGEST_GAP = 365.0


def _days_since(m: Moment, stream: Stream, measure: str) -> Float64:
    return within(m.day - m.latest(stream, measure), 0.0, _LONGEST_GAP)


def _dunning_level(m: Moment) -> Float64:
    recent = m.day - m.latest(m.book.reminders, "day") <= _DUNNING_DAYS
    level = m.latest(m.book.reminders, "level") * recent
    return within(np.fmax(level, 0.0), 0.0, 10.0)


def _discounts_trend(m: Moment) -> Float64:
    taken, settled = m.discounts, m.settled
    recent = bounded(taken["90d"]["count"], settled["90d"]["count"])
    return recent - bounded(taken["365d"]["count"], settled["365d"]["count"])


FEATURES = [
    Feature(
        "customer_dispute_rate_365d",
        "share",
        0,
        "it disputed {value} of its invoices in the last year",
        _NOTHING_INVOICED,
        lambda m: bounded(m.disputed["365d"]["count"], m.issued["365d"]["count"]),
    ),
    Feature(
        "customer_disputed_share_now",
        "share",
        0,
        "{value} of its balance is disputed",
        "nothing is open",
        lambda m: np.minimum(m.of_balance["disputed"], 1.0),
    ),
    Feature(
        "customer_seller_fault_rate_all",
        "share",
        0,
        "{value} of its settled disputes were the seller's fault",
        _NO_DISPUTE_ENDED,
        lambda m: m.dispute_ends["all"].mean("seller_fault"),
    ),
    Feature(
        "customer_credited_disputes_rate_all",
        "share",
        0,
        "{value} of its settled disputes ended with a credit note",
        _NO_DISPUTE_ENDED,
        lambda m: m.dispute_ends["all"].mean("credited"),
    ),
    Feature(
        "customer_broken_promises_rate_365d",
        "share",
        1,
        "it broke {value} of its promises to pay of the last year",
        "no promise to pay fell due in the last year",
        lambda m: m.promises_due["365d"].mean("broken"),
    ),
    Feature(
        "customer_broken_promises_count_180d",
        "count",
        1,
        "it broke {value} promises to pay in the last 180 days",
        "never missing: no promise counts as none broken",
        lambda m: m.promises_due["180d"]["broken"],
    ),
    Feature(
        "customer_days_to_promise_value_now",
        "days",
        0,
        "it has promised to pay in {value}",
        "no promise to pay is running",
        lambda m: np.minimum(m.days_to_promise, _LONGEST_GAP),
    ),
    Feature(
        "customer_promised_share_now",
        "share",
        0,
        "it has promised to pay {value} of its balance",
        "no promise to pay is running or nothing is open",
        lambda m: bounded(
            m.latest(m.book.promises, "amount") + 0.0 * m.days_to_promise, m.position["balance"]
        ),
    ),
    Feature(
        "customer_dunning_level_max_now",
        "count",
        1,
        "dunning has reached level {value}",
        "never missing: no reminder counts as level 0",
        _dunning_level,
    ),
    Feature(
        "customer_reminders_count_90d",
        "count",
        0,
        "it was reminded {value} times in the last 90 days",
        "never missing: no reminder counts as 0",
        lambda m: m.reminders["90d"]["count"],
    ),
    Feature(
        "customer_contacts_count_90d",
        "count",
        0,
        "it was called, written to or visited {value} times in the last 90 days",
        "never missing: no contact counts as 0",
        lambda m: m.contacts["90d"]["count"],
    ),
    Feature(
        "customer_days_since_contact_value_now",
        "days",
        0,
        "it was last called, written to or visited {value} ago",
        "no contact is known",
        lambda m: _days_since(m, m.book.contacts, "day"),
    ),
    Feature(
        "customer_discounts_taken_rate_365d",
        "share",
        -1,
        "it took a cash discount on {value} of its invoices in the last year",
        _NOTHING_PAID,
        lambda m: bounded(m.discounts["365d"]["count"], m.settled["365d"]["count"]),
    ),
    Feature(
        "customer_discounts_taken_difference_90d",
        "share",
        -1,
        "its share of invoices with a cash discount moved by {value} in the last 90 days",
        "it paid no invoice in the last 90 days",
        _discounts_trend,
    ),
    Feature(
        "customer_part_payments_rate_365d",
        "share",
        1,
        "it paid {value} of its invoices in parts in the last year",
        _NOTHING_PAID,
        lambda m: m.settled["365d"].mean("in_parts"),
    ),
    Feature(
        "customer_written_off_share_all",
        "share",
        1,
        "{value} of all sales to it were written off",
        "nothing was invoiced yet",
        lambda m: bounded(m.write_offs["all"]["amount"], m.issued["all"]["amount"]),
    ),
    Feature(
        "customer_recovered_share_all",
        "share",
        -1,
        "{value} of what was written off came back",
        "nothing was written off yet",
        lambda m: bounded(m.recoveries["all"]["amount"], m.write_offs["all"]["amount"]),
    ),
    Feature(
        "customer_credit_notes_share_365d",
        "share",
        0,
        "{value} of what it was invoiced in the last year was credited",
        _NOTHING_INVOICED,
        lambda m: bounded(m.credits["365d"]["amount"], m.issued["365d"]["amount"]),
    ),
    Feature(
        "customer_days_since_event_value_now",
        "days",
        0,
        "insolvency, restructuring, a hand-over or its leaving was {value} ago",
        "no such event is known",
        lambda m: _days_since(m, m.book.events, "happened_day"),
    ),
]
