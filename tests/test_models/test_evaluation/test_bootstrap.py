from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from models.evaluation import expected_calibration_error
from models.evaluation.bootstrap import ClusterBootstrap, interval, measures_by_weights

DRAW = np.random.default_rng(5)
ROWS, CLUSTERS = 600, 40
CLUSTER = DRAW.integers(0, CLUSTERS, ROWS)
# Rounded, so that there are ties.
PROBABILITY = DRAW.beta(1.0, 4.0, ROWS).round(2).clip(0.01, 0.99)
OUTCOME = DRAW.random(ROWS) < PROBABILITY


def test_weighted_measures_are_those_of_scikit_learn():
    weights = DRAW.integers(0, 4, (3, CLUSTERS)).astype(float)
    drawn = measures_by_weights(weights, CLUSTER, OUTCOME, PROBABILITY)
    for draw, per_cluster in zip(drawn, weights, strict=True):
        weight = per_cluster[CLUSTER]
        expected = [
            measure(OUTCOME, PROBABILITY, sample_weight=weight)
            for measure in (roc_auc_score, average_precision_score, log_loss, brier_score_loss)
        ]
        assert draw[:4] == pytest.approx(expected, abs=1e-12)


def test_the_calibration_error_of_equal_weights_is_that_of_the_rows():
    distinct = PROBABILITY + np.arange(ROWS) * 1e-9
    drawn = measures_by_weights(np.ones((1, CLUSTERS)), CLUSTER, OUTCOME, distinct)
    assert drawn[0, 4] == pytest.approx(expected_calibration_error(OUTCOME, distinct))


def test_predictors_that_agree_differ_by_exactly_nothing():
    bootstrap = ClusterBootstrap(CLUSTER, draws=50)
    one = bootstrap.measures(OUTCOME, PROBABILITY)
    other = bootstrap.measures(OUTCOME, PROBABILITY.copy())
    for name, drawn in one.items():
        assert interval(drawn - other[name]) == (0.0, 0.0)


def test_the_same_seed_draws_the_same_and_names_do_not_matter():
    one = ClusterBootstrap(CLUSTER, draws=20, seed=3).mean(PROBABILITY)
    named = np.array([f"c{c:03d}" for c in CLUSTER], dtype=object)
    assert (ClusterBootstrap(named, draws=20, seed=3).mean(PROBABILITY) == one).all()
    assert (ClusterBootstrap(CLUSTER, draws=20, seed=4).mean(PROBABILITY) != one).any()


def test_customers_that_repeat_themselves_widen_the_interval():
    """A hundred rows of ten customers say no more than ten rows."""
    values = np.repeat(DRAW.random(10), 10)
    by_row = ClusterBootstrap(np.arange(100), draws=400).mean(values)
    by_customer = ClusterBootstrap(np.repeat(np.arange(10), 10), draws=400).mean(values)
    assert by_customer.std() > 2 * by_row.std()


def test_a_draw_with_one_class_has_no_auc_but_a_loss():
    weights = np.array([[1.0, 0.0]])
    drawn = measures_by_weights(
        weights, np.array([0, 1]), np.array([True, False]), np.array([0.5, 0.5])
    )
    assert np.isnan(drawn[0, 0]) and drawn[0, 2] == pytest.approx(np.log(2))
