"""Everything else that is known of customers, as streams of facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from features.facts.book import Stream
from features.facts.surroundings import Place
from features.facts.versions import ALWAYS, DAY, FOREVER, Flags, Int64, Versions
from features.ledger.contract import TABLES

EVENT_KINDS = ("insolvency", "legal", "agency", "restructuring", "left")
ACTIVITY_KINDS = tuple(TABLES["activities"].by_name["kind"].choices)
REMINDERS = ("reminder", "letter")
CONTACTS = ("call", "email", "visit")
WHOLE_INVOICE = -1
"""``amount`` of a dispute that is about all of its invoice."""
PLACES = ("segment", "country", "group")
"""Kinds of places, by their column in ``masters``."""

_CHOICES = {"segment": "segment", "country": "country", "group": "group_id"}
_ENDINGS = ("resolved", "credited", "withdrawn")


def _stream(rows: Versions, measures: Mapping[str, object], customers: int) -> Stream:
    """Build a stream of a table's rows; of one moment they stay in stored order."""
    integers = {name: np.asarray(values, dtype=np.int64) for name, values in measures.items()}
    return Stream.sort(rows.customer, rows.known, rows.void, integers, customers)


def orders(rows: Versions, customers: int) -> Stream:
    """Return the orders; a later state of one voids the earlier, so believed rows add up."""
    amount = rows.integers("amount_reporting", 0)
    left = rows.integers("open_amount_reporting", ALWAYS)
    status = rows.choice("status", ("open", "delivered", "cancelled"))
    is_open = (status == 0) | (status == 1)
    return _stream(
        rows,
        {
            "count": np.ones(len(rows)),
            "amount": amount,
            "open": np.where(is_open, np.where(left == ALWAYS, amount, left), 0),
            "cancelled": status == 2,
        },
        customers,
    )


