"""One customer's feature row, as the API builds it: time, and equality with the batch row.

    python benchmarks/one_row.py --ledger LEDGER

Takes the customers with about 200 invoices of history, builds the row of a proposed invoice for
each, one at a time, with the whole book in memory, and compares it with the same row of a batch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from features.build import build_matrix, make_keys
from features.catalogue import INVOICE_FEATURES
from features.facts.loading import load_book
from features.ledger.storage import Ledger

HISTORY = 200
CUSTOMERS = 100


def proposed(customer: str, day: pd.Timestamp) -> pd.DataFrame:
    """Return an invoice that is about to be issued."""
    row = {
        "customer_id": customer,
        "issued_on": day.date(),
        "due_on": (day + pd.Timedelta(days=30)).date(),
        "amount": 1234.5,
        "currency": "EUR",
    }
    return pd.DataFrame([row])


def main(ledger: Path) -> None:
    """Print the times."""
    book = load_book(Ledger.open(ledger))
    day = pd.Timestamp(book.extract_date)
    length = np.diff(book.settled.offsets)
    chosen = book.customer_ids[np.argsort(np.abs(length - HISTORY))[:CUSTOMERS]]
    frames = [proposed(customer, day) for customer in chosen]
    batch = build_matrix(book, make_keys(book, pd.concat(frames), day), INVOICE_FEATURES)
    keys_ms, rows_ms, different = [], [], 0
    for _ in range(5):
        for place, frame in enumerate(frames):
            start = time.perf_counter()
            keys = make_keys(book, frame, day)
            made = time.perf_counter()
            row = build_matrix(book, keys, INVOICE_FEATURES)
            rows_ms.append(1000 * (time.perf_counter() - made))
            keys_ms.append(1000 * (made - start))
            different += int((row.view(np.int64) != batch[place].view(np.int64)).sum())
    print(f"{len(INVOICE_FEATURES)} features, {len(rows_ms)} rows one at a time")
    for name, times in (("key", keys_ms), ("features", rows_ms)):
        median, late = np.percentile(times, [50, 99])
        print(f"{name}: median {median:.2f} ms, 99% below {late:.2f} ms")
    print(f"values that differ from the batch: {different}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    main(parser.parse_args().ledger)
