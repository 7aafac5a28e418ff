"""The exact distribution of an invoice's payment day, as known on the day of issue.

Found forwards over the customer's pay runs, on hidden state x status of the item: not yet looked
at, held back, disputed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.simulator.disputes import FULL_CREDIT, still_disputed
from features.simulator.draws import Int64
from features.simulator.dunning import last_contact_day, level_of
from features.simulator.hidden_state import HEALTHY, INSOLVENT, LEFT, N_STATES
from features.simulator.truth import mondays

LATE_DAYS: Int64 = np.array(
    [-75, -60, -45, -30, -21, -14, -10, -7, -5, -3, -2, -1]
    + [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 45, 60, 75, 90, 120, 150, 180, 270, 365]
)
"""Offsets from the due day at which the survival function of the payment day is written."""
ITEM_NOISE = np.array([-2, -1, 0, 1, 2, 3])
ITEM_NOISE_SHARES = np.array([0.10, 0.15, 0.44, 0.16, 0.10, 0.05])
"""Days around the due date on which an item-by-item payer pays, within the week of its run."""


@njit(cache=True)
def item_pay_day(due, monday, noise):  # type: ignore[no-untyped-def]
    """Return the day on which an item-by-item payer who runs this week pays an item."""
    return min(max(due + noise, monday), monday + 4)


@njit(cache=True)
def takes_discount(day, next_run, issued, due, lead, discount_days, state):  # type: ignore[no-untyped-def]
    """Return whether a run pays an item for its discount.

    It does so at the last run in time, or when it would pay the item anyway. A customer that is
    short of money lets the discount go.
    """
    last = issued + discount_days
    return (
        discount_days > 0
        and (state == HEALTHY or state == LEFT)
        and day <= last
        and (next_run > last or due <= day + lead)
    )


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
    issued,
    due,
    state,
    runs,
    first_monday,
    powers,
    pays,
    held_share,
    disputed_share,
    lead,
    item_by_item,
    discount_days,
    lost,
    out,
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
    pays : float64 array of shape (4, 14)
        Probability that a run takes place and pays, by dunning level.
    held_share : float
        Probability that a run which pays holds this item back until the next that pays.
    disputed_share : float64 array of shape (14,)
        Probability that a run which pays disputes this item; it is held until the dispute ends.
    item_by_item : int
        The customer pays around the due date within the week of a run.
    discount_days : int
        Days from issue within which the customer earns its discount; 0: none.
    lost : float64 array of shape (14,)
        From `never_paid`.
    out : float64 array of shape (len(LATE_DAYS) + 1,)
        Receives P(paid ``LATE_DAYS`` or more days after due, or never) and P(never).
    """
    n = N_STATES if state < N_STATES else 2 * N_STATES
    fresh = np.zeros(n)
    held = np.zeros(n)
    disputed = np.zeros(n)
    moved = np.zeros((3, n))
    fresh[state] = 1.0
    out[:] = 0.0
    credited = 0.0
    any_held = False
    now = issued
    run = np.searchsorted(runs, issued + 1)
    last = len(LATE_DAYS) - 1
    while runs[run] < due + LATE_DAYS[last]:
        day = runs[run]
        steps = mondays(first_monday, day) - mondays(first_monday, now)
        moved[:] = 0.0
        for s in range(n):
            if fresh[s] > 0.0:
                for t in range(n):
                    moved[0, t] += powers[steps, s, t] * fresh[s]
            if any_held:
                for t in range(n):
                    moved[1, t] += powers[steps, s, t] * held[s]
                    moved[2, t] += powers[steps, s, t] * disputed[s]
        stays = still_disputed(day - now) if any_held else 1.0
        for s in range(n):
            fresh[s] = moved[0, s]
            held[s] = moved[1, s] + (1.0 - stays) * moved[2, s]
            disputed[s] = stays * moved[2, s]
        now = day
        run += 1
        looked_at = due <= day + lead
        early = 0.0
        at_once = 0.0
        later = 0.0
        level = level_of(last_contact_day(day, first_monday) - due)
        for s in range(n):
            runs_now = pays[level, s]
            if takes_discount(day, runs[run], issued, due, lead, discount_days, s % N_STATES):
                early += fresh[s] * runs_now
            elif looked_at:
                contested = fresh[s] * runs_now * disputed_share[s]
                at_once += fresh[s] * runs_now * (1.0 - held_share - disputed_share[s])
                later += held[s] * runs_now
                held[s] += runs_now * (fresh[s] * held_share - held[s])
                disputed[s] += contested * (1.0 - FULL_CREDIT)
                credited += contested * FULL_CREDIT
                any_held = True
            else:
                continue
            fresh[s] *= 1.0 - runs_now
        if item_by_item and due >= day:
            for k in range(len(ITEM_NOISE)):
                paid_on = item_pay_day(due, day, ITEM_NOISE[k])
                out[_bin(paid_on - due)] += at_once * ITEM_NOISE_SHARES[k]
        else:
            out[_bin(day - due)] += at_once
        out[_bin(day - due)] += early + later
    never = 0.0
    unpaid = 0.0
    for s in range(n):
        left = fresh[s] + held[s] + disputed[s]
        unpaid += left
        never += left * lost[s]
    out[last] += unpaid
    out[last + 1] = never
    for k in range(last - 1, -1, -1):
        out[k] += out[k + 1]
    # An invoice that is credited in full is no claim: the probabilities are those of the others.
    out[:] /= 1.0 - credited


@njit(cache=True)
def _bin(days_late):  # type: ignore[no-untyped-def]
    """Return the last grid point at or below ``days_late``."""
    return max(np.searchsorted(LATE_DAYS, days_late, side="right") - 1, 0)


def late_columns() -> list[str]:
    """Return the names of the survival function's columns, in the order of `LATE_DAYS`.

    Examples
    --------
    >>> late_columns()[10:14], late_columns()[-1]
    (['p_late_minus_2d', 'p_late_minus_1d', 'p_late_0d', 'p_late_1d'], 'p_never')
    """
    names = [f"p_late_{'minus_' if k < 0 else ''}{abs(k)}d" for k in LATE_DAYS]
    return [*names, "p_never"]
