"""Invoices and what was paid on them, as streams of facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from configs.settings import SettlementSettings
from features.facts.applications import (
    ELSEWHERE,
    KINDS,
    UNAPPLIED,
    applied,
    credit_notes_apart,
    not_applied,
    note_frame,
    payment_frame,
    signed,
    standing,
)
from features.facts.book import Recipes, Stream
from features.facts.settlement import PAID, Changes, Steps, ordered, walk
from features.facts.versions import FOREVER, Int64, Versions
from features.ledger.money import EXPONENTS, minor_units_per_major

CURRENCIES = tuple(sorted(EXPONENTS))
"""By their code in ``items``."""
LATE_FROM_DAYS = (1, 5, 15, 30, 60)
"""Thresholds at which settled invoices are counted as late."""
EARLIEST, LATEST = -60, 180
"""Bounds of days late inside means: one invoice years late must not drown a habit."""

_CLAIM = ["customer", "issued", "due", "amount", "reporting", "currency"]
"""Versions of an invoice that agree in these are the same claim."""


@dataclass(frozen=True)
class Receivables:
    """Streams of invoices and payments, and the invoices by position."""

    invoice_ids: pa.Array
    invoice_offsets: Int64
    settled: Stream
    issued: Stream
    paid: Stream
    discounts: Stream
    credits: Stream
    unapplied: Stream
    items: Stream
    write_offs: Stream
    recoveries: Stream


class InvoiceIndex:
    """The invoices of all customers, numbered as they became known, customer by customer.

    An id that moved from one customer to another is an invoice of each of them.
    """

    def __init__(self, invoices: Versions, customers: int) -> None:
        encoded = invoices.texts("invoice_id").dictionary_encode()
        self._ids = encoded.dictionary
        own = encoded.indices.to_numpy().astype(np.int64)
        self._wide = max(len(self._ids), 1)
        self.position, pairs = pd.factorize(invoices.customer * self._wide + own)
        self._pairs = pd.Index(pairs)
        self.ids = self._ids.take(pa.array(pairs % self._wide))
        self.offsets = np.searchsorted(pairs // self._wide, np.arange(customers + 1))

    def find(self, customer: Int64, ids: pa.Array) -> Int64:
        """Return each row's invoice, `UNAPPLIED` where it names none, `ELSEWHERE` if unknown."""
        place = pc.index_in(ids, value_set=self._ids, skip_nulls=True)
        known = place.is_valid().to_numpy(zero_copy_only=False)
        pairs = customer * self._wide + place.fill_null(0).to_numpy().astype(np.int64)
        found = np.asarray(self._pairs.get_indexer(pairs), dtype=np.int64)
        named = ids.is_valid().to_numpy(zero_copy_only=False)
        return np.where(known & (found >= 0), found, np.where(named, ELSEWHERE, UNAPPLIED))


def receivables(
    invoices: Versions, payments: Versions, customers: int, rules: SettlementSettings
) -> tuple[Receivables, InvoiceIndex]:
    """Follow every invoice of the customers through its life.

    Parameters
    ----------
    invoices, payments : Versions
        All of the same customers.
    customers : int
        Their number.
    rules : SettlementSettings
        When an invoice counts as paid.
    """
    credits, invoices = credit_notes_apart(invoices)
    index = InvoiceIndex(invoices, customers)
    claims = _claims(invoices, index.position)
    cash = payment_frame(payments, index.find(payments.customer, payments.texts("invoice_id")))
    notes = note_frame(credits, index.find(credits.customer, credits.texts("credited_invoice_id")))
    both = signed(cash)
    steps = _walk(claims, applied(both, notes), rules)
    stand = standing(cash)
    lost = stand[stand["kind"] == KINDS.index("write_off")]
    streams = Receivables(
        invoice_ids=index.ids,
        invoice_offsets=index.offsets.astype(np.int64),
        settled=_settled(claims, steps, customers),
        issued=_issued(claims, customers),
        paid=_money(stand[stand["kind"] == KINDS.index("payment")], customers),
        discounts=_money(stand[stand["kind"] == KINDS.index("discount")], customers),
        credits=_money(_all_credits(stand, notes), customers),
        unapplied=_money(not_applied(both, notes).assign(day=0), customers),
        items=_items(claims, steps, customers),
        write_offs=_money(lost, customers),
        recoveries=_money(_recovered(stand, lost), customers),
    )
    return streams, index


