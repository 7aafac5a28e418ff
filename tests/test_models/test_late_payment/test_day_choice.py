"""Which day of an interval: habits of the customer sharpen what is usual in the ledger."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features.build import moment_in_microseconds
from features.catalogue import INVOICE_FEATURES
from models.late_payment.curve import DAYS, day_weights
from models.late_payment.dataset import training_rows
from models.late_payment.day_choice import (
    _SHAPE,
    DayChoice,
    _days_by_habit,
    _loss,
    fit_day_choice,
)
from models.late_payment.grid import EDGES, FIRST_DAY

MEDIAN = INVOICE_FEATURES.index("customer_days_late_median_last20")


@pytest.fixture(scope="module")
def rows(book, as_of):
    return training_rows(book, 0, moment_in_microseconds(as_of), seed=3, most=8_000)


@pytest.fixture(scope="module")
def base(rows):
    paid = rows.take(rows.closed)
    return day_weights(paid.days_late, (paid.keys.due_day + 3) % 7)


def spread(choice, rows, interval):
    """Return each row's distribution over the days of an interval."""
    weights = choice.weights(
        rows.matrix, INVOICE_FEATURES, rows.start, (rows.keys.due_day + 3) % 7
    )[:, EDGES[interval] - FIRST_DAY : EDGES[interval + 1] - FIRST_DAY]
    return weights / weights.sum(axis=1, keepdims=True)


def test_who_pays_on_its_median_is_expected_there(rows, base):
    """Everyone pays 5 to 14 days late, on the day of the customer's median."""
    few = rows.take(np.arange(4_000) % len(rows))
    days = 5 + np.arange(4_000) % 10
    matrix = few.matrix.copy()
    matrix[:, MEDIAN] = days
    made = replace(
        few,
        matrix=matrix,
        start=np.full(4_000, -10_000),
        days_late=days,
        closed=np.ones(4_000, dtype=bool),
        observed=np.full(4_000, 400),
    )
    choice = fit_day_choice(made, INVOICE_FEATURES, base, seed=1)
    on_the_day = spread(choice, made, 6)[np.arange(4_000), days - 5]
    plain = spread(DayChoice(np.log(base), np.zeros(_SHAPE)), made, 6)
    assert on_the_day.mean() > 0.8 > 3 * plain[np.arange(4_000), days - 5].mean()


def test_habits_say_more_than_the_ledger_alone_out_of_time(rows, base):
    edge = np.quantile(rows.keys.as_of, 0.7)
    early, later = rows.take(rows.keys.as_of < edge), rows.take(rows.keys.as_of >= edge)
    choice = fit_day_choice(early, INVOICE_FEATURES, base, seed=1)
    asked = (later.days_late >= 5) & (later.days_late < 15) & (later.start < 5) & later.closed
    later = later.take(asked)
    place = (np.arange(len(later)), later.days_late - 5)
    without = DayChoice(choice.base, np.zeros(_SHAPE))
    losses = [-np.log(spread(c, later, 6)[place]).mean() for c in (choice, without)]
    assert len(later) > 40 and losses[0] < losses[1]


def test_the_slope_is_that_of_the_loss(rows, base):
    paid = rows.take(rows.closed & (rows.days_late >= 1) & (rows.days_late < 5))
    paid = paid.take(paid.start < 1)
    few = paid.take(np.arange(60))
    given = (
        np.log(base),
        _days_by_habit(few.matrix, INVOICE_FEATURES, few.start),
        (few.keys.due_day + 3) % 7,
        np.full(60, 1),
        np.full(60, 5),
        few.days_late,
    )
    effects = np.random.default_rng(0).normal(0, 0.3, _SHAPE)
    slope = np.zeros(_SHAPE)
    _loss(effects, *given, slope)
    for at in zip(*np.nonzero(slope), strict=True):
        up, down = effects.copy(), effects.copy()
        up[at] += 1e-5
        down[at] -= 1e-5
        unused = np.zeros(_SHAPE)
        by_hand = (_loss(up, *given, unused) - _loss(down, *given, unused)) / 2e-5
        assert slope[at] == pytest.approx(by_hand, abs=1e-5)


def test_no_day_before_the_start_has_weight_and_one_row_is_as_in_a_batch(rows, base):
    choice = fit_day_choice(rows, INVOICE_FEATURES, base, seed=1)
    some = rows.take(np.arange(300))
    weekday = (some.keys.due_day + 3) % 7
    weights = choice.weights(some.matrix, INVOICE_FEATURES, some.start, weekday)
    assert weights.shape == (300, len(DAYS)) and np.isfinite(weights).all()
    assert ((weights > 0) == (DAYS >= some.start[:, None])).all()
    again = DayChoice.from_document(json.loads(json.dumps(choice.to_document())))
    alone = again.weights(some.matrix[7:8], INVOICE_FEATURES, some.start[7:8], weekday[7:8])
    assert np.array_equal(alone[0], weights[7])
