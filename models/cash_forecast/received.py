"""The cash that came in on invoices that were open at a moment."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from features.ledger.storage import Ledger

_COLUMNS = [
    *("payment_id", "invoice_id", "kind", "reverses_payment_id"),
    *("paid_on", "amount_reporting", "known_at", "void_at", "removed"),
]


def cash_rows(ledger: Ledger) -> pd.DataFrame:
    """Return the payments applied to invoices, as the ledger believes them at its end.

    A reversal takes back what it reverses, on its own date. Discounts, credit notes and write-offs
    are no cash; neither is cash that is not applied to an invoice yet.

    Returns
    -------
    DataFrame
        ``invoice_id paid_on cash known_at``, cash in reporting minor units.
    """
    rows = ledger.table("payments", _COLUMNS).to_pandas()
    rows = rows[rows["void_at"].isna() & ~rows["removed"].fillna(False).astype(bool)]
    kind = rows["kind"].fillna("payment")
    cash = rows[kind == "payment"]
    back = rows[kind == "reversal"].merge(
        cash[["payment_id", "invoice_id"]],
        left_on="reverses_payment_id",
        right_on="payment_id",
        suffixes=("", "_of"),
    )
    back["invoice_id"] = back["invoice_id"].fillna(back["invoice_id_of"])
    back["amount_reporting"] = -back["amount_reporting"]
    both = pd.concat([cash, back[cash.columns]], ignore_index=True)
    both = both[both["invoice_id"].notna()]
    return both.rename(columns={"amount_reporting": "cash"})[
        ["invoice_id", "paid_on", "cash", "known_at"]
    ]


def received(rows: pd.DataFrame, invoice_ids: np.ndarray, as_of: date) -> pd.DataFrame:
    """Return the cash on some invoices that became known from a moment on: ``day cash``.

    What was paid before the moment and recorded since arrives in its first week: the invoice looked
    open at the moment, and the news came at once.

    Parameters
    ----------
    rows : DataFrame
        See `cash_rows`.
    invoice_ids : array of str
    as_of : date
    """
    known = pd.to_datetime(rows["known_at"]) >= pd.Timestamp(as_of)
    chosen = rows[known & rows["invoice_id"].isin(invoice_ids)]
    paid = pd.to_datetime(chosen["paid_on"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    today = np.datetime64(as_of, "D").astype(np.int64)
    return pd.DataFrame(
        {"day": np.maximum(paid, today), "cash": chosen["cash"].to_numpy(dtype=np.float64)}
    )