def _claims(invoices: Versions, position: Int64) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": invoices.customer,
            "invoice": position.astype(np.int64),
            "issued": invoices.days("issued_on"),
            "due": invoices.days("due_on"),
            "amount": invoices.integers("amount", 0),
            "reporting": invoices.integers("amount_reporting", 0),
            "currency": invoices.choice("currency", CURRENCIES),
            "known": invoices.known,
            "void": invoices.void,
        }
    )


def _walk(claims: pd.DataFrame, applications: pd.DataFrame, rules: SettlementSettings) -> Steps:
    withdrawn = applications[applications["void"] < FOREVER]
    ended = claims[claims["void"] < FOREVER]
    starts, ends, moves = len(claims), len(ended), len(applications) + len(withdrawn)

    def column(*parts: object) -> Int64:
        return np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])

    nothing = np.zeros(starts + ends)
    changes = Changes(
        invoice=column(
            claims["invoice"], ended["invoice"], applications["invoice"], withdrawn["invoice"]
        ),
        known=column(claims["known"], ended["void"], applications["known"], withdrawn["void"]),
        kind=column(nothing - 1, applications["kind"], withdrawn["kind"]),
        version=column(np.arange(starts), np.full(ends + moves, -1)),
        day=column(nothing, applications["day"], withdrawn["day"]),
        amount=column(nothing, applications["amount"], -withdrawn["amount"]),
    )
    amount = claims["amount"].to_numpy()
    units = np.array([minor_units_per_major(code) for code in CURRENCIES])[claims["currency"]]
    tolerance = np.minimum(rules.tolerance * units, rules.relative_tolerance * amount)
    return walk(ordered(changes), amount, np.floor(tolerance).astype(np.int64), _content(claims))


def _content(claims: pd.DataFrame) -> Int64:
    """Return a number per version, equal for versions of an invoice that are the same claim."""
    content = np.arange(len(claims))
    several = claims["invoice"].duplicated(keep=False).to_numpy()
    if several.any():
        same = claims[several].groupby(["invoice", *_CLAIM], sort=False).ngroup()
        content[several] = len(claims) + same
    return content


def _settled(claims: pd.DataFrame, steps: Steps, customers: int) -> Stream:
    paid = steps.state == PAID
    version = claims.iloc[steps.version[paid]]
    measures = {
        "invoice": version["invoice"].to_numpy(),
        "issued_day": version["issued"].to_numpy(),
        "due_day": version["due"].to_numpy(),
        "settled_day": steps.settled_day[paid],
        "amount": version["reporting"].to_numpy(),
        "in_parts": (steps.parts[paid] > 1).astype(np.int64),
    }
    return Stream.sort(
        version["customer"].to_numpy(), steps.known[paid], steps.void[paid], measures, customers,
        by=("invoice",), derived=DERIVED["settled"],
    )  # fmt: skip


def _late_from(days: int) -> Callable[[Mapping[str, Int64]], Int64]:
    return lambda of: (of["days_late"] >= days).astype(np.int64)


def _log_amount(of: Mapping[str, Int64]) -> Int64:
    """Return thousandths of the natural logarithm of minor units."""
    return np.asarray(np.rint(1000 * np.log(np.maximum(of["amount"], 1))), dtype=np.int64)


