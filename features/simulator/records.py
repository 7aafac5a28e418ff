"""What the histories consist of, as flat arrays that the loop fills."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.simulator.draws import Float64, Int64
from features.simulator.truth import LATE_DAYS

PAID, REVERSED, WRITTEN_OFF = range(3)
"""Kinds of payment records; a reversal takes back the record before it."""


class Records(NamedTuple):
    """Everything the loop leaves, flat over customers; days count from the start, cents.

    ``counts`` holds the number of rows of invoices, payments, events and months; arrays are longer.
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
    weekly_state: npt.NDArray[np.int8]


class Habits(NamedTuple):
    """What `hidden_state` derives from the traits; arrays of shape (n, 14, 14), (n, 14), (n,)."""

    weekly: Float64
    pays: Float64
    clears: Float64
    held: Float64


def empty_records(customers: int, invoices: int, months: int, weeks: int) -> Records:
    """Allocate records for up to so many customers, invoices, months per customer and weeks."""
    payments, events, rows = 3 * invoices, 12 * customers + 100, customers * (months + 1)
    return Records(
        counts=_ints(5),
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
        weekly_state=np.full((customers, weeks), -1, np.int8),
    )


def _ints(n: int) -> Int64:
    return np.zeros(n, np.int64)
