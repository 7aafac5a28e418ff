"""What is said of each predicted row beside its probabilities: ids, days, amount, its slices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.engine.states import LatestStates
from features.facts.book import Book
from features.facts.versions import DAY, Int64
from features.ledger.money import minor_units_per_major
from models.late_payment.dataset import Rows

_DAYS = 1_000_000
"""More than any day number: customer and day in one sortable number."""


def row_facts(book: Book, rows: Rows, cutoff: int) -> pd.DataFrame:
    """Return one row per predicted row.

    ``amount`` is in major reporting units; ``unseen`` whether nothing of the customer was known
    before the cutoff, ``settled_invoices`` how many of its invoices were settled by the moment.
    """
    keys = rows.keys
    segment = LatestStates(keys)(book.masters, "segment")
    names = np.array([*(name for _, name in book.places), "not known"], dtype=object)
    first_known = np.full(len(book.customer_ids), np.iinfo(np.int64).max)
    np.minimum.at(first_known, book.items.owner, book.items.known)
    return pd.DataFrame(
        {
            "customer_id": book.customer_ids[keys.customer],
            "invoice_id": book.invoice_ids[keys.invoice],
            "as_of": _date(keys.as_of // DAY),
            "issued_on": _date(keys.issued_day),
            "due_on": _date(keys.due_day),
            "days_past_due": keys.as_of // DAY - keys.due_day,
            "amount": keys.amount / minor_units_per_major(book.reporting_currency),
            "segment": names[np.where(np.isnan(segment), -1, segment).astype(np.int64)],
            "unseen": first_known[keys.customer] >= cutoff,
            "settled_invoices": _settled(book, keys.customer, keys.as_of // DAY),
        }
    )


def _settled(book: Book, customer: Int64, day: Int64) -> Int64:
    """Return how many settlements of the customer were known before a day."""
    settled = book.settled
    known = settled.owner * _DAYS + settled.known // DAY
    first = settled.offsets[customer]
    return np.searchsorted(known, customer * _DAYS + day, side="left") - first


def _date(day: Int64) -> pd.Series:
    return pd.Series(day.astype("datetime64[D]").astype("datetime64[s]")).dt.date
