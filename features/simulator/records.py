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


_INVOICE = ("customer", "issued", "due", "amount", "credit", "credit_day")
_PAYMENT = ("invoice", "day", "amount", "kind")
_EVENT = ("customer", "kind", "day", "known")
_MONTH = ("customer", "day", "state", "in_default", "pd_12m")
_DEFAULT = ("customer", "day")
_DISPUTE = ("invoice", "open", "end", "amount", "whole", "outcome", "credit")
_PROMISE = ("customer", "made", "promised", "invoice", "amount")
_ACTIVITY = ("customer", "day", "known", "kind", "level", "invoice", "outcome")
_NOT_INTEGER = {"in_default": np.bool_, "whole": np.bool_, "pd_12m": np.float64}

Rows = npt.NDArray[np.void]


class Records(NamedTuple):
    """Everything the loop leaves, flat over customers; days count from the start, cents.

    ``counts`` holds the number of rows of each table; arrays are longer. ``customer`` is the row in
    the chunk, ``invoice`` that in ``invoices`` (-1: none). ``late`` belongs to the invoices. A
    dispute's end is drawn when it is opened, so it may lie beyond the horizon.
    """

    counts: Int64
    invoices: Rows
    late: Float64
    payments: Rows
    events: Rows
    months: Rows
    defaults: Rows
    disputes: Rows
    promises: Rows
    activities: Rows
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
        counts=np.zeros(8, np.int64),
        invoices=_rows(_INVOICE, invoices),
        late=np.zeros((invoices, len(LATE_DAYS) + 1)),
        payments=_rows(_PAYMENT, payments),
        events=_rows(_EVENT, events),
        months=_rows(_MONTH, rows),
        defaults=_rows(_DEFAULT, events),
        # At most one dispute an invoice.
        disputes=_rows(_DISPUTE, invoices),
        promises=_rows(_PROMISE, contacts),
        activities=_rows(_ACTIVITY, contacts),
        weekly_state=np.full((customers, weeks), -1, np.int8),
    )


def _rows(names: tuple[str, ...], n: int) -> Rows:
    fields = [(name, _NOT_INTEGER.get(name, np.int64)) for name in names]
    return np.zeros(n, np.dtype(fields, align=True))


@njit(cache=True)
def add_payment(out, invoice, day, amount, kind):  # type: ignore[no-untyped-def]
    """Append a payment record."""
    row = out.payments[out.counts[PAYMENTS]]
    row.invoice = invoice
    row.day = day
    row.amount = amount
    row.kind = kind
    out.counts[PAYMENTS] += 1


@njit(cache=True)
def add_event(out, customer, kind, day, known):  # type: ignore[no-untyped-def]
    """Append a customer event."""
    row = out.events[out.counts[EVENTS]]
    row.customer = customer
    row.kind = kind
    row.day = day
    row.known = known
    out.counts[EVENTS] += 1


@njit(cache=True)
def add_activity(out, customer, kind, day, known, level, invoice, outcome):  # type: ignore[no-untyped-def]
    """Append an activity."""
    row = out.activities[out.counts[ACTIVITIES]]
    row.customer = customer
    row.kind = kind
    row.day = day
    row.known = known
    row.level = level
    row.invoice = invoice
    row.outcome = outcome
    out.counts[ACTIVITIES] += 1
