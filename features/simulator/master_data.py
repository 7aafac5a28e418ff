"""What is on file about the customers: master data, credit limits, bureau scores."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtri

from features.simulator.business_days import Calendar
from features.simulator.draws import DOCUMENTS, Float64, Int64, uniforms
from features.simulator.extract import chosen, constant, dates, money, numbered, table
from features.simulator.hidden_state import INSOLVENT, LEFT
from features.simulator.population import COLLECTORS, COUNTRIES, SEGMENTS, SIZES, Population

Weeks = npt.NDArray[np.int8]

CURRENCY = "EUR"
COMPANY = "C1"
CUSTOMER_DIGITS = 6
_PROVIDER = "bureau_a"
_LIMIT_LADDER = np.array([1, 1.5, 2, 3, 5, 7.5])
_BUREAU_BY_STATE = np.array([0.0, 45.0, 110.0, 170.0, 140.0, 260.0, 0.0])
"""Points below the customer's own level, by the hidden state the bureau has come to see."""
_BUREAU_NOISE = 22.0
_LIMIT_DRAWS, _BUREAU_DRAWS = 10_000_000, 20_000_000
"""First counters of each document's draws: a stream's draws must not be used twice."""


def customer_ids(index: Int64) -> pa.Array:
    """Return the ids of customers by index."""
    return numbered("K", (index, CUSTOMER_DIGITS))


def customers_table(people: Population, calendar: Calendar) -> pa.Table:
    """Return the customers' master data."""
    n = len(people.customer)
    since = dates(calendar, people.joined)
    started = people.joined - people.business_age
    return table(
        "customers",
        {
            "customer_id": customer_ids(people.customer),
            "recorded_at": since,
            "name": numbered("Customer ", (people.customer, 1)),
            "company_id": constant(COMPANY, n),
            "group_id": pa.array(
                [f"G{g:05d}" if g >= 0 else None for g in people.group.tolist()], pa.string()
            ),
            "segment": chosen(SEGMENTS, people.segment),
            "country": chosen(COUNTRIES, people.country),
            "currency": constant(CURRENCY, n),
            "terms_days": pa.array(people.terms),
            "customer_since": since,
            "business_started": dates(calendar, np.maximum(started, _register_begins(calendar))),
            "account_status": constant("active", n),
            "credit_group": chosen(SIZES, people.size),
            "collector_id": chosen(
                tuple(f"collector-{k + 1}" for k in range(COLLECTORS)), people.collector
            ),
        },
    )


def yearly(people: Population, last: Int64, every: int) -> tuple[Int64, Int64, Int64]:
    """Return (row of the customer, number, day) of what recurs ``every`` days from joining on."""
    first = np.maximum(people.joined, 0)
    # Long-standing customers are revised on their own anniversaries, not all on one day.
    offset = np.where(people.joined < 0, -people.joined % every, 0)
    count = np.maximum((last - first - 1) // every + 1, 0) + (offset > 0)
    row = np.repeat(np.arange(len(first)), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    day = first[row] + number * every - offset[row]
    keep = day < last[row]
    return row[keep], number[keep], day[keep]


def _register_begins(calendar: Calendar) -> int:
    """Return the day of the oldest entry in the commercial register: the first of 1990."""
    return (date(1990, 1, 1) - calendar.start).days


def credit_limits_table(people: Population, calendar: Calendar, until: Int64) -> pa.Table:
    """Return limits set when a customer joins and revised yearly until ``until``.

    A limit covers what the customer usually has open, with a margin, on a ladder.
    """
    row, number, day = yearly(people, until, 365)
    u = uniforms(people.seed, people.customer[row], DOCUMENTS, 1, first=_LIMIT_DRAWS + number)
    per_day = people.yearly_invoices[row] * people.usual_amount[row] / 36525.0
    grown = (1 + people.growth[row]) ** (np.maximum(day, 0) / 365.25)
    need = per_day * grown * (people.terms[row] + 20) * (1.1 + 1.2 * u[:, 0])
    return table(
        "credit_limits",
        {
            "customer_id": customer_ids(people.customer[row]),
            "amount": money(np.rint(100 * ladder(np.maximum(need, 1500.0))).astype(np.int64)),
            "currency": constant(CURRENCY, len(row)),
            "valid_from": dates(calendar, day),
            "kind": constant("normal", len(row)),
            "company_id": constant(COMPANY, len(row)),
            "reason": chosen(("first limit", "yearly review"), (number > 0).astype(np.int64)),
            "recorded_at": dates(calendar, day),
        },
    )


def ladder(amount: Float64) -> Float64:
    """Round up to 1, 1.5, 2, 3, 5 or 7.5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(amount))
    steps = np.append(_LIMIT_LADDER, 10.0)
    answer: Float64 = steps[np.searchsorted(steps, amount / power - 1e-9)] * power
    return answer


def bureau_scores_table(
    people: Population, calendar: Calendar, until: Int64, weekly_state: Weeks
) -> pa.Table:
    """Return quarterly scores that see the hidden state three to six months late, with noise.

    Parameters
    ----------
    weekly_state : int8 array of shape (customers, weeks)
        -1 where the customer was not simulated.
    """
    row, number, day = yearly(people, until, 91)
    here = day >= 0
    row, number, day = row[here], number[here], day[here]
    z = ndtri(
        uniforms(people.seed, people.customer[row], DOCUMENTS, 3, first=_BUREAU_DRAWS + 3 * number)
    )
    lag = 13 + (13 * np.clip(0.5 + z[:, 1] / 4, 0, 1)).astype(np.int64)
    week = np.clip((day - calendar.monday) // 7 - lag, 0, weekly_state.shape[1] - 1)
    seen = weekly_state[row, week]
    level = 400 - 45 * np.log(people.quality[row])
    recorded = day + 1 + np.abs(2 * z[:, 2]).astype(np.int64)
    score = level - _BUREAU_BY_STATE[np.maximum(seen, 0)] + _BUREAU_NOISE * z[:, 0]
    keep = recorded < calendar.horizon
    return table(
        "bureau_scores",
        {
            "customer_id": customer_ids(people.customer[row[keep]]),
            "provider": constant(_PROVIDER, int(keep.sum())),
            "scored_on": dates(calendar, day[keep]),
            "score": pa.array(np.clip(np.rint(score[keep]), 100, 600)),
            "recorded_at": dates(calendar, recorded[keep]),
        },
    )


def relation_ends(calendar: Calendar, weekly_state: Weeks) -> Int64:
    """Return the day on which each customer left or became insolvent, at most the horizon.

    Parameters
    ----------
    weekly_state : int8 array of shape (customers, weeks)
    """
    ended = (weekly_state == INSOLVENT) | (weekly_state == LEFT)
    week = np.where(ended.any(axis=1), ended.argmax(axis=1), weekly_state.shape[1])
    ends: Int64 = np.minimum(calendar.monday + 7 * week, calendar.horizon)
    return ends
