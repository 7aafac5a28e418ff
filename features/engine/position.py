"""The open items of a customer at a moment."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.facts.open_items import open_at

POSITION_COLUMNS = (
    "balance",
    "overdue",
    "open_count",
    "overdue_count",
    "overdue_1_30",
    "overdue_31_60",
    "overdue_61_90",
    "overdue_90_plus",
    "worst_dpd",
    "overdue_amount_days",
    "same_due_count",
    "same_due_amount",
    "own_open",
    "own_amount",
    "largest_open",
    "age_sum",
    "beyond_habit_count",
    "beyond_habit_amount",
    "beyond_worst_amount",
    "disputed",
    "disputed_seller_fault",
    "own_disputed",
    "due_next_30",
    "part_paid_count",
    "older_count",
    "older_amount",
    "amount_squares",
)
"""Columns of `open_position`: reporting minor units, counts, days; squares in major units."""
(
    _BALANCE, _OVERDUE, _OPEN, _OVERDUE_COUNT, _TO_30, _TO_60, _TO_90, _OVER_90, _WORST,
    _AMOUNT_DAYS, _SAME_DUE, _SAME_DUE_AMOUNT, _OWN_OPEN, _OWN_AMOUNT, _LARGEST, _AGE,
    _HABIT, _HABIT_AMOUNT, _WORST_AMOUNT, _DISPUTED, _FAULT, _OWN_DISPUTED, _NEXT_30, _PARTS,
    _OLDER, _OLDER_AMOUNT, _SQUARES,
) = range(len(POSITION_COLUMNS))  # fmt: skip
_COUNT = len(POSITION_COLUMNS)


@njit(cache=True, nogil=True)
def open_position(  # type: ignore[no-untyped-def]
    offsets, known, void, item_open, item_amount, item_issued, item_due, item_invoice,
    dispute_offsets, dispute_known, dispute_void, dispute_invoice, dispute_amount, dispute_fault,
    customer, as_of, day, due, invoice, habit, worst,
):  # fmt: skip
    """Add up the open items at each moment; keys sorted by customer and ``as_of``.

    An item due on day D is overdue from D + 1 on, with ``dpd = day - D``.

    Parameters
    ----------
    offsets, known, void, item_... : int64 arrays
        The states of the items.
    dispute_... : int64 arrays
        The spans of disputes; an amount of -1 disputes all of the invoice.
    customer, as_of, day : int64 arrays of shape (n,)
        ``day`` is the day of ``as_of``.
    due, invoice : int64 arrays of shape (n,)
        The key's own due day and invoice, or -1; its own invoice does not count among the others.
    habit, worst : float64 arrays of shape (n,)
        Days late that the customer seldom, and never, exceeds; NaN where not known.

    Returns
    -------
    float64 array of shape (len(POSITION_COLUMNS), n)
    """
    n = len(customer)
    out = np.zeros((_COUNT, n), np.float64)
    sums = np.zeros(_COUNT, np.int64)
    active = np.empty(64, np.int64)
    i = 0
    while i < n:
        c = customer[i]
        size = 0
        if c < 0:
            i += 1
            continue
        row, high = offsets[c], offsets[c + 1]
        first_dispute, last_dispute = dispute_offsets[c], dispute_offsets[c + 1]
        while i < n and customer[i] == c:
            row, active, size = open_at(known, void, item_open, row, high, as_of[i], active, size)
            sums[:] = 0
            for a in range(size):
                r = active[a]
                amount = item_open[r]
                dpd = day[i] - item_due[r]
                own = item_invoice[r] == invoice[i]
                if own:
                    sums[_OWN_OPEN] = amount
                    sums[_OWN_AMOUNT] = item_amount[r]
                elif due[i] >= 0:
                    if item_due[r] == due[i]:
                        sums[_SAME_DUE] += 1
                        sums[_SAME_DUE_AMOUNT] += amount
                    elif item_due[r] < due[i]:
                        sums[_OLDER] += 1
                        sums[_OLDER_AMOUNT] += amount
                sums[_BALANCE] += amount
                sums[_OPEN] += 1
                sums[_AGE] += day[i] - item_issued[r]
                sums[_LARGEST] = max(sums[_LARGEST], amount)
                sums[_SQUARES] += (amount // 100) * (amount // 100)
                sums[_PARTS] += amount < item_amount[r]
                if dpd > 0:
                    sums[_OVERDUE] += amount
                    sums[_OVERDUE_COUNT] += 1
                    sums[_AMOUNT_DAYS] += amount // 100 * dpd
                    sums[_WORST] = max(sums[_WORST], dpd)
                    if dpd <= 30:
                        sums[_TO_30] += amount
                    elif dpd <= 60:
                        sums[_TO_60] += amount
                    elif dpd <= 90:
                        sums[_TO_90] += amount
                    else:
                        sums[_OVER_90] += amount
                    if dpd > habit[i]:
                        sums[_HABIT] += 1
                        sums[_HABIT_AMOUNT] += amount
                        if dpd > worst[i]:
                            sums[_WORST_AMOUNT] += amount
                elif dpd > -30:
                    sums[_NEXT_30] += amount
                for d in range(first_dispute, last_dispute):
                    if (
                        dispute_invoice[d] == item_invoice[r]
                        and dispute_known[d] < as_of[i]
                        and dispute_void[d] >= as_of[i]
                    ):
                        contested = dispute_amount[d]
                        contested = amount if contested < 0 else min(amount, contested)
                        sums[_DISPUTED] += contested
                        if dispute_fault[d] == 1:
                            sums[_FAULT] += contested
                        if own:
                            sums[_OWN_DISPUTED] = 1
            for k in range(_COUNT):
                out[k, i] = sums[k]
            i += 1
    return out
