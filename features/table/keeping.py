"""Which rows of an earlier table still hold: those older than anything that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from features.engine import Keys
from features.facts.book import Book, Float64
from features.facts.changes import changed_from
from features.facts.surroundings import first_difference
from features.facts.versions import DAY, Int64


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows that are taken over.

    Parameters
    ----------
    source : int64 array of shape (rows,)
        The row of the earlier part, -1 for what must be built.
    columns : float64 array of shape (features, rows)
        Filled where a row is taken over.
    whole : bool
        Whether the earlier part has exactly these rows.
    """

    source: Int64
    columns: Float64
    whole: bool

    @classmethod
    def nothing(cls, rows: int, features: int) -> Kept:
        """Return that every row must be built."""
        return cls(np.full(rows, -1, dtype=np.int64), np.empty((features, rows)), False)


def kept_rows(before: Book, after: Book, keys: tuple[Keys, Keys], part: Path,
              features: Sequence[str]) -> Kept:  # fmt: skip
    """Find the rows of an earlier part that no fact that came since can have changed.

    A row at ``as_of`` sees what was known before; it holds if neither its customer's facts nor the
    surroundings differ before that moment, and if what it is about is the same: an invoice's
    amount and due day are those that stand now.

    Parameters
    ----------
    before, after : Book
        A bucket's book then and now.
    keys : tuple of Keys
        The rows of the part, built from ``before``, and those wanted.
    part : Path
    features : sequence of str
        The columns of the part.
    """
    then, now = (
        pd.MultiIndex.from_arrays(_identity(book, own))
        for book, own in zip((before, after), keys, strict=True)
    )
    wanted = keys[1]
    source = np.asarray(then.get_indexer(now))
    holds = wanted.as_of <= changed_from(before, after)[wanted.customer]
    day = first_difference(before.surroundings, after.surroundings)
    if day is not None:
        # What became known on a day counts for everyone from the day after it on.
        holds &= wanted.as_of // DAY <= day
    same = len(then) == len(now) and bool((source == np.arange(len(now))).all())
    source = np.where(holds, source, -1).astype(np.int64)
    columns = np.empty((len(features), len(now)))
    kept = source >= 0
    stored = pq.read_table(part, columns=list(features))
    for row, name in enumerate(features):
        columns[row, kept] = stored[name].to_numpy()[source[kept]]
    return Kept(source, columns, same)


def _identity(book: Book, keys: Keys) -> list[npt.NDArray[np.generic]]:
    """Return what tells rows apart, in any book."""
    identity = [book.customer_ids[keys.customer], keys.as_of]
    if (keys.invoice >= 0).any():
        ids = book.invoice_ids[keys.invoice]
        identity += [ids, keys.issued_day, keys.due_day, keys.amount]
    return identity
