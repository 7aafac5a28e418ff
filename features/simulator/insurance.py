"""Credit insurance: covers by policy year, reduced or ended when the insurer sees deterioration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from features.simulator.business_days import Calendar
from features.simulator.draws import DOCUMENTS, Float64, Int64, uniforms
from features.simulator.extract import chosen, constant, dates, money, table
from features.simulator.hidden_state import CEASED, FAILING, RECOVERING, STRAINED
from features.simulator.master_data import CURRENCY, Weeks, customer_ids, ladder, yearly
from features.simulator.population import Population

_INSURED_SHARE = 0.34
_RISKY_SHARE, _RISKY_QUALITY = 0.18, 1.6
"""The insurer declines more of the customers whose quality is worse than this."""
_COVERED = 0.75
"""Cover for each unit of what the customer usually has open, with the limit's own margin."""
_INSURANCE_DRAWS = 60_000_000
_REVIEW_WEEKS = 9
"""How far back a renewal sees."""
_REDUCED, _HALVED = 0.35, 0.6
_INSURERS = ("insurer_a", "insurer_b")
_POLICIES = ("POL-A", "POL-B")
_PERCENTS = np.array([90.0, 85.0])


class _Cover(NamedTuple):
    customer: int
    start: int
    end: int
    cents: int
    policy: int
    known: int


def insurance_table(
    people: Population, calendar: Calendar, until: Int64, weekly_state: Weeks
) -> pa.Table:
    """Return covers of a share of the customers, a row per policy year and change.

    A cover that is reduced or ended within its year is written again with its new last day.

    Parameters
    ----------
    people : Population
    calendar : Calendar
    until : int64 array of shape (customers,)
        Day on which the relation ends; later covers are not taken out.
    weekly_state : int8 array of shape (customers, weeks)
        -1 where the customer was not simulated.
    """
    share = np.where(people.quality < _RISKY_QUALITY, _INSURED_SHARE, _RISKY_SHARE)
    insured = people.insured < share
    row, number, day = yearly(people, until, 365)
    kept = insured[row]
    row, number, day = row[kept], number[kept], day[kept]
    u = uniforms(
        people.seed, people.customer[row], DOCUMENTS, 5, first=_INSURANCE_DRAWS + 5 * number
    )
    per_day = people.yearly_invoices[row] * people.usual_amount[row] / 36525.0
    need = _COVERED * per_day * (people.terms[row] + 20) * (1.1 + 0.9 * u[:, 0])
    full = np.rint(100 * ladder(np.maximum(need, 1000.0))).astype(np.int64)
    policy = (people.insured[row] * 1e4).astype(np.int64) % 2
    covers: list[_Cover] = []
    ended = -1
    for k in range(len(row)):
        if row[k] == ended:
            continue
        states = weekly_state[row[k]]
        year = _policy_year(calendar, int(day[k]), int(full[k]), int(policy[k]), u[k], states)
        owner = int(people.customer[row[k]])
        covers += [cover._replace(customer=owner) for cover in year]
        if not year or year[-1].end < day[k] + 365:
            # Without cover once, the seller does not ask again.
            ended = int(row[k])
    covers = [cover for cover in covers if cover.known < calendar.horizon]
    columns = np.array(covers, np.int64).reshape(-1, 6).T
    return table(
        "insurance",
        {
            "customer_id": customer_ids(columns[0]),
            "cover_amount": money(columns[3]),
            "currency": constant(CURRENCY, len(covers)),
            "valid_from": dates(calendar, columns[1]),
            "valid_to": dates(calendar, columns[2]),
            "percent": pa.array(_PERCENTS[columns[4]]),
            "insurer": chosen(_INSURERS, columns[4]),
            "policy_id": chosen(_POLICIES, columns[4]),
            "recorded_at": dates(calendar, columns[5]),
        },
    )


def _policy_year(
    calendar: Calendar, start: int, full: int, policy: int, u: Float64, states: Weeks
) -> list[_Cover]:
    """Return the rows of one year from ``start`` on; none where the cover is not renewed."""
    end = start + 365
    first = (start - calendar.monday) // 7
    known = start + int(4 * u[1])
    seen = states[max(first - _REVIEW_WEEKS, 0)] if first > 0 else -1
    if FAILING <= seen <= RECOVERING:
        return []
    cents = int(_HALVED * full) // 100_000 * 100_000 if seen == STRAINED else full
    cents = max(cents, 100_000)
    rows = [_Cover(0, start, end, cents, policy, known)]
    within = states[max(first, 0) : max(first + 52, 0)]
    worse = np.flatnonzero((within == FAILING) | (within == CEASED))
    if not len(worse):
        return rows
    # The insurer hears of it some weeks later, from its other customers.
    week = max(first, 0) + int(worse[0]) + 3 + int(7 * u[2])
    notice = calendar.monday + 7 * week + int(5 * u[3])
    if notice >= end:
        return rows
    noticed = states[min(week, len(states) - 1)]
    recorded = notice + int(3 * u[4])
    rows.append(_Cover(0, start, notice, cents, policy, recorded))
    if noticed < CEASED and u[3] < 0.8:
        reduced = max(int(_REDUCED * cents) // 100_000 * 100_000, 50_000)
        rows.append(_Cover(0, notice, end, reduced, policy, recorded))
    return rows
