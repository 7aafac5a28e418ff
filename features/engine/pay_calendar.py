"""On which days a customer pays, and what that means for an invoice's due day.

Companies pay in runs, and how late an invoice is paid depends on where its due day falls between
two of them: see `pay_runs`. What was paid on the same weekday or around the same day of the month
tells of customers without runs. How well its runs, or its median without any, foretold the latest
settlements tells how far they can be believed, and runs that paid nothing although something was
open for them are the first sign of trouble: weeks before anything is overdue.
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
    run_before,
)
from features.engine.recent import RECENT_DEPTH
from features.facts.lookup import first_not_before
from features.facts.open_items import open_at

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
    "as_said_late_1",
    "as_said_late_5",
    "as_said_late_15",
    "as_said_count_1",
    "as_said_count_5",
    "as_said_count_15",
    "kept",
    "missed_10",
    "beyond_10",
    "silent",
    "silence",
)
"""Columns of `pay_calendar`: days, shares, and the number of settlements that support them."""
(
    _WEEKDAY, _FORTNIGHT, _MONTH, _DAYS_LATE, _LATE_1, _LATE_5, _SUPPORT,
    _ERROR, _ERROR_OF_NONE, _GAP, _TO_NEXT, _IF_MISSED,
    _SAID_1, _SAID_5, _SAID_15, _SAID_COUNT_1, _SAID_COUNT_5, _SAID_COUNT_15,
    _KEPT, _MISSED, _BEYOND, _SILENT, _SILENCE,
) = range(len(PAY_CALENDAR_COLUMNS))  # fmt: skip

_REACH = np.array([0, 0, 0, 3])
"""Due days so many places away still count as the same; the payment's place is what stays."""
_LARGEST = 45
"""Days late beyond which a settlement tells nothing of a calendar."""
_FEWEST_DAYS = 8
"""Where the latest settlements were made on fewer days, fewer of each day are read and more days:
a month of a large customer shows one run."""
_FARTHEST_BACK = 600
"""Settlements that are read for that, at most."""
_SAID_DAYS = np.array([1, 5, 15])
"""Days late by which the runs' word is held against what came."""
_LATEST = 10
"""Settlements that say whether runs have been missed lately."""
_MOST_SILENT = 8
"""Runs in a row that paid nothing, counted no further."""


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
def _latest_rows(void, settled_day, first, row, moment, rows):  # type: ignore[no-untyped-def]
    """Fill ``rows`` with the latest settlements from a row back that stand at a moment.

    Returns how many there are, and until when all that were read stand.
    """
    per_day = len(rows)
    while True:
        count, days, of_day, at = 0, 0, 0, row
        until = np.int64(2**62)
        while at >= first and count < len(rows) and row - at < _FARTHEST_BACK:
            if void[at] >= moment:
                until = min(until, void[at])
                if count == 0 or settled_day[at] != settled_day[rows[count - 1]]:
                    days, of_day = days + 1, 0
                of_day += 1
                if of_day <= per_day:
                    rows[count] = at
                    count += 1
            at -= 1
        if per_day < len(rows) or count < len(rows) or days >= _FEWEST_DAYS:
            return count, until
        per_day = len(rows) // _FEWEST_DAYS


