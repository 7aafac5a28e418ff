"""The moments at which predictions are judged: at issue, as proposed, and while open."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.facts.book import Book
from features.facts.settlement import OPEN
from features.facts.versions import DAY, Int64
from features.labels.payment_day import outcomes
from models.late_payment.dataset import Rows, rows_at

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Schedule:
    """When proposed invoices are scored.

    Parameters
    ----------
    anchor : int
        One of the scoring days, microseconds since 1970.
    every_days : int
        Days between two; 0: every invoice is scored on the day of its issue.
    """

    anchor: int
    every_days: int = 0

    def moments(self, issued_day: Int64) -> Int64:
        """Return the last scoring day at or before each issue, microseconds since 1970.

        Examples
        --------
        >>> weekly = Schedule(anchor=0, every_days=7)
        >>> (weekly.moments(np.array([6, 7, -1])) // DAY).tolist()
        [0, 7, -7]
        """
        if self.every_days == 0:
            return np.asarray(issued_day * DAY)
        first = self.anchor // int(DAY)
        return np.asarray((first + (issued_day - first) // self.every_days * self.every_days) * DAY)


def rows_at_issue(
    book: Book, first: int, last: int, known_by: int, schedule: Schedule, customers: Bool | None
) -> Rows:
    """Return the invoices issued in ``[first, last)``, each at its scoring moment.

    Parameters
    ----------
    book : Book
    first, last : int
        Microseconds since 1970.
    known_by : int
        Outcomes are those known before this moment.
    schedule : Schedule
    customers : bool array of shape (customers,), optional
        Whose invoices; by default everyone's.
    """
    known = outcomes(book, known_by, customers)
    issued = known.issued_day * DAY
    chosen = known.take(np.flatnonzero((issued >= first) & (issued < last)))
    return rows_at(book, chosen, schedule.moments(chosen.issued_day), known_by)


def rows_while_open(
    book: Book, moments: Int64, known_by: int, customers: Bool | None = None
) -> Rows:
    """Return every invoice open at each of some moments, given its age then.

    Due date and amount are those believed at the moment, and lateness counts from that due date.
    Invoices that turn out to be fully credited are left out.

    Parameters
    ----------
    book : Book
    moments : int64 array
        Microseconds since 1970.
    known_by : int
        Outcomes are those known before this moment.
    customers : bool array of shape (customers,), optional
    """
    final = outcomes(book, known_by, customers)
    by_invoice = np.full(int(book.invoice_offsets[-1]), -1, dtype=np.int64)
    by_invoice[final.invoice] = np.arange(len(final))
    positions, as_of, due, amount = [], [], [], []
    for moment in moments:
        then = outcomes(book, int(moment), customers)
        open_then = then.take(np.flatnonzero(then.state == OPEN))
        position = by_invoice[open_then.invoice]
        kept = position >= 0
        positions.append(position[kept])
        due.append(open_then.due_day[kept])
        amount.append(open_then.amount[kept])
        as_of.append(np.full(int(kept.sum()), moment, dtype=np.int64))
    none = [np.empty(0, dtype=np.int64)]
    chosen = final.take(np.concatenate(positions or none))
    due_then = np.concatenate(due or none)
    moved = replace(
        chosen,
        due_day=due_then,
        amount=np.concatenate(amount or none),
        days_late=chosen.days_late + chosen.due_day - due_then,
    )
    return rows_at(book, moved, np.concatenate(as_of or none), known_by)


def undecided(rows: Rows, days: int) -> Bool:
    """Return the rows that a horizon is still a question for, and whose answer has been seen."""
    return np.asarray((rows.start < days) & (rows.observed >= days))
