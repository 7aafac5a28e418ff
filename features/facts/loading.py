"""From the ledger's tables to the book's arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import SettlementSettings
from features.facts.applications import applied, not_applied, signed
from features.facts.book import Book, Stream, Surroundings
from features.facts.settlement import PAID, Changes, Steps, ordered, walk
from features.facts.versions import ALWAYS, DAY, FOREVER, Int64, believed
from features.ledger.contract import TABLES
from features.ledger.money import minor_units_per_major
from features.ledger.storage import Ledger

_EVENT_KINDS = ("insolvency", "legal", "agency", "restructuring", "left")
_TERMS_OF_CLAIM = [
    "customer_id", "issued_on", "due_on", "amount", "amount_reporting", "currency",
]  # fmt: skip
"""Versions of an invoice that agree in these are the same claim."""
LATE_FROM_DAYS = (1, 5, 15, 30)
"""Thresholds at which settled invoices are counted as late."""
EARLIEST, LATEST = -60, 180
"""Bounds of days late inside means: one invoice years late must not drown a habit."""


def load_book(ledger: Ledger, settlement: SettlementSettings | None = None) -> Book:
    """Read a ledger into arrays.

    Parameters
    ----------
    ledger : Ledger
        An opened ledger.
    settlement : SettlementSettings, optional
        When an invoice counts as paid.
    """
    rules = settlement or SettlementSettings()
    invoices = believed(ledger.table("invoices"), TABLES["invoices"].key)
    payments = believed(ledger.table("payments"), TABLES["payments"].key)
    customers = believed(ledger.table("customers"), TABLES["customers"].key)
    ids = _customer_ids(ledger)
    position = pd.Index(ids)
    credits = invoices[invoices["kind"] == "credit_note"]
    invoices = invoices[invoices["kind"] == "invoice"].reset_index(drop=True)
    invoices["customer"] = position.get_indexer(invoices["customer_id"])
    invoice_ids = pd.Index(sorted(invoices["invoice_id"].unique()))
    invoices["invoice"] = invoice_ids.get_indexer(invoices["invoice_id"])
    cash = signed(payments)
    steps = _walk(invoices, applied(cash, credits, invoice_ids), rules)

    n = len(ids)
    settled = _settled(invoices, steps, n)
    segments, masters = _masters(customers, position, n)
    return Book(
        customer_ids=np.array(ids, dtype=object),
        invoice_ids=np.asarray(invoice_ids, dtype=object),
        reporting_currency=ledger.reporting_currency,
        extract_date=ledger.extract_date,
        settled=settled,
        issued=_issued(invoices, n),
        paid=_paid(payments, position, n),
        unapplied=_unapplied(not_applied(cash, credits), position, n),
        items=_items(invoices, steps, n),
        orders=_orders(ledger, position, n),
        limits=_limits(ledger, position, n),
        bureau=_bureau(ledger, position, n),
        events=_events(ledger, position, n),
        write_offs=_write_offs(payments, position, n),
        disputes=_disputes(ledger, position, invoice_ids, n),
        masters=masters,
        segment_names=segments,
        surroundings=_surroundings(settled, masters, segments),
        currencies=tuple(sorted(invoices["currency"].unique())),
        rates=ledger.table("fx_rates").to_pandas(),
    )


def _customer_ids(ledger: Ledger) -> list[str]:
    """Return everyone any row is about: a fact may be known before its customer's master data."""
    found: set[str] = set()
    for name, table in TABLES.items():
        if "customer_id" in table.by_name:
            column = ledger.table(name, ["customer_id"])["customer_id"]
            found.update(column.unique().drop_null().to_pylist())
    return sorted(found)


def _integers(values: object) -> Int64:
    return np.asarray(values, dtype=np.int64)