@njit(cache=True, nogil=True)
def _foretell(runs, lead, late, due, issued, count, foretold):  # type: ignore[no-untyped-def]
    """Fill ``foretold`` with the days late that runs, or the median, give settlements."""
    if kind_of(runs) == NO_RUNS:
        foretold[:count] = np.sort(late[:count])[count // 2]
        return
    for j in range(count):
        foretold[j] = paying_run(runs, lead, due[j], issued[j]) - due[j]


@njit(cache=True, nogil=True)
def _as_said(late, foretold, count, said, out, i):  # type: ignore[no-untyped-def]
    """Write how often settlements that were foretold on the same side of some days came late."""
    for k in range(len(_SAID_DAYS)):
        days = _SAID_DAYS[k]
        alike, came = 0, 0
        for j in range(count):
            if (foretold[j] >= days) == (said >= days):
                alike += 1
                came += late[j] >= days
        out[_SAID_COUNT_1 + k, i] = alike
        if alike:
            out[_SAID_1 + k, i] = came / alike


@njit(cache=True, nogil=True)
def _awaited_since(runs, lead, median, issued, due, active):  # type: ignore[no-untyped-def]
    """Return the first day on which a customer, as it pays, would have paid an open item."""
    first = np.int64(2**62)
    for row in active:
        if kind_of(runs) == NO_RUNS:
            first = min(first, due[row] + median)
        else:
            first = min(first, max(due[row] - lead, issued[row]))
    return first


@njit(cache=True, nogil=True)
def _silent(runs, gap, since, latest, day):  # type: ignore[no-untyped-def]
    """Return how many runs before a day paid nothing while something was open for them.

    Without runs, how many of the usual gaps between payments.
    """
    if kind_of(runs) == NO_RUNS:
        return min(max(day - 1 - max(since, latest), 0) // gap, _MOST_SILENT)
    silent, run = 0, run_before(runs, day)
    while silent < _MOST_SILENT and run > latest and run >= since:
        silent += 1
        run = run_before(runs, run)
    return silent


@njit(cache=True, nogil=True)
def pay_calendar(  # type: ignore[no-untyped-def]
    offsets, known, void, days_late, settled_day, due_day, terms,
    item_offsets, item_known, item_void, item_open, item_issued, item_due,
    customer, as_of, day, key_due, key_issued,
):  # fmt: skip
    """Find each customer's calendar in its latest settlements, and read the key's due day off it.

    Parameters
    ----------
    offsets, known, void, days_late, settled_day, due_day, terms : int64 arrays
        The stream of settled invoices.
    item_... : int64 arrays
        The states of the open items.
    customer, as_of, day, key_due, key_issued : int64 arrays of shape (n,)
        Sorted by customer and ``as_of``. A due day below zero means that the key is not about an
        invoice.

    Returns
    -------
    float64 array of shape (len(PAY_CALENDAR_COLUMNS), n)
        NaN where nothing was settled, or nothing at the same place; ``to_next`` counts from the
        later of due day and today, ``days_late_if_missed`` is by the run after the paying one,
        and both are NaN for a customer without runs. ``silence`` is the negative logarithm of the
        probability that a customer which misses runs as often as this one misses as many in a row
        as paid nothing lately.
    """
    n = len(customer)
    out = np.full((len(PAY_CALENDAR_COLUMNS), n), np.nan)
    late, due = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    issued, paid = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    ordered = np.empty(RECENT_DEPTH, np.int64)
    places, runs = np.empty((4, RECENT_DEPTH), np.int64), np.zeros(RUNS_SIZE, np.int64)
    rows, foretold = np.empty(RECENT_DEPTH, np.int64), np.empty(RECENT_DEPTH, np.int64)
    count, lead, missed, latest = 0, 0, 0, np.int64(0)
    error, none, gap = np.nan, np.nan, np.nan
    active, size, item_row = np.empty(64, np.int64), 0, np.int64(0)
    last_customer, last_row, valid_until = np.int64(-1), np.int64(-1), np.int64(-1)
    for i in range(n):
        out[_SUPPORT, i] = 0.0
        out[_SAID_COUNT_1 : _SAID_COUNT_15 + 1, i] = 0.0
        c = customer[i]
        if c < 0:
            continue
        if c != last_customer:
            item_row, size = item_offsets[c], 0
        item_row, active, size = open_at(
            item_known, item_void, item_open, item_row, item_offsets[c + 1], as_of[i], active, size
        )
        row = first_not_before(known, offsets[c], offsets[c + 1], as_of[i]) - 1
        # Most keys find the settlements of the key before.
        if c != last_customer or row != last_row or as_of[i] > valid_until:
            last_customer, last_row = c, row
            count, valid_until = _latest_rows(void, settled_day, offsets[c], row, as_of[i], rows)
            for j in range(count):
                at = rows[j]
                late[j] = min(max(days_late[at], -_LARGEST), _LARGEST)
                due[j], paid[j], issued[j] = due_day[at], settled_day[at], due_day[at] - terms[at]
                for kind in range(4):
                    places[kind, j] = _place(kind, due[j])
            runs[:] = NO_RUNS
            error, none, gap = np.nan, np.nan, np.nan
            if count > 1:
                lead, error, none = find_runs(late, due, issued, paid, count, runs)
                gap = _median_gap(paid, count, ordered)
            if count > 0:
                _foretell(runs, lead, late, due, issued, count, foretold)
                missed = (late[:count] > foretold[:count]).sum()
                latest = paid[:count].max()
        if count == 0:
            continue
        out[_GAP, i], out[_ERROR, i], out[_ERROR_OF_NONE, i] = gap, error, none
        if count > 1:
            out[_KEPT, i] = (late[:count] == foretold[:count]).sum() / count
            some = min(count, _LATEST)
            out[_MISSED, i] = (late[:some] > foretold[:some]).sum() / some
            out[_BEYOND, i] = (late[:some] - foretold[:some]).sum() / some
        if not np.isnan(gap):
            since = _awaited_since(runs, lead, foretold[0], item_issued, item_due, active[:size])
            silent = _silent(runs, np.int64(gap), since, latest, day[i])
            out[_SILENT, i] = silent
            out[_SILENCE, i] = -silent * np.log((missed + 1.0) / (count + 2.0))
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
        said = foretold[0]
        if kind_of(runs) != NO_RUNS:
            run = paying_run(runs, lead, key_due[i], key_issued[i])
            said = run - key_due[i]
            out[_DAYS_LATE, i] = said
            out[_IF_MISSED, i] = run + 1 + days_to_run(runs, run + 1) - key_due[i]
            out[_TO_NEXT, i] = days_to_run(runs, max(key_due[i], day[i]))
        _as_said(late, foretold, count, said, out, i)
    return out
