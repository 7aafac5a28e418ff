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
    def _bounds(self) -> list[tuple[int, str | None, str | None]]:
        """The row groups about customers, with their first and last where they say so."""
        metadata = self._file.metadata
        at = self._file.schema_arrow.get_field_index("customer_id")
        bounds: list[tuple[int, str | None, str | None]] = []
        for group in range(metadata.num_row_groups):
            about = metadata.row_group(group).column(at).statistics
            if about is not None and about.has_min_max:
                bounds.append((group, about.min, about.max))
            elif about is None or about.null_count < metadata.row_group(group).num_rows:
                # Ids of more than 4 kB leave no bounds.
                bounds.append((group, None, None))
        return bounds

    def read(self, first: str, last: str, columns: list[str] | None = None) -> pa.Table:
        """Return the rows of the customers from ``first`` to ``last``, both included."""
        groups = [
            group
            for group, low, high in self._bounds
            if low is None or high is None or (low <= last and high >= first)
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
