"""What the histories consist of, as flat arrays that the loop fills."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from features.simulator.draws import Float64, Int64
from features.simulator.payment_truth import LATE_DAYS

PAID, REVERSED, WRITTEN_OFF, DISCOUNTED = range(4)
"""Kinds of payment records; a reversal takes back the record before it, a discount goes with it."""
INVOICES, PAYMENTS, EVENTS, MONTHS, DEFAULTS, DISPUTES, PROMISES, ACTIVITIES = range(8)
"""Places in ``counts``."""


class Records(NamedTuple):
    """Everything the loop leaves, flat over customers; days count from the start, cents.

    ``counts`` holds the number of rows of each kind; arrays are longer. A dispute's end is drawn
    when it is opened, so it may lie beyond the horizon. ``promise_invoice`` is -1 for the account,
    ``activity_level`` for what has none.
    """

    counts: Int64
    invoice_customer: Int64
    issued: Int64
    due: Int64
    amount: Int64
    credit: Int64
    credit_day: Int64
    late: Float64
    payment_invoice: Int64
    paid_on: Int64
    paid: Int64
    payment_kind: Int64
    event_customer: Int64
    event_kind: Int64
    event_day: Int64
    event_known: Int64
    month_customer: Int64
    month_day: Int64
    month_state: Int64
    month_in_default: npt.NDArray[np.bool_]
    month_pd: Float64
    default_customer: Int64
    default_day: Int64
    dispute_invoice: Int64
    dispute_open: Int64
    dispute_end: Int64
    dispute_amount: Int64
    dispute_whole: npt.NDArray[np.bool_]
    dispute_outcome: Int64
    dispute_credit: Int64
    promise_customer: Int64
    promise_made: Int64
    promise_for: Int64
    promise_invoice: Int64
    promise_amount: Int64
    activity_customer: Int64
    activity_day: Int64
    activity_known: Int64
    activity_kind: Int64
    activity_level: Int64
    activity_invoice: Int64
    activity_outcome: Int64
    weekly_state: npt.NDArray[np.int8]


class Habits(NamedTuple):
    """What follows from the traits; by customer, then by dunning level and state where they matter.

    Shapes (n, 14, 14), (n, 4, 14), (n, 4, 14), (n,), (n, 14).
    """

    weekly: Float64
    pays: Float64
    clears: Float64
    held: Float64
    disputed: Float64


def empty_records(customers: int, invoices: int, months: int, weeks: int) -> Records:
    """Allocate records for up to so many customers, invoices, months per customer and weeks."""
    payments, rows = 3 * invoices, customers * (months + 1)
    # All of them grow with ``invoices``, which is doubled whenever something was too small.
    events = 12 * customers + invoices // 10 + 100
    contacts = 20 * customers + invoices // 2 + 200
    return Records(
        counts=_ints(8),
        invoice_customer=_ints(invoices),
        issued=_ints(invoices),
        due=_ints(invoices),
        amount=_ints(invoices),
        credit=_ints(invoices),
        credit_day=_ints(invoices),
        late=np.zeros((invoices, len(LATE_DAYS) + 1)),
        payment_invoice=_ints(payments),
        paid_on=_ints(payments),
        paid=_ints(payments),
        payment_kind=_ints(payments),
        event_customer=_ints(events),
        event_kind=_ints(events),
        event_day=_ints(events),
        event_known=_ints(events),
        month_customer=_ints(rows),
        month_day=_ints(rows),
        month_state=_ints(rows),
        month_in_default=np.zeros(rows, np.bool_),
        month_pd=np.zeros(rows),
        default_customer=_ints(events),
        default_day=_ints(events),
        # At most one dispute an invoice.
        dispute_invoice=_ints(invoices),
        dispute_open=_ints(invoices),
        dispute_end=_ints(invoices),
        dispute_amount=_ints(invoices),
        dispute_whole=np.zeros(invoices, np.bool_),
        dispute_outcome=_ints(invoices),
        dispute_credit=_ints(invoices),
        promise_customer=_ints(contacts),
        promise_made=_ints(contacts),
        promise_for=_ints(contacts),
        promise_invoice=_ints(contacts),
        promise_amount=_ints(contacts),
        activity_customer=_ints(contacts),
        activity_day=_ints(contacts),
        activity_known=_ints(contacts),
        activity_kind=_ints(contacts),
        activity_level=_ints(contacts),
        activity_invoice=_ints(contacts),
        activity_outcome=_ints(contacts),
        weekly_state=np.full((customers, weeks), -1, np.int8),
    )


def _ints(n: int) -> Int64:
    return np.zeros(n, np.int64)


@njit(cache=True)
def add_payment(out, invoice, day, amount, kind):  # type: ignore[no-untyped-def]
    """Append a payment record."""
    at = out.counts[PAYMENTS]
    out.payment_invoice[at] = invoice
    out.paid_on[at] = day
    out.paid[at] = amount
    out.payment_kind[at] = kind
    out.counts[PAYMENTS] += 1


@njit(cache=True)
def add_event(out, customer, kind, day, known):  # type: ignore[no-untyped-def]
    """Append a customer event."""
    at = out.counts[EVENTS]
    out.event_customer[at] = customer
    out.event_kind[at] = kind
    out.event_day[at] = day
    out.event_known[at] = known
    out.counts[EVENTS] += 1


@njit(cache=True)
def add_activity(out, customer, kind, day, known, level, invoice, outcome):  # type: ignore[no-untyped-def]
    """Append an activity."""
    at = out.counts[ACTIVITIES]
    out.activity_customer[at] = customer
    out.activity_kind[at] = kind
    out.activity_day[at] = day
    out.activity_known[at] = known
    out.activity_level[at] = level
    out.activity_invoice[at] = invoice
    out.activity_outcome[at] = outcome
    out.counts[ACTIVITIES] += 1
