"""The kernels: a handful of generic readings of sorted facts at given moments.

All of them see a fact at ``as_of`` exactly if ``known < as_of <= void``. Facts are sorted by
customer and ``known``; a customer of -1 has none. They are compiled once and cached on disk.
"""

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
)
"""Columns of `open_position`: reporting minor units, counts, days."""

RECENT_COLUMNS = (
    "count",
    "days_late_mean_3",
    "days_late_mean_10",
    "days_late_median_20",
    "days_late_p90_20",
    "days_late_max_20",
    "late_5_rate_10",
    "late_1_rate_10",
    "days_late_ewm",
    "late_5_ewm",
    "like_weight",
    "like_late_1",
    "like_late_5",
    "like_late_15",
    "like_days_late",
    "share_as_late",
    "wait_for_weekday",
    "month_end_share",
    "days_late_spread_20",
)
"""Columns of `recent_settlements`: rates, days, weights."""

RECENT_DEPTH = 60
"""Settlements that `recent_settlements` looks back over, the latest first."""


@njit(cache=True, nogil=True)
def _first_not_before(known, low, high, moment):  # type: ignore[no-untyped-def]
    """Return the first row in [low, high) whose ``known`` is at or after a moment."""
    while low < high:
        middle = (low + high) // 2
        if known[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def window_totals(  # type: ignore[no-untyped-def]
    offsets,
    known,
    void,
    cumulative,
    withdrawn,
    withdrawn_offsets,
    measures,
    customer,
    as_of,
    starts,
):
    """Sum each measure over ``[as_of - window, as_of)``.

    Running totals hold the facts that stand for good; those withdrawn later are few and are added
    one by one where they were still believed, so that sums are exact at every moment.

    Parameters
    ----------
    cumulative : int64 array of shape (rows + 1, m)
        Totals of the rows before each row, withdrawn rows left out.
    withdrawn, withdrawn_offsets : int64 arrays
        Withdrawn rows, by customer.
    measures : int64 array of shape (rows, m)
    customer, as_of : int64 arrays of shape (n,)
    starts : int64 array of shape (windows,)
        Length of each window in microseconds.

    Returns
    -------
    int64 array of shape (n, windows, m)
    """
    n, w, m = len(customer), len(starts), measures.shape[1]
    out = np.zeros((n, w, m), np.int64)
    for i in range(n):
        c = customer[i]
        if c < 0:
            continue
        low, high = offsets[c], offsets[c + 1]
        end = _first_not_before(known, low, high, as_of[i])
        for j in range(w):
            start = _first_not_before(known, low, end, as_of[i] - starts[j])
            for k in range(m):
                out[i, j, k] = cumulative[end, k] - cumulative[start, k]
        for r in range(withdrawn_offsets[c], withdrawn_offsets[c + 1]):
            row = withdrawn[r]
            if known[row] < as_of[i] and void[row] >= as_of[i]:
                for j in range(w):
                    if known[row] >= as_of[i] - starts[j]:
                        for k in range(m):
                            out[i, j, k] += measures[row, k]
    return out


@njit(cache=True, nogil=True)
def latest_row(offsets, known, void, customer, as_of):  # type: ignore[no-untyped-def]
    """Return the latest fact believed at each moment, -1 for none; int64 array of shape (n,)."""
    out = np.full(len(customer), -1, np.int64)
    for i in range(len(customer)):
        c = customer[i]
        if c < 0:
            continue
        row = _first_not_before(known, offsets[c], offsets[c + 1], as_of[i]) - 1
        while row >= offsets[c] and void[row] < as_of[i]:
            row -= 1
        if row >= offsets[c]:
            out[i] = row
    return out


@njit(cache=True, nogil=True)
def open_position(  # type: ignore[no-untyped-def]
    offsets,
    known,
    void,
    item_open,
    item_amount,
    item_due,
    item_invoice,
    customer,
    as_of,
    day,
    due,
    invoice,
):
    """Add up the open items at each moment; keys sorted by customer and ``as_of``.

    ``day`` is the day of ``as_of``; an item due on day D is overdue from D + 1 on, with
    ``dpd = day - D``. ``due`` is the key's own due day (or -1) and ``invoice`` its own invoice (or
    -1), which does not count among the items due the same day.

    Returns
    -------
    int64 array of shape (n, len(POSITION_COLUMNS))
    """
    n = len(customer)
    out = np.zeros((n, 15), np.int64)
    active = np.empty(64, np.int64)
    i = 0
    while i < n:
        c = customer[i]
        size = 0
        if c < 0:
            i += 1
            continue
        row, high = offsets[c], offsets[c + 1]
        while i < n and customer[i] == c:
            row, active, size = open_at(known, void, item_open, row, high, as_of[i], active, size)
            for a in range(size):
                r = active[a]
                amount = item_open[r]
                dpd = day[i] - item_due[r]
                if item_invoice[r] == invoice[i]:
                    out[i, 12] = amount
                    out[i, 13] = item_amount[r]
                elif due[i] >= 0 and item_due[r] == due[i]:
                    out[i, 10] += 1
                    out[i, 11] += amount
                out[i, 0] += amount
                out[i, 2] += 1
                if amount > out[i, 14]:
                    out[i, 14] = amount
                if dpd > 0:
                    out[i, 1] += amount
                    out[i, 3] += 1
                    out[i, 9] += amount // 100 * dpd
                    if dpd > out[i, 8]:
                        out[i, 8] = dpd
                    if dpd <= 30:
                        out[i, 4] += amount
                    elif dpd <= 60:
                        out[i, 5] += amount
                    elif dpd <= 90:
                        out[i, 6] += amount
                    else:
                        out[i, 7] += amount
            i += 1
    return out


@njit(cache=True, nogil=True)
def recent_settlements(  # type: ignore[no-untyped-def]
    offsets,
    known,
    void,
    days_late,
    days_late_bounded,
    terms,
    amount,
    settled_day,
    at_month_end,
    customer,
    as_of,
    key_terms,
    key_amount,
    key_due,
    key_dpd,
):
    """Look back over each customer's latest settlements, newest first, at most `RECENT_DEPTH`.

    The ``like_*`` columns weigh each settlement by how close its terms and amount are to the key's
    and by its rank; ``share_as_late`` is the share that was paid later than the key's days past due
    now; ``wait_for_weekday`` the mean wait from the key's due day to the weekday of each payment.

    Returns
    -------
    float64 array of shape (n, len(RECENT_COLUMNS)); NaN where nothing was settled
    """
    n = len(customer)
    out = np.full((n, 19), np.nan)
    late = np.empty(60, np.float64)
    for i in range(n):
        out[i, 0] = 0.0
        out[i, 10] = 0.0
        c = customer[i]
        if c < 0:
            continue
        low = offsets[c]
        row = _first_not_before(known, low, offsets[c + 1], as_of[i]) - 1
        count = 0
        ewm = 0.0
        ewm_5 = 0.0
        ewm_weight = 0.0
        like = 0.0
        like_1 = 0.0
        like_5 = 0.0
        like_15 = 0.0
        like_days = 0.0
        as_late = 0
        wait = 0.0
        month_end = 0
        sum_3 = 0.0
        sum_10 = 0.0
        late_5 = 0
        late_1 = 0
        while row >= low and count < RECENT_DEPTH:
            if void[row] < as_of[i]:
                row -= 1
                continue
            dl = float(days_late[row])
            bounded = float(days_late_bounded[row])
            if count < 3:
                sum_3 += bounded
            if count < 10:
                sum_10 += bounded
                late_5 += dl >= 5
                late_1 += dl >= 1
            if count < 20:
                late[count] = dl
            weight = 0.9**count
            ewm += weight * bounded
            ewm_5 += weight * (dl >= 5)
            ewm_weight += weight
            as_late += dl > key_dpd[i]
            if key_due[i] >= 0:
                wait += (settled_day[row] - key_due[i]) % 7
            month_end += at_month_end[row]
            if key_amount[i] > 0:
                ratio = np.log((amount[row] + 1.0) / key_amount[i])
                gap = (terms[row] - key_terms[i]) / 4.0
                closeness = 0.97**count * np.exp(-0.5 * gap * gap) * np.exp(-ratio * ratio)
                like += closeness
                like_1 += closeness * (dl >= 1)
                like_5 += closeness * (dl >= 5)
                like_15 += closeness * (dl >= 15)
                like_days += closeness * bounded
            count += 1
            row -= 1
        out[i, 0] = count
        out[i, 10] = like
        if count == 0:
            continue
        out[i, 1] = sum_3 / min(count, 3)
        out[i, 2] = sum_10 / min(count, 10)
        ordered = np.sort(late[: min(count, 20)])
        size = len(ordered)
        out[i, 3] = ordered[(size - 1) // 2]
        out[i, 4] = ordered[int(0.9 * (size - 1) + 0.5)]
        out[i, 5] = ordered[size - 1]
        out[i, 6] = late_5 / min(count, 10)
        out[i, 7] = late_1 / min(count, 10)
        out[i, 8] = ewm / ewm_weight
        out[i, 9] = ewm_5 / ewm_weight
        if like > 0.0:
            out[i, 11] = like_1 / like
            out[i, 12] = like_5 / like
            out[i, 13] = like_15 / like
            out[i, 14] = like_days / like
        out[i, 15] = as_late / count
        if key_due[i] >= 0:
            out[i, 16] = wait / count
        out[i, 17] = month_end / count
        out[i, 18] = ordered[int(0.75 * (size - 1) + 0.5)] - ordered[int(0.25 * (size - 1) + 0.5)]
    return out
