"""Reading the rows of a range of customers from a stored table."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROW_GROUP = 65_536
"""Rows that are read together."""


class CustomerRows:
    """A stored table, sorted by customer, of which parts are read.

    Parameters
    ----------
    path : Path
        A Parquet file with a ``customer_id``; rows without one come last.
    """

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)

    @cached_property
    def _bounds(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """First and last customer of each row group."""
        metadata = self._file.metadata
        at = self._file.schema_arrow.get_field_index("customer_id")
        firsts, lasts = [], []
        for group in range(metadata.num_row_groups):
            statistics = metadata.row_group(group).column(at).statistics
            known = statistics is not None and statistics.has_min_max
            firsts.append(statistics.min if known else None)
            lasts.append(statistics.max if known else None)
        return np.array(firsts, dtype=object), np.array(lasts, dtype=object)

    def read(self, first: str, last: str, columns: list[str] | None = None) -> pa.Table:
        """Return the rows of the customers from ``first`` to ``last``, both included."""
        firsts, lasts = self._bounds
        groups = [
            group
            for group, (low, high) in enumerate(zip(firsts, lasts, strict=True))
            if low is not None and low <= last and high >= first
        ]
        wanted = (
            columns if columns is None or "customer_id" in columns else [*columns, "customer_id"]
        )
        rows = self._file.read_row_groups(groups, columns=wanted, use_threads=False)
        customer = rows["customer_id"]
        inside = pc.and_(pc.greater_equal(customer, first), pc.less_equal(customer, last))
        rows = rows.filter(pc.fill_null(inside, False))
        return rows if columns is None else rows.select(columns)

    def row_counts(self) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """Return the customers in stored order and the number of rows of each."""
        names, counts = [], []
        for group in range(self._file.num_row_groups):
            column = self._file.read_row_group(group, ["customer_id"], use_threads=False)[0]
            runs = pc.run_end_encode(column.combine_chunks())
            names.append(runs.values)
            counts.append(np.diff(runs.run_ends.to_numpy(), prepend=0))
        if not names:
            return pa.array([], pa.string()), np.empty(0, dtype=np.int64)
        customers = pa.concat_arrays(names)
        known = customers.is_valid().to_numpy(zero_copy_only=False)
        return customers.filter(pa.array(known)), np.concatenate(counts)[known].astype(np.int64)
