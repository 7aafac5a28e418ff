"""The register against plain Python: one day-end after the other, from the ledger's rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import groupby

import numpy as np
import pytest

from configs.settings import DefaultSettings
from features.facts.loading import load_book
from features.labels.amount_at_default import amounts_at_default
from features.labels.default_register import default_register
from features.labels.recoveries import recovered, recovery_flows

LAST = 220
EPOCH = datetime(1970, 1, 1)
CUSTOMERS = "ABCD"
REASONS = (
    "overdue",
    "write_off",
    "insolvency",
    "legal",
    "agency",
    "restructuring",
    "left",
    "group",
)


def random_rows(facts, seed: int) -> None:
    """Fill a ledger with everything that the definition looks at, some of it recorded late."""
    rng = np.random.default_rng(seed)
    moments = iter(rng.permutation(4000) / 4001)

    def recorded(on: int) -> float:
        # No two rows are known at the same moment, so that no order has to be agreed on.
        return on + int(rng.choice([0, 0, 0, 1, 4])) + float(next(moments))

    for customer in CUSTOMERS:
        facts.customer(customer, recorded(0), group_id=[None, "G", "H"][rng.integers(3)])
        if rng.random() < 0.5:
            moved = int(rng.integers(20, 120))
            facts.customer(customer, recorded(moved), group_id=[None, "G"][rng.integers(2)])
        if rng.random() < 0.4:
            kind = str(rng.choice(["insolvency", "legal", "restructuring"]))
            on = int(rng.integers(10, 180))
            facts.event(kind, on, recorded(on), customer)
        for number in range(6):
            name, issued = f"{customer}{number}", int(rng.integers(0, 130))
            due, amount = issued + int(rng.choice([5, 15])), int(rng.integers(2, 20)) * 10_000
            facts.invoice(name, customer, issued, due, amount, recorded(issued))
            paid = due + int(rng.integers(-3, 40))
            who = {"customer": customer}
            fate = rng.integers(9)
            if fate in (0, 1):
                facts.payment(f"P{name}", name, paid, amount, recorded(paid), **who)
            elif fate == 2:
                facts.payment(f"P{name}", name, paid, amount // 3, recorded(paid), **who)
                facts.payment(f"Q{name}", name, paid + 9, amount, recorded(paid + 9), **who)
            elif fate == 3:
                facts.payment(f"P{name}", name, paid, amount, recorded(paid), **who)
                known, half = recorded(paid + 6), amount // int(rng.integers(1, 3))
                facts.reversal(f"R{name}", f"P{name}", paid + 6, half, recorded=known, **who)
            elif fate == 4:
                facts.payment(f"P{name}", None, paid, amount, recorded(paid), **who)
                facts.payment(f"P{name}", name, paid, amount, paid + 11 + next(moments), **who)
            elif fate == 5:
                lost = int(rng.integers(1, 3)) * amount // 2
                facts.payment(f"W{name}", name, paid, lost, recorded(paid), kind="write_off", **who)
                facts.payment(f"P{name}", name, paid + 20, amount // 4, recorded(paid + 20), **who)
            elif fate == 6:
                facts.invoice(
                    f"C{name}", customer, paid, paid, amount // 2, recorded(paid),
                    kind="credit_note", credited_invoice_id=name if rng.random() < 0.6 else None,
                )  # fmt: skip
            elif fate == 7:
                facts.invoice(name, customer, issued, due + 20, amount * 2, due + 4 + next(moments))
            if rng.random() < 0.4:
                about = {} if rng.random() < 0.5 else {"amount": amount // 2, "currency": "EUR"}
                fault = [None, True, False][rng.integers(3)]
                opened, ended = due + int(rng.integers(-3, 6)), due + int(rng.integers(8, 40))
                facts.dispute(
                    name, "open", opened, recorded(opened), customer, seller_fault=fault, **about
                )
                facts.dispute(name, "resolved", ended, recorded(ended), customer)


class Plain:
    """What a ledger's rows say, one version after the other."""

    def __init__(self, rows, settings: DefaultSettings, cutoff: datetime) -> None:
        self.rows, self.settings, self.cutoff = rows, settings, cutoff

    def believed(self, table: str, key: str, moment: datetime) -> list[dict]:
        """Return the latest version of each fact known before a moment."""
        latest = {}
        known = [row for row in self.rows[table] if row["known_at"] < moment]
        for row in sorted(known, key=lambda row: row["known_at"]):
            latest[row[key]] = row
        return list(latest.values())

    def movements(self, customer: str, moment: datetime) -> list[tuple[str | None, str, int]]:
        """Return (invoice, kind, amount) of what reduces a debt; what went back is negative."""
        payments = self.believed("payments", "payment_id", moment)
        by_id = {row["payment_id"]: row for row in payments}
        found = []
        for row in payments:
            if row["customer_id"] != customer:
                continue
            if row["kind"] == "reversal":
                of = by_id.get(row["reverses_payment_id"])
                if of is not None:
                    found.append((of["invoice_id"], of["kind"], -row["amount"]))
            else:
                found.append((row.get("invoice_id"), row["kind"], row["amount"]))
        for row in self.believed("invoices", "invoice_id", moment):
            if row["customer_id"] == customer and row["kind"] == "credit_note":
                found.append((row["credited_invoice_id"], "credit_note", row["amount"]))
        return found

    def open_items(self, customer: str, moment: datetime) -> dict[str, tuple[int, date]]:
        """Return what is open of each invoice, and when it was due."""
        applied = defaultdict(lambda: defaultdict(int))
        for invoice, kind, amount in self.movements(customer, moment):
            applied[invoice][kind] += amount
        found = {}
        for row in self.believed("invoices", "invoice_id", moment):
            if row["customer_id"] != customer or row["kind"] != "invoice":
                continue
            of, total = applied[row["invoice_id"]], row["amount"]
            tolerance = min(100, total * 0.005)
            paid = of["payment"] + of["credit_note"]
            left = total - paid - of["write_off"]
            if min(total - paid, total - of["credit_note"], left) > tolerance:
                found[row["invoice_id"]] = (min(left, total), row["due_on"])
        return found

    def disputed(self, moment: datetime) -> dict[str, int]:
        """Return the disputed amount of invoices (-1: all) that the definition leaves out."""
        rows = [row for row in self.rows["disputes"] if row["known_at"] < moment]
        rows.sort(key=lambda row: (row["dispute_id"], row["event_on"], row["status"] != "open"))
        found = {}
        for _, states in groupby(rows, key=lambda row: row["dispute_id"]):
            *_, last = states
            fault = self.settings.exclude_disputes == "all" or last.get("seller_fault") is True
            if last["status"] == "open" and fault and self.settings.exclude_disputes != "none":
                found[last["invoice_id"]] = last.get("amount", -1)
        return found

    def position(self, customer: str, moment: datetime, day: date) -> tuple[int, int, int, int]:
        disputed, balance, overdue, contested = self.disputed(moment), 0, 0, 0
        for invoice, (left, due) in self.open_items(customer, moment).items():
            balance += left
            if due <= day:
                overdue += left
                about = disputed.get(invoice, 0)
                contested += left if about < 0 else min(left, about)
        cash = sum(a for of, _, a in self.movements(customer, moment) if of is None)
        return balance, overdue, contested, cash if self.settings.exclude_unapplied_cash else 0

    def group(self, customer: str, moment: datetime) -> str | None:
        rows = [row for row in self.rows["customers"] if row["customer_id"] == customer]
        rows = sorted(
            (row for row in rows if row["known_at"] < moment), key=lambda r: r["known_at"]
        )
        return rows[-1]["group_id"] if rows else None

    def causes(self, customer: str) -> dict[date, dict[str, tuple[datetime, int]]]:
        """Return the causes of each day, each with its moment and the amount written off."""
        found = defaultdict(dict)
        for row in self.rows["customer_events"]:
            if row["customer_id"] == customer and row["kind"] in self.settings.unlikely_to_pay:
                if row["known_at"] < self.cutoff:
                    found[row["known_at"].date()][row["kind"]] = (row["known_at"], 0)
        lost = defaultdict(list)
        for row in self.believed("payments", "payment_id", self.cutoff):
            if row["customer_id"] == customer and row["kind"] == "write_off":
                lost[row["known_at"].date()].append(row)
        for day, rows in lost.items():
            first, amount = min(r["known_at"] for r in rows), sum(r["amount"] for r in rows)
            balance = sum(left for left, _ in self.open_items(customer, first).values())
            if self.material(amount, balance):
                found[day]["write_off"] = (first, amount)
        return found

    def material(self, amount: int, balance: int) -> bool:
        limits = self.settings
        above = amount > limits.absolute_threshold * 100
        return above and amount > limits.relative_threshold * balance

    def own_days(self, customer: str, days: list[date]) -> dict[date, set[str]]:
        """Return the day-ends in default by the customer's own affairs, and the causes of each."""
        causes, found = self.causes(customer), {}
        run = clear = 0
        held_until, in_default = days[0], False
        for day in days:
            moment = datetime.combine(day, datetime.min.time()) + timedelta(days=1)
            balance, overdue, contested, cash = self.position(customer, moment, day)
            late = self.material(overdue - contested - cash, balance)
            run, clear = (run + 1, 0) if late else (0, clear + 1)
            given = set(causes.get(day, ()))
            if given:
                clear = 0
                held_until = day + timedelta(days=self.settings.event_probation_days)
            if run >= self.settings.consecutive_days:
                given.add("overdue")
            if given:
                in_default = True
            elif clear >= self.settings.probation_days and day >= held_until:
                in_default = False
            if in_default:
                found[day] = given
        return found

    def register(self, days: list[date]) -> list[tuple]:
        own = {customer: self.own_days(customer, days) for customer in CUSTOMERS}
        found = []
        for customer in CUSTOMERS:
            spell: list[tuple[date, set[str]]] = []
            for day in [*days, None]:
                given = self.given(customer, day, own) if day else None
                if given is not None:
                    spell.append((day, given))
                elif spell:
                    found.append((customer, spell[0][0], self.why(spell), day, self.all_of(spell)))
                    spell = []
        return found

    def given(self, customer: str, day: date, own) -> set[str] | None:
        """Return why a customer is in default at a day-end; None if it is not."""
        mine = own[customer].get(day)
        if not self.settings.group_contagion:
            return mine
        moment = datetime.combine(day, datetime.min.time()) + timedelta(days=1)
        group = self.group(customer, moment)
        others = (o for o in CUSTOMERS if o != customer and day in own[o])
        caught = group is not None and any(self.group(o, moment) == group for o in others)
        if mine is None:
            return {"group"} if caught else None
        return mine | {"group"} if caught else mine

    @staticmethod
    def why(spell: list[tuple[date, set[str]]]) -> str:
        return min(spell[0][1], key=REASONS.index)

    @staticmethod
    def all_of(spell: list[tuple[date, set[str]]]) -> str:
        named = set().union(*(given for _, given in spell))
        return ", ".join(sorted(named, key=REASONS.index))


