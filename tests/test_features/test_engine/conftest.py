"""A slow, obvious account of what is known at a moment, to hold the kernels against."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import pytest

Row = dict[str, object]
INSTANT = timedelta(microseconds=1)


class PlainBook:
    """What the rows of a hand-made ledger say, read one by one for every question."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self.rows = rows

    def believed(self, table: str, key: str, as_of: datetime) -> dict[str, Row]:
        """Return the last recorded version of each fact known before a moment."""
        latest: dict[str, Row] = {}
        known = [row for row in self.rows[table] if row["known_at"] < as_of]
        for row in sorted(known, key=lambda row: row["recorded_at"]):
            latest[row[key]] = row
        return {name: row for name, row in latest.items() if not row["removed"]}

    def applications(self, as_of: datetime) -> dict[str, list[tuple[object, int, str]]]:
        """Return (day, amount, kind) of everything applied to each invoice."""
        applied = defaultdict(list)
        payments = self.believed("payments", "payment_id", as_of)
        for row in payments.values():
            kind, sign, target = row["kind"], 1, row["invoice_id"]
            if kind == "reversal":
                reversed_row = payments.get(row["reverses_payment_id"])
                if reversed_row is None:
                    continue
                kind, sign, target = reversed_row["kind"], -1, reversed_row["invoice_id"]
            applied[target].append((row["paid_on"], sign * row["amount"], kind))
        for row in self.believed("invoices", "invoice_id", as_of).values():
            if row["kind"] == "credit_note":
                target = row.get("credited_invoice_id")
                applied[target].append((row["issued_on"], row["amount"], "credit_note"))
        return applied

    def states(self, as_of: datetime) -> dict[str, tuple[str, int, object, Row]]:
        """Return (state, open cents, settled day, invoice) of every invoice."""
        applied = self.applications(as_of)
        found = {}
        for name, row in self.believed("invoices", "invoice_id", as_of).items():
            if row["kind"] != "invoice":
                continue
            total = row["amount"]
            tolerance = min(100, total // 200)
            money = [entry for entry in applied[name] if entry[2] != "write_off"]
            lost = sum(amount for _, amount, kind in applied[name] if kind == "write_off")
            credited = sum(amount for _, amount, kind in money if kind == "credit_note")
            left = total - sum(amount for _, amount, _ in money)
            if total - credited <= tolerance:
                found[name] = ("credited", 0, None, row)
            elif left <= tolerance:
                found[name] = ("paid", 0, self.last_payment(total - tolerance, money), row)
            elif left - lost <= tolerance:
                found[name] = ("written off", 0, None, row)
            else:
                found[name] = ("open", min(left - lost, total), None, row)
        return found

    @staticmethod
    def last_payment(enough: int, money: list[tuple[object, int, str]]) -> object:
        """Return the day on which enough was there, and has been ever since."""
        settled = None
        for day in sorted({day for day, _, _ in money}):
            if sum(amount for when, amount, _ in money if when <= day) < enough:
                settled = None
            elif settled is None:
                settled = day
        return settled

    def settlements(self, customer: str, as_of: datetime) -> list[tuple[datetime, object, Row]]:
        """Return (known, settled day, invoice) of a customer's paid invoices, oldest first."""
        moments = {
            row["known_at"]
            for table in ("invoices", "payments")
            for row in self.rows[table]
            if row["known_at"] < as_of
        }
        since: dict[str, tuple[tuple[object, ...], datetime]] = {}
        for moment in sorted(moments):
            now = {}
            for name, (state, _, day, row) in self.states(moment + INSTANT).items():
                if state == "paid" and row["customer_id"] == customer:
                    claim = (day, row["issued_on"], row["due_on"], row["amount"])
                    held = since.get(name)
                    now[name] = held if held and held[0] == claim else (claim, moment)
            since = now
        final = self.states(as_of)
        rows = [(known, final[name][2], final[name][3]) for name, (_, known) in since.items()]
        return sorted(rows, key=lambda entry: entry[0])

    def unapplied(self, customer: str, as_of: datetime) -> int:
        total = 0
        for row in self.rows["payments"] + self.rows["invoices"]:
            assert row["customer_id"]
        payments = self.believed("payments", "payment_id", as_of)
        for row in payments.values():
            owner = payments.get(row.get("reverses_payment_id"), row)
            if row["kind"] == "reversal" and owner is row:
                continue
            if owner["customer_id"] == customer and owner["invoice_id"] is None:
                total += row["amount"] if owner is row else -row["amount"]
        for row in self.believed("invoices", "invoice_id", as_of).values():
            unlinked = row["kind"] == "credit_note" and row.get("credited_invoice_id") is None
            if unlinked and row["customer_id"] == customer:
                total += row["amount"]
        return total


@pytest.fixture(scope="session")
def plain_book() -> type[PlainBook]:
    return PlainBook
