"""How much was at stake when customers defaulted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numba import njit

from configs.settings import DefaultSettings
from features.facts.book import Book
from features.facts.open_items import open_rows
from features.facts.versions import Int64
from features.labels.arrears import contested, owed, position, unapplied


def amounts_at_default(
    book: Book, register: pd.DataFrame, settings: DefaultSettings
) -> pd.DataFrame:
    """Return the amounts of each default, as known at its moment.

    Parameters
    ----------
    book : Book
    register : DataFrame
        From `default_register`.
    settings : DefaultSettings

    Returns
    -------
    DataFrame
        One row per row of the register, reporting minor units: ``balance`` (all that was open),
        ``overdue`` (what of it was due), ``disputed`` and ``unapplied`` (what the definition left
        out of that), ``counted`` (the rest: what was compared with the thresholds), ``orders``
        (not invoiced yet) and ``exposure`` (balance and orders).
    """
    customer = register["customer"].to_numpy(dtype=np.int64)
    moment = register["moment"].to_numpy(dtype=np.int64)
    found = _positions(
        owed(book), contested(book, settings), unapplied(book, settings),
        customer, moment, register["day"].to_numpy(dtype=np.int64),
    )  # fmt: skip
    amounts = pd.DataFrame(found, columns=["balance", "overdue", "disputed", "unapplied"])
    left = amounts["overdue"] - amounts["disputed"] - amounts["unapplied"]
    amounts["counted"] = left.clip(lower=0)
    amounts["orders"] = [_orders(book, *at) for at in zip(customer, moment, strict=True)]
    amounts["exposure"] = amounts["balance"] + amounts["orders"]
    return amounts.astype(np.int64)


def claims_at_default(book: Book, register: pd.DataFrame) -> pd.DataFrame:
    """Return the invoices that were open at each default.

    Returns
    -------
    DataFrame
        ``default`` (row of the register), ``customer``, ``invoice`` (position), ``owed_minor`` (in
        the invoice's currency) and ``owed`` (reporting minor units).
    """
    rows: list[Int64] = []
    of: list[Int64] = []
    for place, (customer, moment) in enumerate(
        zip(register["customer"], register["moment"], strict=True)
    ):
        found = open_rows(book, customer, moment)
        rows.append(found)
        of.append(np.full(len(found), place))
    row = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    default = np.concatenate([np.empty(0, dtype=np.int64), *of])
    measures = book.items.measures
    return pd.DataFrame(
        {
            "default": default,
            "customer": book.items.owner[row],
            "invoice": measures["invoice"][row],
            "owed_minor": measures["open_minor"][row],
            "owed": measures["open"][row],
        }
    )


def _orders(book: Book, customer: int, moment: int) -> int:
    orders = book.orders
    own = slice(orders.offsets[customer], orders.offsets[customer + 1])
    believed = (orders.known[own] < moment) & (orders.void[own] >= moment)
    return int(orders.measures["open"][own][believed].sum())


@njit(cache=True, nogil=True)
def _positions(owed, contested, unapplied, customer, moment, day):  # type: ignore[no-untyped-def]
    """Return `position` of each default; int64 array of shape (defaults, 4)."""
    out = np.empty((len(customer), 4), np.int64)
    for i in range(len(customer)):
        c = customer[i]
        first, last = owed.offsets[c], owed.offsets[c + 1]
        active = np.empty(last - first, np.int64)
        size = 0
        for row in range(first, last):
            if owed.open[row] > 0 and owed.known[row] < moment[i] and owed.void[row] >= moment[i]:
                active[size] = row
                size += 1
        out[i] = position(owed, contested, unapplied, c, active, size, moment[i], day[i])
    return out
