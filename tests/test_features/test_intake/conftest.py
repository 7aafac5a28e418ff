from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from configs import Settings
from configs.settings import ImportSettings
from features.intake import ImportReport, import_extract, load_source
from features.ledger.contract import TABLES
from features.ledger.storage import Ledger

Rows = Sequence[Mapping[str, object]]


def customer(number: int, **changes: object) -> dict[str, object]:
    return {"customer_id": f"C{number}", "name": f"Customer {number}", **changes}


def invoice(number: int, **changes: object) -> dict[str, object]:
    return {
        "invoice_id": f"I{number}",
        "customer_id": "C1",
        "issued_on": "2024-01-10",
        "due_on": "2024-02-09",
        "amount": f"{100 + number}.50",
        "currency": "EUR",
        **changes,
    }


def payment(number: int, **changes: object) -> dict[str, object]:
    return {
        "payment_id": f"P{number}",
        "invoice_id": f"I{number}",
        "paid_on": "2024-02-12",
        "amount": f"{100 + number}.50",
        "currency": "EUR",
        **changes,
    }


def write_csv(path: Path, rows: Rows, delimiter: str = ",") -> None:
    """Write rows under the union of their keys; no rows: the contract's header."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not rows and path.stem in TABLES:
        names = [column.name for column in TABLES[path.stem].columns]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


class Workplace:
    """Extract folders and one ledger below a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger_root = root / "ledger"

    def extract(self, name: str = "extract", **tables: Rows) -> Path:
        """Write a canonical extract: two customers, two invoices, a payment, unless given."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        content: dict[str, Rows] = {
            "customers": [customer(1), customer(2)],
            "invoices": [invoice(1), invoice(2)],
            "payments": [payment(1)],
        }
        for table, rows in {**content, **tables}.items():
            write_csv(folder / f"{table}.csv", rows)
        return folder

    def load(
        self,
        folder: Path,
        day: str | None = "2024-03-01",
        source: str | Path = "canonical",
        settings: Settings | None = None,
        **options: Any,
    ) -> ImportReport:
        return import_extract(
            load_source(source),
            folder,
            self.ledger_root,
            settings or Settings(),
            extract_date=date.fromisoformat(day) if day else None,
            **options,
        )

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(self.ledger_root)

    def rows(self, table: str, *columns: str, **where: object) -> list[tuple[object, ...]]:
        """Return columns of the ledger's rows that have the given values, oldest version first."""
        found = self.ledger.table(table).to_pylist()
        kept = [row for row in found if all(row[name] == value for name, value in where.items())]
        kept.sort(key=lambda row: (row.get("recorded_at") is not None, row.get("recorded_at")))
        return [tuple(row[name] for name in columns) for row in kept]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="module")
def module_workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("intake"))


@pytest.fixture(scope="session")
def make_customer() -> Callable[..., dict[str, object]]:
    return customer


@pytest.fixture(scope="session")
def make_invoice() -> Callable[..., dict[str, object]]:
    return invoice


@pytest.fixture(scope="session")
def make_payment() -> Callable[..., dict[str, object]]:
    return payment


@pytest.fixture(scope="session")
def lenient() -> Settings:
    """Settings under which no share of bad rows stops an import."""
    return Settings(intake=ImportSettings(quarantine_share_limit=1.0))
