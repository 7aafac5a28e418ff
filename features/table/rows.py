"""Which rows a feature table has: the keys of a bucket's book, sorted by customer and moment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.build import moment_in_microseconds
from features.engine import Keys
from features.facts.book import ACTIVE_DAYS, Book
from features.facts.versions import DAY, FOREVER, Int64


def invoices_at_issue(book: Book) -> Keys:
    """Return every invoice at the 00:00 of its issue, when nothing of that day is known yet."""
    issued = book.issued
    stands = np.flatnonzero(issued.void == FOREVER)
    customer, of = issued.owner[stands], issued.measures
    day, invoice = of["issued_day"][stands], of["invoice"][stands]
    order = np.lexsort((invoice, day, customer))
    rows = stands[order]
    return Keys(
        customer=customer[order].astype(np.int64),
        as_of=of["issued_day"][rows] * DAY,
        issued_day=of["issued_day"][rows],
        due_day=of["due_day"][rows],
        amount=of["amount"][rows],
        invoice=of["invoice"][rows],
    )


def customers_by_month(book: Book) -> Keys:
    """Return every customer at the first of each month within `ACTIVE_DAYS` of an invoice.

    Whatever was known of an invoice then counts, corrected since or not: which rows there are must
    not depend on what comes later.
    """
    owner, day = book.issued.owner, book.issued.known // DAY
    last = moment_in_microseconds(book.extract_date) // int(DAY)
    found: list[Int64] = []
    if len(day):
        first = np.datetime64(int(day.min()), "D").astype("datetime64[M]") + 1
        months = np.arange(first, np.datetime64(last, "D").astype("datetime64[M]") + 1)
        for month in months.astype("datetime64[D]").astype(np.int64):
            recent = np.unique(owner[(day < month) & (day >= month - ACTIVE_DAYS)])
            found.append(np.stack([recent, np.full(len(recent), month * DAY)]))
    customer, as_of = np.concatenate([np.empty((2, 0), dtype=np.int64), *found], axis=1)
    order = np.lexsort((as_of, customer))
    none = np.full(len(order), -1, dtype=np.int64)
    return Keys(customer[order], as_of[order], none, none, none, none)


ROWS: dict[str, Callable[[Book], Keys]] = {
    "invoices": invoices_at_issue,
    "customers": customers_by_month,
}
"""The kinds of tables."""
