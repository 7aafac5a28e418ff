from __future__ import annotations

import numpy as np
import pytest

from models.default.signed_regression import SignedRegression, fit_signed_regression


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(3000, 5))
    logit = -2 + matrix[:, 0] - 0.7 * matrix[:, 1]
    matrix[rng.random(matrix.shape) < 0.05] = np.nan
    matrix[:, 4] = np.nan
    return matrix, rng.random(3000) < 1 / (1 + np.exp(-logit))


DIRECTIONS = np.array([1, -1, 1, 0, 1])


def test_weights_keep_the_directions_and_are_found(rows):
    model = fit_signed_regression(*rows, DIRECTIONS, 0.0, 1.0)
    assert (model.weight * DIRECTIONS >= 0).all()
    assert model.weight[:2] == pytest.approx([1.0, -0.7], abs=0.15)
    assert model.weight[3] == model.weight[4] == 0


def test_a_row_that_counts_twice_is_two_rows(rows):
    matrix, bad = rows
    # The last two columns are of no use, and the missing moves the mean that it counts as.
    matrix = np.nan_to_num(matrix[:, :3])
    even = np.append(np.arange(0, 3000, 2), np.arange(0, 3000, 2))
    twice = fit_signed_regression(matrix[even], bad[even], DIRECTIONS[:3], 1.0, 1.0)
    counts = np.full(1500, 2.0)
    once = fit_signed_regression(matrix[::2], bad[::2], DIRECTIONS[:3], 1.0, 1.0, counts)
    np.testing.assert_allclose(once.raw(matrix), twice.raw(matrix), atol=1e-3)


def test_a_weight_of_the_wrong_sign_is_zero(rows):
    model = fit_signed_regression(*rows, np.array([-1, -1, 0, 0, 0]), 0.0, 1.0)
    assert model.weight[0] == 0


def test_contributions_and_the_intercept_are_the_log_odds(rows):
    model = fit_signed_regression(*rows, DIRECTIONS, 1.0, 1.0)
    total = model.intercept + model.contributions(rows[0]).sum(axis=1)
    np.testing.assert_allclose(total, model.raw(rows[0]), atol=1e-12)
    assert (model.contributions(rows[0])[np.isnan(rows[0])] == 0).all()


def test_a_row_scores_alike_alone_and_among_others(rows):
    model = fit_signed_regression(*rows, DIRECTIONS, 1.0, 1.0)
    assert model.raw(rows[0][:1])[0] == model.raw(rows[0])[0]


def test_the_regression_survives_its_document(rows):
    model = fit_signed_regression(*rows, DIRECTIONS, 1.0, 1.0)
    again = SignedRegression.from_document(model.to_document())
    assert (again.raw(rows[0]) == model.raw(rows[0])).all()
