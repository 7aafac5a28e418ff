"""Feature rows of hand-made ledgers, and a slow, obvious reading of their rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest

from features.build import build
from features.facts.book import Book

Row = dict[str, object]
DAY = timedelta(days=1)


class PlainRows:
    """What the rows say at a moment, read one by one."""

    def __init__(self, rows: dict[str, list[Row]], as_of: datetime) -> None:
        self.rows = rows
        self.as_of = as_of

    def believed(self, table: str, *key: str, as_of: datetime | None = None) -> list[Row]:
        """Return the last recorded version of each fact known before a moment."""
        latest: dict[tuple[object, ...], Row] = {}
        known = [row for row in self.rows[table] if row["known_at"] < (as_of or self.as_of)]
        for row in sorted(known, key=lambda row: row["recorded_at"]):
            latest[tuple(row.get(name) for name in key)] = row
        return list(latest.values())

    def of(self, customer: str, table: str, *key: str) -> list[Row]:
        return [row for row in self.believed(table, *key) if row["customer_id"] == customer]

    def inside(self, known: datetime, length: int) -> bool:
        return self.as_of - length * DAY <= known < self.as_of

    def open_amount(self, invoice: Row, as_of: datetime | None = None) -> int:
        applied = [
            row["amount"]
            for row in self.believed("payments", "payment_id", as_of=as_of)
            if row["invoice_id"] == invoice["invoice_id"]
        ]
        left = invoice["amount"] - sum(applied)
        return left if left > min(100, invoice["amount"] // 200) else 0

    def open_items(self, customer: str) -> dict[str, int]:
        found = {
            row["invoice_id"]: self.open_amount(row)
            for row in self.of(customer, "invoices", "invoice_id")
        }
        return {name: left for name, left in found.items() if left}

    def settled(self) -> list[tuple[datetime, str, int]]:
        """Return (known, customer, days late) of every paid invoice."""
        found = []
        for row in self.believed("invoices", "invoice_id"):
            if self.open_amount(row):
                continue
            pieces = [
                piece
                for piece in self.believed("payments", "payment_id")
                if piece["invoice_id"] == row["invoice_id"]
            ]
            known = max(piece["known_at"] for piece in [row, *pieces])
            paid_on = max(piece["paid_on"] for piece in pieces)
            found.append((known, row["customer_id"], (paid_on - row["due_on"]).days))
        return found

    def place(self, customer: str, kind: str, as_of: datetime) -> object:
        """Return the segment, country or group that a customer was known in."""
        place, since = None, datetime.min
        for row in self.rows["customers"]:
            known = row["known_at"] or datetime.min
            if row["customer_id"] == customer and since <= known < as_of:
                place, since = row[kind], known
        return place

    def around(self, kind: str | None, customer: str, length: int) -> list[int]:
        """Return the days late of what was paid in the customer's place of a kind."""
        place = self.place(customer, kind, self.as_of) if kind else None
        if kind and place is None:
            return []
        today = self.as_of.date()
        return [
            late
            for known, owner, late in self.settled()
            if today - length * DAY <= known.date() < today
            and (kind is None or self.place(owner, kind, known) == place)
        ]

    def disputes(self, customer: str, as_of: datetime | None = None) -> dict[object, list[Row]]:
        found: dict[object, list[Row]] = {}
        for row in self.believed("disputes", "dispute_id", "event_on", "status", as_of=as_of):
            if row["customer_id"] == customer:
                found.setdefault(row["dispute_id"], []).append(row)
        return found

    def openings(self, customer: str) -> list[datetime]:
        """Return since when each dispute's first opening has been the first one believed."""
        moments = sorted({row["known_at"] for row in self.rows["disputes"]})
        since: dict[object, tuple[Row, datetime]] = {}
        for moment in (moment for moment in moments if moment < self.as_of):
            now = self.disputes(customer, moment + timedelta(microseconds=1))
            for dispute, rows in now.items():
                opened = [row for row in rows if row["status"] == "open"]
                if not opened:
                    continue
                first = min(opened, key=lambda row: row["known_at"])
                held = since.get(dispute)
                if held is None or held[0]["known_at"] not in [r["known_at"] for r in opened]:
                    since[dispute] = (first, moment)
        return [moment for _, moment in since.values()]

    def disputed(self, customer: str) -> int:
        left, total = self.open_items(customer), 0
        for rows in self.disputes(customer).values():
            rows.sort(key=lambda row: (row["event_on"], row["status"] != "open", row["known_at"]))
            last = rows[-1]
            if last["status"] == "open":
                item = left.get(last["invoice_id"], 0)
                total += min(item, last.get("amount", item))
        return total

    def judged(self, customer: str) -> list[tuple[datetime, bool]]:
        """Return (moment, broken) of every promise that has been judged."""
        found = []
        for row in self.of(customer, "promises", "promise_id"):
            end = datetime.combine(row["promised_on"], datetime.min.time()) + 4 * DAY
            moment = max(end, row["known_at"])
            made = datetime.combine(row["made_on"], datetime.min.time())
            if moment >= self.as_of:
                continue
            paid = sum(
                payment["amount"]
                for payment in self.believed("payments", "payment_id", as_of=moment)
                if payment["customer_id"] == customer
                and payment["kind"] == "payment"
                and payment["known_at"] >= made
            )
            found.append((moment, not (paid > 0 and paid >= 0.9 * row.get("amount", 0))))
        return found


@pytest.fixture(scope="session")
def plain_rows() -> type[PlainRows]:
    return PlainRows


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