def _walk(invoices: pd.DataFrame, applications: pd.DataFrame, rules: SettlementSettings) -> Steps:
    withdrawn = applications[applications["void"] < FOREVER]
    ended = invoices[invoices["void"] < FOREVER]
    rows = np.arange(len(invoices))

    def column(*parts: object) -> Int64:
        return np.concatenate([_integers(part) for part in parts])

    changes = Changes(
        invoice=column(
            invoices["invoice"], ended["invoice"], applications["invoice"], withdrawn["invoice"]
        ),
        known=column(invoices["known"], ended["void"], applications["known"], withdrawn["void"]),
        kind=column(
            np.full(len(invoices) + len(ended), -1), applications["kind"], withdrawn["kind"]
        ),
        version=column(rows, np.full(len(ended) + len(applications) + len(withdrawn), -1)),
        day=column(np.zeros(len(invoices) + len(ended)), applications["day"], withdrawn["day"]),
        amount=column(
            np.zeros(len(invoices) + len(ended)), applications["amount"], -withdrawn["amount"]
        ),
    )
    amount = _integers(invoices["amount"])
    units = _integers(invoices["currency"].map(minor_units_per_major))
    tolerance = np.minimum(rules.tolerance * units, rules.relative_tolerance * amount)
    content = invoices.groupby(_TERMS_OF_CLAIM, sort=False).ngroup()
    return walk(ordered(changes), amount, np.floor(tolerance).astype(np.int64), _integers(content))


def _settled(invoices: pd.DataFrame, steps: Steps, customers: int) -> Stream:
    paid = steps.state == PAID
    version = invoices.iloc[steps.version[paid]]
    late = steps.settled_day[paid] - _integers(version["due_on"])
    amount = _integers(version["amount_reporting"])
    issued = _integers(version["issued_on"])
    bounded = np.clip(late, EARLIEST, LATEST)
    measures = {
        "count": np.ones(len(late), dtype=np.int64),
        **{f"late_{k}": (late >= k).astype(np.int64) for k in LATE_FROM_DAYS},
        "days_late": late,
        "days_late_bounded": bounded,
        "days_late_squared": bounded * bounded,
        "days_to_pay": steps.settled_day[paid] - issued,
        "amount": amount,
        # Whole major units: minor units times days could pass 2**63 on a very large book.
        "amount_days_late": amount // 100 * bounded,
        "terms": _integers(version["due_on"]) - issued,
        "settled_day": steps.settled_day[paid],
        "due_day": _integers(version["due_on"]),
        "at_month_end": _at_month_end(steps.settled_day[paid]),
        "invoice": _integers(version["invoice"]),
    }
    customer = _integers(version["customer"])
    return Stream.sort(customer, steps.known[paid], steps.void[paid], measures, customers)


