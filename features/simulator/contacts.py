"""What the seller does about overdue items: reminders, letters, calls, mails, visits, promises.

Dunning levels follow `dunning`; calls and visits go to those who owe much. A promise is made for
the customer's next pay run, so it is kept when that run takes place and broken when it is skipped.
"""

from __future__ import annotations

from numba import njit

from features.simulator.draws import take
from features.simulator.dunning import level_of
from features.simulator.records import ACTIVITIES, PROMISES, add_activity

ACTIVITY_KINDS = (
    "reminder", "letter", "call", "email", "visit", "stop_delivery", "agency", "legal",
)  # fmt: skip
REMINDER, LETTER, CALL, EMAIL, VISIT, STOP_DELIVERY, AGENCY, LEGAL = range(8)
ACTIVITY_OUTCOMES = (
    "sent", "not_reached", "no_commitment", "promise_to_pay", "answered", "set", "handed_over",
)  # fmt: skip
SENT, NOT_REACHED, NO_COMMITMENT, PROMISED, ANSWERED, SET, HANDED_OVER = range(7)

_TO_REMIND = 5_000
"""An item below it is not worth a letter (cents)."""
_CALL_FROM_DAY, _CALL_ABOVE, _CALL_EVERY = 8, 800_000, 7
_VISIT_FROM_DAY, _VISIT_ABOVE = 45, 4_000_000
_EMAIL_FROM_DAY = 10
_CALL_PER_DAY, _EMAIL_PER_DAY, _VISIT_SHARE = 0.45, 0.12, 0.08
_NOT_REACHED, _PROMISED = 0.32, 0.70
"""Upper edges of the draw of a call's outcome: a third is not reached, 38% promise."""
_ON_ACCOUNT = 0.6
LEVEL, CONTACTED_ON, PROMISED_FOR, STOPPED = range(4)
"""What the seller remembers of a customer, in an array: the level sent, the day of the last call or
mail, the day promised, whether deliveries are stopped."""


@njit(cache=True)
def is_remindable(left):  # type: ignore[no-untyped-def]
    """Return whether an open amount is worth a reminder."""
    return left >= _TO_REMIND


@njit(cache=True)
def contact(  # type: ignore[no-untyped-def]
    out, customer, oldest, owed, since, overdue, day, next_run, memory, key, counter
):
    """Send the level that the oldest overdue item has reached; call who owes much.

    Parameters
    ----------
    out : Records
    customer : int
        Row of the customer.
    oldest : int
        The invoice overdue longest, not disputed.
    owed : int
        Cents open of it.
    since : int
        The day from which it has been overdue.
    overdue : int
        Cents overdue and not disputed.
    day, next_run : int
        A working day, and the customer's next run after it.
    memory : int64 array
    key, counter
        The customer's stream of contacts.
    """
    late = day - since
    level = level_of(late)
    if level > memory[LEVEL]:
        kind = LETTER if level == 3 else REMINDER
        add_activity(out, customer, kind, day, day, level, oldest, SENT)
    memory[LEVEL] = level
    if late < _CALL_FROM_DAY or day <= memory[PROMISED_FOR]:
        return
    if day - memory[CONTACTED_ON] < _CALL_EVERY:
        return
    if overdue < _CALL_ABOVE:
        if late >= _EMAIL_FROM_DAY and take(key, counter) < _EMAIL_PER_DAY:
            outcome = ANSWERED if take(key, counter) < 0.4 else SENT
            add_activity(out, customer, EMAIL, day, day, -1, oldest, outcome)
            memory[CONTACTED_ON] = day
        return
    if take(key, counter) > _CALL_PER_DAY:
        return
    memory[CONTACTED_ON] = day
    known = day + (take(key, counter) < 0.12)
    if late >= _VISIT_FROM_DAY and overdue >= _VISIT_ABOVE and take(key, counter) < _VISIT_SHARE:
        add_activity(out, customer, VISIT, day, known, -1, -1, NO_COMMITMENT)
        return
    u = take(key, counter)
    outcome = NO_COMMITMENT
    if u < _NOT_REACHED:
        outcome = NOT_REACHED
    elif u < _PROMISED:
        outcome = PROMISED
    add_activity(out, customer, CALL, day, known, -1, oldest, outcome)
    if outcome == PROMISED:
        on_account = take(key, counter) < _ON_ACCOUNT
        at = out.counts[PROMISES]
        out.promises[at].customer = customer
        out.promises[at].made = day
        out.promises[at].promised = next_run + int(3 * take(key, counter))
        out.promises[at].invoice = -1 if on_account else oldest
        out.promises[at].amount = overdue if on_account else owed
        out.counts[PROMISES] += 1
        memory[PROMISED_FOR] = out.promises[at].promised


@njit(cache=True)
def has_room(out):  # type: ignore[no-untyped-def]
    """Return whether another day's activities fit."""
    return out.counts[ACTIVITIES] + 8 < len(out.activities)
