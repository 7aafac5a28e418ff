"""Make a stand-in for the facts of a book: same columns, ties, withdrawn facts, several parts.

    python benchmarks/point_in_time/standin.py --invoices 100000 --out facts/

Some 70 invoices a customer over five years. Many facts become known by a nightly batch, so moments
repeat; some exactly at midnight, the edge of every window. Some amounts are credits.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from task import DAY, FOR_EVER

INVOICES_PER_CUSTOMER = 70
FIRST_DAY, DAYS = 17_000, 5 * 365
WITHDRAWN = 0.003
HOUR = DAY // 24


def moments(rng: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """Return a moment of each day: nightly batch, midnight, or any."""
    kind = rng.random(len(day))
    within = np.where(
        kind < 0.7, 18 * HOUR, np.where(kind < 0.8, 0, rng.integers(0, DAY, len(day)))
    )
    return day * DAY + within


def voids(rng: np.random.Generator, known: np.ndarray) -> np.ndarray:
    """Return until when each fact is believed; half of the withdrawals fall on a midnight."""
    void = known + rng.integers(1, 200 * DAY, len(known))
    midnight = void // DAY * DAY
    void = np.where((rng.random(len(known)) < 0.5) & (midnight > known), midnight, void)
    return np.where(rng.random(len(known)) < WITHDRAWN, void, FOR_EVER)


def save(columns: dict[str, np.ndarray], folder: Path, parts: int) -> None:
    """Write sorted rows as parts that never split a customer."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.lexsort((columns["known"], columns["customer"]))
    columns = {name: values[order] for name, values in columns.items()}
    customers = np.linspace(0, columns["customer"].max() + 1, parts + 1).astype(np.int64)
    edges = np.searchsorted(columns["customer"], customers)
    for part, (start, end) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        table = pa.table({name: values[start:end] for name, values in columns.items()})
        pq.write_table(table, folder / f"part-{part:04d}.parquet", compression="lz4")


def make(invoices: int, out: Path, parts: int = 4, seed: int = 1) -> None:
    """Write the facts of a made-up book.

    Parameters
    ----------
    invoices
        How many invoices are issued.
    out
        Folder that receives `settled/` and `issued/`.
    parts
        Part files of `settled`; `issued` gets one fewer, so their edges differ.
    seed
        Of everything random.
    """
    rng = np.random.default_rng(seed)
    customers = max(1, invoices // INVOICES_PER_CUSTOMER)
    weight = rng.lognormal(0, 0.7, customers)
    customer = rng.choice(customers, invoices, p=weight / weight.sum()).astype(np.int64)
    issued_day = FIRST_DAY + rng.integers(0, DAYS, invoices)
    due_day = issued_day + rng.choice([14, 30, 60], invoices)
    amount = rng.lognormal(11, 1.2, invoices).astype(np.int64)
    amount = np.where(rng.random(invoices) < 0.02, -(amount // 7), amount)
    amount = np.where(rng.random(invoices) < 0.02, amount % 150, amount)
    known = moments(rng, issued_day + rng.choice([0, 0, 0, 1, 5], invoices))
    issued = {
        "customer": customer,
        "known": known,
        "void": voids(rng, known),
        "amount": amount,
        "issued_day": issued_day,
        "due_day": due_day,
        "invoice": np.arange(invoices, dtype=np.int64),
        "kind": rng.integers(0, 3, invoices),
    }
    save(issued, out / "issued", max(1, parts - 1))
    paid = rng.random(invoices) < 0.95
    days_late = (rng.standard_t(3, invoices) * 12).astype(np.int64)
    paid_day = np.maximum(due_day + days_late, issued_day)
    days_late = paid_day - due_day
    known = moments(rng, paid_day + rng.choice([0, 1, 1, 3], invoices))
    settled = {
        "customer": customer,
        "known": known,
        "void": voids(rng, known),
        "amount": amount,
        "days_late": days_late,
        "days_late_bounded": np.clip(days_late, -60, 180),
        "invoice": np.arange(invoices, dtype=np.int64),
    }
    save({name: values[paid] for name, values in settled.items()}, out / "settled", parts)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    make(options.invoices, options.out, options.parts, options.seed)


if __name__ == "__main__":
    main()
