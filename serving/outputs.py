"""What a scoring run hands over: frames as the commands write them, as plain rows to be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["text", "date", "number", "integer"]
Row = tuple[Any, ...]

_REASONS: dict[str, Kind] = dict.fromkeys(("reason_1", "reason_2", "reason_3", "reason_4"), "text")

CUSTOMER_COLUMNS: dict[str, Kind] = {
    "customer_id": "text",
    "currency": "text",
    "pd_12m": "number",
    "pd_upper": "number",
    "score": "number",
    "grade": "text",
    "exposure": "number",
    "overdue": "number",
    "lgd": "number",
    "expected_loss": "number",
    "current_limit": "number",
    "suggested_limit": "number",
    "binding_cap": "text",
    "basis": "text",
    **_REASONS,
}
"""Columns of ``customers`` that are kept; ``as_of`` belongs to the whole set."""

APPLICATION_KINDS: dict[str, Kind] = {
    "application_id": "text",
    "customer_id": "text",
    "as_of": "date",
    "currency": "text",
    "requested_amount": "number",
    "pd_12m": "number",
    "pd_upper": "number",
    "score": "number",
    "grade": "text",
    "lgd": "number",
    "lgd_basis": "text",
    "expected_loss": "number",
    "suggested_limit": "number",
    "binding_cap": "text",
    "basis": "text",
    **_REASONS,
}
"""Columns of ``applications`` that are answered."""

INVOICE_COLUMNS: dict[str, Kind] = {
    "invoice_id": "text",
    "customer_id": "text",
    "issued_on": "date",
    "due_on": "date",
    "p_late_1d": "number",
    "p_late_5d": "number",
    "p_late_15d": "number",
    "p_late_30d": "number",
    "p_late_60d": "number",
    "p_late_90d": "number",
    "expected_days_late": "number",
    "expected_pay_date": "date",
    "pay_date_p10": "date",
    "pay_date_p50": "date",
    "pay_date_p90": "date",
    "open_amount": "number",
    "currency": "text",
    **_REASONS,
}
"""Columns of ``invoices``, and of the answer for proposed ones."""

WORKLIST_COLUMNS: dict[str, Kind] = {
    "rank": "integer",
    "customer_id": "text",
    "collector_id": "text",
    "currency": "text",
    "priority_value": "number",
    "cash_at_risk": "number",
    "overdue": "number",
    "expected_cash_30d": "number",
    "next_action": "text",
    **_REASONS,
}

HISTORY_COLUMNS = (
    "pd_12m",
    "score",
    "grade",
    "exposure",
    "overdue",
    "expected_loss",
    "current_limit",
    "suggested_limit",
)
"""What is remembered of a customer from each scoring run."""


@dataclass(frozen=True)
class ScoreOutputs:
    """One scoring run, whole.

    Parameters
    ----------
    invoices, customers, worklist : DataFrame
        As the ``score`` command writes them. A column whose model the home lacks may be empty or
        absent; keys may not.
    models : mapping of str to str
        Version of each model that took part.
    ledger : str
        Path of the ledger that was scored.
    ledger_fingerprint : str
        Hash of its facts.
    reporting_currency : str
        ISO 4217 code of the customers' amounts.
    names : mapping of str to str
        Display name of each customer that has one.
    """

    invoices: pd.DataFrame
    customers: pd.DataFrame
    worklist: pd.DataFrame
    models: Mapping[str, str]
    ledger: str
    ledger_fingerprint: str
    reporting_currency: str
    names: Mapping[str, str] = field(default_factory=dict)


def plain_rows(
    frame: pd.DataFrame, columns: Mapping[str, Kind], key: str, name: str
) -> tuple[list[Row], str]:
    """Turn a frame into rows of plain values and a digest of them.

    Missing and infinite values become None, dates ISO text.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of str to Kind
        The columns to take, in order; absent ones are None.
    key : str
        The column that identifies a row.
    name : str
        What the frame is called in messages.

    Raises
    ------
    ValueError
        The key column is absent, empty somewhere or repeated.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": ["C1"], "pd_12m": [float("nan")]})
    >>> columns = {"customer_id": "text", "pd_12m": "number"}
    >>> plain_rows(frame, columns, "customer_id", "customers")[0]
    [('C1', None)]
    """
    if key not in frame:
        raise ValueError(f"{name}: column '{key}' is missing; it identifies the rows")
    if frame[key].isna().any():
        raise ValueError(f"{name}: column '{key}' is empty in some rows; it identifies them")
    repeated = frame[key][frame[key].duplicated()]
    if len(repeated):
        raise ValueError(f"{name}: '{key}' {repeated.iloc[0]} stands there more than once")
    values = [
        _plain(frame[column], kind) if column in frame else [None] * len(frame)
        for column, kind in columns.items()
    ]
    digest = hashlib.sha256()
    for column in values:
        digest.update("\x1f".join("" if value is None else str(value) for value in column).encode())
        digest.update(b"\x1e")
    return list(zip(*values, strict=True)), digest.hexdigest()


def _plain(column: pd.Series, kind: Kind) -> list[Any]:
    if kind == "text":
        return [None if pd.isna(value) else str(value) for value in column]
    if kind == "date":
        dates = pd.to_datetime(column)
        return [None if pd.isna(value) else value.date().isoformat() for value in dates]
    numbers = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    whole = kind == "integer"
    return [
        None if not np.isfinite(value) else int(value) if whole else value
        for value in numbers.tolist()
    ]
