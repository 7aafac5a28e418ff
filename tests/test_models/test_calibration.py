from __future__ import annotations

import numpy as np
import pytest

from models.calibration import (
    IDENTITY,
    MIN_EVENTS,
    Calibration,
    fit_calibration,
    is_worse,
    log_loss,
)


@pytest.fixture
def slice_of_cases():
    draw = np.random.default_rng(3)
    logit = draw.normal(-1.5, 1.2, 4000)
    return draw.random(4000) < 1 / (1 + np.exp(-logit)), logit


@pytest.mark.parametrize("distort", [lambda x: 2.0 * x, lambda x: x + 1.0, lambda x: 0.5 * x - 1])
def test_a_distorted_logit_is_brought_back(slice_of_cases, distort):
    outcome, logit = slice_of_cases
    distorted = distort(logit)
    fitted = fit_calibration(outcome, distorted)
    repaired = fitted.intercept + fitted.slope * distorted
    assert log_loss(outcome, repaired) < log_loss(outcome, distorted) - 0.01
    assert log_loss(outcome, repaired) == pytest.approx(log_loss(outcome, logit), abs=0.004)
    assert fitted.apply(distorted).mean() == pytest.approx(outcome.mean(), abs=0.02)


def test_the_map_keeps_the_order_even_of_a_ranking_turned_around(slice_of_cases):
    outcome, logit = slice_of_cases
    assert fit_calibration(outcome, -logit).slope > 0


@pytest.mark.parametrize("flip", [False, True])
def test_few_events_of_either_class_leave_the_model_as_it_is(slice_of_cases, flip):
    _, logit = slice_of_cases
    outcome = np.zeros(len(logit), bool)
    outcome[: MIN_EVENTS - 1] = True
    assert fit_calibration(outcome ^ flip, logit) == IDENTITY


def test_a_change_that_does_not_hold_in_both_halves_is_not_kept():
    draw = np.random.default_rng(5)
    logit = np.full(400, 0.0)
    outcome = np.concatenate([draw.random(200) < 0.8, draw.random(200) < 0.2])
    assert fit_calibration(outcome, logit) == IDENTITY


def test_the_identity_is_the_logistic_function():
    logit = np.array([-30.0, -1.0, 0.0, 2.0, 30.0])
    assert np.allclose(Calibration().apply(logit), 1 / (1 + np.exp(-logit)), rtol=1e-12)


def test_extreme_log_odds_have_a_finite_loss():
    assert np.isfinite(log_loss(np.array([True, False]), np.array([-800.0, 800.0])))


def test_unchecked_the_level_of_the_slice_is_taken_whatever_its_halves_say():
    draw = np.random.default_rng(6)
    logit = draw.normal(-3.0, 1.0, 4000)
    outcome = draw.random(4000) < 1 / (1 + np.exp(-(logit + 0.8)))
    # The one half as high as said, the other more than twice: neither is calibrated by the other.
    calm = draw.random(2000) < 1 / (1 + np.exp(-logit[:2000]))
    outcome[:2000] = calm
    fitted = fit_calibration(outcome, logit, checked=False)
    assert fitted.apply(logit).mean() == pytest.approx(outcome.mean(), rel=0.05)


def test_rows_of_one_customer_say_as_much_as_one():
    """Three customers lose by a half and three gain by a quarter, a hundred times each."""
    loss, than = np.tile([1.5, 0.75], 300), np.ones(600)
    customer = np.tile(np.arange(6), 100)
    assert is_worse(loss, than)
    assert is_worse(loss, than, np.arange(600))
    assert not is_worse(loss, than, customer)
    assert not is_worse(than, than, customer)
