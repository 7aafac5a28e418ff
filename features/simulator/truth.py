"""Exact probabilities of what the labels say, from the hidden state of a moment.

Default within 12 months is found backwards over the customer's pay runs (dynamic programming on
hidden state x runs left until the arrears are 90 day-ends old), the day of payment of an invoice
forwards. Nothing here draws random numbers.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from features.simulator.draws import Int64
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

LATE_DAYS: Int64 = np.array(
    [-75, -60, -45, -30, -21, -14, -10, -7, -5, -3, -2, -1]
    + [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 45, 60, 75, 90, 120, 150, 180, 270, 365]
)
"""Offsets from the due day at which the survival function of the payment day is written."""
ITEM_NOISE = np.array([-2, -1, 0, 1, 2, 3])
ITEM_NOISE_SHARES = np.array([0.10, 0.15, 0.44, 0.16, 0.10, 0.05])
"""Days around the due date on which an item-by-item payer pays, within the week of its run."""


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
def item_pay_day(due, monday, noise):  # type: ignore[no-untyped-def]
    """Return the day on which an item-by-item payer who runs this week pays an item."""
    return min(max(due + noise, monday), monday + 4)


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
    clears : float64 array of shape (14,)
        Probability that a run leaves nothing overdue.
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
            x = clears[s]
            value[0, s] = 0.0 if h == LEFT else x * paid + (1.0 - x) * skipped
            for c in range(1, MOST_RUNS + 1):
                stays = in_time if c == 1 else moved[c - 1, s]
                if h == CEASED and runs[run] + _HANDOVER_LAG < end:
                    stays = handover + (1.0 - handover) * stays
                value[c, s] = x * paid + (1.0 - x) * stays
    steps = mondays(first_monday, min(runs[first_run], end - 1)) - mondays(first_monday, day - 1)
    _move(powers[steps], value, moved, n)
    if arrears_since >= 0:
        left = np.searchsorted(runs, arrears_since + DEFAULT_DAYS) - first_run
        return 1.0 if left <= 0 else moved[min(left, MOST_RUNS), state]
    _spell_starts(day, day, min(runs[first_run], end), due, runs, first_run, after_skip)
    answer = 0.0
    for c in range(MOST_RUNS + 1):
        answer += after_skip[c] * moved[c, state]
    return answer


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
def never_paid(matrix, pays):  # type: ignore[no-untyped-def]
    """Return by state the probability that a long overdue invoice is never paid.

    ``matrix`` moves the chain from run to run; insolvency is the end of it.
    """
    n = len(pays)
    answer = np.zeros(n)
    for _ in range(600):
        moved = np.zeros(n)
        for s in range(n):
            for t in range(n):
                moved[s] += matrix[s, t] * (1.0 - pays[t]) * answer[t]
            if s % N_STATES == INSOLVENT:
                moved[s] = 1.0
        change = 0.0
        for s in range(n):
            change = max(change, abs(moved[s] - answer[s]))
            answer[s] = moved[s]
        if change < 1e-10:
            break
    return answer


@njit(cache=True)
def payment_day(  # type: ignore[no-untyped-def]
    issued, due, state, runs, first_monday, powers, pays, held_share, lead, item_by_item, lost, out
):
    """Write the survival function of an invoice's payment day, as known when it is issued.

    Parameters
    ----------
    issued, due : int
        Days.
    state : int
        Hidden state x regime (0-13) at the end of the day of issue.
    runs, first_monday, powers, lead
        As in `default_probability`.
    pays : float64 array of shape (14,)
        Probability that a run takes place and pays.
    held_share : float
        Probability that a run which pays holds this item back until the next that pays.
    item_by_item : bool
        The customer pays around the due date within the week of a run.
    lost : float64 array of shape (14,)
        From `never_paid`.
    out : float64 array of shape (len(LATE_DAYS) + 1,)
        Receives P(paid ``LATE_DAYS`` or more days after due, or never) and P(never).
    """
    n = N_STATES if state < N_STATES else 2 * N_STATES
    fresh = np.zeros(n)
    held = np.zeros(n)
    next_fresh = np.zeros(n)
    next_held = np.zeros(n)
    fresh[state] = 1.0
    out[:] = 0.0
    now = issued
    run = np.searchsorted(runs, issued + 1)
    last = len(LATE_DAYS) - 1
    while runs[run] < due + LATE_DAYS[last]:
        day = runs[run]
        steps = mondays(first_monday, day) - mondays(first_monday, now)
        next_fresh[:] = 0.0
        next_held[:] = 0.0
        for s in range(n):
            if fresh[s] > 0.0 or held[s] > 0.0:
                for t in range(n):
                    next_fresh[t] += powers[steps, s, t] * fresh[s]
                    next_held[t] += powers[steps, s, t] * held[s]
        fresh, next_fresh = next_fresh, fresh
        held, next_held = next_held, held
        now = day
        run += 1
        if day + lead < due:
            continue
        at_once = 0.0
        later = 0.0
        for s in range(n):
            later += held[s] * pays[s]
            at_once += fresh[s] * pays[s] * (1.0 - held_share)
            held[s] += pays[s] * (fresh[s] * held_share - held[s])
            fresh[s] *= 1.0 - pays[s]
        if item_by_item and due >= day:
            for k in range(len(ITEM_NOISE)):
                paid_on = item_pay_day(due, day, ITEM_NOISE[k])
                out[_bin(paid_on - due)] += at_once * ITEM_NOISE_SHARES[k]
        else:
            out[_bin(day - due)] += at_once
        out[_bin(day - due)] += later
    never = 0.0
    unpaid = 0.0
    for s in range(n):
        unpaid += fresh[s] + held[s]
        never += (fresh[s] + held[s]) * lost[s]
    out[last] += unpaid
    out[last + 1] = never
    for k in range(last - 1, -1, -1):
        out[k] += out[k + 1]


@njit(cache=True)
def _bin(days_late):  # type: ignore[no-untyped-def]
    """Return the last grid point at or below ``days_late``."""
    return max(np.searchsorted(LATE_DAYS, days_late, side="right") - 1, 0)


@njit(cache=True)
def due_probabilities(day, known, terms, invoices_per_day, season):  # type: ignore[no-untyped-def]
    """Return for each day of the coming year the probability that something falls due.

    Parameters
    ----------
    day : int
        The moment.
    known : bool array
        True at the days (absolute) on which an unpaid invoice falls due.
    terms : int
        The customer's days from issue to due.
    invoices_per_day : float
        Mean; 0 for who buys no more.
    season : float64 array
        Relative activity by day.
    """
    due = np.zeros(HORIZON_DAYS)
    for x in range(HORIZON_DAYS):
        if known[day + x]:
            due[x] = 1.0
        elif x >= terms:
            due[x] = 1.0 - math.exp(-invoices_per_day * season[day + x - terms])
    return due


def late_columns() -> list[str]:
    """Return the names of the survival function's columns, in the order of `LATE_DAYS`.

    Examples
    --------
    >>> late_columns()[10:14], late_columns()[-1]
    (['p_late_minus_2d', 'p_late_minus_1d', 'p_late_0d', 'p_late_1d'], 'p_never')
    """
    names = [f"p_late_{'minus_' if k < 0 else ''}{abs(k)}d" for k in LATE_DAYS]
    return [*names, "p_never"]
