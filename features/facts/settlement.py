"""The life of every invoice: what of it is open, and when it counts as paid, as known at each time.

An invoice is paid on the first day on which its open amount is at or below the tolerance. A
write-off closes it without paying it, an invoice fully credited was never a claim, and a reversal
opens it again. Each of these states holds from the moment it became known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from features.facts.versions import Int64

OPEN, PAID, CREDITED, WRITTEN_OFF = range(1, 5)
"""States of an invoice."""

PAYMENT, CREDIT, WRITE_OFF = range(3)
"""Kinds of application to an invoice. Discounts count as payment, reversals as negative payment."""


class Changes(NamedTuple):
    """Everything that changes an invoice, sorted by invoice and moment; arrays of shape (n,).

    ``version`` is the row of the invoice version that begins (for ``kind`` -1), or -1 where the
    current one ends. Otherwise the row is an application of ``amount`` (minor units of the
    invoice, negative takes back) on day ``day``.
    """

    invoice: Int64
    known: Int64
    kind: Int64
    version: Int64
    day: Int64
    amount: Int64


class Steps(NamedTuple):
    """Every change of an invoice's open amount; arrays of shape (n,).

    From ``known`` on ``open_share`` (0 to 1) of invoice version ``version`` is open in ``state``,
    after ``parts`` payments.
    """

    version: Int64
    known: Int64
    void: Int64
    state: Int64
    open_share: npt.NDArray[np.float64]
    settled_day: Int64
    parts: Int64


@njit(cache=True)
def _first_day_paid(day, kind, amount, first, last, due_amount, tolerance):  # type: ignore[no-untyped-def]
    """Return the first day from which on the applications leave <= tolerance.

    A reversal that opens the invoice again moves it to the day of the payment after it.
    """
    last_open = np.int64(-(2**62))
    for candidate in range(first, last):
        if kind[candidate] < 0:
            continue
        paid = 0
        for other in range(first, last):
            counts = kind[other] == PAYMENT or kind[other] == CREDIT
            if counts and day[other] <= day[candidate]:
                paid += amount[other]
        if due_amount - paid > tolerance and day[candidate] > last_open:
            last_open = day[candidate]
    best = np.int64(2**62)
    for candidate in range(first, last):
        if kind[candidate] >= 0 and last_open < day[candidate] < best:
            best = day[candidate]
    return best


@njit(cache=True)
def _walk(  # type: ignore[no-untyped-def]
    invoice, known, kind, version, day, amount, version_amount, version_tolerance, version_content
):
    n = len(invoice)
    out_version = np.empty(n, np.int64)
    out_known = np.empty(n, np.int64)
    out_void = np.empty(n, np.int64)
    out_state = np.empty(n, np.int64)
    out_open = np.empty(n, np.float64)
    out_day = np.empty(n, np.int64)
    out_parts = np.empty(n, np.int64)
    count = 0
    i = 0
    while i < n:
        first = i
        current = -1
        paid = 0
        credited = 0
        written_off = 0
        parts = 0
        last_emitted = -1
        while i < n and invoice[i] == invoice[first]:
            moment = known[i]
            while i < n and invoice[i] == invoice[first] and known[i] == moment:
                if kind[i] < 0:
                    # At one moment the end of a version sorts before the start of the next.
                    current = version[i]
                elif kind[i] == WRITE_OFF:
                    written_off += amount[i]
                else:
                    paid += amount[i]
                    if kind[i] == CREDIT:
                        credited += amount[i]
                    else:
                        parts += 1 if amount[i] > 0 else -1
                i += 1
            if current < 0:
                if last_emitted >= 0:
                    out_void[last_emitted] = moment
                last_emitted = -1
                continue
            total = version_amount[current]
            tolerance = version_tolerance[current]
            state = OPEN
            settled = np.int64(-1)
            left = total - paid - written_off
            if total - credited <= tolerance:
                state = CREDITED
            elif total - paid <= tolerance:
                state = PAID
                settled = _first_day_paid(day, kind, amount, first, i, total, tolerance)
            elif left <= tolerance:
                state = WRITTEN_OFF
            open_share = min(left / total, 1.0) if state == OPEN else 0.0
            if last_emitted >= 0:
                if (
                    out_state[last_emitted] == state
                    and out_open[last_emitted] == open_share
                    and out_day[last_emitted] == settled
                    and version_content[out_version[last_emitted]] == version_content[current]
                ):
                    # Nothing changed: the fact keeps the moment from which it was known.
                    continue
                out_void[last_emitted] = moment
            out_version[count] = current
            out_known[count] = moment
            out_void[count] = np.int64(2**62)
            out_state[count] = state
            out_open[count] = open_share
            out_day[count] = settled
            out_parts[count] = parts
            last_emitted = count
            count += 1
    return (
        out_version[:count],
        out_known[:count],
        out_void[:count],
        out_state[:count],
        out_open[:count],
        out_day[:count],
        out_parts[:count],
    )


def walk(
    changes: Changes, version_amount: Int64, version_tolerance: Int64, version_content: Int64
) -> Steps:
    """Walk through each invoice's changes in the order in which they became known.

    Parameters
    ----------
    changes : Changes
        Sorted by invoice, moment, and at one moment version ends, version starts, applications.
    version_amount, version_tolerance : int64 arrays of shape (versions,)
        Minor units of the invoice's currency.
    version_content : int64 array of shape (versions,)
        Equal for versions that state the same claim; a change between those is none.
    """
    return Steps(*_walk(*changes, version_amount, version_tolerance, version_content))


def ordered(changes: Changes) -> Changes:
    """Return changes in the order `walk` needs, whatever order the ledger's rows came in."""
    starts = np.where(changes.kind < 0, (changes.version >= 0).astype(np.int64), 2)
    order = np.lexsort(
        (changes.amount, changes.day, changes.kind, starts, changes.known, changes.invoice)
    )
    return Changes(*(array[order] for array in changes))