def definitions(seed: int) -> list[DefaultSettings]:
    rng = np.random.default_rng(seed)
    return [
        DefaultSettings(
            consecutive_days=int(rng.integers(3, 20)),
            absolute_threshold=float(rng.choice([300, 500, 1500])),
            relative_threshold=float(rng.choice([0.01, 0.3])),
            probation_days=int(rng.integers(1, 25)),
            event_probation_days=int(rng.integers(0, 60)),
            exclude_disputes=which,
            exclude_unapplied_cash=bool(rng.integers(2)),
            unlikely_to_pay=("insolvency", "legal", "restructuring")[: rng.integers(4)],
            group_contagion=bool(rng.integers(2)),
        )
        for which in ("all", "seller_fault", "none")
    ]


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize("seed", range(3))
def test_the_register_is_that_of_plain_days(facts, moment, seed):
    random_rows(facts, seed)
    ledger = facts.ledger()
    book = load_book(ledger)
    days = [moment(n).date() for n in range(LAST)]
    cutoff = microseconds(moment(LAST))
    defaults = 0
    for settings in definitions(seed):
        plain = Plain(facts.rows, settings, moment(LAST))
        register = default_register(book, settings, cutoff)
        found = [
            (
                book.customer_ids[row.customer],
                (EPOCH + timedelta(days=row.day)).date(),
                row.reason,
                None if row.cured_day < 0 else (EPOCH + timedelta(days=row.cured_day)).date(),
                row.reasons,
            )
            for row in register.itertuples()
        ]
        assert found == plain.register(days), settings
        check_amounts(plain, ledger, book, register, cutoff)
        defaults += len(found)
    assert defaults > 10


