"""The exact probability of a default within 12 months, from the hidden state of a moment.

Found backwards over the customer's pay runs: dynamic programming on hidden state x runs left until
the arrears are 90 day-ends old. Nothing here draws random numbers.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from features.simulator.disputes import ENDS_PER_DAY
from features.simulator.dunning import N_LEVELS, last_contact_day, level_shares
from features.simulator.hidden_state import (
    CEASED,
    EVENT_LAGS,
    HANDOVER_PER_WEEK,
    INSOLVENT,
    LEFT,
    N_STATES,
)

DEFAULT_DAYS = 90
"""Consecutive day-ends of arrears that make a default."""
HORIZON_DAYS = 365
_INSOLVENCY_LAG, _HANDOVER_LAG = EVENT_LAGS[0] // 2, EVENT_LAGS[1] // 2
"""Mean days until the event is known, and counts as a default."""
MOST_RUNS = 16
"""More than the runs of any calendar within 90 days."""
LARGEST_POWER = 6
"""More weeks than lie between two runs of any calendar."""


@njit(cache=True)
def matrix_powers(weekly):  # type: ignore[no-untyped-def]
    """Return the powers 0 to `LARGEST_POWER` of one customer's transition matrix."""
    n = weekly.shape[0]
    powers = np.zeros((LARGEST_POWER + 1, n, n))
    for i in range(n):
        powers[0, i, i] = 1.0
    for k in range(1, LARGEST_POWER + 1):
        for i in range(n):
            for j in range(n):
                if powers[k - 1, i, j] != 0.0:
                    for m in range(n):
                        powers[k, i, m] += powers[k - 1, i, j] * weekly[j, m]
    return powers


@njit(cache=True)
def mondays(first, day):  # type: ignore[no-untyped-def]
    """Return the number of weekly steps taken up to the end of ``day``."""
    return (day - first + 7) // 7


@njit(cache=True)
def _spell_starts(day, first, until, due, runs, next_run, out):  # type: ignore[no-untyped-def]
    """Distribute the start of arrears in [first, until) over the runs left to end them.

    ``due[x]`` is the probability that something falls due on ``day + x``. ``out[c]`` becomes the
    probability that arrears start and ``c`` runs lie between the start and the 90th day-end;
    ``out[0]`` that none start. ``next_run`` is the first run at or after ``until``.
    """
    out[:] = 0.0
    clear = 1.0
    last = next_run
    for start in range(first, until):
        p = due[start - day]
        if p > 0.0:
            while runs[last] <= start + DEFAULT_DAYS - 1:
                last += 1
            out[min(last - next_run, MOST_RUNS)] += clear * p
            clear *= 1.0 - p
            if clear < 1e-9:
                break
    out[0] = clear