def _at_month_end(of: Mapping[str, Int64]) -> Int64:
    """Return 1 for the last three days of a month, else 0."""
    date = of["settled_day"].astype("datetime64[D]")
    last = (date.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return np.asarray((last - date).astype(np.int64) <= 3, dtype=np.int64)


DERIVED: dict[str, Recipes] = {
    "settled": {
        "count": lambda of: np.ones_like(of["amount"]),
        "days_late": lambda of: of["settled_day"] - of["due_day"],
        "days_late_bounded": lambda of: np.clip(of["days_late"], EARLIEST, LATEST),
        "days_late_squared": lambda of: of["days_late_bounded"] ** 2,
        "days_to_pay": lambda of: np.clip(of["settled_day"] - of["issued_day"], 0, 2 * LATEST),
        "terms": lambda of: of["due_day"] - of["issued_day"],
        **{f"late_{days}": _late_from(days) for days in LATE_FROM_DAYS},
        "early": lambda of: (of["days_late"] < 0).astype(np.int64),
        "amount_major": lambda of: of["amount"] // 100,
        # Whole major units: minor units times days could pass 2**63 on a very large book.
        "amount_days_late": lambda of: of["amount_major"] * of["days_late_bounded"],
        "amount_late_5": lambda of: of["amount"] * of["late_5"],
        "log_amount": _log_amount,
        "at_month_end": _at_month_end,
    },
    "issued": {
        "count": lambda of: np.ones_like(of["amount"]),
        "terms": lambda of: of["due_day"] - of["issued_day"],
        "log_amount": _log_amount,
        "log_amount_squared": lambda of: of["log_amount"] ** 2,
    },
}
"""Measures that follow from the stored ones, by stream."""


def _issued(claims: pd.DataFrame, customers: int) -> Stream:
    measures = {
        "invoice": claims["invoice"].to_numpy(),
        "issued_day": claims["issued"].to_numpy(),
        "due_day": claims["due"].to_numpy(),
        "amount": claims["reporting"].to_numpy(),
    }
    return Stream.sort(
        claims["customer"].to_numpy(), claims["known"].to_numpy(), claims["void"].to_numpy(),
        measures, customers, by=("invoice",), derived=DERIVED["issued"],
    )  # fmt: skip


def _money(rows: pd.DataFrame, customers: int) -> Stream:
    return Stream.sort(
        rows["customer"].to_numpy(), rows["known"].to_numpy(), rows["void"].to_numpy(),
        {
            "count": np.ones(len(rows), dtype=np.int64),
            "amount": rows["reporting"].to_numpy(),
            "day": rows["day"].to_numpy(),
        },
        customers, by=("day", "amount"),
    )  # fmt: skip


def _all_credits(payments: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    names = ["customer", "day", "reporting", "known", "void"]
    booked = payments.loc[payments["kind"] == KINDS.index("credit_note"), names]
    return pd.concat([booked, notes[names]], ignore_index=True)


def _recovered(payments: pd.DataFrame, lost: pd.DataFrame) -> pd.DataFrame:
    """Return the payments that came for invoices after these were written off."""
    since = lost[lost["invoice"] >= 0].groupby("invoice")["known"].min()
    cash = payments[payments["kind"] == KINDS.index("payment")]
    return cash[cash["known"] > cash["invoice"].map(since).fillna(float(FOREVER))]


def _items(claims: pd.DataFrame, steps: Steps, customers: int) -> Stream:
    version = claims.iloc[steps.version]
    amount = version["reporting"].to_numpy()
    minor = version["amount"].to_numpy()
    measures = {
        "invoice": version["invoice"].to_numpy(),
        "open": np.rint(amount * steps.open_share).astype(np.int64),
        "open_minor": np.rint(minor * steps.open_share).astype(np.int64),
        "amount": amount,
        "amount_minor": minor,
        "currency": version["currency"].to_numpy(),
        "issued_day": version["issued"].to_numpy(),
        "due_day": version["due"].to_numpy(),
        "state": steps.state,
        "settled_day": steps.settled_day,
    }
    return Stream.sort(
        version["customer"].to_numpy(), steps.known, steps.void, measures, customers,
        by=("invoice",),
    )  # fmt: skip