def check_amounts(plain: Plain, ledger, book, register, cutoff: int) -> None:
    amounts = amounts_at_default(book, register, plain.settings)
    later = recovered(book, register, recovery_flows(ledger, book, register, cutoff), cutoff)
    following = register.groupby("customer")["moment"].shift(-1).fillna(cutoff)
    for row, until in enumerate(following):
        customer = book.customer_ids[register["customer"][row]]
        at = EPOCH + timedelta(microseconds=int(register["moment"][row]))
        end = EPOCH + timedelta(microseconds=int(until))
        day = (EPOCH + timedelta(days=int(register["day"][row]))).date()
        lost = plain.causes(customer).get(day, {}).get("write_off")
        assert at == (
            lost[0] if lost else datetime.combine(day, datetime.min.time()) + timedelta(1)
        )
        assert register["written_off_then"][row] == (lost[1] if lost else 0)
        names = ["balance", "overdue", "disputed", "unapplied"]
        assert tuple(amounts.loc[row, names]) == plain.position(customer, at, day)
        owed, left = plain.open_items(customer, at), plain.open_items(customer, end)
        assert later["still_open"][row] == sum(left[i][0] for i in owed if i in left)
        for column, kind in (
            ("recovered", "payment"), ("credited", "credit_note"), ("written_off", "write_off")
        ):  # fmt: skip
            before, after = (totals(plain.movements(customer, m), kind) for m in (at, end))
            came = {i: min(max(after[i] - before[i], 0), owed[i][0]) for i in owed}
            assert later[column][row] == sum(came.values()), column


def totals(movements: list[tuple[str | None, str, int]], kind: str) -> dict[str | None, int]:
    found = defaultdict(int)
    for invoice, what, amount in movements:
        if what == kind:
            found[invoice] += amount
    return found
