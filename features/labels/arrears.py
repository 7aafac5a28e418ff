"""Arrears, day-end by day-end: what a customer owes, what of it counts as overdue, for how long.

Every day-end is judged by what was known then: its moment is the first of the next day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from configs.settings import DefaultSettings
from features.facts.book import Book, Stream
from features.facts.open_items import open_at
from features.facts.versions import Flags, Int64


class Owed(NamedTuple):
    """The states of invoices, by customer and ``known``; ``open`` in reporting minor units."""

    offsets: Int64
    known: Int64
    void: Int64
    open: Int64
    due: Int64
    invoice: Int64


class Contested(NamedTuple):
    """The disputes that keep an amount (negative: all of the invoice) from counting as overdue."""

    offsets: Int64
    known: Int64
    void: Int64
    invoice: Int64
    amount: Int64


class Unapplied(NamedTuple):
    """Cash and credit notes that reduce no invoice yet."""

    offsets: Int64
    known: Int64
    void: Int64
    amount: Int64


class Causes(NamedTuple):
    """Events and write-offs, each a default by itself, by customer and day."""

    offsets: Int64
    day: Int64
    reason: Int64


def owed(book: Book) -> Owed:
    """Return what the customers of a book owe."""
    items = book.items
    measures = (items.measures[name] for name in ("open", "due_day", "invoice"))
    columns = (items.offsets, items.known, items.void, *measures)
    # One layout, one compiled kernel: columns of a frame's block are strided.
    return Owed(*(np.ascontiguousarray(column) for column in columns))


def contested(book: Book, settings: DefaultSettings) -> Contested:
    """Return the disputes that a definition of default leaves out."""
    disputes = book.disputes
    if settings.exclude_disputes == "seller_fault":
        chosen = disputes.measures["seller_fault"] == 1
    else:
        chosen = np.full(len(disputes.known), settings.exclude_disputes == "all")
    return Contested(*_some(disputes, chosen, "invoice", "amount"))


def unapplied(book: Book, settings: DefaultSettings) -> Unapplied:
    """Return the cash that a definition of default leaves out."""
    cash = book.unapplied
    chosen = np.full(len(cash.known), settings.exclude_unapplied_cash)
    return Unapplied(*_some(cash, chosen, "amount"))


def _some(stream: Stream, chosen: Flags, *measures: str) -> list[Int64]:
    """Return offsets, known, void and measures of some rows of a stream."""
    offsets = np.append(0, np.cumsum(chosen))[stream.offsets]
    values = [stream.known, stream.void, *(stream.measures[name] for name in measures)]
    return [offsets, *(column[chosen] for column in values)]


@njit(cache=True, nogil=True)
def position(owed, contested, unapplied, customer, active, size, moment, day):  # type: ignore[no-untyped-def]
    """Return a customer's balance, the overdue part, what of that is in dispute, unapplied cash.

    ``active[:size]`` are the rows of ``owed`` that are open at the moment.
    """
    balance = 0
    overdue = 0
    in_dispute = 0
    first, last = contested.offsets[customer], contested.offsets[customer + 1]
    for a in range(size):
        row = active[a]
        balance += owed.open[row]
        if owed.due[row] > day:
            continue
        left = owed.open[row]
        for d in range(first, last):
            if (
                contested.invoice[d] == owed.invoice[row]
                and contested.known[d] < moment
                and contested.void[d] >= moment
            ):
                amount = contested.amount[d]
                left -= left if amount < 0 else min(left, amount)
        overdue += owed.open[row]
        in_dispute += owed.open[row] - left
    cash = 0
    for u in range(unapplied.offsets[customer], unapplied.offsets[customer + 1]):
        if unapplied.known[u] < moment and unapplied.void[u] >= moment:
            cash += unapplied.amount[u]
    return balance, overdue, in_dispute, cash


@njit(cache=True, nogil=True)
def default_spells(  # type: ignore[no-untyped-def]
    owed,
    contested,
    unapplied,
    causes,
    last_day,
    absolute,
    relative,
    consecutive,
    probation,
    event_probation,
):
    """Return every default of every customer as far as its own affairs make it.

    Parameters
    ----------
    owed, contested, unapplied, causes
        Of the same customers.
    last_day : int
        Day-ends before this one are judged.
    absolute, relative : float
        Reporting minor units, share of the balance: both are to be exceeded.
    consecutive, probation, event_probation : int
        Days; see `DefaultSettings`.

    Returns
    -------
    int64 array of shape (defaults, 5)
        Customer, first day-end in default, day-end of the cure or -1, the reason, and a bit for
        each reason that was given until the cure.
    """
    day_us = 86_400_000_000
    spells = np.empty((256, 5), np.int64)
    count = 0
    active = np.empty(64, np.int64)
    for c in range(len(owed.offsets) - 1):
        row, high = owed.offsets[c], owed.offsets[c + 1]
        cause, last_cause = causes.offsets[c], causes.offsets[c + 1]
        first = last_day
        if row < high:
            first = owed.known[row] // day_us
        if cause < last_cause:
            first = min(first, causes.day[cause])
        size = 0
        run = 0
        clear = 0
        not_before = 0
        in_default = False
        for day in range(first, last_day):
            # The end of this day is the first moment of the next.
            moment = (day + 1) * day_us
            row, active, size = open_at(
                owed.known, owed.void, owed.open, row, high, moment, active, size
            )
            balance, overdue, in_dispute, cash = position(
                owed, contested, unapplied, c, active, size, moment, day
            )
            counted = overdue - in_dispute - cash
            material = counted > absolute and counted > relative * balance
            run = run + 1 if material else 0
            clear = 0 if material else clear + 1
            given = 1 if run >= consecutive else 0
            while cause < last_cause and causes.day[cause] == day:
                given |= 1 << causes.reason[cause]
                clear = 0
                not_before = day + event_probation
                cause += 1
            if given and not in_default:
                in_default = True
                if count == len(spells):
                    larger = np.empty((2 * count, 5), np.int64)
                    larger[:count] = spells
                    spells = larger
                reason = 0
                while not given >> reason & 1:
                    reason += 1
                spells[count] = (c, day, -1, reason, given)
                count += 1
            elif in_default:
                spells[count - 1, 4] |= given
                if clear >= probation and day >= not_before:
                    in_default = False
                    spells[count - 1, 2] = day
            if size == 0 and row == high and cause == last_cause and not in_default:
                break
    return spells[:count]
