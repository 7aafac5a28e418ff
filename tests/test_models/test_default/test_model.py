from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from configs.settings import DefaultSettings
from features.catalogue import CATALOGUE
from models.default.model import fit_default, unseen_log_odds
from models.evaluation import classification_metrics


def test_raising_a_feature_that_is_riskier_when_higher_never_lowers_the_pd(default, snapshots):
    model = default.model
    rows = snapshots.matrix[::7]
    before = model.predict(rows)
    for column, name in enumerate(model.features):
        direction = CATALOGUE[name].direction
        known = ~np.isnan(rows[:, column])
        if direction == 0 or not known.any():
            continue
        spread = np.nanmax(rows[:, column]) - np.nanmin(rows[:, column]) or 1.0
        for step in (0.01, 0.3, 2.0):
            moved = rows.copy()
            moved[:, column] += step * spread
            change = (model.predict(moved) - before) * direction
            assert (change[known] >= -1e-12).all(), name


def test_the_model_separates_and_is_calibrated_on_average(default, snapshots):
    measured = classification_metrics(snapshots.bad, default.model.predict(snapshots.matrix))
    assert measured["auc"] > 0.7
    assert measured["mean_probability"] == pytest.approx(measured["base_rate"], rel=0.35)


def test_a_customer_of_whom_nothing_is_known_is_scored(default):
    unknown = np.full((1, len(default.model.features)), np.nan)
    assert 0 < default.model.predict(unknown)[0] < 1


def test_contributions_and_the_bias_make_up_the_log_odds(default, snapshots):
    model, rows = default.model, snapshots.matrix[:50]
    shares = model.contributions(rows)
    logit = model.calibration.intercept + model.calibration.slope * model.raw(rows)
    bias = logit - shares.sum(axis=1)
    assert shares.shape == rows.shape
    assert np.allclose(bias, bias[0], atol=1e-9)
    lightgbm = [b.predict(rows, pred_contrib=True)[:, :-1] for b in model.boosters]
    both = (np.mean(lightgbm, axis=0) + model.regression.contributions(rows)) / 2
    expected = both * model.calibration.slope
    np.testing.assert_allclose(shares, expected, rtol=0, atol=1e-9)


def test_unseen_customers_are_scored_by_models_that_did_not_see_them(snapshots, settings):
    unseen = unseen_log_odds(snapshots, settings.default_model)
    flipped = snapshots.bad.copy()
    own = snapshots.customer == snapshots.customer[snapshots.bad][0]
    flipped[own] = ~flipped[own]
    changed = type(snapshots)(snapshots.customer, snapshots.as_of, snapshots.matrix, flipped)
    again = unseen_log_odds(changed, settings.default_model)
    assert (again[own] == unseen[own]).all()
    assert (again != unseen).any()


def test_the_same_rows_give_the_same_model(default, learnt, settings):
    again = fit_default(learnt, settings.default_model, settings.default)
    # Training adds the model of applications to what the snapshots alone give.
    assert again.to_document() == replace(default.model, application=None).to_document()


def test_how_high_the_risk_is_is_told_by_whole_windows_alone(default, learnt, snapshots):
    assert not learnt.matured.all()
    assert default.model.base_rate == snapshots.bad.mean()
    assert default.rows == len(learnt) > len(snapshots)


def test_shorter_windows_alone_are_refused(learnt, settings):
    young = learnt.take(~learnt.matured)
    with pytest.raises(ValueError, match="default: 0 customers with a matured default"):
        fit_default(young, settings.default_model, settings.default)


def test_threads_do_not_change_the_prediction(default, snapshots):
    one = default.model.predict(snapshots.matrix, threads=1)
    assert (one == default.model.predict(snapshots.matrix, threads=2)).all()


def test_the_frame_and_the_matrix_score_alike(default, snapshots):
    frame = pd.DataFrame(snapshots.matrix[:20], columns=default.model.features)
    scored = default.model.predict_frame(frame[frame.columns[::-1]])
    assert (scored["pd_12m"].to_numpy() == default.model.predict(snapshots.matrix[:20])).all()


def test_too_few_defaults_are_refused_in_one_line(snapshots, settings):
    definition = DefaultSettings(min_defaulted_customers=10_000)
    with pytest.raises(ValueError, match="default: .* 10000 are needed") as fault:
        fit_default(snapshots, settings.default_model, definition)
    assert "\n" not in str(fault.value)
