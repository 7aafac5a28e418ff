"""What is applied to invoices, what is not applied yet, and what a reversal takes back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.facts.settlement import CREDIT, PAYMENT, WRITE_OFF

_KIND = {
    "payment": PAYMENT,
    "discount": PAYMENT,
    "reversal": PAYMENT,
    "credit_note": CREDIT,
    "write_off": WRITE_OFF,
}


def signed(payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments with each reversal as the negative of what it takes back.

    A reversal has the kind, and where it names none the invoice, of the payment that it reverses,
    as that payment was known at each time. It takes nothing back before the payment is known;
    where it names an invoice itself it counts there as money taken back until then.

    Parameters
    ----------
    payments : DataFrame
        As `believed` returns them.
    """
    is_reversal = payments["kind"] == "reversal"
    reversals, others = payments[is_reversal], payments[~is_reversal]
    if len(reversals) == 0:
        return payments
    reversals = reversals.assign(row=np.arange(len(reversals)))
    names = ["payment_id", "invoice_id", "customer_id", "kind", "known", "void"]
    pairs = reversals.merge(
        others[names],
        left_on="reverses_payment_id",
        right_on="payment_id",
        suffixes=("", "_reversed"),
    )
    first_known = pairs.groupby("row")["known_reversed"].min()
    until = reversals["row"].map(first_known).fillna(reversals["void"]).astype(np.int64)
    alone = reversals.assign(void=np.minimum(reversals["void"], until))
    alone = alone[alone["invoice_id"].notna()]
    pairs = pairs.assign(
        invoice_id=pairs["invoice_id"].where(
            pairs["invoice_id"].notna(), pairs["invoice_id_reversed"]
        ),
        customer_id=pairs["customer_id_reversed"],
        kind=pairs["kind_reversed"],
        known=pairs[["known", "known_reversed"]].max(axis=1),
        void=pairs[["void", "void_reversed"]].min(axis=1),
    )
    taken_back = pd.concat([alone, pairs], ignore_index=True)
    taken_back = taken_back.assign(
        amount=-taken_back["amount"], amount_reporting=-taken_back["amount_reporting"]
    )
    taken_back = taken_back[taken_back["void"] > taken_back["known"]]
    return pd.concat([others, taken_back[payments.columns]], ignore_index=True)


def applied(
    signed_payments: pd.DataFrame, credits: pd.DataFrame, invoice_ids: pd.Index
) -> pd.DataFrame:
    """Return what is applied to invoices: ``invoice known void day amount kind`` rows.

    A credit note that names its invoice applies itself on its date.
    """
    cash = pd.DataFrame(
        {
            "invoice": invoice_ids.get_indexer(signed_payments["invoice_id"]),
            "known": signed_payments["known"],
            "void": signed_payments["void"],
            "day": signed_payments["paid_on"],
            "amount": signed_payments["amount"],
            "kind": signed_payments["kind"].map(_KIND),
        }
    )
    notes = pd.DataFrame(
        {
            "invoice": invoice_ids.get_indexer(credits["credited_invoice_id"]),
            "known": credits["known"],
            "void": credits["void"],
            "day": credits["issued_on"],
            "amount": credits["amount"],
            "kind": CREDIT,
        }
    )
    both = pd.concat([cash, notes], ignore_index=True).astype(np.int64)
    return both[both["invoice"] >= 0]


def not_applied(signed_payments: pd.DataFrame, credits: pd.DataFrame) -> pd.DataFrame:
    """Return cash and credit notes that reduce no invoice yet."""
    cash = signed_payments[signed_payments["invoice_id"].isna()]
    notes = credits[credits["credited_invoice_id"].isna()]
    names = ["customer_id", "amount_reporting", "known", "void"]
    return pd.concat([cash[names], notes[names]], ignore_index=True)