def _at_month_end(day: Int64) -> Int64:
    """Return 1 for the last three days of a month, else 0."""
    date = day.astype("datetime64[D]")
    last = (date.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return np.asarray((last - date).astype(np.int64) <= 3, dtype=np.int64)


def _issued(invoices: pd.DataFrame, customers: int) -> Stream:
    amount = _integers(invoices["amount_reporting"])
    measures = {
        "count": np.ones(len(invoices), dtype=np.int64),
        "amount": amount,
        "terms": _integers(invoices["due_on"] - invoices["issued_on"]),
        # Thousandths of a natural logarithm: a usual amount that one large document cannot move.
        "log_amount": np.rint(1000 * np.log(np.maximum(amount, 1))).astype(np.int64),
        "issued_day": _integers(invoices["issued_on"]),
        "due_day": _integers(invoices["due_on"]),
        "invoice": _integers(invoices["invoice"]),
    }
    return Stream.sort(
        _integers(invoices["customer"]),
        _integers(invoices["known"]),
        _integers(invoices["void"]),
        measures,
        customers,
    )


def _paid(payments: pd.DataFrame, position: pd.Index, customers: int) -> Stream:
    cash = payments[payments["kind"] == "payment"]
    return _simple(
        cash,
        position,
        customers,
        {
            "count": np.ones(len(cash)),
            "amount": cash["amount_reporting"],
            "paid_day": cash["paid_on"],
        },
    )


def _unapplied(open_cash: pd.DataFrame, position: pd.Index, customers: int) -> Stream:
    return _simple(open_cash, position, customers, {"amount": open_cash["amount_reporting"]})


def _items(invoices: pd.DataFrame, steps: Steps, customers: int) -> Stream:
    version = invoices.iloc[steps.version]
    amount = _integers(version["amount_reporting"])
    currencies = pd.Index(sorted(invoices["currency"].unique()))
    measures = {
        "invoice": _integers(version["invoice"]),
        "open": np.rint(amount * steps.open_share).astype(np.int64),
        "open_minor": np.rint(_integers(version["amount"]) * steps.open_share).astype(np.int64),
        "amount": amount,
        "amount_minor": _integers(version["amount"]),
        "currency": currencies.get_indexer(version["currency"]),
        "issued_day": _integers(version["issued_on"]),
        "due_day": _integers(version["due_on"]),
        "state": steps.state,
        "settled_day": steps.settled_day,
    }
    customer = _integers(version["customer"])
    return Stream.sort(customer, steps.known, steps.void, measures, customers)


def _orders(ledger: Ledger, position: pd.Index, customers: int) -> Stream:
    orders = believed(ledger.table("orders"), TABLES["orders"].key)
    left = orders["open_amount_reporting"].fillna(orders["amount_reporting"])
    is_open = orders["status"].isin(["open", "delivered"])
    return _simple(
        orders,
        position,
        customers,
        {
            "count": np.ones(len(orders)),
            "amount": orders["amount_reporting"],
            "open": np.where(is_open, left, 0),
        },
    )


def _limits(ledger: Ledger, position: pd.Index, customers: int) -> Stream:
    limits = believed(ledger.table("credit_limits"), TABLES["credit_limits"].key)
    normal = limits[limits["kind"] == "normal"]
    until = _integers(normal["valid_to"])
    return _simple(
        normal,
        position,
        customers,
        {
            "amount": normal["amount_reporting"],
            "valid_from": normal["valid_from"],
            "valid_to": np.where(until == ALWAYS, FOREVER // DAY, until),
        },
    )


def _bureau(ledger: Ledger, position: pd.Index, customers: int) -> Stream:
    scores = believed(ledger.table("bureau_scores"), TABLES["bureau_scores"].key)
    return _simple(
        scores,
        position,
        customers,
        {"score_milli": np.rint(scores["score"] * 1000), "scored_day": scores["scored_on"]},
    )


def _events(ledger: Ledger, position: pd.Index, customers: int) -> Stream:
    events = believed(ledger.table("customer_events"), TABLES["customer_events"].key)
    kind = pd.Index(_EVENT_KINDS).get_indexer(events["kind"])
    return _simple(
        events, position, customers, {"kind": kind, "happened_day": events["happened_on"]}
    )


def _write_offs(payments: pd.DataFrame, position: pd.Index, customers: int) -> Stream:
    lost = payments[payments["kind"] == "write_off"]
    return _simple(
        lost, position, customers, {"amount": lost["amount_reporting"], "day": lost["paid_on"]}
    )


def _disputes(ledger: Ledger, position: pd.Index, invoice_ids: pd.Index, customers: int) -> Stream:
    """Return the spans in which an invoice was in dispute; an amount of -1 disputes all of it."""
    states = believed(ledger.table("disputes"), TABLES["disputes"].key)
    # The state of the latest day stands, whichever became known last; of one day, the end of it.
    states = states.assign(ends=states["status"] != "open")
    states = states.sort_values(["dispute_id", "event_on", "ends", "known"], kind="stable")
    later = states[::-1].groupby("dispute_id")["known"]
    following = later.cummin().groupby(states["dispute_id"]).shift(1)[::-1].fillna(int(FOREVER))
    states = states.assign(void=np.minimum(states["void"], following.astype(np.int64)))
    states = states[states["void"] > states["known"]]
    contested = states[states["status"] == "open"]
    return _simple(
        contested,
        position,
        customers,
        {
            "invoice": invoice_ids.get_indexer(contested["invoice_id"]),
            "amount": contested["amount_reporting"].fillna(-1),
        },
    )


def _simple(
    frame: pd.DataFrame, position: pd.Index, customers: int, measures: dict[str, object]
) -> Stream:
    customer = _integers(position.get_indexer(frame["customer_id"]))
    named = customer >= 0
    return Stream.sort(
        customer[named],
        _integers(frame["known"])[named],
        _integers(frame["void"])[named],
        {name: _integers(values)[named] for name, values in measures.items()},
        customers,
    )


def _masters(
    frame: pd.DataFrame, position: pd.Index, customers: int
) -> tuple[npt.NDArray[np.object_], Stream]:
    names = np.array(sorted(frame["segment"].dropna().unique()), dtype=object)
    segment = pd.Index(names).get_indexer(frame["segment"])
    since = _integers(frame["customer_since"])
    stream = _simple(
        frame,
        position,
        customers,
        {
            "segment": segment,
            "customer_since": since,
            "business_started": frame["business_started"],
        },
    )
    return names, stream


def _surroundings(
    settled: Stream, masters: Stream, segments: npt.NDArray[np.object_]
) -> Surroundings:
    """Add up what was settled by day of knowledge, for the portfolio and for each segment.

    A correction is added on its own day with the sign reversed, so a row depends on nothing known
    on its day or later.
    """
    measures = ("count", "late_1", "late_5", "late_15", "late_30")
    groups = len(segments) + 1
    if len(settled.known) == 0:
        empty = np.zeros((groups, 1, len(measures)), dtype=np.int64)
        return Surroundings(0, empty, measures, {name: i + 1 for i, name in enumerate(segments)})
    customer = np.repeat(np.arange(len(settled.offsets) - 1), np.diff(settled.offsets))
    segment = _segment_then(customer, settled.known, masters)
    withdrawn = settled.void < FOREVER
    day = np.concatenate([settled.known // DAY, settled.void[withdrawn] // DAY])
    first = int(day.min())
    totals = np.zeros((groups, int(day.max()) - first + 2, len(measures)), dtype=np.int64)
    group = np.concatenate([segment, segment[withdrawn]]) + 1
    for column, name in enumerate(measures):
        values = settled.measures[name]
        change = np.concatenate([values, -values[withdrawn]])
        np.add.at(totals[0, :, column], day - first + 1, change)
        inside = group > 0
        np.add.at(totals[:, :, column], (group[inside], day[inside] - first + 1), change[inside])
    return Surroundings(
        first, totals.cumsum(axis=1), measures, {name: i + 1 for i, name in enumerate(segments)}
    )


def _segment_then(customer: Int64, known: Int64, masters: Stream) -> Int64:
    """Return the segment each customer was known to be in just before a moment, -1 unknown."""
    segment = np.full(len(customer), -1, dtype=np.int64)
    owner = np.repeat(np.arange(len(masters.offsets) - 1), np.diff(masters.offsets))
    # Masters are few and stored by moment: later versions overwrite earlier ones.
    frame = pd.DataFrame({"customer": customer, "known": known, "row": np.arange(len(customer))})
    versions = pd.DataFrame(
        {"customer": owner, "known": masters.known, "segment": masters.measures["segment"]}
    )
    if len(versions) == 0 or len(frame) == 0:
        return segment
    merged = pd.merge_asof(
        frame.sort_values("known", kind="stable"),
        versions.sort_values("known", kind="stable"),
        on="known",
        by="customer",
        allow_exact_matches=False,
    )
    segment[merged["row"]] = merged["segment"].fillna(-1).astype(np.int64)
    return segment
