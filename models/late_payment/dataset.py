"""Training rows: every invoice some days before issue, at issue and on later days while open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.build import build_matrix
from features.catalogue import INVOICE_FEATURES
from features.engine import Keys
from features.facts.book import Book
from features.facts.settlement import OPEN
from features.facts.versions import DAY, Int64
from features.labels.payment_day import Outcomes, outcomes

LEAD_DAYS = 7
"""Proposed invoices are scored up to this many days ahead, with features as old as that."""
LANDMARK_DAYS = 10
"""An open invoice is looked at again every so many days ..."""
LANDMARK_LAST = 120
"""... until it is this many days past due."""


@dataclass(frozen=True)
class Rows:
    """Rows of (invoice, moment) with features and what is known of the outcome.

    ``start`` is the first day late still possible at the moment, ``days_late`` the outcome (or the
    lower bound where ``closed`` is false), ``observed`` the days late up to which the outcome would
    have been seen. Arrays of shape (n,), ``matrix`` of shape (n, features).
    """

    keys: Keys
    matrix: npt.NDArray[np.float64]
    start: Int64
    days_late: Int64
    closed: npt.NDArray[np.bool_]
    observed: Int64

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: Int64 | npt.NDArray[np.bool_]) -> Rows:
        """Return some rows, by position or mask."""
        rows = np.arange(len(self))[chosen]
        return Rows(
            self.keys.take(rows),
            self.matrix[rows],
            self.start[rows],
            self.days_late[rows],
            self.closed[rows],
            self.observed[rows],
        )


def keys_of(chosen: Outcomes, as_of: Int64) -> Keys:
    """Return the keys of invoices at moments of their own."""
    return Keys(
        customer=chosen.customer,
        as_of=as_of,
        issued_day=chosen.issued_day,
        due_day=chosen.due_day,
        amount=chosen.amount,
        invoice=chosen.invoice,
    )


def rows_at(book: Book, chosen: Outcomes, as_of: Int64, cutoff: int) -> Rows:
    """Build the rows of invoices at given moments, with outcomes as known at a cutoff."""
    keys = keys_of(chosen, as_of)
    day = as_of // DAY
    start = np.where(day > chosen.issued_day, day - chosen.due_day, -10_000)
    closed = chosen.state != OPEN
    return Rows(
        keys=keys,
        matrix=build_matrix(book, keys, INVOICE_FEATURES),
        start=start,
        # Paid already but not recorded by then: at this moment it looked open, and the news came
        # at once.
        days_late=np.where(closed, np.maximum(chosen.days_late, start), chosen.days_late),
        closed=closed,
        observed=cutoff // DAY - chosen.due_day,
    )


def training_rows(
    book: Book,
    first: int,
    cutoff: int,
    seed: int,
    customers: npt.NDArray[np.bool_] | None = None,
) -> Rows:
    """Return all rows with moments in ``[first, cutoff)`` (microseconds since 1970).

    Each invoice is seen once before or at issue, a random number of days ahead, and then every
    `LANDMARK_DAYS` from a random day on while it is open: like a book scored every night, thinned.
    ``customers`` says whose rows are wanted; the others' history still counts in the surroundings.
    """
    known = outcomes(book, cutoff, customers)
    draw = np.random.default_rng(seed)
    ahead = draw.integers(0, LEAD_DAYS + 1, len(known))
    phase = draw.integers(1, LANDMARK_DAYS + 1, len(known))
    moments = [(known.issued_day - ahead) * DAY]
    picked = [np.arange(len(known))]
    closed_day = known.closed_known // DAY
    longest = int((known.due_day - known.issued_day).max(initial=0)) + LANDMARK_LAST
    for step in range(0, longest, LANDMARK_DAYS):
        day = known.issued_day + phase + step
        is_open = (day <= closed_day) & (day - known.due_day <= LANDMARK_LAST)
        picked.append(np.flatnonzero(is_open))
        moments.append(day[is_open] * DAY)
    rows = np.concatenate(picked)
    as_of = np.concatenate(moments)
    inside = (as_of >= first) & (as_of < cutoff)
    return rows_at(book, known.take(rows[inside]), as_of[inside], cutoff)
