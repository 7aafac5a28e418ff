"""The dunning policy: which level a debtor has reached, and what being reminded does.

Levels follow the age of the oldest undisputed overdue item. A level raises the chance that the next
pay run takes place, by nothing but the level, so that the exact probabilities can know it. Calls,
visits and promises add nothing of their own.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.simulator.draws import Float64, Int64

LEVEL_DAYS = np.array([5, 20, 40])
"""Days past due from which the levels 1, 2 and 3 are sent, on the next working day."""
N_LEVELS = len(LEVEL_DAYS) + 1
_LIFTS = np.array([0.0, 0.12, 0.21, 0.30])
"""Share of the runs that would be skipped which take place because of each level."""


@njit(cache=True)
def level_of(days_past_due):  # type: ignore[no-untyped-def]
    """Return the dunning level (0-3) of an item so many days past due."""
    level = 0
    while level < len(LEVEL_DAYS) and days_past_due >= LEVEL_DAYS[level]:
        level += 1
    return level


@njit(cache=True)
def last_contact_day(day, first_monday):  # type: ignore[no-untyped-def]
    """Return the last working day before a working day: levels are sent on these."""
    return day - 3 if (day - first_monday) % 7 == 0 else day - 1


@njit(cache=True)
def level_shares(earliest, latest, contact_day, out):  # type: ignore[no-untyped-def]
    """Distribute the level reached by ``contact_day`` if arrears began in [earliest, latest].

    ``out`` of shape (`N_LEVELS`,) receives the shares; every day is as likely as the others.
    """
    days = latest - earliest + 1
    above = 1.0
    for level in range(1, N_LEVELS):
        reached = contact_day - LEVEL_DAYS[level - 1] - earliest + 1
        share = min(max(reached / days, 0.0), 1.0)
        out[level - 1] = above - share
        above = share
    out[N_LEVELS - 1] = above


def contacted(pays: Float64, dunned: Int64) -> Float64:
    """Return by dunning level the probability that a run takes place, shape (n, 4, 14).

    Parameters
    ----------
    pays : float64 array of shape (n, 14)
        From `hidden_state.execution`, without contact.
    dunned : int64 array of shape (n,)
        1 for who is contacted at all.

    Examples
    --------
    >>> contacted(np.array([[0.9, 0.5, 0.0]]), np.array([1]))[0, 3].round(3).tolist()
    [0.93, 0.65, 0.0]
    """
    lift = _LIFTS[None, :, None] * dunned[:, None, None]
    without = pays[:, None, :]
    lifted: Float64 = np.where(without > 0, without + (1 - without) * lift, 0.0)
    return lifted
