"""Reading a file of invoices not yet issued: what can be scored, and what cannot and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import ImportSettings
from features.ledger.money import EXPONENTS

COLUMNS = ("invoice_id", "customer_id", "issued_on", "due_on", "amount", "currency")
_DEFAULTS = ImportSettings()
_DAY = r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$"


def read_proposals(
    path: Path, as_of: date, intake: ImportSettings = _DEFAULTS
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
        # The calendar day as written: a time or a zone behind it does not move it.
        day = text[name].str.extract(_DAY, expand=False)
        frame[name] = pd.to_datetime(day, errors="coerce", format="%Y-%m-%d")
    frame["amount"] = pd.to_numeric(text["amount"].astype(object), errors="coerce").astype(float)
    rule = np.select(
        [
            text["invoice_id"].fillna("") == "",
            text["customer_id"].fillna("") == "",
            frame["issued_on"].isna() | frame["due_on"].isna(),
            frame["issued_on"] < pd.Timestamp(as_of),
            frame["due_on"] < frame["issued_on"],
            frame["due_on"] - frame["issued_on"] > pd.Timedelta(days=intake.max_terms_days),
            ~np.isfinite(frame["amount"]) | (frame["amount"] <= 0),
            ~frame["currency"].isin(list(EXPONENTS)),
            frame["invoice_id"].duplicated(),
        ],
        [
            "invoice_id is empty",
            "customer_id is empty",
            "a date is empty or not YYYY-MM-DD",
            "issued before as_of",
            "due before issued",
            f"due more than {intake.max_terms_days} days after issue",
            "the amount is not a number above zero",
            "the currency is not an ISO 4217 code",
            "invoice_id stands twice",
        ],
        default="",
    )
    good = rule == ""
    if len(frame) and not good.any():
        raise ValueError(f"{path}: none of {len(frame)} rows can be scored (first: {rule[0]})")
    return frame[good].reset_index(drop=True), raw[~good].assign(rule=rule[~good])


def read_text(path: Path, what: str, columns: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a CSV or Parquet file: its rows as they came, and some columns as trimmed text.

    Raises
    ------
    ValueError, FileNotFoundError
        The file cannot be read, and ``what`` it should hold is named; or it lacks a column.
    """
    raw = _read(path, what)
    missing = [name for name in columns if name not in raw.columns]
    if missing:
        raise ValueError(
            f"{path}: no column {', '.join(missing)}; it has {', '.join(map(str, raw.columns))}"
        )
    return raw, raw[list(columns)].astype("string").apply(lambda column: column.str.strip())


def _read(path: Path, what: str) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; name a CSV or Parquet file of {what}")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: cannot be read as {path.suffix or 'CSV'}: {reason}") from error
