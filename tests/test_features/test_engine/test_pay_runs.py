"""Runs of known calendars are found from the payments that they made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.offsets import BMonthEnd

from features.engine.pay_runs import (
    BY_FORTNIGHT,
    BY_MONTH,
    BY_WEEK,
    NO_RUNS,
    RUNS_SIZE,
    days_to_run,
    find_runs,
    kind_of,
    paying_run,
)

SPAN = pd.date_range("2020-01-01", "2024-12-31")
WEEKDAY = SPAN.weekday.to_numpy()
LEARNT = np.datetime64("2023-10-01").astype(int)


def days(dates):
    return np.unique(np.asarray(dates, dtype="datetime64[D]").astype(np.int64))


def rolled(dates, forward):
    weekday = dates.weekday
    move = np.where(
        weekday == 5, 2 if forward else -1, np.where(weekday == 6, 1 if forward else -2, 0)
    )
    return days(dates + pd.to_timedelta(move, unit="D"))


def of_month(*numbers):
    return SPAN[SPAN.day.isin(numbers)]


RUNS = {
    "every Friday": (BY_WEEK, days(SPAN[WEEKDAY == 4])),
    "Tuesdays and Fridays": (BY_WEEK, days(SPAN[np.isin(WEEKDAY, (1, 4))])),
    "every second Tuesday": (BY_FORTNIGHT, days(SPAN[WEEKDAY == 1][::2])),
    "the 15th, or the next business day": (BY_MONTH, rolled(of_month(15), True)),
    "the 25th, or the business day before": (BY_MONTH, rolled(of_month(25), False)),
    "the 20th, whatever day it is": (BY_MONTH, days(of_month(20))),
    "the last business day": (BY_MONTH, days(pd.date_range(SPAN[0], SPAN[-1], freq=BMonthEnd()))),
    "the 5th and the 20th": (BY_MONTH, rolled(of_month(5, 20), True)),
    "the 10th, 20th and the last day": (
        BY_MONTH,
        rolled(of_month(10, 20).union(SPAN[SPAN.is_month_end]), True),
    ),
}


def settled_by(runs, lead, seed, skipped=0.0):
    """Return (due, issued, paid) of invoices that each run paid if due up to ``lead`` days on."""
    draw = np.random.default_rng(seed)
    due = np.sort(draw.integers(runs[3] + 40, runs[-1] - 160, 400))
    issued = due - 30
    first = np.searchsorted(runs, np.maximum(due - lead, issued))
    return due, issued, runs[first + (draw.random(400) < skipped)]


def latest(due, issued, paid, count=60):
    """Return what was settled before `LEARNT`, the latest first, as `find_runs` takes it."""
    order = np.argsort(paid, kind="stable")
    order = order[paid[order] < LEARNT][::-1][:count]
    return (paid - due)[order], due[order], issued[order], paid[order], len(order)


@pytest.mark.parametrize("lead", [0, 3, 13])
@pytest.mark.parametrize("name", RUNS)
def test_the_runs_that_paid_are_found(name, lead):
    kind, runs = RUNS[name]
    due, issued, paid = settled_by(runs, lead, seed=lead)
    found = np.zeros(RUNS_SIZE, np.int64)
    own_lead, error, none = find_runs(*latest(due, issued, paid), found)
    assert kind_of(found) == kind
    assert error == 0.0 < none
    later = np.flatnonzero(due > LEARNT)
    predicted = [paying_run(found, own_lead, due[i], issued[i]) for i in later]
    # Within the room that sixty payments leave for the lead.
    assert np.mean(predicted == paid[later]) > 0.9
    for day in range(int(LEARNT), int(LEARNT) + 100):
        assert day + days_to_run(found, day) == runs[np.searchsorted(runs, day)]


@pytest.mark.parametrize("name", RUNS)
def test_runs_that_were_skipped_do_not_hide_the_calendar(name):
    _, runs = RUNS[name]
    due, issued, paid = settled_by(runs, 0, seed=5, skipped=0.15)
    found = np.zeros(RUNS_SIZE, np.int64)
    lead, error, none = find_runs(*latest(due, issued, paid), found)
    assert error < 0.7 * none
    later = np.flatnonzero(due > LEARNT)
    predicted = np.array([paying_run(found, lead, due[i], issued[i]) for i in later])
    assert np.mean(predicted == paid[later]) > 0.7


def test_the_lead_is_one_with_which_most_payments_were_made():
    _, runs = RUNS["the 15th, or the next business day"]
    for seed in range(5):
        draw = np.random.default_rng(seed)
        due, issued, paid = settled_by(runs, int(draw.integers(0, 25)), seed, skipped=0.2)
        given = latest(due, issued, paid)
        found = np.zeros(RUNS_SIZE, np.int64)
        lead, _, _ = find_runs(*given, found)

        def hits(lead, given=given, found=found):
            _, due, issued, paid, count = given
            return sum(paying_run(found, lead, due[j], issued[j]) == paid[j] for j in range(count))

        assert hits(lead) == max(hits(other) for other in range(-30, 76))


def test_who_pays_a_fixed_time_after_due_has_no_runs():
    due = np.arange(18_000, 18_600, 11)
    paid = due + 4
    found = np.zeros(RUNS_SIZE, np.int64)
    lead, error, none = find_runs(paid - due, due, due - 30, paid, len(due), found)
    assert (kind_of(found), lead, error, none) == (NO_RUNS, 0, 0.0, 0.0)
