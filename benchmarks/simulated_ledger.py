"""A large simulated ledger, written customer by customer without the import's checks.

The simulator's rows are clean and in one currency, so an extract of any size becomes a ledger in
bounded memory:

    python benchmarks/simulated_ledger.py --invoices 1000000 --out DIR
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.ledger.contract import TABLES, Table
from features.ledger.schema import physical_schema, reporting_column
from features.ledger.slices import CustomerRows
from features.ledger.storage import Ledger
from features.ledger.writing import LedgerWriter
from features.simulator import simulate

MONTHS = 36
INVOICES_PER_CUSTOMER = 57
"""Of the simulator over `MONTHS` months, on average."""
_CUSTOMERS_AT_ONCE = 2_000
_DEFAULTS = {"kind": {"invoices": "invoice", "payments": "payment", "credit_limits": "normal"}}


def ledger_from_extract(
    extract: Path, root: Path, extract_date: date, customers_wanted: int | None = None
) -> Ledger:
    """Write a ledger from a simulated Parquet extract, `_CUSTOMERS_AT_ONCE` customers at a time."""
    files = {name: extract / f"{name}.parquet" for name in TABLES}
    rows = {name: CustomerRows(path) for name, path in files.items() if path.exists()}
    customers = pq.read_table(files["customers"], columns=["customer_id"])[0].to_pylist()
    customers = sorted(customers)[:customers_wanted]
    with LedgerWriter(root, reporting_currency="EUR", extract_date=extract_date) as writer:
        for first in range(0, len(customers), _CUSTOMERS_AT_ONCE):
            some = customers[first : first + _CUSTOMERS_AT_ONCE]
            writer.append(
                {
                    name: stored_rows(TABLES[name], table.read(some[0], some[-1]))
                    for name, table in rows.items()
                }
            )
        return writer.finish()


def stored_rows(table: Table, extract: pa.Table) -> pa.Table:
    """Return the rows of an extract as a ledger stores them."""
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    n = extract.num_rows
    for column in table.columns:
        values = extract[column.name]
        default = _DEFAULTS.get(column.name, {}).get(table.name)
        if default is not None:
            values = pc.fill_null(values, default)
        if column.type == "money":
            values = pc.cast(pc.multiply(values, pa.scalar(100)), pa.decimal128(38, 2))
            values = pc.cast(pc.cast(values, pa.decimal128(38, 0)), pa.int64())
            columns[reporting_column(column.name)] = values
        columns[column.name] = values
    known = extract["recorded_at"].cast(pa.timestamp("us"))
    if table.event is not None:
        event = extract[table.event].cast(pa.timestamp("us"))
        known = pc.max_element_wise(event, known)
        columns["recorded_at"] = pc.coalesce(columns["recorded_at"], event)
    columns["known_at"] = known
    columns["removed"] = pa.repeat(pa.scalar(False), n)
    schema = physical_schema(table)
    return pa.table([pc.cast(columns[f.name], f.type) for f in schema], schema=schema)


def simulated_ledger(
    invoices: int, out: Path, seed: int = 1, extract: Path | None = None
) -> Ledger:
    """Simulate about so many invoices and write their ledger; one that is there is opened.

    With the extract of a larger simulation, its first customers are taken.
    """
    root = out / "ledger"
    if (root / "manifest.json").exists():
        return Ledger.open(root)
    customers = max(invoices // INVOICES_PER_CUSTOMER, 1)
    extract = extract or out / "extract"
    if not (extract / "simulation.json").exists():
        simulate(customers, MONTHS, seed, extract, file_format="parquet", progress=_say)
    content = json.loads((extract / "simulation.json").read_text(encoding="utf-8"))
    extract_date = date.fromisoformat(content["holds"]["extract_date"])
    return ledger_from_extract(extract, root, extract_date, customers)


def _say(done: int, of: int) -> None:
    print(f"\rsimulated {done:,} of {of:,} customers", end="" if done < of else "\n", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--extract", type=Path, help="Of a larger simulation, to take a part of.")
    asked = parser.parse_args()
    made = simulated_ledger(asked.invoices, asked.out, asked.seed, asked.extract)
    print(f"{made.root}: {made.manifest.rows}")
