from __future__ import annotations

import numpy as np
import pytest

from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from models.scorecard.binning import MISSING_PRIOR, count_bins, split_points, weights_of_evidence

RISING = next(name for name in CUSTOMER_FEATURES if CATALOGUE[name].direction == 1)
FALLING = next(name for name in CUSTOMER_FEATURES if CATALOGUE[name].direction == -1)


@pytest.fixture
def separating():
    draw = np.random.default_rng(2)
    values = draw.uniform(0, 1, 3000)
    return values, draw.random(3000) < 0.02 + 0.3 * values


def bad_rates(values, bad, cuts):
    _, goods, bads = count_bins(values, bad, cuts)
    return bads[1:] / (goods + bads)[1:]


def test_bad_rates_follow_the_direction_of_risk(separating):
    values, bad = separating
    cuts = split_points(RISING, values, bad, 0.05)
    assert len(cuts) > 1
    assert (np.diff(bad_rates(values, bad, cuts)) > 0).all()
    cuts = split_points(FALLING, -values, bad, 0.05)
    assert (np.diff(bad_rates(-values, bad, cuts)) < 0).all()


def test_a_relation_against_the_direction_gives_no_bins_that_use_it(separating):
    values, bad = separating
    cuts = split_points(RISING, -values, bad, 0.05)
    assert (np.diff(bad_rates(-values, bad, cuts)) > 0).all()


def test_every_bin_holds_its_share(separating):
    values, bad = separating
    _, goods, bads = count_bins(values, bad, split_points(RISING, values, bad, 0.1))
    assert ((goods + bads)[1:] >= 0.1 * len(values) - 1).all()


@pytest.mark.parametrize("values", [np.full(200, np.nan), np.full(200, 3.0)])
def test_nothing_known_or_nothing_different_gives_no_cuts(values):
    bad = np.arange(200) % 4 == 0
    assert split_points(RISING, values, bad, 0.05) == []


def test_missing_values_are_counted_apart_and_edges_belong_to_the_right():
    values = np.array([np.nan, 0.9, 1.0, 1.9, 2.0, np.inf, -np.inf])
    position, goods, bads = count_bins(values, np.array([True] + [False] * 6), [1.0, 2.0])
    assert position.tolist() == [0, 1, 2, 2, 3, 3, 1]
    assert bads.tolist() == [1, 0, 0, 0]
    assert goods.tolist() == [0, 2, 2, 2]


def test_woe_is_the_log_of_shares_of_goods_over_bads():
    goods, bads = np.array([0, 40_000, 50_000]), np.array([0, 9000, 1000])
    woe, _ = weights_of_evidence(goods, bads)
    assert woe[1] == pytest.approx(np.log((4 / 9) / (9 / 10)), abs=1e-3)
    assert woe[2] == pytest.approx(np.log((5 / 9) / (1 / 10)), abs=1e-3)


def test_missing_values_that_separate_have_a_weight_of_their_own():
    riskier, _ = weights_of_evidence(np.array([100, 900]), np.array([100, 100]))
    safer, _ = weights_of_evidence(np.array([400, 600]), np.array([0, 200]))
    assert riskier[0] < -0.5
    assert safer[0] > 0.5


def test_missing_values_never_seen_weigh_nothing_and_a_few_weigh_little():
    never, _ = weights_of_evidence(np.array([0, 900]), np.array([0, 100]))
    few, _ = weights_of_evidence(np.array([0, 900]), np.array([2, 100]))
    assert never[0] == pytest.approx(0.0)
    assert -1.0 < few[0] < 0.0
    assert MISSING_PRIOR > 0


def test_a_bin_without_bads_is_safe_and_finite_and_information_is_positive():
    woe, iv = weights_of_evidence(np.array([10, 500, 490]), np.array([5, 0, 45]))
    assert np.isfinite(woe).all()
    assert woe[1] > 2
    assert iv > 0
