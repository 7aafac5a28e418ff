"""The one path from the ledger to feature rows: training, nightly scoring and the API take it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, INVOICE_FEATURES
from features.engine.moment import Keys, Moment
from features.facts.book import Book
from features.facts.loading import load_book
from features.facts.money_at import reporting_minor_units
from features.facts.versions import Int64
from features.ledger.storage import Ledger

INVOICE_COLUMNS = ("issued_on", "due_on", "amount", "currency")
"""What a key frame has when its rows are about invoices."""


def moment_in_microseconds(as_of: date | datetime | str) -> int:
    """Return a moment as microseconds since 1970; a date is its 00:00.

    Examples
    --------
    >>> moment_in_microseconds("1970-01-02")
    86400000000
    """
    return int(pd.Timestamp(as_of).to_datetime64().astype("datetime64[us]").astype(np.int64))


def make_keys(book: Book, frame: pd.DataFrame, as_of: date | datetime | str | None = None) -> Keys:
    """Turn a frame of keys into arrays.

    Parameters
    ----------
    book : Book
    frame : DataFrame
        ``customer_id``; for rows about invoices also ``issued_on``, ``due_on``, ``amount`` (major
        units) and ``currency``, and ``invoice_id`` where the ledger has the invoice; ``as_of``
        where the rows have moments of their own.
    as_of : date, datetime or str, optional
        One moment for all rows.

    Raises
    ------
    ValueError
        No moment, or an amount in a currency without a rate.
    """
    n = len(frame)
    if as_of is not None:
        moments = np.full(n, moment_in_microseconds(as_of), dtype=np.int64)
    elif "as_of" in frame:
        moments = _microseconds(frame["as_of"])
    else:
        raise ValueError("no as_of: give one moment for all keys or a column as_of")
    none = np.full(n, -1, dtype=np.int64)
    customer = book.positions(frame["customer_id"].to_numpy(dtype=object))
    if not set(INVOICE_COLUMNS) <= set(frame.columns):
        return Keys(customer, moments, none, none, none, none)
    invoice = none
    if "invoice_id" in frame:
        invoice = book.invoice_positions(frame["invoice_id"].to_numpy(dtype=object))
    return Keys(
        customer=customer,
        as_of=moments,
        issued_day=_days(frame["issued_on"]),
        due_day=_days(frame["due_on"]),
        amount=reporting_minor_units(book, frame, moments),
        invoice=invoice,
    )


def build(
    source: Ledger | Book,
    keys: pd.DataFrame,
    as_of: date | datetime | str | None = None,
    features: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Build feature rows for any mixture of keys and moments.

    A fact counts at ``as_of`` only if both its event and its ``recorded_at`` are strictly before.

    Parameters
    ----------
    source : Ledger or Book
    keys : DataFrame
        See `make_keys`. Rows do not see each other.
    as_of : date, datetime or str, optional
        One moment for all rows; else the column ``as_of``.
    features : sequence of str, optional
        Names from the catalogue; by default all that fit the keys.

    Returns
    -------
    DataFrame
        One float64 row per key, in the order and with the index of ``keys``; NaN = not known.

    Raises
    ------
    KeyError
        A feature that the catalogue does not have.
    """
    book = source if isinstance(source, Book) else load_book(source)
    arrays = make_keys(book, keys, as_of)
    about_invoices = set(INVOICE_COLUMNS) <= set(keys.columns)
    names = tuple(features or (INVOICE_FEATURES if about_invoices else CUSTOMER_FEATURES))
    return pd.DataFrame(build_matrix(book, arrays, names), columns=names, index=keys.index)


def build_matrix(book: Book, keys: Keys, features: Sequence[str]) -> npt.NDArray[np.float64]:
    """Build feature rows as a float64 array of shape (keys, features)."""
    unknown = [name for name in features if name not in CATALOGUE]
    if unknown:
        raise KeyError(f"not in the feature catalogue: {', '.join(unknown)}")
    order = np.lexsort((keys.as_of, keys.customer))
    moment = Moment(book, keys.take(order))
    matrix = np.empty((len(order), len(features)))
    for column, name in enumerate(features):
        matrix[order, column] = CATALOGUE[name].compute(moment)
    return matrix


def _microseconds(column: pd.Series) -> Int64:
    moments = pd.to_datetime(column).to_numpy().astype("datetime64[us]")
    return np.asarray(moments.astype(np.int64))


def _days(column: pd.Series) -> Int64:
    dates = pd.to_datetime(column).to_numpy().astype("datetime64[D]")
    return np.asarray(dates.astype(np.int64))
