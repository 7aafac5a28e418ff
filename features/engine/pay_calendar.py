"""On which days a customer pays, and what that means for an invoice's due day.

Companies pay in runs, and how late an invoice is paid depends on where its due day falls between
two of them: see `pay_runs`. What was paid on the same weekday or around the same day of the month
tells of customers without runs.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.engine.months import place_in_month
from features.engine.pay_runs import (
    BY_MONTH,
    CIRCLE,
    NO_RUNS,
    RUNS_SIZE,
    days_to_run,
    find_runs,
    kind_of,
    paying_run,
)
from features.engine.recent import RECENT_DEPTH
from features.facts.lookup import first_not_before

PAY_CALENDAR_COLUMNS = (
    "same_weekday_days_late",
    "same_fortnight_days_late",
    "same_day_of_month_days_late",
    "days_late",
    "late_1",
    "late_5",
    "support",
    "error",
    "error_of_none",
    "gap",
    "to_next",
    "days_late_if_missed",
)
"""Columns of `pay_calendar`: days, shares, and the number of settlements that support them."""
(
    _WEEKDAY, _FORTNIGHT, _MONTH, _DAYS_LATE, _LATE_1, _LATE_5, _SUPPORT,
    _ERROR, _ERROR_OF_NONE, _GAP, _TO_NEXT, _IF_MISSED,
) = range(len(PAY_CALENDAR_COLUMNS))  # fmt: skip

_REACH = np.array([0, 0, 0, 3])
"""Due days so many places away still count as the same; the payment's place is what stays."""
_LARGEST = 45
"""Days late beyond which a settlement tells nothing of a calendar."""


@njit(cache=True, nogil=True)
def _place(calendar, day):  # type: ignore[no-untyped-def]
    """Return the place of a day in a calendar's circle, from 0."""
    if calendar == BY_MONTH:
        return place_in_month(day) - 1
    return day % CIRCLE[calendar]


@njit(cache=True, nogil=True)
def _apart(a, b, circle):  # type: ignore[no-untyped-def]
    """Return by how many places a lies after b the short way round."""
    return (a - b + circle // 2) % circle - circle // 2


@njit(cache=True, nogil=True)
def _sort_in(values, count, value):  # type: ignore[no-untyped-def]
    """Insert a value into the first ``count``, which are sorted."""
    at = count
    while at > 0 and values[at - 1] > value:
        values[at] = values[at - 1]
        at -= 1
    values[at] = value


@njit(cache=True, nogil=True)
def _same_place(late, places, count, place, calendar, same):  # type: ignore[no-untyped-def]
    """Sort into ``same`` how late an invoice due at a place would be by each settlement near it."""
    circle, reach = CIRCLE[calendar], _REACH[calendar]
    found = 0
    for j in range(count):
        step = _apart(places[j], place, circle)
        if abs(step) > reach:
            continue
        # Paid at the same place, an invoice due so many places later is that much less late.
        _sort_in(same, found, late[j] + step)
        found += 1
    return found


@njit(cache=True, nogil=True)
def _median_gap(paid, count, gaps):  # type: ignore[no-untyped-def]
    """Return the median number of days between payments on different days, NaN for none."""
    found = 0
    for j in range(1, count):
        gap = abs(paid[j - 1] - paid[j])
        if gap == 0:
            continue
        _sort_in(gaps, found, gap)
        found += 1
    return float(gaps[(found - 1) // 2]) if found else np.nan


@njit(cache=True, nogil=True)
def pay_calendar(  # type: ignore[no-untyped-def]
    offsets, known, void, days_late, settled_day, due_day, terms,
    customer, as_of, day, key_due, key_issued,
):  # fmt: skip
    """Find each customer's calendar in its latest settlements, and read the key's due day off it.

    Parameters
    ----------
    offsets, known, void, days_late, settled_day, due_day, terms : int64 arrays
        The stream of settled invoices.
    customer, as_of, day, key_due, key_issued : int64 arrays of shape (n,)
        Sorted by customer and ``as_of``. A due day below zero means that the key is not about an
        invoice.

    Returns
    -------
    float64 array of shape (len(PAY_CALENDAR_COLUMNS), n)
        NaN where nothing was settled, or nothing at the same place; ``to_next`` counts from the
        later of due day and today, ``days_late_if_missed`` is by the run after the paying one,
        and both are NaN for a customer without runs.
    """
    n = len(customer)
    out = np.full((len(PAY_CALENDAR_COLUMNS), n), np.nan)
    late, due = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    issued, paid = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    ordered = np.empty(RECENT_DEPTH, np.int64)
    places, runs = np.empty((4, RECENT_DEPTH), np.int64), np.zeros(RUNS_SIZE, np.int64)
    count, lead = 0, 0
    error, none, gap = np.nan, np.nan, np.nan
    last_customer, last_row, valid_until = np.int64(-1), np.int64(-1), np.int64(-1)
    for i in range(n):
        out[_SUPPORT, i] = 0.0
        c = customer[i]
        if c < 0:
            continue
        row = first_not_before(known, offsets[c], offsets[c + 1], as_of[i]) - 1
        # Most keys find the settlements of the key before.
        if c != last_customer or row != last_row or as_of[i] > valid_until:
            last_customer, last_row, valid_until = c, row, np.int64(2**62)
            count = 0
            while row >= offsets[c] and count < RECENT_DEPTH:
                if void[row] >= as_of[i]:
                    valid_until = min(valid_until, void[row])
                    late[count] = min(max(days_late[row], -_LARGEST), _LARGEST)
                    due[count], paid[count] = due_day[row], settled_day[row]
                    issued[count] = due_day[row] - terms[row]
                    count += 1
                row -= 1
            for kind in range(4):
                for j in range(count):
                    places[kind, j] = _place(kind, due[j])
            runs[:] = NO_RUNS
            error, none, gap = np.nan, np.nan, np.nan
            if count > 1:
                lead, error, none = find_runs(late, due, issued, paid, count, runs)
                gap = _median_gap(paid, count, ordered)
        if count == 0:
            continue
        out[_GAP, i], out[_ERROR, i], out[_ERROR_OF_NONE, i] = gap, error, none
        if key_due[i] < 0:
            continue
        for kind in range(4):
            place = _place(kind, key_due[i])
            found = _same_place(late, places[kind], count, place, kind, ordered)
            if found == 0:
                continue
            if kind != NO_RUNS:
                out[kind - 1, i] = ordered[:found].sum() / found
            if kind == kind_of(runs) or kind == NO_RUNS:
                out[_DAYS_LATE, i] = ordered[(found - 1) // 2]
                out[_LATE_1, i] = (ordered[:found] >= 1).sum() / found
                out[_LATE_5, i] = (ordered[:found] >= 5).sum() / found
                out[_SUPPORT, i] = found
        if kind_of(runs) != NO_RUNS:
            run = paying_run(runs, lead, key_due[i], key_issued[i])
            out[_DAYS_LATE, i] = run - key_due[i]
            out[_IF_MISSED, i] = run + 1 + days_to_run(runs, run + 1) - key_due[i]
            out[_TO_NEXT, i] = days_to_run(runs, max(key_due[i], day[i]))
    return out