@njit(cache=True)
def default_probability(  # type: ignore[no-untyped-def]
    day, state, arrears_since, due, runs, first_monday, powers, clears, lead, weeks_between
):
    """Return the probability of a labelled default in the 365 days from ``day`` on.

    Parameters
    ----------
    day : int
        The moment: nothing of this day has happened yet.
    state : int
        Hidden state x regime (0-13).
    arrears_since : int
        First day-end of the present arrears, or -1.
    due : float64 array of shape (365,)
        Probability that something not yet paid falls due on each day from ``day`` on: 0 or 1 as
        far as all invoices are known, from the rate of invoices after that.
    runs : int64 array
        The customer's run days, ascending, reaching at least 100 days beyond the year.
    first_monday : int
        The first Monday of the calendar.
    powers : float64 array of shape (7, 14, 14)
        Powers of the weekly transition matrix.
    clears : float64 array of shape (4, 14)
        Probability that a run leaves nothing overdue, by dunning level.
    lead : int
        Days beyond the run up to which a run pays.
    weeks_between : float
        Mean weeks between runs.

    Returns
    -------
    float
        In [0, 1].
    """
    end = day + HORIZON_DAYS
    n = N_STATES if state < N_STATES else 2 * N_STATES
    first_run = np.searchsorted(runs, day)
    beyond = np.searchsorted(runs, end)
    value = np.zeros((MOST_RUNS + 1, n))
    moved = np.zeros((MOST_RUNS + 1, n))
    after_pay = np.zeros(MOST_RUNS + 1)
    after_skip = np.zeros(MOST_RUNS + 1)
    levels = np.zeros((MOST_RUNS + 1, N_LEVELS))
    handover = 1.0 - (1.0 - HANDOVER_PER_WEEK) ** weeks_between
    for run in range(beyond - 1, first_run - 1, -1):
        until = min(runs[run + 1], end)
        last_step = until if run + 1 < beyond else end - 1
        steps = mondays(first_monday, last_step) - mondays(first_monday, runs[run])
        _move(powers[steps], value, moved, n)
        _spell_starts(
            day, max(runs[run] + lead + 1, runs[run]), until, due, runs, run + 1, after_pay
        )
        _spell_starts(day, runs[run], until, due, runs, run + 1, after_skip)
        contact_day = last_contact_day(runs[run], first_monday)
        for c in range(1, MOST_RUNS + 1):
            # The 90th day-end lies between the run before which c - 1 are left and the next.
            last = min(run + c, len(runs) - 1)
            earliest = runs[last - 1] - DEFAULT_DAYS + 1
            level_shares(earliest, runs[last] - DEFAULT_DAYS, contact_day, levels[c])
        # Arrears that no further run can end reach their 90th day-end before the next run; at
        # the horizon only a share of them does so in time.
        in_time = (until - runs[run]) / (runs[run + 1] - runs[run])
        for s in range(n):
            h = s % N_STATES
            if h == INSOLVENT and runs[run] + _INSOLVENCY_LAG < end:
                value[:, s] = 1.0
                continue
            paid = 0.0
            skipped = 0.0
            for c in range(MOST_RUNS + 1):
                if after_pay[c] > 0.0:
                    paid += after_pay[c] * moved[c, s]
                if after_skip[c] > 0.0:
                    skipped += after_skip[c] * moved[c, s]
            x = clears[0, s]
            value[0, s] = 0.0 if h == LEFT else x * paid + (1.0 - x) * skipped
            for c in range(1, MOST_RUNS + 1):
                stays = in_time if c == 1 else moved[c - 1, s]
                if h == CEASED and runs[run] + _HANDOVER_LAG < end:
                    stays = handover + (1.0 - handover) * stays
                x = 0.0
                for level in range(N_LEVELS):
                    x += levels[c, level] * clears[level, s]
                value[c, s] = x * paid + (1.0 - x) * stays
    steps = mondays(first_monday, min(runs[first_run], end - 1)) - mondays(first_monday, day - 1)
    _move(powers[steps], value, moved, n)
    if arrears_since >= 0:
        left = np.searchsorted(runs, arrears_since + DEFAULT_DAYS) - first_run
        return 1.0 if left <= 0 else min(moved[min(left, MOST_RUNS), state], 1.0)
    _spell_starts(day, day, min(runs[first_run], end), due, runs, first_run, after_skip)
    answer = 0.0
    for c in range(MOST_RUNS + 1):
        answer += after_skip[c] * moved[c, state]
    # Sums of probabilities may pass 1 by a rounding error.
    return min(answer, 1.0)


@njit(cache=True)
def _move(matrix, value, moved, n):  # type: ignore[no-untyped-def]
    """Expect ``value`` after the chain's steps."""
    for c in range(MOST_RUNS + 1):
        for s in range(n):
            total = 0.0
            for t in range(n):
                total += matrix[s, t] * value[c, t]
            moved[c, s] = total


@njit(cache=True)
def due_probabilities(  # type: ignore[no-untyped-def]
    day, known, terms, invoices_per_day, season, disputed, disputed_share
):
    """Return for each day of the coming year the probability that something falls due.

    Parameters
    ----------
    day : int
        The moment.
    known : bool array
        True at the days (absolute) on which an unpaid, undisputed invoice falls due.
    terms : int
        The customer's days from issue to due.
    invoices_per_day : float
        Mean; 0 for who buys no more.
    season : float64 array
        Relative activity by day.
    disputed : int
        Items in dispute now: each is owed again from the day on which its dispute ends.
    disputed_share : float
        Share of the invoices that will be disputed.
    """
    due = np.zeros(HORIZON_DAYS)
    # The chance that no dispute ends on a day, those now open and those to come.
    to_come = math.exp(-invoices_per_day * disputed_share)
    for x in range(HORIZON_DAYS):
        if known[day + x]:
            due[x] = 1.0
        elif x >= terms:
            due[x] = 1.0 - math.exp(-invoices_per_day * season[day + x - terms])
        none_ends = to_come * (1.0 - disputed * ENDS_PER_DAY * (1.0 - ENDS_PER_DAY) ** x)
        due[x] = 1.0 - (1.0 - due[x]) * max(none_ends, 0.0)
    return due
