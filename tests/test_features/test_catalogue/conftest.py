"""Feature rows of hand-made ledgers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pandas as pd
import pytest

from features.build import build
from features.facts.book import Book


@pytest.fixture(scope="session")
def row(moment: Callable[[float], datetime]) -> Callable[..., pd.Series]:
    """Return the features of a customer at a moment, or of an invoice of it."""

    def row(
        book: Book,
        number: float,
        customer: str = "A",
        issued: int | None = None,
        due: int = 0,
        amount: int = 100_000,
        invoice: str = "proposed",
    ) -> pd.Series:
        key = {"customer_id": customer}
        if issued is not None:
            key |= {
                "issued_on": moment(issued),
                "due_on": moment(due),
                "amount": amount / 100,
                "currency": "EUR",
                "invoice_id": invoice,
            }
        return build(book, pd.DataFrame([key]), moment(number)).iloc[0]

    return row


@pytest.fixture(scope="session")
def check() -> Callable[..., None]:
    """Compare some features of a row with their values worked out by hand; NaN equals NaN."""

    def check(found: pd.Series, expected: dict[str, float], within: float = 1e-12) -> None:
        assert {name: found[name] for name in expected} == pytest.approx(
            expected, rel=within, abs=within, nan_ok=True
        )

    return check
