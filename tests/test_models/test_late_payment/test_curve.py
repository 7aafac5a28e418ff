from __future__ import annotations

import numpy as np
import pytest

from models.late_payment.curve import DAYS, columns, curves, day_weights, interval_columns
from models.late_payment.grid import (
    EDGES,
    HORIZONS,
    INTERVALS,
    LAST_DAY,
    horizon_position,
    interval_of,
)

N = 500
DRAW = np.random.default_rng(9)
HAZARDS = DRAW.beta(1, 2, (N, INTERVALS))
WEEKDAY = DRAW.integers(0, 7, N)
WEIGHTS = day_weights(DRAW.integers(-40, 200, 3000), DRAW.integers(0, 7, 3000))
NOT_ISSUED = np.full(N, -10_000)
ANY_AGE = DRAW.integers(-60, 600, N)


def possible(start):
    return WEIGHTS[WEEKDAY] * (DAYS >= start[:, None])


@pytest.fixture(params=["not issued", "open for some time"])
def start(request):
    return NOT_ISSUED if request.param == "not issued" else ANY_AGE


@pytest.fixture
def made(start):
    return curves(HAZARDS, possible(start), start, never=0.4)


def test_the_intervals_cover_the_curve_without_gap_or_overlap():
    taken = np.concatenate([np.arange(len(DAYS))[interval_columns(i)] for i in range(INTERVALS)])
    assert taken.tolist() == list(range(EDGES[-1] - DAYS[0]))
    for interval in range(INTERVALS):
        days = DAYS[interval_columns(interval)]
        assert (interval_of(days) == interval).all()


def test_day_weights_sum_to_one_in_every_interval():
    for interval in range(INTERVALS):
        assert np.allclose(WEIGHTS[:, interval_columns(interval)].sum(axis=1), 1.0)
    assert (WEIGHTS >= 0).all()


def test_a_day_on_which_nobody_has_paid_is_possible():
    """Of 200 payments in an interval of ten days all fell on one: another is some 1 in 100."""
    weights = day_weights(np.full(200, 6), np.arange(200) % 7)
    other_days = weights[:, interval_columns(6)][:, 2:]
    assert (0.002 < other_days).all() and (other_days < 0.03).all()
    assert (weights[:, interval_columns(6)][:, 1] > 0.8).all()


def test_day_weights_without_any_payment_are_still_a_distribution():
    none = np.empty(0, dtype=np.int64)
    weights = day_weights(none, none)
    assert np.isfinite(weights).all()
    assert np.allclose(weights[:, interval_columns(8)].sum(axis=1), 1.0)


def test_survival_starts_at_one_and_never_rises(made):
    assert (made.survival[:, 0] == 1.0).all()
    assert (np.diff(made.survival, axis=1) <= 0).all()
    late = np.column_stack([made.late(days) for days in HORIZONS])
    assert (np.diff(late, axis=1) <= 0).all()
    assert ((late >= 0) & (late <= 1)).all()


def test_the_daily_curve_is_what_survival_loses(made):
    assert (made.daily >= 0).all()
    total = made.daily.sum(axis=1)
    assert (total <= 1 + 1e-9).all()
    for days in HORIZONS:
        paid_before = made.daily[:, days > DAYS].sum(axis=1)
        assert np.allclose(paid_before, 1 - made.late(days))


def test_what_is_already_so_late_is_late_for_certain():
    made = curves(HAZARDS, possible(ANY_AGE), ANY_AGE, never=0.4)
    for days in HORIZONS:
        assert (made.late(days)[days <= ANY_AGE] == 1.0).all()


def test_no_day_before_the_start_is_possible():
    made = curves(HAZARDS, possible(ANY_AGE), ANY_AGE, never=0.4)
    assert made.daily[DAYS[None, :] < np.minimum(ANY_AGE, LAST_DAY)[:, None]].sum() == 0.0
    assert (made.expected_days_late() >= np.minimum(ANY_AGE, LAST_DAY) - 1e-6).all()
    assert (made.quantile(0.1) >= np.minimum(ANY_AGE, LAST_DAY)).all()


def test_quantiles_are_ordered_and_within_the_curve(made):
    quantiles = np.column_stack([made.quantile(share) for share in (0.1, 0.5, 0.9)])
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles >= DAYS[0]).all()
    assert (quantiles <= LAST_DAY).all()


def test_the_median_splits_the_curve(made):
    median = made.quantile(0.5)
    inside = median < LAST_DAY
    up_to = (made.daily * (DAYS[None, :] <= median[:, None])).sum(axis=1)
    before = (made.daily * (DAYS[None, :] < median[:, None])).sum(axis=1)
    assert (up_to[inside] >= 0.5 - 1e-9).all()
    assert (before[inside] < 0.5).all()


def test_the_mean_is_within_the_curve_and_rises_with_the_share_never_paid(start):
    means = [
        curves(HAZARDS, possible(start), start, never).expected_days_late()
        for never in (0.0, 0.5, 1.0)
    ]
    assert (means[0] <= means[1] + 1e-9).all()
    assert (means[1] <= means[2] + 1e-9).all()
    assert (means[0] >= DAYS[0]).all()
    assert (means[2] <= LAST_DAY + 1e-9).all()


def test_higher_hazards_mean_earlier_payment(start):
    slow = curves(HAZARDS * 0.8, possible(start), start, never=0.4)
    fast = curves(HAZARDS, possible(start), start, never=0.4)
    assert (fast.survival <= slow.survival + 1e-12).all()


def test_the_columns_are_the_horizons_and_the_mean(made):
    found = columns(made)
    assert list(found) == [f"p_late_{days}d" for days in HORIZONS] + ["expected_days_late"]
    assert all(horizon_position(days) < len(EDGES) for days in HORIZONS)
    assert [int(EDGES[horizon_position(days)]) for days in HORIZONS] == list(HORIZONS)
