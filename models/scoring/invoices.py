"""Scores of invoices, open or proposed: when each will be paid, and why it might be late."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd

from features.build import build_matrix, make_keys, moment_in_microseconds
from features.facts.book import Book
from features.facts.receivables import CURRENCIES
from features.facts.versions import DAY, Int64
from features.labels.payment_day import outcomes
from features.ledger.money import minor_units_per_major
from models.bundle import LoadedModel
from models.cash_forecast.periods import PAID_BY, paid_by
from models.late_payment.curve import DAYS, columns
from models.late_payment.dataset import start_of
from models.late_payment.grid import HORIZONS, LAST_DAY
from models.reasons import REASON_COLUMNS, find_reasons, sentences
from models.scoring.basis import basis_of

SCORE_COLUMNS = [
    "invoice_id",
    "customer_id",
    "issued_on",
    "due_on",
    "as_of",
    *(f"p_late_{days}d" for days in HORIZONS),
    "expected_days_late",
    "expected_pay_date",
    "pay_date_p10",
    "pay_date_p50",
    "pay_date_p90",
    "open_amount",
    "currency",
    "basis",
    *REASON_COLUMNS,
]
"""The columns of the ``invoices`` and ``proposed`` outputs."""

INTERNAL_COLUMNS = ["p_paid_30d", "open_reporting", *PAID_BY, "reasons"]
"""P(paid within 30 days of ``as_of``, and by the end of each period) and the reporting amount for
the cash; the reasons as tuples of `Reason`."""


def open_invoices(book: Book, as_of: date | datetime) -> pd.DataFrame:
    """Return the invoices open at a moment, as a frame to score.

    Returns
    -------
    DataFrame
        ``invoice_id customer_id issued_on due_on amount currency open_amount``, amounts in major
        units of the invoice's currency, and ``open_reporting`` in the reporting currency.
    """
    known = outcomes(book, moment_in_microseconds(as_of))
    chosen = known.take(np.flatnonzero(known.open > 0))
    items = book.items.measures
    codes = np.array(CURRENCIES, dtype=object)
    currency = codes[items["currency"][chosen.row]] if len(chosen) else codes[:0]
    units = np.array([minor_units_per_major(code) for code in currency], dtype=np.float64)
    return pd.DataFrame(
        {
            "invoice_id": book.invoice_ids[chosen.invoice],
            "customer_id": book.customer_ids[chosen.customer],
            "issued_on": _dates(chosen.issued_day),
            "due_on": _dates(chosen.due_day),
            "amount": items["amount_minor"][chosen.row] / units,
            "currency": currency,
            "open_amount": items["open_minor"][chosen.row] / units,
            "open_reporting": chosen.open / minor_units_per_major(book.reporting_currency),
        }
    )


def score_invoices(
    model: LoadedModel | None,
    book: Book,
    frame: pd.DataFrame,
    as_of: date | datetime,
    *,
    explain: bool = True,
    threads: int = 0,
) -> pd.DataFrame:
    """Score invoices at a moment; rows do not see each other.

    Parameters
    ----------
    model : LoadedModel or None
        The late-payment model; None leaves its columns empty.
    book : Book
    frame : DataFrame
        ``invoice_id customer_id issued_on due_on amount currency``, amounts in major units, and
        ``open_amount`` where part of it is paid.
    as_of : date or datetime
        On or before ``issued_on`` for proposed invoices.
    explain : bool
        Whether to compute reasons, the larger part of the work.
    threads : int
        0: all cores.

    Returns
    -------
    DataFrame
        `SCORE_COLUMNS` and `INTERNAL_COLUMNS`, one row per row of ``frame``.
    """
    scored = frame.reset_index(drop=True).copy()
    for column in ("issued_on", "due_on"):
        scored[column] = pd.to_datetime(scored[column]).dt.date
    scored["as_of"] = as_of
    if "open_amount" not in scored:
        scored["open_amount"] = scored["amount"]
    if len(scored) == 0:
        return scored.reindex(columns=SCORE_COLUMNS + INTERNAL_COLUMNS)
    keys = make_keys(book, scored, as_of)
    scored["basis"] = basis_of(book, keys)
    if model is None:
        return scored.reindex(columns=SCORE_COLUMNS + INTERNAL_COLUMNS)
    matrix = build_matrix(book, keys, model.model.features)
    start = start_of(keys)
    curve = model.model.curves(matrix, start, keys.due_day, threads)
    for name, values in columns(curve).items():
        scored[name] = values
    today = keys.as_of // DAY
    # Curves end a year after due; of what is older still, only that it has not come is known.
    beyond = today - keys.due_day >= LAST_DAY
    earliest = np.where(beyond, today + LAST_DAY, np.maximum(today, keys.issued_day))
    pay_day = np.maximum(keys.due_day + np.rint(scored["expected_days_late"]), earliest)
    scored["expected_pay_date"] = _dates(pay_day.astype(np.int64))
    for share in (10, 50, 90):
        day = np.maximum(keys.due_day + curve.quantile(share / 100), earliest)
        scored[f"pay_date_p{share}"] = _dates(day)
    within = DAYS[None, :] < (keys.as_of // DAY + 30 - keys.due_day)[:, None]
    scored["p_paid_30d"] = (curve.daily * within).sum(axis=1)
    scored[list(PAID_BY)] = paid_by(curve, today, keys.due_day)
    if explain:
        contributions = model.model.contributions(matrix, start, threads)
        found = find_reasons(model.model.features, matrix, contributions, model.model.usual)
        scored[list(REASON_COLUMNS)] = sentences(found)
        scored["reasons"] = pd.Series(found, dtype=object)
    return scored.reindex(columns=SCORE_COLUMNS + INTERNAL_COLUMNS)


def _dates(day: Int64) -> pd.Series:
    return pd.Series(pd.to_datetime(day.astype("datetime64[D]"))).dt.date
