from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from models.evaluation import (
    calibration_table,
    classification_metrics,
    expected_calibration_error,
    kolmogorov_smirnov,
    population_stability_index,
)

DRAW = np.random.default_rng(11)
PROBABILITY = DRAW.beta(1.0, 4.0, 4000)
OUTCOME = DRAW.random(4000) < PROBABILITY


def test_calibrated_predictions_have_a_small_calibration_error():
    assert expected_calibration_error(OUTCOME, PROBABILITY) < 0.02


def test_the_calibration_error_is_the_gap_when_all_are_off_alike():
    shifted = np.full(1000, 0.3)
    outcome = np.arange(1000) < 100
    assert expected_calibration_error(outcome, shifted) == pytest.approx(0.2)


def test_the_calibration_error_of_tied_predictions_does_not_depend_on_the_order_of_rows():
    tied = np.round(PROBABILITY, 1)
    sorted_rows = np.argsort(OUTCOME, kind="stable")
    given = expected_calibration_error(OUTCOME, tied)
    assert expected_calibration_error(OUTCOME[sorted_rows], tied[sorted_rows]) == pytest.approx(
        given
    )
    base_rate = np.full(100, 0.5)
    assert expected_calibration_error(np.arange(100) < 50, base_rate) == pytest.approx(0.0)


def test_the_calibration_table_holds_every_row_and_ascends():
    table = calibration_table(OUTCOME, PROBABILITY)
    predicted = [p for p, _, _ in table]
    assert sum(n for _, _, n in table) == len(OUTCOME)
    assert predicted == sorted(predicted)
    assert sum(o * n for _, o, n in table) == pytest.approx(OUTCOME.sum())


def test_fewer_rows_than_bins_are_enough():
    assert len(calibration_table(OUTCOME[:3], PROBABILITY[:3])) == 3


@pytest.mark.parametrize("digits", [17, 2, 1])
def test_ks_is_the_two_sample_statistic_with_and_without_ties(digits):
    score = PROBABILITY.round(digits)
    expected = ks_2samp(score[OUTCOME], score[~OUTCOME]).statistic
    assert kolmogorov_smirnov(OUTCOME, score) == pytest.approx(expected)


def test_ks_of_one_value_is_zero_and_of_separated_classes_one():
    assert kolmogorov_smirnov(OUTCOME, np.full(len(OUTCOME), 0.2)) == pytest.approx(0.0)
    assert kolmogorov_smirnov(OUTCOME, OUTCOME.astype(float)) == pytest.approx(1.0)


def test_the_psi_of_a_sample_with_itself_is_zero_and_grows_with_the_shift():
    score = DRAW.normal(size=3000)
    same = population_stability_index(score, score)
    little = population_stability_index(score, score + 0.2)
    much = population_stability_index(score, score + 1.0)
    assert same == 0.0
    assert 0.0 < little < 0.1 < 0.25 < much


def test_the_psi_bears_a_score_of_few_values():
    score = np.repeat([1.0, 2.0], 50)
    assert population_stability_index(score, score) == 0.0
    assert np.isfinite(population_stability_index(score, np.full(10, 9.0)))


def test_the_base_rate_has_no_skill_and_no_discrimination():
    measured = classification_metrics(OUTCOME, np.full(len(OUTCOME), OUTCOME.mean()))
    assert measured["auc"] == pytest.approx(0.5)
    assert measured["gini"] == pytest.approx(0.0)
    assert measured["brier_skill"] == pytest.approx(0.0, abs=1e-9)
    assert measured["log_loss_skill"] == pytest.approx(0.0, abs=1e-9)
    assert measured["ece"] == pytest.approx(0.0, abs=1e-9)


def test_certain_and_wrong_predictions_have_a_finite_loss():
    measured = classification_metrics(np.array([True, False]), np.array([0.0, 1.0]))
    assert np.isfinite(measured["log_loss"])
    assert measured["auc"] == 0.0


@pytest.mark.parametrize("outcome", [np.zeros(5, bool), np.ones(5, bool), np.zeros(0, bool)])
def test_one_class_or_no_rows_give_nan_not_an_error(outcome):
    measured = classification_metrics(outcome, np.full(len(outcome), 0.3))
    assert np.isnan(measured["auc"])
    assert np.isnan(measured["average_precision"])
    assert measured["rows"] == len(outcome)
