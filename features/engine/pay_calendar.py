"""On which days a customer pays, and what that means for an invoice's due day.

Companies pay in runs: every Friday, every second Tuesday, on the 15th. A run pays what falls due up
to some days after it, and how late an invoice is paid depends on where its due day falls between
two runs. Weeks, fortnights and months are tried on the customer's latest settlements, each with
several such leads; the calendar that would have put them closest to their days is the customer's.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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
)
"""Columns of `pay_calendar`: days, shares, and the number of settlements that support them."""
(
    _WEEKDAY, _FORTNIGHT, _MONTH, _DAYS_LATE, _LATE_1, _LATE_5, _SUPPORT,
    _ERROR, _ERROR_OF_NONE, _GAP, _TO_NEXT,
) = range(len(PAY_CALENDAR_COLUMNS))  # fmt: skip

_NONE, _BY_WEEK, _BY_FORTNIGHT, _BY_MONTH = range(4)
_CIRCLE = np.array([1, 7, 14, 31])
"""Places in each calendar's circle."""
_REACH = np.array([0, 0, 0, 3])
"""Due days so many places away still count as the same; the payment's place is what stays."""
_LARGEST = 45
"""Days late beyond which a settlement tells nothing of a calendar."""
_LARGEST_ERROR = 15.0
"""A run that was skipped is one error, however long the next took."""
_USUAL = 0.4
"""A place is a run's if it holds at least this share of the payments of the fullest one."""
_LEADS = np.array([0.5, 0.75, 0.9, 1.0])
"""Quantiles of days before due, tried as how far a run looks ahead: discounts are paid earlier."""
_LEAST_GAIN = 0.9
"""A calendar must err less than this share of what the customer's median errs."""


@njit(cache=True, nogil=True)
def place_in_month(day):  # type: ignore[no-untyped-def]
    """Return the day of the month, counted from its end in the second half: the last is 31.

    Parameters
    ----------
    day : int
        Days since 1970.
    """
    # Days to civil date after Hinnant (2013), "chrono-compatible low-level date algorithms".
    z = day + 719_468
    of_era = z % 146_097
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    of_month = of_year - (153 * month + 2) // 5 + 1
    if of_month <= 15:
        return of_month
    if month == 11:
        # February, the last month of a year that begins in March.
        year = year_of_era + 1
        length = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    else:
        length = (153 * (month + 1) + 2) // 5 - (153 * month + 2) // 5
    return 31 - (length - of_month)


@njit(cache=True, nogil=True)
def _place(calendar, day):  # type: ignore[no-untyped-def]
    """Return the place of a day in a calendar's circle, from 0."""
    if calendar == _BY_MONTH:
        return place_in_month(day) - 1
    return day % _CIRCLE[calendar]


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
    circle, reach = _CIRCLE[calendar], _REACH[calendar]
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
def _next_runs(calendar, paid, count, wait):  # type: ignore[no-untyped-def]
    """Fill ``wait`` with the days from each place to the next of usual payments."""
    circle = _CIRCLE[calendar]
    number = np.zeros(31, np.int64)
    for j in range(count):
        # What one run pays counts once.
        if j == 0 or paid[j] != paid[j - 1]:
            number[_place(calendar, paid[j])] += 1
    least = _USUAL * number.max()
    for place in range(circle):
        days = 0
        while number[(place + days) % circle] < least:
            days += 1
        wait[place] = days


@njit(cache=True, nogil=True)
def _days_late(calendar, lead, wait, due, issued):  # type: ignore[no-untyped-def]
    """Return how late the first run that looks so far ahead pays an invoice."""
    from_day = max(due - lead, issued)
    return from_day + wait[_place(calendar, from_day)] - due


@njit(cache=True, nogil=True)
def _find_runs(late, due, issued, paid, count, wait, ahead):  # type: ignore[no-untyped-def]
    """Return (calendar, lead, error, error of none), with ``wait`` filled for the calendar."""
    for j in range(count):
        _sort_in(ahead, j, -late[j])
    # The median of what is sorted by days ahead of due is that of days late.
    median = -ahead[count // 2]
    none = 0.0
    for j in range(count):
        none += min(abs(late[j] - median), _LARGEST_ERROR)
    chosen, best_lead, least = _NONE, 0, _LEAST_GAIN * none
    for calendar in range(1, 4):
        _next_runs(calendar, paid, count, wait)
        for quantile in _LEADS:
            lead = ahead[int(quantile * (count - 1))]
            error = 0.0
            for j in range(count):
                predicted = _days_late(calendar, lead, wait, due[j], issued[j])
                error += min(abs(late[j] - predicted), _LARGEST_ERROR)
            if error < least:
                chosen, best_lead, least = calendar, lead, error
    if chosen == _NONE:
        return chosen, 0, none / count, none / count
    _next_runs(chosen, paid, count, wait)
    return chosen, best_lead, least / count, none / count


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
        later of due day and today, and is NaN for a customer without a calendar.
    """
    n = len(customer)
    out = np.full((len(PAY_CALENDAR_COLUMNS), n), np.nan)
    late, due = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    issued, paid = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    ordered = np.empty(RECENT_DEPTH, np.int64)
    places, wait = np.empty((4, RECENT_DEPTH), np.int64), np.empty(31, np.int64)
    count, calendar, lead = 0, _NONE, 0
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
            calendar, lead = _NONE, 0
            error, none, gap = np.nan, np.nan, np.nan
            if count > 1:
                calendar, lead, error, none = _find_runs(
                    late, due, issued, paid, count, wait, ordered
                )
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
            if kind != _NONE:
                out[kind - 1, i] = ordered[:found].sum() / found
            if kind == calendar or kind == _NONE:
                out[_DAYS_LATE, i] = ordered[(found - 1) // 2]
                out[_LATE_1, i] = (ordered[:found] >= 1).sum() / found
                out[_LATE_5, i] = (ordered[:found] >= 5).sum() / found
                out[_SUPPORT, i] = found
        if calendar != _NONE:
            out[_DAYS_LATE, i] = _days_late(calendar, lead, wait, key_due[i], key_issued[i])
            start = max(key_due[i], day[i])
            out[_TO_NEXT, i] = wait[_place(calendar, start)]
    return out
