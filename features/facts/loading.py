"""From the ledger's tables to the book: of all customers, or of a range of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from configs.settings import SettlementSettings
from features.facts import dealings
from features.facts.book import Book, Stream
from features.facts.lookup import latest_row
from features.facts.promise_keeping import judged_promises
from features.facts.receivables import receivables
from features.facts.surroundings import (
    MEASURES,
    PORTFOLIO,
    SETTLED_MEASURES,
    DailyTotals,
    Place,
    Surroundings,
)
from features.facts.versions import DAY, FOREVER, Int64, Versions
from features.ledger.contract import TABLES
from features.ledger.schema import stored_schema
from features.ledger.storage import Ledger

_UNUSED = {
    "customers": "name company_id currency account_status credit_group collector_id",
    "invoices": "company_id order_id",
    "orders": "company_id order_id terms_days currency ordered_on",
    "credit_limits": "company_id reason approved_by currency",
    "disputes": "reason currency",
    "promises": "promise_id currency",
    "activities": "activity_id invoice_id outcome actor",
    "bureau_scores": "limit_amount limit_amount_reporting currency",
    "insurance": "insurer currency",
    "payments": "currency",
}
"""Columns that no fact needs: what is not read takes no time."""

CUSTOMER_COLUMNS = {
    name: [
        column
        for column in stored_schema(table).names
        if column not in (*_UNUSED.get(name, "").split(), "recorded_at")
    ]
    for name, table in TABLES.items()
    if "customer_id" in table.by_name
}
"""The tables of which each row is about a customer, and what is read of them."""


@dataclass(frozen=True)
class Range:
    """The customers from ``first`` to ``last``, both included."""

    first: str
    last: str


def load_book(ledger: Ledger, settlement: SettlementSettings | None = None) -> Book:
    """Read a whole ledger into arrays.

    Parameters
    ----------
    ledger : Ledger
        An opened ledger.
    settlement : SettlementSettings, optional
        When an invoice counts as paid.
    """
    book = load_customers(ledger, None, settlement)
    return replace(book, surroundings=Surroundings.of(daily_totals(book)))


def load_customers(
    ledger: Ledger, customers: Range | None, settlement: SettlementSettings | None = None
) -> Book:
    """Read the facts of a range of customers (None: of all), with surroundings left empty.

    A customer's facts depend on its own rows alone: what it owes, pays and disputes is matched
    among these, so that any range gives the same facts as the whole.
    """
    return derive_book(ledger, read_rows(ledger, customers), settlement)


def read_rows(ledger: Ledger, customers: Range | None) -> dict[str, pa.Table]:
    """Read what is needed of all tables about a range of customers (None: of all)."""
    if customers is None:
        return {name: ledger.table(name, wanted) for name, wanted in CUSTOMER_COLUMNS.items()}
    return {
        name: ledger.customers_table(name, customers.first, customers.last, wanted)
        for name, wanted in CUSTOMER_COLUMNS.items()
    }


def derive_book(
    ledger: Ledger, tables: Mapping[str, pa.Table], settlement: SettlementSettings | None = None
) -> Book:
    """Derive the facts from the rows that `read_rows` returned."""
    ids = _customer_ids(tables)
    rows = {name: Versions(table, ids) for name, table in tables.items()}
    n = len(ids)
    money, index = receivables(
        rows["invoices"], rows["payments"], n, settlement or SettlementSettings()
    )
    disputes, disputed, dispute_ends = dealings.disputes(rows["disputes"], index.find, n)
    promises = dealings.promises(rows["promises"], index.find, n)
    reminders, contacts = dealings.activities(rows["activities"], n)
    masters, places = dealings.masters(rows["customers"], n)
    return Book(
        customer_ids=np.asarray(ids.to_pylist(), dtype=object),
        invoice_names=money.invoice_ids,
        invoice_offsets=money.invoice_offsets,
        reporting_currency=ledger.reporting_currency,
        extract_date=ledger.extract_date,
        settled=money.settled,
        issued=money.issued,
        paid=money.paid,
        discounts=money.discounts,
        credits=money.credits,
        unapplied=money.unapplied,
        items=money.items,
        orders=dealings.orders(rows["orders"], n),
        limits=dealings.limits(rows["credit_limits"], n),
        bureau=dealings.bureau(rows["bureau_scores"], n),
        events=dealings.events(rows["customer_events"], n),
        write_offs=money.write_offs,
        recoveries=money.recoveries,
        disputes=disputes,
        disputed=disputed,
        dispute_ends=dispute_ends,
        promises=promises,
        promises_due=judged_promises(promises, money.paid, money.items),
        reminders=reminders,
        contacts=contacts,
        insurance=dealings.insurance(rows["insurance"], n),
        masters=masters,
        places=places,
        surroundings=Surroundings.of(DailyTotals.together([])),
        rates=ledger.table("fx_rates").to_pandas(),
    )


def _customer_ids(tables: Mapping[str, pa.Table]) -> pa.Array:
    """Return everyone any row is about: a fact may be known before its customer's master data."""
    found = [table["customer_id"].unique().drop_null() for table in tables.values()]
    together = pa.concat_arrays(
        [array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array for array in found]
    ).unique()
    return together.take(pc.sort_indices(together))


def daily_totals(book: Book) -> DailyTotals:
    """Return what the customers of a book add to everyone's surroundings, by day."""
    places: tuple[Place, ...] = (PORTFOLIO, *book.places)
    settled, issued = book.settled, book.issued
    of_settled = np.zeros((len(MEASURES), len(settled.known)), dtype=np.int64)
    for at, name in enumerate(SETTLED_MEASURES):
        of_settled[at] = settled.measures[name]
    of_issued = np.zeros((len(MEASURES), len(issued.known)), dtype=np.int64)
    of_issued[-1] = issued.measures["amount"]
    codes, days, values = [], [], []
    for stream, own in ((settled, of_settled), (issued, of_issued)):
        for code in _places_then(stream, book.masters):
            withdrawn = stream.void < FOREVER
            codes += [code, code[withdrawn]]
            days += [stream.known // DAY, stream.void[withdrawn] // DAY]
            values += [own, -own[:, withdrawn]]
    return DailyTotals.collect(
        places, np.concatenate(codes), np.concatenate(days), np.concatenate(values, axis=1)
    )


def _places_then(stream: Stream, masters: Stream) -> list[Int64]:
    """Return the place of each kind that each fact's customer was known in just before it."""
    portfolio = np.zeros(len(stream.known), dtype=np.int64)
    row = latest_row(masters.offsets, masters.known, masters.void, stream.owner, stream.known)
    codes = [portfolio]
    for kind in dealings.PLACES:
        place = masters.measures[kind]
        then = place[np.maximum(row, 0)] if len(place) else np.full(len(row), -1)
        codes.append(np.where((row >= 0) & (then >= 0), then + 1, -1))
    return codes
