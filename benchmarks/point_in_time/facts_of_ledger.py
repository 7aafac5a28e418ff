"""Write the facts that the contenders start from: of a simulated ledger, as they are stored.

    python benchmarks/point_in_time/facts_of_ledger.py --invoices 1000000 --out DIR

The ledger's own facts, derived bucket by bucket, with two columns of simple differences
(``days_late`` and ``days_late_bounded``) added so that nobody has to work them out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from configs.settings import SettlementSettings
from features.facts.buckets import ROWS_PER_BUCKET
from features.facts.store import part_name
from features.table.facts_folder import bucket_book, derive_facts, one_by_one

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from simulated_ledger import simulated_ledger

EXTRA = {"settled": ("days_late", "days_late_bounded"), "issued": ()}


def facts_of_ledger(invoices: int, out: Path) -> Path:
    """Return the folder with the facts; what is there already is not made again."""
    done = out / "contenders"
    if (done / "complete").exists():
        return done
    ledger = simulated_ledger(invoices, out)
    divided = derive_facts(ledger, out / "facts", SettlementSettings(), ROWS_PER_BUCKET, one_by_one)
    for bucket in divided:
        book = bucket_book(out / "facts", bucket.number)
        for name, extra in EXTRA.items():
            stream = getattr(book, name)
            columns = {
                "customer": stream.owner + (bucket.number << 32),
                "known": stream.known,
                "void": stream.void,
                **stream.measures.base,
                **{column: stream.measures[column] for column in extra},
            }
            path = done / name / part_name(bucket.number)
            path.parent.mkdir(parents=True, exist_ok=True)
            # DuckDB does not read integers that are split by bytes.
            pq.write_table(pa.table(columns), path, compression="lz4", use_dictionary=False)
    (done / "complete").touch()
    return done


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    print(facts_of_ledger(asked.invoices, asked.out))
