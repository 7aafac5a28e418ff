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
from models.late_payment.grid import EDGES, interval_of

LEAD_DAYS = 7
"""Proposed invoices are scored up to this many days ahead, with features as old as that."""
LANDMARK_DAYS = 10
"""An open invoice is looked at again every so many days ..."""
LANDMARK_LAST = 120
"""... until it is this many days past due."""
MIN_CASES = 40
"""An interval with fewer payments, or fewer non-payments, gets its pooled rate."""


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
    return _with_outcomes(keys, build_matrix(book, keys, INVOICE_FEATURES), chosen, cutoff)


def _with_outcomes(
    keys: Keys, matrix: npt.NDArray[np.float64], chosen: Outcomes, cutoff: int
) -> Rows:
    start = start_of(keys)
    closed = chosen.state != OPEN
    return Rows(
        keys=keys,
        matrix=matrix,
        start=start,
        # Paid already but not recorded by then: at this moment it looked open, and the news came
        # at once.
        days_late=np.where(closed, np.maximum(chosen.days_late, start), chosen.days_late),
        closed=closed,
        observed=cutoff // DAY - chosen.due_day,
    )


def start_of(keys: Keys) -> Int64:
    """Return the first day late still possible for each key at its moment."""
    day = keys.as_of // DAY
    return np.where(day > keys.issued_day, day - keys.due_day, -10_000)


def training_rows(
    book: Book,
    first: int,
    cutoff: int,
    seed: int,
    customers: npt.NDArray[np.bool_] | None = None,
    most: int | None = None,
) -> Rows:
    """Return all rows with moments in ``[first, cutoff)`` (microseconds since 1970).

    Each invoice is seen once before or at issue, a random number of days ahead, and then every
    `LANDMARK_DAYS` from a random day on while it is open: like a book scored every night, thinned.
    An invoice has the same moments whatever the cutoff. ``customers`` says whose rows are wanted;
    the others' history still counts in the surroundings. Of more than ``most`` rows, those of
    invoices drawn at random are kept.
    """
    known = outcomes(book, cutoff, customers)
    draw, invoices = np.random.default_rng(seed), len(book.invoice_ids)
    ahead = draw.integers(0, LEAD_DAYS + 1, invoices)[known.invoice]
    phase = draw.integers(1, LANDMARK_DAYS + 1, invoices)[known.invoice]
    rank = draw.random(invoices)[known.invoice]
    moments = [(known.issued_day - ahead) * DAY]
    picked = [np.arange(len(known))]
    longest = int((known.due_day - known.issued_day).max(initial=0)) + LANDMARK_LAST
    for step in range(0, longest, LANDMARK_DAYS):
        day = known.issued_day + phase + step
        is_open = _is_open(known, day)
        picked.append(np.flatnonzero(is_open))
        moments.append(day[is_open] * DAY)
    rows = np.concatenate(picked)
    as_of = np.concatenate(moments)
    inside = (as_of >= first) & (as_of < cutoff)
    rows, as_of = rows[inside], as_of[inside]
    if most is not None and len(rows) > most:
        kept = rank[rows] < most / len(rows)
        rows, as_of = rows[kept], as_of[kept]
    return rows_at(book, known.take(rows), as_of, cutoff)


def _is_open(known: Outcomes, day: Int64) -> npt.NDArray[np.bool_]:
    return (day <= known.closed_known // DAY) & (day - known.due_day <= LANDMARK_LAST)


def as_known_at(rows: Rows, book: Book, cutoff: int) -> Rows:
    """Return the rows with moments before an earlier cutoff, with outcomes as known then.

    They are those that `training_rows` gives at that cutoff, without building features again;
    invoices whose dates or amounts were corrected since are left out.
    """
    known = outcomes(book, cutoff)
    place = np.full(len(book.invoice_ids), -1)
    place[known.invoice] = np.arange(len(known))
    at = place[rows.keys.invoice]
    chosen = np.flatnonzero((rows.keys.as_of < cutoff) & (at >= 0))
    keys, then = rows.keys.take(chosen), known.take(at[chosen])
    same = (keys.due_day == then.due_day) & (keys.amount == then.amount)
    same &= keys.issued_day == then.issued_day
    day = keys.as_of // DAY
    same &= (day <= then.issued_day) | _is_open(then, day)
    chosen = chosen[same]
    return _with_outcomes(
        rows.keys.take(chosen), rows.matrix[chosen], known.take(at[chosen]), cutoff
    )


def issue_rows(
    book: Book,
    first: int,
    last: int,
    cutoff: int,
    customers: npt.NDArray[np.bool_] | None = None,
) -> Rows:
    """Return the invoices issued in ``[first, last)``, each at its issue, as known at a cutoff."""
    known = outcomes(book, cutoff, customers)
    issued = known.issued_day * DAY
    chosen = np.flatnonzero((issued >= first) & (issued < last))
    return rows_at(book, known.take(chosen), issued[chosen], cutoff)


def cases(rows: Rows, interval: int) -> tuple[Int64, npt.NDArray[np.bool_]]:
    """Return the rows at risk in an interval and whether each was paid in it.

    A row counts only where the whole interval could have been observed, whether it was paid or
    not: dropping only the unpaid of the last weeks would favour fast payers.
    """
    left = EDGES[interval]
    right = EDGES[interval + 1]
    at_risk = (rows.start < right) & (rows.days_late >= np.maximum(left, rows.start))
    at_risk &= rows.observed >= right
    chosen = np.flatnonzero(at_risk)
    paid = rows.closed[chosen] & (interval_of(rows.days_late[chosen]) == interval)
    return chosen, paid


def thinned(rows: Rows, most: int, seed: int) -> Rows:
    """Return some ``most`` rows drawn at random, or all if they are no more."""
    if len(rows) <= most:
        return rows
    return rows.take(np.random.default_rng(seed).random(len(rows)) < most / len(rows))