def limits(rows: Versions, customers: int) -> Stream:
    """Return the normal credit limits."""
    normal = rows.take(rows.choice("kind", ("normal",)) == 0)
    until = normal.days("valid_to")
    return _stream(
        normal,
        {
            "amount": normal.integers("amount_reporting", 0),
            "valid_from": normal.days("valid_from"),
            "valid_to": np.where(until == ALWAYS, FOREVER // DAY, until),
        },
        customers,
    )


def bureau(rows: Versions, customers: int) -> Stream:
    """Return the bureau scores, in thousandths."""
    score = np.rint(np.nan_to_num(rows.numbers("score")) * 1000)
    provider = rows.texts("provider").dictionary_encode().indices.fill_null(-1)
    measures = {"score_milli": score, "scored_day": rows.days("scored_on"), "provider": provider}
    return _stream(rows, measures, customers)


def events(rows: Versions, customers: int) -> Stream:
    """Return what happened to customers, by kind (of `EVENT_KINDS`)."""
    kind = rows.choice("kind", EVENT_KINDS)
    return _stream(rows, {"kind": kind, "happened_day": rows.days("happened_on")}, customers)


def disputes(
    rows: Versions, find: Callable[[Int64, pa.Array], Int64], customers: int
) -> tuple[Stream, Stream, Stream]:
    """Return the spans in which invoices were in dispute, the first of each, and the ends.

    Parameters
    ----------
    rows : Versions
    find : callable
        From customers and invoice ids to positions of invoices.
    """
    states = pd.DataFrame(
        {
            "row": np.arange(len(rows)),
            "dispute": _dispute_of(rows),
            "day": rows.days("event_on"),
            "status": rows.choice("status", _ENDINGS),
            "known": rows.known,
            "void": rows.void,
        }
    )
    # The state of the latest day stands, whichever became known last; of one day, the end of it.
    states["ends"] = states["status"] >= 0
    states = states.sort_values(["dispute", "day", "ends", "known"], kind="stable")
    later = states[::-1].groupby("dispute")["known"].cummin()
    following = later.groupby(states["dispute"]).shift(1)[::-1].fillna(int(FOREVER))
    until = np.minimum(states["void"], following.astype(np.int64)).sort_index().to_numpy()
    is_open = rows.choice("status", ("open",)) == 0
    status = rows.choice("status", _ENDINGS)
    about = {
        "count": np.ones(len(rows), dtype=np.int64),
        "seller_fault": rows.integers("seller_fault", 0),
        "credited": (status == _ENDINGS.index("credited")).astype(np.int64),
        "invoice": find(rows.customer, rows.texts("invoice_id")),
        "amount": rows.integers("amount_reporting", WHOLE_INVOICE),
    }

    def chosen(which: Flags, void: Int64, known: Int64 = rows.known) -> Stream:
        kept = which & (void > known)
        measures = {name: values[kept] for name, values in about.items()}
        return Stream.sort(rows.customer[kept], known[kept], void[kept], measures, customers)

    return (
        chosen(is_open, until),
        chosen(is_open, rows.void, _not_before(states, is_open)),
        chosen(status >= 0, rows.void),
    )


def _dispute_of(rows: Versions) -> Int64:
    """Return a number per dispute of a customer."""
    encoded = rows.texts("dispute_id").dictionary_encode()
    own: Int64 = encoded.indices.to_numpy().astype(np.int64)
    return rows.customer * max(len(encoded.dictionary), 1) + own


def _not_before(states: pd.DataFrame, is_open: Flags) -> Int64:
    """Return when each opening is the first of its dispute that is known and believed.

    A dispute counts once. Which of its openings counts must not depend on what becomes known
    later: one of an earlier day that is recorded later does not take the place of this one.
    """
    opened = states.sort_values("row")[is_open].sort_values("known", kind="stable")
    earlier = opened.groupby("dispute")["void"].cummax()
    ended = earlier.groupby(opened["dispute"]).shift(1, fill_value=int(ALWAYS))
    known = states.sort_values("row")["known"].to_numpy(dtype=np.int64, copy=True)
    known[opened["row"]] = np.maximum(opened["known"], ended)
    return np.asarray(known)


def promises(rows: Versions, find: Callable[[Int64, pa.Array], Int64], customers: int) -> Stream:
    """Return the promises to pay."""
    return _stream(
        rows,
        {
            "count": np.ones(len(rows)),
            "amount": rows.integers("amount_reporting", 0),
            "made_day": rows.days("made_on"),
            "promised_day": rows.days("promised_on"),
            "invoice": find(rows.customer, rows.texts("invoice_id")),
        },
        customers,
    )


def activities(rows: Versions, customers: int) -> tuple[Stream, Stream]:
    """Return the reminders with their level, and the contacts with a person."""
    streams = []
    for kinds in (REMINDERS, CONTACTS):
        chosen = rows.take(rows.choice("kind", kinds) >= 0)
        measures = {
            "count": np.ones(len(chosen)),
            "level": chosen.integers("level", 1),
            "day": chosen.days("happened_on"),
        }
        streams.append(_stream(chosen, measures, customers))
    return streams[0], streams[1]


def insurance(rows: Versions, customers: int) -> Stream:
    """Return the spans of credit insurance, with the cover and what of it the insurer bears."""
    percent = np.nan_to_num(rows.numbers("percent"), nan=100.0)
    cover = rows.integers("cover_amount_reporting", 0)
    until = rows.days("valid_to")
    ends = np.where(until == ALWAYS, FOREVER, until * DAY - 1)
    policy = pd.Series(rows.texts("policy_id").dictionary_encode(null_encoding="encode").indices)
    # The next state of a policy takes the place of this one.
    spans = pd.DataFrame({"customer": rows.customer, "policy": policy, "known": rows.known})
    following = spans.groupby(["customer", "policy"])["known"].shift(-1).fillna(int(FOREVER))
    void = np.minimum(np.minimum(rows.void, ends), following.astype(np.int64).to_numpy())
    kept = void > rows.known
    return Stream.sort(
        rows.customer[kept],
        rows.known[kept],
        void[kept],
        {
            "amount": np.rint(cover * np.clip(percent, 0, 100) / 100).astype(np.int64)[kept],
            "cover": cover[kept],
        },
        customers,
    )


def masters(rows: Versions, customers: int) -> tuple[Stream, tuple[Place, ...]]:
    """Return the master data, and the places that its codes stand for."""
    places: list[Place] = []
    codes = {}
    for kind in PLACES:
        encoded = rows.texts(_CHOICES[kind]).dictionary_encode()
        own = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
        codes[kind] = np.where(own >= 0, own + len(places), -1)
        places += [(kind, name) for name in encoded.dictionary.to_pylist()]
    measures = {
        **codes,
        "terms": rows.integers("terms_days", ALWAYS),
        "customer_since": rows.days("customer_since"),
        "business_started": rows.days("business_started"),
    }
    return _stream(rows, measures, customers), tuple(places)
