"""When a customer's pay runs are: every Friday, every second Tuesday, on the 15th, at month-end.

A run pays what falls due up to some days after it, its lead. Weeks, fortnights and months are tried
on the customer's latest settlements; the runs that would have put them closest to their days are
the customer's.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.engine.months import MONTH_STARTS, month_of

NO_RUNS, BY_WEEK, BY_FORTNIGHT, BY_MONTH = range(4)
"""Kinds of calendars."""
CIRCLE = np.array([1, 7, 14, 31])
"""Places in each kind's circle."""

_FOLLOWING, _PRECEDING, _AS_IT_FALLS = range(3)
"""What becomes of a day of the month that is on a weekend: the business day conventions."""
_DAYS, _ENDS = 31, 5
_PLACES = _DAYS + _ENDS
"""Places of a month: its days from the first on, then its last days, the very last first."""
_MOST_PLACES = 3
"""Runs a month, at most: more of them are weeks."""
_USUAL = 0.4
"""A place is a run's if it holds at least this share of the payments of the fullest one."""
_NEAREST_LEAD, _FARTHEST_LEAD = -30, 75
"""A run may pay only what has been due so long, or whatever falls due so much later."""
_LARGEST_ERROR = 15.0
"""A run that was skipped is one error, however long the next took."""
_LEAST_GAIN = 0.9
"""A calendar must err less than this share of what the customer's median errs."""

_KIND, _ROLL, _FOUND, _FIRST = range(4)
_WAITS = _FIRST + _MOST_PLACES
RUNS_SIZE = _WAITS + 14
"""Numbers that describe runs: kind, convention, how many places of the month and which, and for
weeks and fortnights the days from each place of the circle to the next run."""


@njit(cache=True, nogil=True)
def _run_day(month, place, roll):  # type: ignore[no-untyped-def]
    """Return the day on which a month's run takes place."""
    first, after = MONTH_STARTS[month], MONTH_STARTS[month + 1]
    day = min(first + place, after - 1) if place < _DAYS else after - 1 - (place - _DAYS)
    weekday = (day + 3) % 7
    if weekday >= 5 and roll == _FOLLOWING:
        return day + 7 - weekday
    if weekday >= 5 and roll == _PRECEDING:
        return day + 4 - weekday
    return day


@njit(cache=True, nogil=True)
def _planned(day, roll):  # type: ignore[no-untyped-def]
    """Return the first and last day that a run may have been planned for that took place on one."""
    weekday = (day + 3) % 7
    if weekday >= 5 and roll != _AS_IT_FALLS:
        return day, day - 1
    earliest = day - 2 if roll == _FOLLOWING and weekday == 0 else day
    latest = day + 2 if roll == _PRECEDING and weekday == 4 else day
    return earliest, latest


@njit(cache=True, nogil=True)
def _places(day):  # type: ignore[no-untyped-def]
    """Return the places of the month that a day has, from either end; -1 where it has none."""
    month = month_of(day)
    to_end = MONTH_STARTS[month + 1] - 1 - day
    return day - MONTH_STARTS[month], _DAYS + to_end if to_end < _ENDS else -1


@njit(cache=True, nogil=True)
def _vote(day, roll, votes):  # type: ignore[no-untyped-def]
    """Count a payment at every place of the month whose run would have made it."""
    first, last = _planned(day, roll)
    for planned in range(first, last + 1):
        from_start, from_end = _places(planned)
        votes[from_start] += 1
        if from_end >= 0:
            votes[from_end] += 1


@njit(cache=True, nogil=True)
def _made_by(day, place, roll):  # type: ignore[no-untyped-def]
    """Return whether a run at a place of the month would have made a payment."""
    first, last = _planned(day, roll)
    for planned in range(first, last + 1):
        from_start, from_end = _places(planned)
        if place in (from_start, from_end):
            return True
    return False


@njit(cache=True, nogil=True)
def _fill_by_month(paid, count, runs):  # type: ignore[no-untyped-def]
    """Fill ``runs`` with the convention and the places that explain most days of payment."""
    votes, left = np.empty(_PLACES, np.int64), np.empty(count, np.bool_)
    places = np.empty(_MOST_PLACES, np.int64)
    most, most_by_one = 0, 0
    on_weekends = False
    for j in range(count):
        on_weekends = on_weekends or (paid[j] + 3) % 7 >= 5
    # Who never pays on a weekend is explained as well by a convention that avoids them.
    for roll in range(_AS_IT_FALLS + 1 if on_weekends else _AS_IT_FALLS):
        for j in range(count):
            # What one run pays counts once.
            left[j] = j == 0 or paid[j] != paid[j - 1]
        found, explained, fullest = 0, 0, 0
        while found < _MOST_PLACES:
            votes[:] = 0
            for j in range(count):
                if left[j]:
                    _vote(paid[j], roll, votes)
            place = np.argmax(votes)
            fullest = max(fullest, votes[place])
            if votes[place] == 0 or votes[place] < _USUAL * fullest:
                break
            places[found] = place
            found += 1
            explained += votes[place]
            for j in range(count):
                left[j] = left[j] and not _made_by(paid[j], place, roll)
        # What one place explains comes first: two wrong ones may explain as much as the right one.
        if fullest > most_by_one or (fullest == most_by_one and explained > most):
            most, most_by_one = explained, fullest
            runs[_ROLL], runs[_FOUND] = roll, found
            runs[_FIRST : _FIRST + found] = places[:found]


