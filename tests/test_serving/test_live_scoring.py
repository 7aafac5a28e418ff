from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import Settings
from features.build import build
from features.facts.book import Book
from features.facts.loading import load_book
from features.intake.importing import import_extract
from features.intake.source import load_source
from features.ledger import Ledger


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    folder = tmp_path_factory.mktemp("extract")
    invoices, payments = [], []
    for number in range(90):
        issued = pd.Timestamp("2025-01-01") + pd.Timedelta(days=3 * number)
        customer = f"C{number % 3}"
        row = {
            "invoice_id": f"I{number}",
            "customer_id": customer,
            "issued_on": issued.date(),
            "due_on": (issued + pd.Timedelta(days=30)).date(),
            "amount": 100 + number,
            "currency": "EUR",
        }
        invoices.append(row)
        if number % 5:
            paid = issued + pd.Timedelta(days=25 + 7 * (number % 4))
            payments.append(
                {
                    "payment_id": f"P{number}",
                    "paid_on": paid.date(),
                    "amount": row["amount"],
                    "currency": "EUR",
                    "invoice_id": row["invoice_id"],
                }
            )
    customers = pd.DataFrame({"customer_id": ["C0", "C1", "C2"], "segment": ["a", "b", "a"]})
    customers.to_csv(folder / "customers.csv", index=False)
    pd.DataFrame(invoices).to_csv(folder / "invoices.csv", index=False)
    pd.DataFrame(payments).to_csv(folder / "payments.csv", index=False)
    import_extract(load_source("canonical"), folder, folder / "ledger", Settings())
    return load_book(Ledger.open(folder / "ledger"))


@pytest.mark.parametrize(
    "customers", [["C1"], ["C2", "C0"], ["new"], ["C1", "new", "C0"], ["C0", "C1", "C2"]]
)
def test_a_part_has_the_features_of_the_whole(book, customers):
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(customers, 2),
            "issued_on": pd.Timestamp("2025-10-02"),
            "due_on": pd.Timestamp("2025-11-01"),
            "amount": np.tile([50.0, 5000.0], len(customers)),
            "currency": "EUR",
        }
    )
    part = book.part(frame["customer_id"].unique())
    assert len(part.customer_ids) == max(len(set(customers) - {"new"}), 1)
    pd.testing.assert_frame_equal(
        build(part, frame, "2025-10-01"), build(book, frame, "2025-10-01"), check_exact=True
    )
