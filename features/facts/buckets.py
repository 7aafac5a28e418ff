"""Dividing a ledger into ranges of customers that fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.facts.loading import CUSTOMER_COLUMNS, Range
from features.ledger.storage import Ledger

ROWS_PER_BUCKET = 250_000
"""Rows of the ledger, of all tables together, that are loaded at once: some 200 MB of work."""


@dataclass(frozen=True)
class Bucket:
    """A range of customers.

    Parameters
    ----------
    number : int
        From 0, in the order of the customers.
    customers : Range
    """

    number: int
    customers: Range


def buckets(
    ledger: Ledger,
    rows_per_bucket: int = ROWS_PER_BUCKET,
    starts: Sequence[str] | None = None,
) -> list[Bucket]:
    """Divide a ledger's customers into buckets.

    Only the customer of each row is read, and no row is held longer than it takes to count it. A
    customer is never divided, so the largest one bounds the memory from below.

    Parameters
    ----------
    ledger : Ledger
    rows_per_bucket : int
        1 or more.
    starts : sequence of str, optional
        First customers of an earlier division, which is kept: customers that are new since then
        join the bucket that they fall into. What the last one cannot hold, where numbered
        customers come, goes into further buckets.
    """
    customers, rows = _row_counts(ledger)
    if len(customers) == 0:
        return []
    if starts:
        earlier = np.array(sorted(starts), dtype=object)
        own = np.maximum(np.searchsorted(earlier, customers, side="right") - 1, 0)
        in_last = own == len(earlier) - 1
        held = np.cumsum(rows[in_last]) - rows[in_last]
        own[in_last] += held // max(rows_per_bucket, 1)
    else:
        own = (np.cumsum(rows) - rows) // max(rows_per_bucket, 1)
    first = np.flatnonzero(np.diff(own, prepend=-1))
    last = np.append(first[1:], len(customers)) - 1
    return [
        Bucket(number, Range(customers[low], customers[high]))
        for number, (low, high) in enumerate(zip(first, last, strict=True))
    ]


def _row_counts(ledger: Ledger) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Return all customers in order and the number of rows about each."""
    names, counts = [pa.array([], pa.string())], [np.empty(0, dtype=np.int64)]
    for table in CUSTOMER_COLUMNS:
        if table in ledger.manifest.tables:
            customers, rows = ledger.customer_rows(table).row_counts()
            names.append(customers)
            counts.append(rows)
    together = pa.table({"customer": pa.concat_arrays(names), "rows": np.concatenate(counts)})
    summed = together.group_by("customer").aggregate([("rows", "sum")]).sort_by("customer")
    return (
        np.asarray(summed["customer"].to_pylist(), dtype=object),
        np.asarray(summed["rows_sum"].to_numpy(), dtype=np.int64),
    )
