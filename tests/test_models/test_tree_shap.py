from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import shap

from models.tree_shap import contributions, read_trees
from models.tree_shap_kernels import POINTS

QUIET = {"verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "learning_rate": 0.3}


def train(trees=10, columns=6, rows=600, missing=0.1, zeros=0.0, **params):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(rows, columns))
    y = np.sin(3 * x[:, 0]) + x[:, 1 % columns] * x[:, 2 % columns] + rng.normal(size=rows) / 4
    x[rng.random(x.shape) < zeros] = 0.0
    x[rng.random(x.shape) < missing] = np.nan
    params = {**QUIET, "objective": "regression", **params}
    return lgb.train(params, lgb.Dataset(x, y, params=params), trees), x


def nodes_per_tree(booster):
    return np.diff(read_trees(booster).node_at, axis=1)


BOOSTERS = {
    "plain": lambda: train(missing=0.0),
    "missing": train,
    "zero is missing": lambda: train(zeros=0.3, zero_as_missing=True),
    "nothing is missing": lambda: train(use_missing=False),
    "shallow": lambda: train(num_leaves=7, max_depth=3),
    "one feature again and again": lambda: train(columns=1, num_leaves=40),
    "two features": lambda: train(columns=2, num_leaves=60),
    "two leaves": lambda: train(num_leaves=2),
    "deep": lambda: train(columns=40, num_leaves=50, min_data_in_leaf=1, missing=0.02),
    "a chain": lambda: unbalanced(17),
}


@pytest.mark.parametrize("kind", BOOSTERS)
def test_the_values_are_those_of_lightgbm_and_of_shap(kind):
    booster, x = BOOSTERS[kind]()
    trees = read_trees(booster)
    found = contributions(trees, x)
    expected = booster.predict(x, pred_contrib=True)
    np.testing.assert_allclose(found, expected[:, :-1], rtol=0, atol=1e-9)
    assert trees.expected == pytest.approx(expected[0, -1], abs=1e-9)
    other = shap.TreeExplainer(booster).shap_values(x[:50])
    np.testing.assert_allclose(found[:50], other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", BOOSTERS)
def test_they_add_up_to_the_score(kind):
    booster, x = BOOSTERS[kind]()
    trees = read_trees(booster)
    total = trees.expected + contributions(trees, x).sum(axis=1)
    np.testing.assert_allclose(total, booster.predict(x, raw_score=True), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", BOOSTERS)
def test_a_row_has_the_same_values_alone_and_among_others_to_the_bit(kind):
    booster, x = BOOSTERS[kind]()
    trees = read_trees(booster)
    together = contributions(trees, x)
    for size in (1, 3, 4, 7):
        parts = [contributions(trees, x[at : at + size]) for at in range(0, 60, size)]
        np.testing.assert_array_equal(np.concatenate(parts)[:60], together[:60])


def test_threads_do_not_change_a_bit():
    booster, x = train(rows=3001)
    trees = read_trees(booster)
    alone = contributions(trees, x)
    for threads in (0, 2, 7):
        np.testing.assert_array_equal(contributions(trees, x, threads), alone)


def unbalanced(leaves):
    """Each split cuts one row off, so that LightGBM's leaf-wise growth makes a chain."""
    x = np.eye(leaves - 1)
    x = np.vstack([x, np.zeros((1, leaves - 1))])
    y = 10.0 ** np.arange(leaves)[::-1] ** 0.5
    y /= y.max()
    params = {**QUIET, "min_data_in_leaf": 1, "min_data_in_bin": 1, "num_leaves": leaves}
    params |= {"enable_bundle": False, "min_sum_hessian_in_leaf": 0.0, "objective": "regression"}
    return lgb.train(params, lgb.Dataset(x, y, params=params), 3), x


def test_a_chain_of_many_features_is_exact():
    booster, x = unbalanced(31)
    trees = read_trees(booster)
    assert trees.nodes["slot"].max() >= 2 * 20
    assert len(trees.node_at) > booster.num_trees()
    expected = booster.predict(x, pred_contrib=True)
    found = contributions(trees, x)
    np.testing.assert_allclose(found, expected[:, :-1], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(contributions(trees, x[:1]), found[:1])


def test_paths_of_the_test_boosters_repeat_features():
    trees = read_trees(BOOSTERS["one feature again and again"]()[0])
    again = trees.nodes["before"] >= 0
    assert again.sum() == len(again) - len(trees.node_at)


def test_the_test_boosters_need_every_number_of_points_that_one_row_is_walked_with():
    counts = np.concatenate([read_trees(make()[0]).point_count for make in BOOSTERS.values()])
    assert {4, 5, 6, POINTS} <= set(counts) and counts.min() < 4


def test_trees_of_one_leaf_only_move_the_mean():
    x = np.random.default_rng(0).normal(size=(50, 3))
    params = {**QUIET, "objective": "regression", "min_data_in_leaf": 40}
    booster = lgb.train(params, lgb.Dataset(x, x[:, 0] + 5.0), 2)
    trees = read_trees(booster)
    assert not nodes_per_tree(booster).any()
    assert not contributions(trees, x).any()
    assert not contributions(trees, x[:1]).any()
    assert trees.expected == pytest.approx(booster.predict(x)[0])


def test_no_rows_have_no_values():
    booster, x = train()
    assert contributions(read_trees(booster), x[:0]).shape == (0, x.shape[1])


def test_any_layout_and_precision_of_the_matrix_will_do():
    booster, x = train()
    trees = read_trees(booster)
    single = x.astype(np.float32)
    expected = contributions(trees, single.astype(np.float64))
    np.testing.assert_array_equal(contributions(trees, np.asfortranarray(single)), expected)


@pytest.mark.parametrize("limit", [0.0, 1e-35, -1e-35, 1e-36, np.inf, -np.inf, 1e300])
def test_values_on_the_edge_fall_as_in_lightgbm(limit):
    for params in ({}, {"zero_as_missing": True}, {"use_missing": False}):
        booster, x = train(zeros=0.2, **params)
        x = np.where(np.arange(x.shape[1]) % 2 == 0, limit, x)
        expected = booster.predict(x, pred_contrib=True)[:, :-1]
        np.testing.assert_allclose(contributions(read_trees(booster), x), expected, atol=1e-9)


def test_categories_are_refused():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, size=(400, 2)).astype(float)
    data = lgb.Dataset(x, np.isin(x[:, 0], (1, 4, 6)).astype(float), categorical_feature=[0])
    booster = lgb.train({**QUIET, "min_data_per_group": 1, "cat_smooth": 0}, data, 2)
    with pytest.raises(ValueError, match="splits on a category"):
        read_trees(booster)


def test_linear_leaves_and_several_classes_are_refused():
    with pytest.raises(ValueError, match="linear leaves"):
        read_trees(train(linear_tree=True, missing=0.0)[0])
    x = np.random.default_rng(0).normal(size=(300, 2))
    params = {**QUIET, "objective": "multiclass", "num_class": 3}
    booster = lgb.train(params, lgb.Dataset(x, np.arange(300) % 3), 2)
    with pytest.raises(ValueError, match="each class"):
        read_trees(booster)


def test_a_matrix_of_other_columns_is_refused():
    booster, x = train()
    with pytest.raises(ValueError, match="6 columns expected"):
        contributions(read_trees(booster), x[:, :5])
