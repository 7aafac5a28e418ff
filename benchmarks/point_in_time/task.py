"""What every contender computes, and the one way the result is written.

The facts lie in `settled/*.parquet` and `issued/*.parquet`, one or many parts each: disjoint
ascending customers from part to part, rows sorted by customer and known. A fact counts at `as_of`
over a window of w days where `as_of - w days <= known < as_of <= void`.

Every `as_of` is a midnight, so are the windows' edges, and the rule may be read in whole days:
`as_of_day - w <= known // DAY < as_of_day <= void // DAY`. Contenders may use that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY = 86_400_000_000
FOR_EVER = 2**62
WINDOWS = (30, 90, 180, 365)
KEYS = ("customer", "invoice", "as_of")
MEASURES = (
    "payments",
    "paid",
    "days_late",
    "days_late_squared",
    "late",
    "late_by_amount",
    "invoiced",
)
FEATURES = tuple(f"{measure}_{window}d" for window in WINDOWS for measure in MEASURES)
SETTLED = ("customer", "known", "void", "amount", "days_late", "days_late_bounded")
ISSUED = ("customer", "known", "void", "amount", "issued_day", "invoice")
SCHEMA = pa.schema(
    [(name, pa.int64()) for name in KEYS] + [(name, pa.float64()) for name in FEATURES]
)
# A customer and a day in one sortable int64. Room for 2**43 customers; a window that reaches back
# from any day after 1971 stays inside its customer.
CUSTOMER_STEP = 2**20


def read(facts: Path, stream: str) -> dict[str, np.ndarray]:
    """Return a stream's columns that the task needs, parts in order."""
    columns = SETTLED if stream == "settled" else ISSUED
    parts = sorted((facts / stream).glob("*.parquet"))
    table = pa.concat_tables(pq.read_table(part, columns=list(columns)) for part in parts)
    return {name: table.column(name).to_numpy() for name in columns}


def writer(out: Path) -> pq.ParquetWriter:
    """Return a writer with the settings that are the same for everyone."""
    return pq.ParquetWriter(
        out, SCHEMA, compression="lz4", use_dictionary=False, use_byte_stream_split=list(FEATURES)
    )


def write(table: pa.Table, out: Path) -> None:
    """Write a whole result."""
    with writer(out) as file:
        file.write_table(table.select(SCHEMA.names).cast(SCHEMA))


def write_columns(columns: dict[str, np.ndarray], out: Path) -> None:
    """Write a whole result held as arrays."""
    write(pa.table({name: columns[name] for name in SCHEMA.names}), out)
