"""The outcome of every invoice, as known at a cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.book import Book
from features.facts.settlement import CREDITED, OPEN, PAID, WRITTEN_OFF
from features.facts.versions import DAY, Int64

NEVER = np.int64(10**6)
"""``days_late`` of an invoice that was written off."""


@dataclass(frozen=True)
class Outcomes:
    """Invoices and what a cutoff knows of them; arrays of shape (n,), by customer.

    ``state`` is `OPEN` (censored at the cutoff), `PAID` or `WRITTEN_OFF`; ``days_late`` is
    ``settled_day - due_day`` where paid, `NEVER` where written off, and for open invoices the days
    past due at the cutoff: they will be paid on that day or later. ``amount`` and ``open`` are
    reporting minor units; ``row`` is the row of the book's items.
    """

    customer: Int64
    invoice: Int64
    issued_day: Int64
    due_day: Int64
    amount: Int64
    open: Int64
    row: Int64
    state: Int64
    days_late: Int64
    closed_known: Int64

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: Int64) -> Outcomes:
        """Return some rows."""
        return Outcomes(**{name: values[rows] for name, values in vars(self).items()})


def outcomes(book: Book, cutoff: int, customers: npt.NDArray[np.bool_] | None = None) -> Outcomes:
    """Return the outcome of every invoice that was known before a cutoff.

    Invoices fully credited are left out: they were never a claim.

    Parameters
    ----------
    book : Book
    cutoff : int
        Microseconds since 1970.
    customers : bool array of shape (customers,), optional
        Whose invoices; by default everyone's.
    """
    items = book.items
    current = (items.known < cutoff) & (items.void >= cutoff)
    current &= items.measures["state"] != CREDITED
    if customers is not None:
        current &= customers[items.owner]
    rows = np.flatnonzero(current)
    customer = np.searchsorted(items.offsets, rows, side="right") - 1
    state = items.measures["state"][rows]
    due = items.measures["due_day"][rows]
    late = np.where(state == PAID, items.measures["settled_day"][rows] - due, cutoff // DAY - due)
    return Outcomes(
        customer=customer.astype(np.int64),
        invoice=items.measures["invoice"][rows],
        issued_day=items.measures["issued_day"][rows],
        due_day=due,
        amount=items.measures["amount"][rows],
        open=items.measures["open"][rows],
        row=rows,
        state=state,
        days_late=np.where(state == WRITTEN_OFF, NEVER, late),
        closed_known=np.where(state == OPEN, cutoff, items.known[rows]),
    )
