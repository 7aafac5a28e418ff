"""Ledgers written by hand: days are counted from 2024-01-01, money is in cents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.settings import Settings
from features.ledger.contract import TABLES
from features.ledger.schema import physical_schema
from features.ledger.storage import Ledger
from features.ledger.writing import write_ledger

if TYPE_CHECKING:
    from features.facts.book import Book

START = datetime(2024, 1, 1)
SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def day(number: float) -> date:
    return (START + timedelta(days=int(number))).date()


def at(number: float) -> datetime:
    """Return the moment so many days after the start: 1.5 is noon of the second day."""
    return START + timedelta(days=number)


class Facts:
    """The rows of a ledger, in any order; ``recorded`` defaults to the day of the event."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: dict[str, list[dict[str, object]]] = defaultdict(list)

    def add(
        self,
        table: str,
        event: float | None,
        recorded: float | None,
        removed: bool = False,
        **content: object,
    ) -> Facts:
        known = [n for n in (event, recorded) if n is not None]
        if table != "fx_rates":
            seen = recorded if recorded is not None else event
            content["recorded_at"] = None if seen is None else at(seen)
            content["known_at"] = at(max(known)) if known else None
            content["removed"] = removed
        for money in ("amount", "open_amount"):
            if money in content:
                content.setdefault(f"{money}_reporting", content[money])
        self.rows[table].append(content)
        return self

    def customer(self, customer: str = "A", recorded: float | None = None, **more: object) -> Facts:
        return self.add("customers", None, recorded, customer_id=customer, **more)

    def invoice(
        self,
        invoice: str,
        customer: str = "A",
        issued: int = 0,
        due: int = 30,
        amount: int = 100_000,
        recorded: float | None = None,
        removed: bool = False,
        **more: object,
    ) -> Facts:
        content = {
            "invoice_id": invoice,
            "customer_id": customer,
            "issued_on": day(issued),
            "due_on": day(due),
            "amount": amount,
            "currency": "EUR",
            "kind": "invoice",
            **more,
        }
        return self.add("invoices", issued, recorded, removed, **content)

    def payment(
        self,
        payment: str,
        invoice: str | None,
        on: int,
        amount: int = 100_000,
        recorded: float | None = None,
        removed: bool = False,
        kind: str = "payment",
        customer: str = "A",
        **more: object,
    ) -> Facts:
        content = {
            "payment_id": payment,
            "invoice_id": invoice,
            "customer_id": customer,
            "paid_on": day(on),
            "amount": amount,
            "currency": "EUR",
            "kind": kind,
            **more,
        }
        return self.add("payments", on, recorded, removed, **content)

    def reversal(
        self,
        payment: str,
        reverses: str,
        on: int,
        amount: int = 100_000,
        invoice: str | None = None,
        recorded: float | None = None,
        **more: object,
    ) -> Facts:
        return self.payment(
            payment, invoice, on, amount, recorded, kind="reversal",
            reverses_payment_id=reverses, **more,
        )  # fmt: skip

    def dispute(
        self,
        invoice: str,
        status: str,
        on: int,
        recorded: float | None = None,
        customer: str = "A",
        dispute: str | None = None,
        **more: object,
    ) -> Facts:
        content = {
            "dispute_id": dispute or f"D-{invoice}",
            "invoice_id": invoice,
            "customer_id": customer,
            "event_on": day(on),
            "status": status,
            **more,
        }
        return self.add("disputes", on, recorded, **content)

    def event(
        self, kind: str, on: int, recorded: float | None = None, customer: str = "A"
    ) -> Facts:
        return self.add(
            "customer_events", on, recorded, customer_id=customer, kind=kind, happened_on=day(on)
        )

    def limit(
        self, on: int, amount: int, recorded: float | None = None, customer: str = "A", **more
    ) -> Facts:
        content = {
            "customer_id": customer,
            "amount": amount,
            "currency": "EUR",
            "valid_from": day(on),
            "kind": "normal",
            **more,
        }
        return self.add("credit_limits", on, recorded, **content)

    def order(
        self,
        order: str,
        on: int,
        amount: int,
        status: str = "open",
        recorded: float | None = None,
        customer: str = "A",
        **more: object,
    ) -> Facts:
        content = {
            "order_id": order,
            "customer_id": customer,
            "ordered_on": day(on),
            "amount": amount,
            "currency": "EUR",
            "status": status,
            **more,
        }
        return self.add("orders", on, recorded, **content)

    def bureau(
        self, on: int, score: float, recorded: float | None = None, customer: str = "A"
    ) -> Facts:
        content = {"provider": "bureau", "scored_on": day(on), "score": score}
        return self.add("bureau_scores", on, recorded, customer_id=customer, **content)

    def promise(
        self,
        promise: str,
        made: int,
        promised: int,
        amount: int = 0,
        recorded: float | None = None,
        customer: str = "A",
        **more: object,
    ) -> Facts:
        content = {
            "promise_id": promise,
            "customer_id": customer,
            "made_on": day(made),
            "promised_on": day(promised),
            **more,
        }
        if amount:
            content |= {"amount": amount, "currency": "EUR"}
        return self.add("promises", made, recorded, **content)

    def activity(
        self,
        activity: str,
        kind: str,
        on: int,
        recorded: float | None = None,
        customer: str = "A",
        **more: object,
    ) -> Facts:
        content = {
            "activity_id": activity,
            "customer_id": customer,
            "happened_on": day(on),
            "kind": kind,
            **more,
        }
        return self.add("activities", on, recorded, **content)

    def insurance(
        self,
        on: int,
        amount: int,
        recorded: float | None = None,
        customer: str = "A",
        until: int | None = None,
        **more: object,
    ) -> Facts:
        content = {
            "customer_id": customer,
            "cover_amount": amount,
            "cover_amount_reporting": amount,
            "currency": "EUR",
            "valid_from": day(on),
            "valid_to": None if until is None else day(until),
            "policy_id": f"I-{customer}",
            **more,
        }
        return self.add("insurance", on, recorded, **content)

    def rate(self, currency: str, on: int, rate: float) -> Facts:
        return self.add("fx_rates", None, None, currency=currency, rate_date=day(on), rate=rate)

    def ledger(self) -> Ledger:
        """Write the ledger."""
        tables = {
            name: pa.Table.from_pylist(rows, schema=physical_schema(TABLES[name]))
            for name, rows in self.rows.items()
        }
        return write_ledger(self.root, tables, reporting_currency="EUR", extract_date=day(2000))

    def book(self) -> Book:
        from features.facts.loading import load_book

        return load_book(self.ledger())


