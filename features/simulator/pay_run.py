"""What a pay run does to a customer's open items: pays, holds, disputes, takes the discount."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from features.simulator.disputes import open_dispute
from features.simulator.draws import Int64, take
from features.simulator.payment_truth import (
    ITEM_NOISE,
    ITEM_NOISE_SHARES,
    item_pay_day,
    takes_discount,
)
from features.simulator.records import DISCOUNTED, DISPUTES, PAID, REVERSED, add_payment

FRESH, HELD, DISPUTED = range(3)
"""An item that no run has looked at; one that the next run pays; one nobody pays for now."""
_SMALLEST_INSTALMENT = 20_000
ROOM = 4096


class Items(NamedTuple):
    """A customer's open items, the first of each array; ``invoice`` is the row in the records.

    ``overdue_from`` is the due day, or the day on which a dispute ended if that is later;
    ``dispute`` the row of a disputed item's dispute.
    """

    invoice: Int64
    left: Int64
    status: Int64
    overdue_from: Int64
    dispute: Int64


def no_items() -> Items:
    """Return room for one customer's items."""
    return Items(*(np.zeros(ROOM, np.int64) for _ in range(5)))


@njit(cache=True)
def _keep(items, kept, j, left, status):  # type: ignore[no-untyped-def]
    items.invoice[kept] = items.invoice[j]
    items.left[kept] = left
    items.status[kept] = status
    items.overdue_from[kept] = items.overdue_from[j]
    items.dispute[kept] = items.dispute[j]


@njit(cache=True)
def pay_instalments(out, items, n_open, day):  # type: ignore[no-untyped-def]
    """Pay half of every larger overdue item that is not disputed."""
    for j in range(n_open):
        invoice = items.invoice[j]
        amount = items.left[j]
        if (
            out.invoices[invoice].due <= day
            and amount >= _SMALLEST_INSTALMENT
            and items.status[j] != DISPUTED
        ):
            part = amount // 2
            add_payment(out, invoice, day, part, PAID)
            items.left[j] = amount - part
            # Who pays a part of it has accepted it.
            items.status[j] = HELD


@njit(cache=True)
def pay_due(  # type: ignore[no-untyped-def]
    out,
    items,
    n_open,
    known_due,
    day,
    next_run,
    first_monday,
    state,
    lead,
    item_by_item,
    held_share,
    disputed_share,
    discount_days,
    discount_rate,
    key,
    counter,
):
    """Let a run pay everything due up to ``lead`` days from now, and what earns a discount.

    Parameters
    ----------
    out : Records
    items : Items
    n_open : int
    known_due : int64 array
        Number of undisputed open items by due day.
    day, next_run, first_monday : int
        The run's day, the next run's, the first Monday.
    state : int
        Hidden state.
    lead, item_by_item, held_share, disputed_share, discount_days, discount_rate
        The customer's habits; the share of disputes is that of its state.
    key, counter
        The customer's stream of draws.

    Returns
    -------
    int
        The number of items still open.
    """
    kept = 0
    for j in range(n_open):
        invoice = items.invoice[j]
        amount = items.left[j]
        status = items.status[j]
        due = out.invoices[invoice].due
        if status == DISPUTED:
            _keep(items, kept, j, amount, status)
            kept += 1
            continue
        if status == FRESH and takes_discount(
            day, next_run, out.invoices[invoice].issued, due, lead, discount_days, state
        ):
            discount = int(round(amount * discount_rate))
            add_payment(out, invoice, day, amount - discount, PAID)
            add_payment(out, invoice, day, discount, DISCOUNTED)
            known_due[due] -= 1
            continue
        if due > day + lead:
            _keep(items, kept, j, amount, status)
            kept += 1
            continue
        paid_on = day
        if item_by_item and due >= day and status == FRESH:
            u = take(key, counter)
            noise = 0
            while u > ITEM_NOISE_SHARES[noise] and noise < len(ITEM_NOISE) - 1:
                u -= ITEM_NOISE_SHARES[noise]
                noise += 1
            paid_on = item_pay_day(due, day, ITEM_NOISE[noise])
        part = amount
        returned = False
        if status == FRESH:
            u = take(key, counter)
            if u < held_share:
                u /= held_share
                status = HELD
                if u < 0.45:
                    part = 0
                elif u < 0.90:
                    part = int(amount * (0.3 + (u - 0.45)))
                else:
                    returned = True
            elif u < held_share + disputed_share:
                status = DISPUTED
                at = out.counts[DISPUTES]
                end, disputed, whole, outcome, credit = open_dispute(
                    amount, day, first_monday, out.invoices[invoice].credit == 0, key, counter
                )
                out.disputes[at].invoice = invoice
                out.disputes[at].open = day
                out.disputes[at].end = end
                out.disputes[at].amount = disputed
                out.disputes[at].whole = whole
                out.disputes[at].outcome = outcome
                out.disputes[at].credit = credit
                out.counts[DISPUTES] += 1
                items.dispute[j] = at
                part = amount - disputed
                paid_on = day
                # What is disputed is not overdue, whenever it was due.
                known_due[due] -= 1
        if part > 0:
            add_payment(out, invoice, paid_on, part, PAID)
        if returned:
            add_payment(out, invoice, paid_on + 3, part, REVERSED)
            part = 0
        if amount > part:
            _keep(items, kept, j, amount - part, status)
            kept += 1
        else:
            known_due[due] -= 1
    return kept


@njit(cache=True)
def end_disputes(out, items, n_open, known_due, day):  # type: ignore[no-untyped-def]
    """Close the disputes whose last day this is; return the number of items still open."""
    kept = 0
    for j in range(n_open):
        left = items.left[j]
        status = items.status[j]
        if status == DISPUTED and out.disputes[items.dispute[j]].end <= day:
            left -= out.disputes[items.dispute[j]].credit
            status = HELD
            if left <= 0:
                continue
            items.overdue_from[j] = max(items.overdue_from[j], day)
            known_due[out.invoices[items.invoice[j]].due] += 1
        _keep(items, kept, j, left, status)
        kept += 1
    return kept
