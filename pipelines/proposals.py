"""Reading a file of invoices not yet issued: what can be scored, and what cannot and why."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import ImportSettings
from features.ledger.money import exponent_of
from features.ledger.storage import Ledger
from models.late_payment.dataset import LEAD_DAYS
from pipelines.rows_to_score import currency_rules, days, numbers, read_text, split_by_rule

COLUMNS = ("invoice_id", "customer_id", "issued_on", "due_on", "amount", "currency")
_DEFAULTS = ImportSettings()
_UNHEARD_OF = 10.0
"""Times the largest invoice of its currency from which an amount looks like an error of entry."""


def read_proposals(
    path: Path,
    as_of: date,
    intake: ImportSettings = _DEFAULTS,
    with_rate: Collection[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read proposed invoices.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns `COLUMNS`; ids are text, amounts in major units.
    as_of : date
        On or before every ``issued_on``.
    intake : ImportSettings
        The longest terms that an import would believe.
    with_rate : collection of str, optional
        Currencies that the ledger can convert; absent: any.

    Returns
    -------
    accepted : DataFrame
        Rows to score.
    refused : DataFrame
        The other rows as they came, with a column ``rule``.

    Raises
    ------
    ValueError
        The file cannot be read, lacks columns, or none of its rows can be scored.
    """
    raw, text = read_text(path, "invoices", COLUMNS)
    for name in ("invoice_id", "customer_id"):
        # Ids that went through a spreadsheet or a float column, as at import.
        text[name] = text[name].str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    frame = pd.DataFrame({name: text[name].astype(object) for name in COLUMNS})
    for name in ("issued_on", "due_on"):
        frame[name] = days(text[name])
    frame["amount"] = numbers(text["amount"])
    frame["currency"] = text["currency"].str.upper().astype(object)
    longest = pd.Timedelta(days=intake.max_terms_days)
    broken = {
        "invoice_id is empty": text["invoice_id"].fillna("") == "",
        "customer_id is empty": text["customer_id"].fillna("") == "",
        "a date is empty or not YYYY-MM-DD": frame["issued_on"].isna() | frame["due_on"].isna(),
        "issued before as_of": frame["issued_on"] < pd.Timestamp(as_of),
        "due before issued": frame["due_on"] < frame["issued_on"],
        f"due more than {intake.max_terms_days} days after issue": (
            frame["due_on"] - frame["issued_on"] > longest
        ),
        "the amount is not a number above zero": (
            ~np.isfinite(frame["amount"]) | (frame["amount"] <= 0)
        ),
        **currency_rules(frame["currency"], with_rate),
        "invoice_id stands twice": frame["invoice_id"].duplicated(),
    }
    return split_by_rule(path, raw, frame, broken)


def doubts(accepted: pd.DataFrame, as_of: date, ledger: Ledger) -> list[str]:
    """Return notes about proposals that are scored but may not be what was meant.

    They are held against what the ledger knew before ``as_of``.

    Parameters
    ----------
    accepted : DataFrame
        Of `read_proposals`.
    as_of : date
    ledger : Ledger
    """
    columns = ["invoice_id", "currency", "amount", "known_at"]
    invoices = ledger.table("invoices", columns).to_pandas()
    invoices = invoices[invoices["known_at"] < pd.Timestamp(as_of)]
    largest = accepted["currency"].map(invoices.groupby("currency")["amount"].max())
    minor = accepted["amount"] * 10.0 ** accepted["currency"].map(exponent_of)
    ahead = (accepted["issued_on"] - pd.Timestamp(as_of)).dt.days
    doubtful = {
        "with the id of an invoice in the ledger, scored as another one": (
            accepted["invoice_id"].isin(invoices["invoice_id"])
        ),
        f"issued more than {LEAD_DAYS} days after as_of, further ahead than any learnt from": (
            ahead > LEAD_DAYS
        ),
        f"above {_UNHEARD_OF:.0f} times the ledger's largest invoice in the currency": (
            minor > _UNHEARD_OF * largest
        ),
    }
    return [
        f"proposed: {int(rows.sum()):,} {what}; e.g. {accepted['invoice_id'][rows].iloc[0]}"
        for what, rows in doubtful.items()
        if rows.any()
    ]
