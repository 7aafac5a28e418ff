"""What became of the money that was owed at default."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from features.facts.applications import (
    KINDS,
    REVERSAL,
    credit_notes_apart,
    note_frame,
    payment_frame,
    signed,
)
from features.facts.book import Book
from features.facts.loading import CUSTOMER_COLUMNS
from features.facts.open_items import open_rows
from features.facts.versions import DAY, Int64, Versions
from features.labels.amount_at_default import claims_at_default
from features.ledger.storage import Ledger

_FLOWS = ["default", "invoice", "day", "kind", "after_write_off", "amount"]


def recovery_flows(ledger: Ledger, book: Book, register: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    """Return what came in, or was given up, on the invoices that were open at each default.

    What became known after the default and before the customer's next one, or the cutoff. Of an
    invoice no more counts than was open at the default; what was taken back before the cutoff
    counts against what came before it.

    Parameters
    ----------
    ledger : Ledger
        The one the book was loaded from.
    book : Book
    register : DataFrame
        From `default_register` at the same cutoff.
    cutoff : int
        Microseconds since 1970.

    Returns
    -------
    DataFrame
        One row per movement, by default and day: ``default`` (row of the register), ``invoice``
        (position), ``day`` on which it became known (since 1970), ``kind`` (``payment``,
        ``discount``, ``credit_note`` or ``write_off``), ``after_write_off`` (the invoice had been
        written off before) and ``amount`` (reporting minor units at the rate of the invoice,
        negative where money went back). Nothing is discounted.
    """
    claims = claims_at_default(book, register)
    claims["from"] = register["moment"].to_numpy()[claims["default"]]
    claims["until"] = _until(register, cutoff)[claims["default"]]
    moves = _movements(ledger, book, np.unique(register["customer"]), cutoff)
    lost = moves[(moves["kind"] == KINDS.index("write_off")) & (moves["amount"] > 0)]
    moves["written_off"] = moves["invoice"].map(lost.groupby("invoice")["known"].min())
    flows = claims.merge(moves, on="invoice")
    flows = flows[(flows["known"] >= flows["from"]) & (flows["known"] < flows["until"])]
    flows = flows.sort_values(["default", "invoice", "known", "kind", "amount"], ignore_index=True)
    same = [flows["default"], flows["invoice"], flows["kind"]]
    # Running totals, so that a return is set against the payment before it; whole units stay whole.
    total = flows["amount"].groupby(same).cumsum().clip(lower=0)
    share = np.minimum(total, flows["owed_minor"]) / flows["owed_minor"]
    reached = np.rint(share * flows["owed"]).astype(np.int64)
    flows["amount"] = reached - reached.groupby(same).shift(1, fill_value=0)
    flows["day"] = (flows["known"] // DAY).astype(np.int64)
    flows["after_write_off"] = flows["known"] > flows["written_off"]
    flows["kind"] = np.array(KINDS, dtype=object)[flows["kind"].to_numpy(dtype=np.int64)]
    kept = flows.loc[flows["amount"] != 0, _FLOWS]
    return kept.sort_values(["default", "day", "invoice"], kind="stable", ignore_index=True)


def recovered(book: Book, register: pd.DataFrame, flows: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    """Add up the flows of each default.

    Returns
    -------
    DataFrame
        One row per row of the register, reporting minor units: ``recovered`` (cash),
        ``recovered_after_write_off`` (part of it), ``first_recovery_day`` and ``last_recovery_day``
        (-1: none), ``credited`` (credit notes and discounts), ``written_off``, ``lost`` (what was
        written off and not recovered after) and ``still_open`` (at the cutoff or the next default).
    """
    rows = np.arange(len(register))

    def total(which: pd.Series) -> Int64:
        sums = flows[which].groupby("default")["amount"].sum()
        return np.asarray(sums.reindex(rows, fill_value=0), dtype=np.int64)

    cash = flows["kind"] == "payment"
    came = flows[cash & (flows["amount"] > 0)].groupby("default")["day"].agg(["min", "max"])
    came = came.reindex(rows, fill_value=-1).astype(np.int64)
    after = total(cash & flows["after_write_off"])
    written_off = total(flows["kind"] == "write_off")
    return pd.DataFrame(
        {
            "recovered": total(cash),
            "recovered_after_write_off": after,
            "first_recovery_day": came["min"].to_numpy(),
            "last_recovery_day": came["max"].to_numpy(),
            "credited": total(flows["kind"].isin(["credit_note", "discount"])),
            "written_off": written_off,
            "lost": np.maximum(written_off - after, 0),
            "still_open": _still_open(book, register, cutoff),
        }
    )


def _until(register: pd.DataFrame, cutoff: int) -> Int64:
    """Return when the next default of the same customer takes over, or the cutoff."""
    following = register.groupby("customer")["moment"].shift(-1)
    return np.asarray(following.fillna(cutoff).astype(np.int64))


def _still_open(book: Book, register: pd.DataFrame, cutoff: int) -> Int64:
    claims = claims_at_default(book, register)
    owed_of = dict(claims.groupby("default")["invoice"].agg(set))
    measures = book.items.measures
    left = np.zeros(len(register), dtype=np.int64)
    for place, (customer, until) in enumerate(
        zip(register["customer"], _until(register, cutoff), strict=True)
    ):
        rows = open_rows(book, customer, until)
        owed = [i in owed_of.get(place, ()) for i in measures["invoice"][rows]]
        left[place] = measures["open"][rows][owed].sum()
    return left


def _movements(ledger: Ledger, book: Book, customers: Int64, cutoff: int) -> pd.DataFrame:
    """Return what was applied to the invoices of some customers, as believed at the cutoff."""
    ids = pa.array(book.customer_ids[customers], pa.string())

    def rows(table: str) -> Versions:
        return Versions(ledger.table(table, CUSTOMER_COLUMNS[table]), ids)

    def find(of: Versions, column: str) -> Int64:
        owner = customers[of.customer]
        names = np.array(of.texts(column).to_pylist(), dtype=object)
        return book.invoice_positions(owner, names)

    payments, (notes, _) = rows("payments"), credit_notes_apart(rows("invoices"))
    cash = signed(payment_frame(payments, find(payments, "invoice_id")))
    credit = note_frame(notes, find(notes, "credited_invoice_id"))
    credit["kind"] = KINDS.index("credit_note")
    both = pd.concat([cash, credit], ignore_index=True)
    # A reversal of what the ledger does not have took back cash.
    both["kind"] = both["kind"].replace(REVERSAL, KINDS.index("payment"))
    stands = (both["invoice"] >= 0) & (both["known"] < cutoff) & (both["void"] >= cutoff)
    return both.loc[stands, ["invoice", "kind", "known", "amount"]].astype(np.int64)
