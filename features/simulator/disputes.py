"""Disputes: how often an invoice is disputed, for how long, and how it ends.

A run that pays is where an invoice is looked at, so that is where it is disputed; the undisputed
part may be paid by the same run. From the day on which the dispute ends, what is left of the
invoice is owed again and paid by the next run that pays. The length is geometric in days and
depends on nothing, so that the exact probabilities can know it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from features.simulator.draws import Float64, Int64, take
from features.simulator.hidden_state import FAILING, N_STATES, STRAINED

RESOLVED, CREDITED, WITHDRAWN = range(3)
OUTCOMES = ("resolved", "credited", "withdrawn")
REASONS = ("delivery", "quantity", "quality", "price", "missing_order_number", "not_ordered")

ENDS_PER_DAY = 1.0 / 26.0
"""Probability that a dispute ends on any day after the one on which it was opened."""
FULL_CREDIT = 0.05
"""Share of disputes after which the whole invoice is credited."""
_CREDITED, _RESOLVED = 0.35, 0.72
"""Upper edges of the draw: up to here credited (fully or in part), up to here resolved."""
_PART_SHARE = 0.40
"""Disputes about a part of the invoice; the rest of it is paid at once."""
_MOST = 0.25


def disputed_share(base: Float64) -> Float64:
    """Return by state the probability that a run which pays disputes an item, shape (n, 14).

    A customer that is short of money looks for reasons not to pay.

    Parameters
    ----------
    base : float64 array of shape (n,)
        In healthy times.

    Examples
    --------
    >>> disputed_share(np.array([0.02]))[0, :3].round(3).tolist()
    [0.02, 0.034, 0.05]
    """
    by_state = np.ones(N_STATES)
    by_state[STRAINED] = 1.7
    by_state[FAILING] = 2.5
    share: Float64 = np.minimum(base[:, None] * np.tile(by_state, 2), _MOST)
    return share


@njit(cache=True)
def still_disputed(days):  # type: ignore[no-untyped-def]
    """Return the probability that a dispute is not over after so many more days."""
    return (1.0 - ENDS_PER_DAY) ** days


@njit(cache=True)
def open_dispute(amount, day, first_monday, creditable, key, counter):  # type: ignore[no-untyped-def]
    """Draw a dispute of ``amount`` opened on ``day``.

    Returns
    -------
    tuple
        Its last day, the disputed amount, whether that is all of it, the outcome, and the amount
        credited at the end.
    """
    days = 1 + int(math.log(take(key, counter)) / math.log(1.0 - ENDS_PER_DAY))
    end = day + days
    weekday = (end - first_monday) % 7
    if weekday >= 5:
        # Nobody works, and no pay run falls, on the days in between.
        end += 7 - weekday
    u = take(key, counter)
    share = take(key, counter)
    how_much = take(key, counter)
    full = u < FULL_CREDIT and creditable
    whole = full or share > _PART_SHARE
    part = amount if whole else int(amount * (0.15 + 0.6 * share / _PART_SHARE))
    credit = 0
    outcome = WITHDRAWN
    if full:
        outcome = CREDITED
        credit = amount
    elif u < _CREDITED and creditable:
        outcome = CREDITED
        # Something is left to pay, so that the next run and not the credit note settles it.
        credit = int(part * (0.15 + 0.65 * how_much))
    elif u < _RESOLVED:
        outcome = RESOLVED
    return end, part, whole, outcome, credit


def seller_fault(outcome: Int64, draw: Float64) -> npt.NDArray[np.bool_]:
    """Return whether the seller caused a dispute, by its outcome.

    Examples
    --------
    >>> seller_fault(np.array([CREDITED, WITHDRAWN]), np.array([0.5, 0.5])).tolist()
    [True, False]
    """
    chance = np.array([0.25, 0.90, 0.0])[outcome]
    fault: npt.NDArray[np.bool_] = draw < chance
    return fault
