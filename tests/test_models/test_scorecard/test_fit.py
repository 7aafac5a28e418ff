from __future__ import annotations

import numpy as np
import pytest

from configs.settings import DefaultSettings
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from models.evaluation import classification_metrics
from models.scorecard.fit import fit_scorecard
from models.snapshots import Snapshots

FEATURE = next(name for name in CUSTOMER_FEATURES if CATALOGUE[name].direction == 1)


@pytest.fixture
def synthetic() -> Snapshots:
    """One feature carries the risk; where it is missing the risk is highest."""
    draw = np.random.default_rng(8)
    n = 3000
    value = draw.uniform(0, 1, n)
    missing = draw.random(n) < 0.15
    bad = draw.random(n) < np.where(missing, 0.35, 0.02 + 0.15 * value)
    matrix = np.full((n, len(CUSTOMER_FEATURES)), np.nan)
    matrix[:, CUSTOMER_FEATURES.index(FEATURE)] = np.where(missing, np.nan, value)
    months = np.sort(draw.integers(0, 20, n)) * 30 * 86_400_000_000
    return Snapshots(np.arange(n), months, matrix, bad)


def test_missing_values_that_separate_cost_points(synthetic, settings):
    card = fit_scorecard(synthetic, settings.scorecard, settings.default)
    (characteristic,) = card.characteristics
    missing, *known = characteristic.bins
    assert missing.woe < min(b.woe for b in known)
    assert missing.points < min(b.points for b in known)
    assert missing.bads + missing.goods == np.isnan(synthetic.matrix).all(axis=1).sum()


def test_the_card_is_calibrated_on_what_it_was_made_for(synthetic, settings):
    card = fit_scorecard(synthetic, settings.scorecard, settings.default)
    measured = classification_metrics(synthetic.bad, card.predict(synthetic.matrix))
    assert measured["mean_probability"] == pytest.approx(measured["base_rate"], rel=0.1)
    assert measured["ece"] < 0.02
    assert measured["auc"] > 0.7


def test_the_same_rows_give_the_same_card(synthetic, settings):
    first, again = (
        fit_scorecard(synthetic, settings.scorecard, settings.default) for _ in range(2)
    )
    assert first == again


def test_nothing_that_separates_is_refused(synthetic, settings):
    noise = Snapshots(
        synthetic.customer, synthetic.as_of, np.full_like(synthetic.matrix, 1.0), synthetic.bad
    )
    with pytest.raises(ValueError, match="scorecard: no characteristic separates"):
        fit_scorecard(noise, settings.scorecard, settings.default)


def test_a_characteristic_that_knows_too_much_is_left_out(synthetic, settings):
    leak = np.array(synthetic.matrix)
    leak[:, CUSTOMER_FEATURES.index(FEATURE)] = synthetic.bad
    leaking = Snapshots(synthetic.customer, synthetic.as_of, leak, synthetic.bad)
    with pytest.raises(ValueError, match="no characteristic"):
        fit_scorecard(leaking, settings.scorecard, settings.default)


def test_too_few_defaults_are_refused(snapshots, settings):
    with pytest.raises(ValueError, match="scorecard: .* 10000 are needed"):
        fit_scorecard(
            snapshots, settings.scorecard, DefaultSettings(min_defaulted_customers=10_000)
        )


def test_the_card_holds_no_more_than_asked_and_none_twice(scorecard, settings):
    features = [c.feature for c in scorecard.model.characteristics]
    assert 1 < len(features) <= settings.scorecard.max_characteristics
    assert len(set(features)) == len(features)
    assert all(
        settings.scorecard.min_iv <= c.iv <= settings.scorecard.max_iv
        for c in scorecard.model.characteristics
    )
