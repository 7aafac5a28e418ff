"""The open book at a moment: every open invoice with its features, and when it was then paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.build import build_matrix
from features.engine import Keys
from features.facts.book import Book
from features.facts.settlement import PAID
from features.facts.versions import ALWAYS, DAY, FOREVER, Int64
from features.labels.payment_day import Outcomes, outcomes
from models.late_payment.dataset import keys_of

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OpenBook:
    """Invoices open at one moment, arrays of shape (n,), by customer.

    ``open`` is in reporting minor units, ``today`` in days since 1970.
    """

    today: int
    keys: Keys
    open: Int64

    @property
    def start(self) -> Int64:
        """The first day late still possible."""
        issued = self.today > self.keys.issued_day
        return np.where(issued, self.today - self.keys.due_day, -10_000)

    def __len__(self) -> int:
        return len(self.open)

    def matrix(self, book: Book, features: tuple[str, ...]) -> Float64:
        """Return the features of the invoices, shape (n, features)."""
        return build_matrix(book, self.keys, features)


def open_book(book: Book, moment: int, every: int = 1) -> OpenBook:
    """Return the invoices open at a moment.

    Parameters
    ----------
    book : Book
    moment : int
        Microseconds since 1970, a day's start.
    every : int
        Take one customer of so many.
    """
    known = outcomes(book, moment)
    chosen = known.take(np.flatnonzero((known.open > 0) & (known.customer % every == 0)))
    return OpenBook(
        int(moment // DAY),
        keys_of(chosen, np.full(len(chosen), moment, dtype=np.int64)),
        chosen.open,
    )


def paid_day(known: Outcomes, invoice: Int64) -> Int64:
    """Return the day on which each invoice was paid, `ALWAYS` where it was credited since.

    Parameters
    ----------
    known : Outcomes
        At a later moment.
    invoice : int64 array of shape (n,)

    Returns
    -------
    int64 array of shape (n,)
        `FOREVER` where it is still open or was written off.
    """
    day = np.where(known.state == PAID, known.due_day + known.days_late, FOREVER)
    order = np.argsort(known.invoice, kind="stable")
    at = np.searchsorted(known.invoice[order], invoice)
    found = order[np.minimum(at, len(order) - 1)] if len(order) else at
    there = (at < len(order)) & (known.invoice[found] == invoice) if len(order) else at < 0
    return np.where(there, day[found], ALWAYS) if len(order) else np.full(len(invoice), ALWAYS)
