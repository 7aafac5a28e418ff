from __future__ import annotations

import pandas as pd
import pytest

from configs.settings import Settings
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
