"""Files of rows to score: their text, and which rows can be scored, which cannot and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.ledger.money import EXPONENTS


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
    wanted = f"name a CSV or Parquet file of {what}"
    if not path.is_file():
        fault = "is a folder" if path.is_dir() else "no such file"
        raise FileNotFoundError(f"{path}: {fault}; {wanted}")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: is empty; {wanted}")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        kind = "Parquet" if path.suffix == ".parquet" else "CSV"
        raise ValueError(f"{path}: cannot be read as {kind} ({reason}); {wanted}") from error


def days(text: pd.Series) -> pd.Series:
    """Return calendar days as written: a time or a zone behind one does not move it.

    Examples
    --------
    >>> days(pd.Series(["2025-03-31 23:00", "2025-03-31T23:00-05:00", "31.3.2025"])).dt.day.tolist()
    [31.0, 31.0, nan]
    """
    written = text.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$", expand=False)
    return pd.to_datetime(written, errors="coerce", format="%Y-%m-%d")


def numbers(text: pd.Series) -> pd.Series:
    """Return numbers; NaN where the text is none."""
    return pd.to_numeric(text.astype(object), errors="coerce").astype(np.float64)


def currency_rules(currency: pd.Series, with_rate: Collection[str] | None) -> dict[str, pd.Series]:
    """Return which rows break the rules of currencies.

    Parameters
    ----------
    currency : Series of str
    with_rate : collection of str, optional
        Those that can be converted; absent: all.
    """
    known = currency.isin(list(EXPONENTS))
    rules = {"the currency is not an ISO 4217 code": ~known}
    if with_rate is not None:
        missing = known & ~currency.isin(list(with_rate))
        rules["no rate of the currency; add it to fx_rates and import again"] = missing
    return rules


def split_by_rule(
    path: Path, raw: pd.DataFrame, frame: pd.DataFrame, broken: Mapping[str, pd.Series]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows into those to score and those that break a rule.

    Parameters
    ----------
    path : Path
        For the message.
    raw, frame : DataFrame
        The rows as they came, and as they are scored.
    broken : mapping of str to Series of bool
        By rule, which rows break it; the first of a row is its rule.

    Returns
    -------
    accepted : DataFrame
        Rows of ``frame``.
    refused : DataFrame
        The others, of ``raw``, with a column ``rule``.

    Raises
    ------
    ValueError
        No row can be scored.
    """
    rule = np.select(list(broken.values()), list(broken), default="")
    good = rule == ""
    if len(frame) and not good.any():
        raise ValueError(f"{path}: none of {len(frame)} rows can be scored (first: {rule[0]})")
    return frame[good].reset_index(drop=True), raw[~good].assign(rule=rule[~good])
