"""The default register: which customer defaulted when, and why.

A customer is in default from the day-end on which its undisputed overdue amount, net of unapplied
cash, has exceeded both the absolute and the relative threshold at a number of consecutive day-ends
(the days-past-due limb of CRR Art. 178), or with a write-off above the same thresholds, an
insolvency, a legal or an agency hand-over. Every day-end is judged by what was known then.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numba import njit

from configs.settings import DefaultSettings
from features.facts.book import Book
from features.facts.open_items import open_at
from features.facts.versions import DAY, Int64

REASONS = ("overdue", "write_off", "insolvency", "legal", "agency")

_LAST_DEFAULT_EVENT = 2
"""``events.kind`` up to this one (insolvency, legal, agency) is a default."""


@njit(cache=True, nogil=True)
def _overdue_spells(  # type: ignore[no-untyped-def]
    offsets,
    known,
    void,
    item_open,
    item_due,
    item_invoice,
    dispute_offsets,
    dispute_known,
    dispute_void,
    dispute_invoice,
    dispute_amount,
    cash_offsets,
    cash_known,
    cash_void,
    cash_amount,
    last_day,
    absolute,
    relative,
    consecutive,
):
    """Return (customer, first day past the limit, day of cure or -1) of every spell.

    A spell is cured on the first day-end after it at which nothing material has been overdue for
    as many consecutive days as it took to get there.
    """
    day_us = 86_400_000_000
    customers = len(offsets) - 1
    spells = np.empty((1024, 3), np.int64)
    count = 0
    active = np.empty(64, np.int64)
    for c in range(customers):
        row, high = offsets[c], offsets[c + 1]
        if row == high:
            continue
        size = 0
        run = 0
        clear = 0
        in_default = False
        for day in range(known[row] // day_us, last_day):
            # The end of this day is the first moment of the next.
            moment = (day + 1) * day_us
            row, active, size = open_at(known, void, item_open, row, high, moment, active, size)
            balance = 0
            overdue = 0
            for a in range(size):
                r = active[a]
                balance += item_open[r]
                if item_due[r] <= day:
                    amount = item_open[r]
                    for d in range(dispute_offsets[c], dispute_offsets[c + 1]):
                        if (
                            dispute_invoice[d] == item_invoice[r]
                            and dispute_known[d] < moment
                            and dispute_void[d] >= moment
                        ):
                            contested = dispute_amount[d]
                            amount -= amount if contested < 0 else min(amount, contested)
                    overdue += amount
            if overdue > 0:
                for u in range(cash_offsets[c], cash_offsets[c + 1]):
                    if cash_known[u] < moment and cash_void[u] >= moment:
                        overdue -= cash_amount[u]
            material = overdue > absolute and overdue > relative * balance
            if material:
                run += 1
                clear = 0
            else:
                run = 0
                clear += 1
            if not in_default and run >= consecutive:
                in_default = True
                if count == len(spells):
                    larger = np.empty((2 * count, 3), np.int64)
                    larger[:count] = spells
                    spells = larger
                spells[count, 0] = c
                spells[count, 1] = day
                spells[count, 2] = -1
                count += 1
            elif in_default and clear >= consecutive:
                in_default = False
                spells[count - 1, 2] = day
            if size == 0 and row == high and not in_default:
                break
    return spells[:count]


def default_register(
    book: Book, settings: DefaultSettings, cutoff: int, minor_units: int = 100
) -> pd.DataFrame:
    """Return every default that was known before a cutoff.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
        Days and thresholds (reporting major units).
    cutoff : int
        Microseconds since 1970.
    minor_units : int
        Minor per major unit of the reporting currency.

    Returns
    -------
    DataFrame
        ``customer`` (position), ``day`` (since 1970; the default is known from the next one on),
        ``reason`` (of `REASONS`) and ``cured_day`` (-1: not cured), by customer and day.
    """
    items, disputes, cash = book.items, book.disputes, book.unapplied
    absolute = settings.absolute_threshold * minor_units
    spells = _overdue_spells(
        items.offsets, items.known, items.void,
        items.measures["open"], items.measures["due_day"], items.measures["invoice"],
        disputes.offsets, disputes.known, disputes.void,
        disputes.measures["invoice"], disputes.measures["amount"],
        cash.offsets, cash.known, cash.void, cash.measures["amount"],
        cutoff // DAY, absolute, settings.relative_threshold, settings.consecutive_days,
    )  # fmt: skip
    overdue = pd.DataFrame(spells, columns=["customer", "day", "cured_day"])
    overdue["reason"] = "overdue"
    register = pd.concat(
        [overdue, _events(book, cutoff), _write_offs(book, settings, cutoff, absolute)],
        ignore_index=True,
    )
    return register.sort_values(["customer", "day", "reason"], kind="stable", ignore_index=True)


def _owners(offsets: Int64) -> Int64:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _events(book: Book, cutoff: int) -> pd.DataFrame:
    events = book.events
    kind = events.measures["kind"]
    counts = (kind <= _LAST_DEFAULT_EVENT) & (events.known < cutoff) & (events.void >= cutoff)
    return pd.DataFrame(
        {
            "customer": _owners(events.offsets)[counts],
            "day": events.known[counts] // DAY,
            "reason": [REASONS[2 + k] for k in kind[counts]],
            "cured_day": -1,
        }
    )


def _write_offs(
    book: Book, settings: DefaultSettings, cutoff: int, absolute: float
) -> pd.DataFrame:
    lost = book.write_offs
    counts = (lost.known < cutoff) & (lost.void >= cutoff)
    rows = pd.DataFrame(
        {
            "customer": _owners(lost.offsets)[counts],
            "day": lost.known[counts] // DAY,
            "known": lost.known[counts],
            "amount": lost.measures["amount"][counts],
        }
    )
    # What is written off on one day counts together, however many invoices it was.
    daily = rows.groupby(["customer", "day"], as_index=False).agg(
        known=("known", "min"), amount=("amount", "sum")
    )
    daily = daily[daily["amount"] > absolute]
    # The share is taken of the balance of the moment before the write-off was known.
    moments = zip(daily["customer"], daily["known"], strict=True)
    balance = np.array([_balance(book, c, k) for c, k in moments])
    material = daily[daily["amount"] > settings.relative_threshold * balance]
    return material[["customer", "day"]].assign(reason="write_off", cured_day=-1)


def _balance(book: Book, customer: int, moment: int) -> int:
    items = book.items
    span = slice(items.offsets[customer], items.offsets[customer + 1])
    believed = (items.known[span] < moment) & (items.void[span] >= moment)
    return int(items.measures["open"][span][believed].sum())
