"""What happens to each customer, day by day: states, pay runs, invoices, contacts, arrears.

The loop in which everything meets. At each month-end and each issue it asks `truth` and
`payment_truth` for the exact probabilities, with what is known at that moment.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.simulator.business_days import LOOK_AHEAD_DAYS
from features.simulator.contacts import (
    AGENCY,
    HANDED_OVER,
    LEGAL,
    LEVEL,
    SET,
    STOP_DELIVERY,
    STOPPED,
    contact,
    has_room,
    is_remindable,
)
from features.simulator.disputes import WITHDRAWN
from features.simulator.draws import CONTACTS, HISTORY, poisson, stream_key, take, uniform
from features.simulator.hidden_state import (
    CEASED,
    EVENT_LAGS,
    HANDOVER_PER_WEEK,
    HEALTHY,
    INSOLVENT,
    INSTALMENT_SHARE,
    LEFT,
    N_STATES,
    RECOVERING,
    STRAINED,
)
from features.simulator.issuing import issue_invoice, owe
from features.simulator.pay_run import (
    DISPUTED,
    ROOM,
    end_disputes,
    pay_due,
    pay_instalments,
)
from features.simulator.payment_truth import never_paid, payment_day
from features.simulator.records import (
    DEFAULTS,
    EVENTS,
    INVOICES,
    MONTHS,
    PAYMENTS,
    WRITTEN_OFF,
    add_activity,
    add_event,
    add_payment,
)
from features.simulator.truth import (
    DEFAULT_DAYS,
    default_probability,
    due_probabilities,
    matrix_powers,
)

_INSOLVENCY, _LEGAL, _AGENCY, _RESTRUCTURING, _LEFT = range(5)

ORDER_DAYS = 28
"""Days simulated beyond the horizon, so that the orders open at its end are known."""
_ABSOLUTE = 50_000
_STOP_DELIVERY_DAYS = 60


@njit(cache=True)
def _next_state(state, shocked, weekly, key, counter):  # type: ignore[no-untyped-def]
    u = take(key, counter)
    base = shocked * N_STATES
    for t in range(N_STATES):
        # The regime moves by the calendar, so both its columns belong to state t.
        u -= weekly[base + state, t]
        u -= weekly[base + state, t + N_STATES]
        if u < 0.0:
            return t
    return state


@njit(cache=True)
def _write_off(out, items, n_open, known_due, day):  # type: ignore[no-untyped-def]
    """Write off all open items; what was disputed is no longer."""
    for j in range(n_open):
        add_payment(out, items.invoice[j], day, items.left[j], WRITTEN_OFF)
        if items.status[j] == DISPUTED:
            out.disputes[items.dispute[j]].end = day
            out.disputes[items.dispute[j]].outcome = WITHDRAWN
        else:
            known_due[out.invoices[items.invoice[j]].due] -= 1


@njit(cache=True)
def _add_month(out, customer, day, state, in_default, chance):  # type: ignore[no-untyped-def]
    at = out.counts[MONTHS]
    out.months[at].customer = customer
    out.months[at].day = day
    out.months[at].state = state
    out.months[at].in_default = in_default
    out.months[at].pd_12m = chance
    out.counts[MONTHS] += 1


@njit(cache=True)
def _count_disputed(items, n_open):  # type: ignore[no-untyped-def]
    count = 0
    for j in range(n_open):
        if items.status[j] == DISPUTED:
            count += 1
    return count


@njit(cache=True)
def live(  # type: ignore[no-untyped-def]
    people,
    habits,
    runs_flat,
    runs_at,
    activity,
    month_starts,
    first_monday,
    horizon,
    shock_from,
    shock_until,
    items,
    out,
):
    """Simulate every customer of a chunk.

    Parameters
    ----------
    people : Population
    habits : Habits
    runs_flat, runs_at : int64 arrays
        Run days of all calendars; those of calendar k are ``runs_flat[runs_at[k]:runs_at[k + 1]]``.
    activity : float64 array of shape (seasons, days)
    month_starts : int64 array
        Days at which the state and its true probability of default are recorded.
    first_monday, horizon, shock_from, shock_until : int
        Days.
    items : Items
        Room for the open items of one customer.
    out : Records
        Filled from the start.

    Returns
    -------
    bool
        False if ``out`` was too small.
    """
    counter = np.zeros(1, np.int64)
    contacts = np.zeros(1, np.int64)
    for i in range(len(people.customer)):
        joined = people.joined[i]
        lead = people.lead[i]
        quality = people.quality[i]
        weeks_between = people.weeks_between[i]
        key = stream_key(people.seed, people.customer[i], HISTORY)
        contact_key = stream_key(people.seed, people.customer[i], CONTACTS)
        pay_calendar = people.calendar[i]
        runs = runs_flat[runs_at[pay_calendar] : runs_at[pay_calendar + 1]]
        season = activity[people.season[i]]
        per_day = people.yearly_invoices[i] / 365.25
        weekly = habits.weekly[i]
        powers = matrix_powers(weekly)
        pays = habits.pays[i]
        disputed_share = habits.disputed[i]
        lost = never_paid(powers[round(weeks_between)], pays[-1])
        handover = 1.0 - (1.0 - HANDOVER_PER_WEEK) ** weeks_between
        n_open = 0
        known_due = np.zeros(horizon + LOOK_AHEAD_DAYS, np.int64)
        memory = np.full(4, -1000, np.int64)
        memory[LEVEL] = 0
        memory[STOPPED] = 0
        state = HEALTHY if uniform(key, 0) > 0.10 * min(quality, 4.0) else STRAINED
        counter[0] = 1
        contacts[0] = 0
        arrears_since = -1
        oldest = -1
        in_default = False
        for_good = False
        clear_days = 0
        known_on = -1
        write_off_day = -1
        month = 0
        run = np.searchsorted(runs, max(joined, 0))
        for day in range(max(joined, 0), horizon + ORDER_DAYS):
            shocked = 1 if shock_from <= day < shock_until else 0
            gone = (state == LEFT or state == INSOLVENT) and n_open == 0 and day > known_on
            while month < len(month_starts) and month_starts[month] < day:
                month += 1
            if month < len(month_starts) and month_starts[month] == day and not gone:
                chance = np.nan
                if not in_default:
                    due = due_probabilities(
                        day,
                        known_due,
                        people.terms[i],
                        0.0 if state == LEFT else per_day,
                        season,
                        _count_disputed(items, n_open),
                        disputed_share[HEALTHY],
                    )
                    chance = default_probability(
                        day,
                        state + shocked * N_STATES,
                        arrears_since,
                        due,
                        runs,
                        first_monday,
                        powers,
                        habits.clears[i],
                        lead,
                        weeks_between,
                    )
                _add_month(out, i, day, state, in_default, chance)
            if gone:
                break
            weekday = (day - first_monday) % 7
            if out.counts[EVENTS] + 8 > len(out.events) or not has_room(out):
                return False
            if weekday == 0:
                before = state
                state = _next_state(state, shocked, weekly, key, counter)
                event = -1
                if state != before:
                    u = take(key, counter)
                    if state == INSOLVENT:
                        event = _INSOLVENCY
                        write_off_day = day + 120 + int(80 * u)
                    elif state == LEFT:
                        event = _LEFT
                    elif state == RECOVERING and u < 0.35:
                        event = _RESTRUCTURING
                if event >= 0:
                    known = day + int(EVENT_LAGS[event] * take(key, counter))
                    add_event(out, i, event, day, known)
                    if event == _INSOLVENCY and not for_good:
                        known_on = known
            if day >= first_monday and day < horizon:
                out.weekly_state[i, (day - first_monday) // 7] = state
            if out.counts[PAYMENTS] + 2 * n_open + 8 > len(out.payments):
                return False
            if weekday < 5:
                n_open = end_disputes(out, items, n_open, known_due, day)
            if runs[run] == day:
                run += 1
                u = take(key, counter)
                if u < pays[memory[LEVEL], shocked * N_STATES + state]:
                    n_open = pay_due(
                        out,
                        items,
                        n_open,
                        known_due,
                        day,
                        runs[run],
                        first_monday,
                        state,
                        lead,
                        people.item_by_item[i],
                        habits.held[i],
                        disputed_share[shocked * N_STATES + state],
                        people.discount_days[i],
                        people.discount_rate[i],
                        key,
                        counter,
                    )
                elif state == RECOVERING and u < INSTALMENT_SHARE:
                    pay_instalments(out, items, n_open, day)
                elif state == CEASED and arrears_since >= 0 and known_on < 0 and not in_default:
                    u = take(key, counter)
                    wait = take(key, counter)
                    if u < handover:
                        legal = u < 0.4 * handover
                        event = _LEGAL if legal else _AGENCY
                        known_on = day + int(EVENT_LAGS[event] * wait)
                        add_event(out, i, event, day, known_on)
                        step = LEGAL if legal else AGENCY
                        add_activity(out, i, step, day, known_on, -1, -1, HANDED_OVER)
            if day == write_off_day:
                _write_off(out, items, n_open, known_due, day)
                n_open = 0
            stopped = arrears_since >= 0 and day - arrears_since > _STOP_DELIVERY_DAYS
            issues = 0
            if state != LEFT and state != INSOLVENT and not stopped:
                issues = poisson(per_day * season[day], take(key, counter))
            if out.counts[INVOICES] + issues > len(out.invoices) or n_open + issues > ROOM:
                return False
            for _ in range(issues):
                usual = people.usual_amount[i] * (1.0 + people.growth[i]) ** (day / 365.25)
                row = issue_invoice(
                    out, i, day, people.terms[i], people.other_terms[i], usual, key, counter
                )
                if day < horizon:
                    payment_day(
                        day,
                        out.invoices[row].due,
                        state + shocked * N_STATES,
                        runs,
                        first_monday,
                        powers,
                        pays,
                        habits.held[i],
                        disputed_share,
                        lead,
                        people.item_by_item[i],
                        people.discount_days[i],
                        lost,
                        out.late[row],
                    )
                n_open = owe(out, items, n_open, known_due, row)
            balance = 0
            overdue = 0
            oldest = -1
            owed = 0
            since = day + 1
            for j in range(n_open):
                balance += items.left[j]
                if items.status[j] != DISPUTED and items.overdue_from[j] <= day:
                    overdue += items.left[j]
                    if items.overdue_from[j] < since and is_remindable(items.left[j]):
                        since = items.overdue_from[j]
                        oldest = items.invoice[j]
                        owed = items.left[j]
            if overdue > _ABSOLUTE and overdue * 100 > balance:
                if arrears_since < 0:
                    arrears_since = day
                clear_days = 0
            else:
                arrears_since = -1
                clear_days += 1
            if arrears_since < 0:
                memory[STOPPED] = 0
            elif (
                day - arrears_since >= _STOP_DELIVERY_DAYS
                and memory[STOPPED] == 0
                and oldest >= 0
                and weekday < 5
            ):
                add_activity(out, i, STOP_DELIVERY, day, day, -1, oldest, SET)
                memory[STOPPED] = 1
            if oldest < 0:
                memory[LEVEL] = 0
            elif people.dunned[i] and weekday < 5 and known_on < 0 and day < horizon:
                contact(
                    out, i, oldest, owed, since, overdue, day, runs[run], memory,
                    contact_key, contacts,
                )  # fmt: skip
            reached = arrears_since >= 0 and day - arrears_since >= DEFAULT_DAYS - 1
            if (reached or day == known_on) and not in_default:
                in_default = True
                out.defaults[out.counts[DEFAULTS]].customer = i
                out.defaults[out.counts[DEFAULTS]].day = day
                out.counts[DEFAULTS] += 1
            # As in the default register: cured after as many clear days as it took to default;
            # an insolvency or a hand-over is not cured.
            for_good = for_good or day == known_on
            if clear_days >= DEFAULT_DAYS and not for_good:
                in_default = False
    return True