@njit(cache=True, nogil=True)
def _fill_by_circle(kind, paid, count, runs):  # type: ignore[no-untyped-def]
    """Fill ``runs`` with the days from each place of a circle to the next of usual payments."""
    circle = CIRCLE[kind]
    number = np.zeros(14, np.int64)
    for j in range(count):
        if j == 0 or paid[j] != paid[j - 1]:
            number[paid[j] % circle] += 1
    least = _USUAL * number.max()
    for place in range(circle):
        days = 0
        while number[(place + days) % circle] < least:
            days += 1
        runs[_WAITS + place] = days


@njit(cache=True, nogil=True)
def _fill(kind, paid, count, runs):  # type: ignore[no-untyped-def]
    """Fill ``runs`` with those of a kind; return whether there are any."""
    runs[_KIND], runs[_FOUND] = kind, 0
    if kind == BY_MONTH:
        _fill_by_month(paid, count, runs)
        return runs[_FOUND] > 0
    _fill_by_circle(kind, paid, count, runs)
    return True


@njit(cache=True, nogil=True)
def days_to_run(runs, day):  # type: ignore[no-untyped-def]
    """Return the days from a day to the next run, 0 on a run's own day."""
    kind = runs[_KIND]
    if kind != BY_MONTH:
        return runs[_WAITS + day % CIRCLE[kind]]
    month = month_of(day)
    # A run at the end of the month before may have moved from a weekend into this one.
    if day - MONTH_STARTS[month] < 2:
        month = max(month - 1, 0)
    for later in range(month, month + 4):
        least = -1
        for k in range(runs[_FOUND]):
            days = _run_day(later, runs[_FIRST + k], runs[_ROLL]) - day
            if days >= 0 and (least < 0 or days < least):
                least = days
        if least >= 0:
            return least
    return CIRCLE[kind]


@njit(cache=True, nogil=True)
def run_before(runs, day):  # type: ignore[no-untyped-def]
    """Return the day of the last run before a day."""
    kind = runs[_KIND]
    longest = CIRCLE[kind]
    if kind != BY_MONTH:
        days = 1
        while days < longest and runs[_WAITS + (day - days) % longest]:
            days += 1
        return day - days
    month = month_of(day) + 1
    for earlier in range(month, max(month - 4, -1), -1):
        latest = day
        for k in range(runs[_FOUND]):
            run = _run_day(earlier, runs[_FIRST + k], runs[_ROLL])
            if run < day and (latest == day or run > latest):
                latest = run
        if latest < day:
            return latest
    return day - longest


@njit(cache=True, nogil=True)
def paying_run(runs, lead, due, issued):  # type: ignore[no-untyped-def]
    """Return the day of the first run that looks far enough ahead to pay an invoice."""
    from_day = max(due - lead, issued)
    return from_day + days_to_run(runs, from_day)


@njit(cache=True, nogil=True)
def _usual_lead(runs, due, issued, paid, count, steps):  # type: ignore[no-untyped-def]
    """Return the lead with which most settlements were paid by the first run that could."""
    steps[:] = 0
    for j in range(count):
        if days_to_run(runs, paid[j]):
            continue
        # The run looked as far as the due day, the one before it did not.
        before = run_before(runs, paid[j])
        low = min(max(due[j] - paid[j] - _NEAREST_LEAD, 0), len(steps) - 1)
        steps[low] += 1
        # A run before the invoice was there tells nothing.
        if issued[j] <= before:
            steps[min(max(due[j] - before - _NEAREST_LEAD, low), len(steps) - 1)] -= 1
    agreeing, most, first, last = 0, -1, 0, 0
    for at in range(len(steps)):
        agreeing += steps[at]
        if agreeing > most:
            most, first, last = agreeing, at, at
        elif agreeing == most and last == at - 1:
            last = at
    return (first + last) // 2 + _NEAREST_LEAD


@njit(cache=True, nogil=True)
def find_runs(late, due, issued, paid, count, runs):  # type: ignore[no-untyped-def]
    """Find the runs that put settlements closest to their days.

    Parameters
    ----------
    late, due, issued, paid : int64 arrays
        Settlements in order of payment; the first ``count`` of each, one or more, are read.
    count : int
    runs : int64 array of shape (RUNS_SIZE,)
        Filled with what was found, of the kind `NO_RUNS` where the median does about as well.

    Returns
    -------
    lead : int
        How many days beyond itself a run looks.
    error, error_of_none : float
        Mean absolute error of the runs, and of the customer's median, in days.
    """
    median = np.sort(late[:count])[count // 2]
    none = 0.0
    for j in range(count):
        none += min(abs(late[j] - median), _LARGEST_ERROR)
    steps = np.empty(_FARTHEST_LEAD - _NEAREST_LEAD + 1, np.int64)
    tried = np.zeros(RUNS_SIZE, np.int64)
    best_lead, least = 0, _LEAST_GAIN * none
    runs[:] = NO_RUNS
    for kind in (BY_WEEK, BY_FORTNIGHT, BY_MONTH):
        if not _fill(kind, paid, count, tried):
            continue
        lead = _usual_lead(tried, due, issued, paid, count, steps)
        error = 0.0
        for j in range(count):
            predicted = paying_run(tried, lead, due[j], issued[j]) - due[j]
            error += min(abs(late[j] - predicted), _LARGEST_ERROR)
        if error < least:
            best_lead, least = lead, error
            runs[:] = tried
    if runs[_KIND] == NO_RUNS:
        return 0, none / count, none / count
    return best_lead, least / count, none / count


@njit(cache=True, nogil=True)
def kind_of(runs):  # type: ignore[no-untyped-def]
    """Return the kind of calendar that was found."""
    return runs[_KIND]
