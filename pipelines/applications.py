"""Reading a file of applications: customers without any history who ask for credit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from features.ledger.money import EXPONENTS
from pipelines.proposals import read_text

COLUMNS = (
    *("application_id", "segment", "country", "business_started", "bureau_score"),
    *("requested_amount", "currency"),
)
"""``customer_id`` may stand beside them."""
_TEXTS = ("application_id", "segment", "country", "currency")


def read_applications(path: Path, as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read applications.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns `COLUMNS`; what is not known is left empty, but for the id,
        the amount (major units) and its currency.
    as_of : date

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
    day = text["business_started"].str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$", expand=False)
    started = pd.to_datetime(day, errors="coerce", format="%Y-%m-%d")
    frame["business_days"] = (pd.Timestamp(as_of) - started).dt.days.astype(np.float64)
    for name, column in (("bureau_score", "bureau_score"), ("amount", "requested_amount")):
        numbers = pd.to_numeric(text[column].astype(object), errors="coerce")
        frame[name] = numbers.astype(np.float64)
    rule = np.select(
        [
            text["application_id"].isna(),
            text["business_started"].notna() & started.isna(),
            frame["business_days"] < 0,
            text["bureau_score"].notna() & ~np.isfinite(frame["bureau_score"]),
            ~np.isfinite(frame["amount"]) | (frame["amount"] <= 0),
            ~frame["currency"].isin(list(EXPONENTS)),
            frame["application_id"].duplicated(),
        ],
        [
            "application_id is empty",
            "business_started is not YYYY-MM-DD",
            "business_started is after as_of",
            "bureau_score is not a number",
            "requested_amount is not a number above zero",
            "the currency is not an ISO 4217 code",
            "application_id stands twice",
        ],
        default="",
    )
    good = rule == ""
    if len(frame) and not good.any():
        raise ValueError(f"{path}: none of {len(frame)} rows can be scored (first: {rule[0]})")
    return frame[good].reset_index(drop=True), raw[~good].assign(rule=rule[~good])
