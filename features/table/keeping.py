"""Which rows of an earlier table still hold: those older than anything that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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


def kept_rows(before: Book, after: Book, keys: Keys, part: Path, features: Sequence[str]) -> Kept:
    """Find the rows of an earlier part that no fact that came since can have changed.

    A row at ``as_of`` sees what was known before; it holds if neither its customer's facts nor the
    surroundings differ before that moment.

    Parameters
    ----------
    before, after : Book
        A bucket's book then and now.
    keys : Keys
        The rows wanted.
    part : Path
        The rows built from ``before``.
    features : sequence of str
        The columns of the part.
    """
    identity = ["customer_id", "as_of"]
    stored = pq.read_table(part)
    if "invoice_id" in stored.schema.names:
        identity.append("invoice_id")
    then = pd.MultiIndex.from_frame(
        stored.select(identity).to_pandas().assign(as_of=stored["as_of"].cast("int64").to_pandas())
    )
    now: dict[str, object] = {
        "customer_id": after.customer_ids[keys.customer],
        "as_of": keys.as_of,
    }
    if "invoice_id" in identity:
        now["invoice_id"] = after.invoice_ids[keys.invoice]
    source = np.asarray(then.get_indexer(pd.MultiIndex.from_frame(pd.DataFrame(now))))
    holds = keys.as_of <= changed_from(before, after)[keys.customer]
    day = first_difference(before.surroundings, after.surroundings)
    if day is not None:
        # What became known on a day counts for everyone from the day after it on.
        holds &= keys.as_of // DAY <= day
    same = len(stored) == len(keys) and bool((source == np.arange(len(keys))).all())
    source = np.where(holds, source, -1).astype(np.int64)
    columns = np.empty((len(features), len(keys)))
    kept = source >= 0
    for row, name in enumerate(features):
        columns[row, kept] = stored[name].to_numpy()[source[kept]]
    return Kept(source, columns, same)
