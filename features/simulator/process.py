"""What happens to each customer, day by day: states, pay runs, invoices, payments, events.

The one loop in which random numbers meet. At each month-end and each issue it asks `truth` for the
exact probabilities, with what is known at that moment.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from features.simulator.business_days import LOOK_AHEAD_DAYS
from features.simulator.draws import HISTORY, normal, poisson, stream_key, uniform
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
from features.simulator.population import SMALLEST_INVOICE
from features.simulator.records import PAID, REVERSED, WRITTEN_OFF
from features.simulator.truth import (
    DEFAULT_DAYS,
    ITEM_NOISE,
    ITEM_NOISE_SHARES,
    default_probability,
    due_probabilities,
    item_pay_day,
    matrix_powers,
    never_paid,
    payment_day,
)

_INSOLVENCY, _LEGAL, _AGENCY, _RESTRUCTURING, _LEFT = range(5)

ORDER_DAYS = 28
"""Days simulated beyond the horizon, so that the orders open at its end are known."""
_ABSOLUTE = 50_000
_STOP_DELIVERY_DAYS = 60


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
    out : Records
        Filled from the start.

    Returns
    -------
    bool
        False if ``out`` was too small.
    """
    (
        counts,
        invoice_customer,
        issued,
        due_of,
        amount_of,
        credit_of,
        credit_day,
        late_of,
        payment_invoice,
        paid_on_out,
        paid_out,
        payment_kind,
        event_customer,
        event_kind,
        event_day,
        event_known,
        month_customer,
        month_day,
        month_state,
        month_in_default,
        month_pd,
        default_customer,
        default_day,
        weekly_state,
    ) = out
    n_inv = 0
    n_pay = 0
    n_event = 0
    n_month = 0
    n_default = 0
    for i in range(len(people.customer)):
        customer = people.customer[i]
        pay_calendar = people.calendar[i]
        growth = people.growth[i]
        item_by_item = people.item_by_item[i]
        joined = people.joined[i]
        lead = people.lead[i]
        other_terms = people.other_terms[i]
        quality = people.quality[i]
        season_kind = people.season[i]
        terms = people.terms[i]
        usual_amount = people.usual_amount[i]
        weeks_between = people.weeks_between[i]
        yearly = people.yearly_invoices[i]
        key = stream_key(people.seed, customer, HISTORY)
        draw = 0
        runs = runs_flat[runs_at[pay_calendar] : runs_at[pay_calendar + 1]]
        season = activity[season_kind]
        per_day = yearly / 365.25
        weekly = habits.weekly[i]
        powers = matrix_powers(weekly)
        pays = habits.pays[i]
        clears = habits.clears[i]
        held_share = habits.held[i]
        lost = never_paid(powers[round(weeks_between)], pays)
        handover = 1.0 - (1.0 - HANDOVER_PER_WEEK) ** weeks_between
        open_items = np.empty(4096, np.int64)
        n_open = 0
        known_due = np.zeros(horizon + LOOK_AHEAD_DAYS, np.int64)
        left_open = np.zeros(4096, np.int64)
        held = np.zeros(4096, np.bool_)
        state = HEALTHY if uniform(key, 0) > 0.10 * min(quality, 4.0) else STRAINED
        draw = 1
        arrears_since = -1
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
                        day, known_due, terms, 0.0 if state == LEFT else per_day, season
                    )
                    chance = default_probability(
                        day,
                        state + shocked * N_STATES,
                        arrears_since,
                        due,
                        runs,
                        first_monday,
                        powers,
                        clears,
                        lead,
                        weeks_between,
                    )
                month_customer[n_month] = i
                month_day[n_month] = day
                month_state[n_month] = state
                month_in_default[n_month] = in_default
                month_pd[n_month] = chance
                n_month += 1
            if gone:
                break
            if n_event + 8 > len(event_day):
                return False
            if (day - first_monday) % 7 == 0:
                before = state
                u = uniform(key, draw)
                draw += 1
                base = shocked * N_STATES
                for t in range(N_STATES):
                    # The regime moves by the calendar, so both its columns belong to state t.
                    u -= weekly[base + state, t]
                    u -= weekly[base + state, t + N_STATES]
                    if u < 0.0:
                        state = t
                        break
                event = -1
                if state != before:
                    if state == INSOLVENT:
                        event = _INSOLVENCY
                        write_off_day = day + 120 + int(80 * uniform(key, draw))
                    elif state == LEFT:
                        event = _LEFT
                    elif state == RECOVERING and uniform(key, draw) < 0.35:
                        event = _RESTRUCTURING
                    draw += 1
                if event >= 0:
                    event_customer[n_event] = i
                    event_kind[n_event] = event
                    event_day[n_event] = day
                    event_known[n_event] = day + int(EVENT_LAGS[event] * uniform(key, draw))
                    if event == _INSOLVENCY and not for_good:
                        known_on = event_known[n_event]
                    draw += 1
                    n_event += 1
            if day >= first_monday and day < horizon:
                weekly_state[i, (day - first_monday) // 7] = state
            if n_pay + 2 * n_open + 8 > len(paid_on_out):
                return False
            if runs[run] == day:
                run += 1
                u = uniform(key, draw)
                draw += 1
                pays_now = u < pays[shocked * N_STATES + state]
                instalments = state == RECOVERING and u < INSTALMENT_SHARE
                if pays_now or instalments:
                    kept = 0
                    for j in range(n_open):
                        item = open_items[j]
                        amount = left_open[j]
                        was_held = held[j]
                        stays = True
                        if instalments:
                            if due_of[item] <= day and amount >= 20_000:
                                part = amount // 2
                                payment_invoice[n_pay] = item
                                paid_on_out[n_pay] = day
                                paid_out[n_pay] = part
                                payment_kind[n_pay] = PAID
                                n_pay += 1
                                amount -= part
                        elif due_of[item] <= day + lead:
                            paid_on = day
                            if item_by_item and due_of[item] >= day and not was_held:
                                u = uniform(key, draw)
                                draw += 1
                                noise = 0
                                while u > ITEM_NOISE_SHARES[noise] and noise < len(ITEM_NOISE) - 1:
                                    u -= ITEM_NOISE_SHARES[noise]
                                    noise += 1
                                paid_on = item_pay_day(due_of[item], day, ITEM_NOISE[noise])
                            part = amount
                            returned = False
                            if not was_held:
                                u = uniform(key, draw) / held_share
                                draw += 1
                                if u < 1.0:
                                    was_held = True
                                    if u < 0.45:
                                        part = 0
                                    elif u < 0.90:
                                        part = int(amount * (0.3 + (u - 0.45)))
                                    else:
                                        returned = True
                            if part > 0:
                                payment_invoice[n_pay] = item
                                paid_on_out[n_pay] = paid_on
                                paid_out[n_pay] = part
                                payment_kind[n_pay] = PAID
                                n_pay += 1
                            if returned:
                                payment_invoice[n_pay] = item
                                paid_on_out[n_pay] = paid_on + 3
                                paid_out[n_pay] = part
                                payment_kind[n_pay] = REVERSED
                                n_pay += 1
                                part = 0
                            amount -= part
                            stays = amount > 0
                        if stays:
                            open_items[kept] = item
                            left_open[kept] = amount
                            held[kept] = was_held
                            kept += 1
                        else:
                            known_due[due_of[item]] -= 1
                    n_open = kept
                elif state == CEASED and arrears_since >= 0 and known_on < 0 and not in_default:
                    u = uniform(key, draw)
                    if u < handover:
                        event = _LEGAL if u < 0.4 * handover else _AGENCY
                        event_customer[n_event] = i
                        event_kind[n_event] = event
                        event_day[n_event] = day
                        known_on = day + int(EVENT_LAGS[event] * uniform(key, draw + 1))
                        event_known[n_event] = known_on
                        n_event += 1
                    draw += 2
            if day == write_off_day:
                for j in range(n_open):
                    payment_invoice[n_pay] = open_items[j]
                    paid_on_out[n_pay] = day
                    paid_out[n_pay] = left_open[j]
                    payment_kind[n_pay] = WRITTEN_OFF
                    n_pay += 1
                    known_due[due_of[open_items[j]]] -= 1
                n_open = 0
            stopped = arrears_since >= 0 and day - arrears_since > _STOP_DELIVERY_DAYS
            issues = 0
            if state != LEFT and state != INSOLVENT and not stopped:
                issues = poisson(per_day * season[day], uniform(key, draw))
                draw += 1
            if n_inv + issues > len(issued) or n_open + issues > len(open_items):
                return False
            for _ in range(issues):
                unusual = uniform(key, draw) < 0.05
                due_day = day + (other_terms if unusual else terms)
                usual = usual_amount * (1.0 + growth) ** (day / 365.25)
                spread = math.exp(0.55 * normal(key, draw + 1) - 0.15)
                size = usual * max(spread, 0.35 + 0.1 * uniform(key, draw + 6))
                amount = int(size)
                if amount < SMALLEST_INVOICE:
                    # Spread, or small customers would have many invoices of one amount.
                    amount = SMALLEST_INVOICE + int(30_000 * uniform(key, draw + 5))
                credit = 0
                u = uniform(key, draw + 3)
                if u < 0.005:
                    credit = amount
                elif u < 0.025:
                    credit = int(amount * (0.1 + 17.5 * (u - 0.005)))
                    if amount - credit < SMALLEST_INVOICE:
                        credit = 0
                invoice_customer[n_inv] = i
                issued[n_inv] = day
                due_of[n_inv] = due_day
                amount_of[n_inv] = amount
                credit_of[n_inv] = credit
                credit_day[n_inv] = day + 1 + int(6 * uniform(key, draw + 4))
                draw += 7
                if day < horizon:
                    payment_day(
                        day,
                        due_day,
                        state + shocked * N_STATES,
                        runs,
                        first_monday,
                        powers,
                        pays,
                        held_share,
                        lead,
                        item_by_item == 1,
                        lost,
                        late_of[n_inv],
                    )
                if credit < amount:
                    open_items[n_open] = n_inv
                    left_open[n_open] = amount - credit
                    held[n_open] = False
                    n_open += 1
                    known_due[due_day] += 1
                n_inv += 1
            balance = 0
            overdue = 0
            for j in range(n_open):
                balance += left_open[j]
                if due_of[open_items[j]] <= day:
                    overdue += left_open[j]
            if overdue > _ABSOLUTE and overdue * 100 > balance:
                if arrears_since < 0:
                    arrears_since = day
                clear_days = 0
            else:
                arrears_since = -1
                clear_days += 1
            reached = arrears_since >= 0 and day - arrears_since >= DEFAULT_DAYS - 1
            if (reached or day == known_on) and not in_default:
                in_default = True
                default_customer[n_default] = i
                default_day[n_default] = day
                n_default += 1
            # As in the default register: cured after as many clear days as it took to default;
            # an insolvency or a hand-over is not cured.
            for_good = for_good or day == known_on
            if clear_days >= DEFAULT_DAYS and not for_good:
                in_default = False
    counts[0] = n_inv
    counts[1] = n_pay
    counts[2] = n_event
    counts[3] = n_month
    counts[4] = n_default
    return True
