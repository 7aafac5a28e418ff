from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.calibration import calibration_line, cash_calibration

DRAW = np.random.default_rng(8)
LOGIT = DRAW.normal(-1.5, 1.5, 20_000)
OUTCOME = DRAW.random(20_000) < 1 / (1 + np.exp(-LOGIT))


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (2.0, 0.0), (1.0, 0.7)])
def test_the_line_finds_by_how_much_predictions_are_off(slope, shift):
    off = 1 / (1 + np.exp(-(slope * LOGIT - shift)))
    found = calibration_line(OUTCOME, off)
    assert found[0] == pytest.approx(1 / slope, abs=0.03)
    if slope == 1.0:
        assert found[1] == pytest.approx(shift, abs=0.05)


def test_a_constant_has_an_intercept_but_no_slope():
    slope, intercept = calibration_line(OUTCOME, np.full(len(OUTCOME), OUTCOME.mean()))
    assert np.isnan(slope) and intercept == pytest.approx(0.0, abs=1e-6)


def test_classes_apart_and_one_class_end_in_a_number_or_none():
    assert np.isfinite(calibration_line(np.arange(10) < 5, np.linspace(0.9, 0.1, 10))).all()
    assert np.isnan(calibration_line(np.ones(5, dtype=bool), np.full(5, 0.5))).all()


def test_the_largest_documents_are_left_out_whatever_became_of_them():
    amount = np.append(np.ones(100), np.full(10, 1000.0))
    outcome = np.append(np.arange(100) < 20, np.ones(10, dtype=bool))
    found = cash_calibration(outcome, np.full(110, 0.2), amount, np.arange(110))
    assert found["cash_ratio"] > 4
    assert found["cash_ratio_trimmed"] == pytest.approx(1.0)
