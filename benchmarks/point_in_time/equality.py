"""Whether two results are the same, and a sample of the facts small enough for the slow truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from task import FEATURES, FOR_EVER, KEYS, SCHEMA

RELATIVE = 1e-12  # of the quotients; counts and sums are equal exactly


def column(result: Path, name: str) -> np.ndarray:
    """Return one column of a result."""
    return pq.read_table(result, columns=[name]).column(name).to_numpy()


def order(result: Path) -> np.ndarray:
    """Return the rows by customer and invoice."""
    return np.lexsort((column(result, "invoice"), column(result, "customer")))


def differences(truth: Path, result: Path) -> list[str]:
    """Return what differs, a line a column; none if the results are equal."""
    schema = pq.read_schema(result)
    if not schema.equals(SCHEMA):
        return [f"schema: {schema.names}"]
    if pq.read_metadata(truth).num_rows != pq.read_metadata(result).num_rows:
        return [f"{pq.read_metadata(result).num_rows} rows"]
    left, right = order(truth), order(result)
    found = []
    for name in (*KEYS, *FEATURES):
        expected, got = column(truth, name)[left], column(result, name)[right]
        if name.startswith("late_by_amount"):
            same = np.isclose(got, expected, rtol=RELATIVE, atol=0, equal_nan=True)
        else:
            same = got == expected
        if not same.all():
            row = int(np.argmin(same))
            found.append(f"{name}: {(~same).sum()} rows, e.g. {got[row]} for {expected[row]}")
    return found


def sample(facts: Path, invoices: int, out: Path, seed: int = 1) -> None:
    """Write the facts of a few customers, half of them with withdrawn facts, in two parts."""
    issued = pq.read_table(facts / "issued", columns=["customer", "void"])
    settled = pq.read_table(facts / "settled", columns=["customer", "void"])
    both = pa.concat_tables([issued, settled])
    withdrawn = both.filter(pc.less(both["void"], FOR_EVER))["customer"].to_numpy()
    customers, counts = np.unique(issued["customer"].to_numpy(), return_counts=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(customers))
    first = np.isin(customers[order], withdrawn)
    chosen: list[int] = []
    for candidates in (order[first], order):
        budget = (invoices - counts[chosen].sum()) / (2 if candidates is not order else 1)
        fresh = candidates[~np.isin(candidates, chosen)]
        chosen += list(fresh[np.cumsum(counts[fresh]) <= budget])
    chosen = chosen or [int(np.argmin(counts))]
    kept = np.sort(customers[chosen])
    for stream in ("settled", "issued"):
        (out / stream).mkdir(parents=True)
        table = pq.read_table(facts / stream, filters=pc.field("customer").isin(kept))
        table = table.sort_by([("customer", "ascending"), ("known", "ascending")])
        middle = kept[len(kept) // 2]
        for part, rows in enumerate(
            (pc.less(table["customer"], middle), pc.greater_equal(table["customer"], middle))
        ):
            pq.write_table(table.filter(rows), out / stream / f"part-{part}.parquet")
