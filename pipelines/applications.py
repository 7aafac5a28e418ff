"""Reading a file of applications: customers without any history who ask for credit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.rows_to_score import currency_rules, days, numbers, read_text, split_by_rule

COLUMNS = (
    *("application_id", "segment", "country", "business_started", "bureau_score"),
    *("requested_amount", "currency"),
)
"""``customer_id`` may stand beside them."""
_TEXTS = ("application_id", "segment", "country", "currency")
_LARGEST_SCORE = 1e9
"""Beyond any bureau's scale: an error of entry."""


def read_applications(
    path: Path, as_of: date, with_rate: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read applications.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns `COLUMNS`; what is not known is left empty, but for the id,
        the amount (major units) and its currency.
    as_of : date
    with_rate : collection of str, optional
        Currencies that the ledger can convert; absent: any.

    Returns
    -------
    accepted : DataFrame
        Rows to score, with the age of the business as ``business_days``.
    refused : DataFrame
        The other rows as they came, with a column ``rule``.

    Raises
    ------
    ValueError
        The file cannot be read, lacks columns, or none of its rows can be scored.
    """
    raw, text = read_text(path, "applications", COLUMNS)
    text = text.mask(text == "")
    frame = pd.DataFrame({name: text[name].astype(object) for name in _TEXTS})
    frame = frame.where(frame.notna(), None)
    given = raw["customer_id"] if "customer_id" in raw.columns else frame["application_id"]
    frame["customer_id"] = given.astype("string").astype(object)
    frame["currency"] = frame["currency"].str.upper()
    started = days(text["business_started"])
    frame["business_days"] = (pd.Timestamp(as_of) - started).dt.days.astype(np.float64)
    frame["bureau_score"] = numbers(text["bureau_score"])
    frame["amount"] = numbers(text["requested_amount"])
    broken = {
        "application_id is empty": text["application_id"].isna(),
        "business_started is not YYYY-MM-DD": text["business_started"].notna() & started.isna(),
        "business_started is after as_of": frame["business_days"] < 0,
        "bureau_score is not a number of at most nine digits": (
            text["bureau_score"].notna() & ~(frame["bureau_score"].abs() < _LARGEST_SCORE)
        ),
        "requested_amount is not a number above zero": (
            ~np.isfinite(frame["amount"]) | (frame["amount"] <= 0)
        ),
        **currency_rules(frame["currency"], with_rate),
        "application_id stands twice": frame["application_id"].duplicated(),
    }
    return split_by_rule(path, raw, frame, broken)