def _pay(
    facts: Facts,
    customer: str,
    in_dollars: bool,
    payment: str,
    invoice: str | None,
    on: int,
    amount: int,
    recorded: float,
    **more: object,
) -> None:
    if in_dollars:
        more = {"currency": "USD", "amount_reporting": amount * 9 // 10, **more}
    facts.payment(payment, invoice, on, amount, recorded, customer=customer, **more)


def _deal(facts: Facts, rng: np.random.Generator, lag: Callable[[], float], customer: str) -> None:
    """Add a year of what people do: promise, remind, call, insure; some of it recorded late."""
    for number in range(14):
        on = int(rng.integers(10, 300))
        promised = on + int(rng.integers(2, 25))
        amount = int(rng.integers(100, 4000)) * 100 if number % 3 else 0
        facts.promise(f"T{customer}{number}", on, promised, amount, on + lag(), customer)
        if number % 5 == 0:
            # The customer asks for another week, and is believed from then on.
            facts.promise(
                f"T{customer}{number}", on, promised + 7, amount, promised - 0.5, customer
            )
    for number in range(30):
        on = int(rng.integers(10, 300))
        kind = str(rng.choice(["reminder", "reminder", "letter", "call", "email", "visit"]))
        level = int(rng.integers(1, 4)) if kind in ("reminder", "letter") else None
        facts.activity(f"Z{customer}{number}", kind, on, on + lag(), customer, level=level)
    for on in (20, 120, 230):
        cover = int(rng.integers(1, 9)) * 100_000
        facts.insurance(on, cover, on + lag(), customer, until=on + 80, percent=90.0)
    facts.insurance(-60, 500_000, 0, customer, policy_id=f"J-{customer}")
    facts.insurance(100, 100_000, 102 + lag(), customer, policy_id=f"J-{customer}")


def busy(facts: Facts) -> Facts:
    """Fill a ledger with a year of everything that makes knowledge differ from events."""
    rng = np.random.default_rng(11)

    def lag() -> float:
        return float(rng.choice([0, 0, 0, 1, 3, 0.4, 20]))

    customers = ["A", "B", "C", "D", "E"]
    facts.rate("USD", 0, 0.9).rate("USD", 100, 0.95).rate("USD", 200, 0.8)
    for number, customer in enumerate(customers):
        recorded = [None, 0, 60.5, 0, 30][number]
        about = {
            "group_id": [None, "G", "G", "H", "H"][number],
            "country": ["DE", "DE", "FR", None, "FR"][number],
            "terms_days": 30 if number < 3 else None,
            "customer_since": day(-200 * number) if number else None,
            "business_started": day(-300 * number) if number else None,
        }
        facts.customer(customer, recorded, segment="retail" if number % 2 else "trade", **about)
        if number < 3:
            moved = {**about, "country": "AT", "group_id": "H", "terms_days": 14}
            facts.customer(customer, 150 + number, segment="public", **moved)
        for on in range(5 + number, 330, 90):
            facts.bureau(on, 400 + 10 * number + on * on % 97, on + lag(), customer)
            facts.limit(on, 100_000 * (number + 1), on - 3 + 2 * lag(), customer)
        facts.limit(50, 70_000, 20, customer, company_id="X").limit(
            50, 30_000, 45, customer, company_id="X"
        )
        _deal(facts, rng, lag, customer)
    for number in range(30):
        # What the year is compared with.
        customer, issued = customers[number % 5], int(rng.integers(-420, -60))
        late, amount = int(rng.integers(-5, 30)), int(rng.integers(100, 5000)) * 100
        facts.invoice(f"old{number}", customer, issued, issued + 30, amount, issued + lag())
        facts.payment(
            f"Pold{number}", f"old{number}", issued + 30 + late, amount,
            issued + 30 + late + lag(), customer=customer,
        )  # fmt: skip
    for number in range(150):
        customer, name = customers[number % 5], f"{number:03}"
        issued = int(rng.integers(0, 300))
        due = issued + int(rng.choice([14, 30, 30, 60]))
        amount = int(rng.integers(100, 5000)) * 100
        more = {"currency": "USD", "amount_reporting": amount * 9 // 10} if number % 9 == 0 else {}
        known = issued + lag()
        facts.invoice(name, customer, issued, due, amount, known, **more)
        same = {"currency": "USD"} if more else {}
        late = due + int(rng.integers(-10, 60))
        seen = late + lag()

        pay = partial(_pay, facts, customer, bool(more))
        fate = number % 15
        if fate < 4:
            pay(f"P{name}", name, late, amount, seen)
        elif fate == 4:
            pay(f"P{name}", name, late, amount // 2, seen)
            pay(f"Q{name}", name, late + 20, amount - amount // 2, seen + 25)
        elif fate == 5:
            pay(f"P{name}", name, late, amount, seen)
            pay(f"R{name}", None, late + 9, amount, late + 9.5, kind="reversal",
                reverses_payment_id=f"P{name}")  # fmt: skip
            pay(f"Q{name}", name, late + 30, amount, late + 31)
        elif fate == 6:
            pay(f"W{name}", name, due + 80, amount, due + 80 + lag(), kind="write_off")
        elif fate == 7:
            pay(f"P{name}", None, late, amount, seen)
            pay(f"P{name}", name, late, amount, seen + 12.25)
        elif fate == 8:
            facts.invoice(name, customer, issued, due + 15, amount * 2, known + 40.5, **same)
            pay(f"P{name}", name, late, amount, seen)
            pay(f"Q{name}", name, late + 30, amount, late + 50)
        elif fate == 9:
            facts.invoice(name, customer, issued, due, amount, known + 50, removed=True, **same)
        elif fate == 10:
            facts.invoice(f"C{name}", customer, issued + 5, due, amount // 4, issued + 8,
                          kind="credit_note", credited_invoice_id=name, **same)  # fmt: skip
            pay(f"P{name}", name, late, amount - amount // 4, seen)
        elif fate == 11:
            ours = number % 2 == 0
            facts.dispute(name, "open", due + 2, due + 2 + lag(), customer, seller_fault=ours)
            end = "credited" if number % 4 else "resolved"
            facts.dispute(name, end, due + 40, due + 40 + lag(), customer, seller_fault=ours)
            pay(f"P{name}", name, due + 70, amount, due + 70.5)
        elif fate == 12:
            pay(f"P{name}", name, late, amount, seen)
            pay(f"P{name}", name, late, amount, seen + 33, removed=True)
        elif fate == 13:
            pay(f"K{name}", name, due, amount, due + lag(), kind="credit_note")
        elif fate == 14 and number % 2:
            pay(f"S{name}", name, issued + 8, amount // 50, issued + 8 + lag(), kind="discount")
            pay(f"P{name}", name, issued + 8, amount - amount // 50, issued + 8 + lag())
        if fate == 6:
            pay(f"B{name}", name, due + 90, amount // 3, due + 90 + lag())
        facts.order(f"O{name}", issued - 10, amount, "open", None, customer)
        end = "cancelled" if number % 11 == 0 else "invoiced"
        facts.order(f"O{name}", issued - 10, amount, end, issued + lag(), customer)
    facts.event("insolvency", 250, 262.5, "B").event("left", 200, None, "C")
    facts.invoice("note", "D", 100, 130, 40_000, kind="credit_note")
    return facts


@pytest.fixture(scope="session")
def busy_ledger(make_facts: Callable[[], Facts]) -> Ledger:
    return busy(make_facts()).ledger()


@pytest.fixture(scope="session")
def busy_book(busy_ledger: Ledger) -> Book:
    from features.facts.loading import load_book

    return load_book(busy_ledger)


@pytest.fixture(scope="session")
def make_facts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Facts]:
    return lambda: Facts(tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def facts(make_facts: Callable[[], Facts]) -> Facts:
    return make_facts()


@pytest.fixture(scope="session")
def moment() -> Callable[[float], datetime]:
    return at


@pytest.fixture(scope="session")
def microseconds() -> Callable[[float], int]:
    from features.build import moment_in_microseconds

    return lambda number: moment_in_microseconds(at(number))


@pytest.fixture(scope="session")
def day_number() -> Callable[[float], int]:
    """Return days since 1970, as the book counts them."""
    return lambda number: (day(number) - date(1970, 1, 1)).days


@pytest.fixture(scope="session")
def sample_ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    from features.intake import import_extract, load_source

    root = tmp_path_factory.mktemp("sample") / "ledger"
    import_extract(
        load_source("canonical"), SAMPLE, root, Settings(), extract_date=date(2026, 1, 1)
    )
    return Ledger.open(root)


@pytest.fixture(scope="session")
def sample_book(sample_ledger: Ledger) -> Book:
    from features.facts.loading import load_book

    return load_book(sample_ledger)


@pytest.fixture(scope="session")
def invoice_keys() -> Callable[[Ledger], pd.DataFrame]:
    """Return key rows for the first version of every invoice of a ledger."""

    def keys(ledger: Ledger) -> pd.DataFrame:
        frame = ledger.table("invoices").to_pandas()
        frame = frame[frame["kind"] == "invoice"].drop_duplicates("invoice_id", ignore_index=True)
        names = ["invoice_id", "customer_id", "issued_on", "due_on", "currency"]
        return frame[names].assign(amount=frame["amount"] / 100)

    return keys
