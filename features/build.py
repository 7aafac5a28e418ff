"""The one path from the ledger to feature rows: training, nightly scoring and the API take it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, INVOICE_FEATURES, Feature
from features.engine import Keys, Moment
from features.facts.book import Book
from features.facts.loading import load_book
from features.facts.money_at import reporting_minor_units
from features.facts.versions import Int64
from features.ledger.storage import Ledger

INVOICE_COLUMNS = ("issued_on", "due_on", "amount", "currency")
"""What a key frame has when its rows are about invoices."""

_AT_ONCE = 16_384
"""Keys whose intermediate arrays fit the processor's cache."""


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
        invoice = book.invoice_positions(customer, frame["invoice_id"].to_numpy(dtype=object))
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
    order = np.lexsort((keys.as_of, keys.customer))
    matrix = np.empty((len(order), len(features)))
    matrix[order] = build_columns(book, keys.take(order), chosen(features)).T
    return matrix


def chosen(features: Sequence[str]) -> list[Feature]:
    """Return features of the catalogue by name.

    Raises
    ------
    KeyError
        A feature that the catalogue does not have.
    """
    unknown = [name for name in features if name not in CATALOGUE]
    if unknown:
        raise KeyError(f"not in the feature catalogue: {', '.join(unknown)}")
    return [CATALOGUE[name] for name in features]


def build_columns(book: Book, keys: Keys, features: Sequence[Feature]) -> npt.NDArray[np.float64]:
    """Build features of keys sorted by customer and ``as_of``; shape (features, keys)."""
    columns = np.empty((len(features), len(keys)))
    for first in range(0, len(keys), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        moment = Moment(book, keys.take(part))
        for row, feature in enumerate(features):
            columns[row, part] = feature.compute(moment)
    return columns


def _microseconds(column: pd.Series) -> Int64:
    return _dates(column, "datetime64[us]")


def _days(column: pd.Series) -> Int64:
    return _dates(column, "datetime64[D]")


def _dates(column: pd.Series, unit: str) -> Int64:
    values = column.to_numpy()
    if values.dtype == object:
        # Dates, moments and ISO text, without the milliseconds that pandas takes to look at them.
        values = np.array(values.tolist(), dtype="datetime64[us]")
    return np.asarray(values.astype(unit).astype(np.int64))
