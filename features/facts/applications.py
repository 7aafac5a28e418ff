"""What is applied to invoices, what is not applied yet, and what a reversal takes back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.facts.settlement import CREDIT, PAYMENT, WRITE_OFF
from features.facts.versions import Int64, Versions

KINDS = ("payment", "discount", "credit_note", "write_off", "reversal")
"""Kinds of payment rows, by their code here."""
REVERSAL = KINDS.index("reversal")
_APPLIED_AS = np.array([PAYMENT, PAYMENT, CREDIT, WRITE_OFF, PAYMENT])

UNAPPLIED, ELSEWHERE = -1, -2
"""``invoice`` of what names none, and of what names one that the customer does not have."""


def payment_frame(payments: Versions, invoice: Int64) -> pd.DataFrame:
    """Return payments as a frame of integers.

    Parameters
    ----------
    payments : Versions
    invoice : int64 array of shape (n,)
        Position of each row's invoice, or `UNAPPLIED`, or `ELSEWHERE`.

    Returns
    -------
    DataFrame
        ``customer invoice kind day amount reporting known void`` and ``payment``, ``reverses``:
        numbers of those payments that a reversal names, -1 for the others.
    """
    reversed_ids = payments.texts("reverses_payment_id").unique().drop_null()
    found = [
        pc.fill_null(pc.index_in(payments.texts(name), value_set=reversed_ids), -1)
        for name in ("payment_id", "reverses_payment_id")
    ]
    return pd.DataFrame(
        {
            "customer": payments.customer,
            "invoice": invoice,
            "kind": payments.choice("kind", KINDS),
            "day": payments.days("paid_on"),
            "amount": payments.integers("amount", 0),
            "reporting": payments.integers("amount_reporting", 0),
            "known": payments.known,
            "void": payments.void,
            "payment": found[0].cast(pa.int64()).to_numpy(),
            "reverses": found[1].cast(pa.int64()).to_numpy(),
        }
    )


def credit_notes_apart(invoices: Versions) -> tuple[Versions, Versions]:
    """Return the credit notes, and the invoices proper."""
    is_note = invoices.choice("kind", ("credit_note",)) == 0
    return invoices.take(is_note), invoices.take(~is_note)


def note_frame(notes: Versions, invoice: Int64) -> pd.DataFrame:
    """Return credit notes as a frame of integers, with the position of what each credits."""
    return pd.DataFrame(
        {
            "customer": notes.customer,
            "invoice": invoice,
            "day": notes.days("issued_on"),
            "amount": notes.integers("amount", 0),
            "reporting": notes.integers("amount_reporting", 0),
            "known": notes.known,
            "void": notes.void,
        }
    )


def reversals_of(payments: pd.DataFrame) -> pd.DataFrame:
    """Return reversals beside what each takes back, as both were known.

    The columns of what is reversed end in ``_reversed``; ``row`` is the reversal's.
    """
    reversals = payments[payments["kind"] == REVERSAL]
    others = payments[(payments["kind"] != REVERSAL) & (payments["payment"] >= 0)]
    return reversals.assign(row=np.arange(len(reversals))).merge(
        others,
        left_on=["customer", "reverses"],
        right_on=["customer", "payment"],
        suffixes=("", "_reversed"),
    )


def signed(payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments with each reversal as the negative of what it takes back.

    A reversal has the kind, and where it names none the invoice, of the payment that it reverses,
    as that payment was known at each time. It takes nothing back before the payment is known;
    where it names an invoice itself it counts there as money taken back until then.

    Parameters
    ----------
    payments : DataFrame
        As `payment_frame` returns them.
    """
    is_reversal = payments["kind"] == REVERSAL
    reversals, others = payments[is_reversal], payments[~is_reversal]
    if len(reversals) == 0:
        return payments
    pairs = reversals_of(payments)
    reversals = reversals.assign(row=np.arange(len(reversals)))
    first_known = pairs.groupby("row")["known_reversed"].min()
    until = reversals["row"].map(first_known).fillna(reversals["void"]).astype(np.int64)
    alone = reversals.assign(void=np.minimum(reversals["void"], until))
    alone = alone[alone["invoice"] != UNAPPLIED]
    pairs = pairs.assign(
        invoice=pairs["invoice"].where(pairs["invoice"] != UNAPPLIED, pairs["invoice_reversed"]),
        kind=pairs["kind_reversed"],
        known=pairs[["known", "known_reversed"]].max(axis=1),
        void=pairs[["void", "void_reversed"]].min(axis=1),
    )
    taken_back = pd.concat([alone, pairs], ignore_index=True)
    taken_back = taken_back.assign(amount=-taken_back["amount"], reporting=-taken_back["reporting"])
    taken_back = taken_back[taken_back["void"] > taken_back["known"]]
    return pd.concat([others, taken_back[payments.columns]], ignore_index=True)


def standing(payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments without reversals; one that is taken back whole ends with its reversal."""
    kept = payments[payments["kind"] != REVERSAL]
    pairs = reversals_of(payments)
    whole = pairs[pairs["amount"] >= pairs["amount_reversed"]]
    if len(whole) == 0:
        return kept
    ends = whole.groupby(["customer", "reverses"])["known"].min()
    of = pd.MultiIndex.from_frame(kept[["customer", "payment"]])
    end = ends.reindex(of).to_numpy()
    void = np.where(np.isnan(end), kept["void"], np.fmin(kept["void"], end))
    kept = kept.assign(void=void.astype(np.int64))
    return kept[kept["void"] > kept["known"]]


def applied(signed_payments: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Return what is applied to invoices: ``invoice known void day amount kind`` rows.

    A credit note that names its invoice applies itself on its date.

    Parameters
    ----------
    signed_payments : DataFrame
    notes : DataFrame
        Credit notes: ``customer invoice day amount reporting known void``.
    """
    names = ["invoice", "known", "void", "day", "amount"]
    cash = signed_payments[names].assign(kind=_APPLIED_AS[signed_payments["kind"]])
    both = pd.concat([cash, notes[names].assign(kind=CREDIT)], ignore_index=True)
    return both[both["invoice"] >= 0]


def not_applied(signed_payments: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Return cash and credit notes that reduce no invoice yet."""
    names = ["customer", "reporting", "known", "void"]
    both = [rows.loc[rows["invoice"] == UNAPPLIED, names] for rows in (signed_payments, notes)]
    return pd.concat(both, ignore_index=True)
