from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import binom, binomtest, norm

from models.evaluation.grades import ASSET_CORRELATION, grades_table, migration_table


@pytest.mark.parametrize("bads", [0, 1, 3, 9, 40])
@pytest.mark.parametrize("predicted", [0.002, 0.05, 0.3])
def test_the_interval_is_exact_and_agrees_with_the_test(bads, predicted):
    outcome, same = np.arange(40) < bads, np.full(40, "A", dtype=object)
    row = grades_table(outcome, np.full(40, predicted), same, ["A"]).iloc[0]
    exact = binomtest(bads, 40).proportion_ci(method="exact")
    assert (row["low"], row["high"]) == pytest.approx((exact.low, exact.high))
    assert row["inside"] == (row["p_value"] >= 0.05)


def test_right_probabilities_fall_inside_about_as_often_as_promised():
    draw = np.random.default_rng(5)
    same = np.full(400, "A", dtype=object)
    probability = draw.uniform(0.0, 0.1, 400)
    inside = [
        grades_table(draw.random(400) < probability, probability, same, ["A"])["inside"].iloc[0]
        for _ in range(200)
    ]
    assert np.mean(inside) >= 0.93


def test_good_and_bad_years_are_allowed_for():
    draw = np.random.default_rng(6)
    same = np.full(400, "A", dtype=object)
    inside = {"inside": 0, "inside_together": 0}
    for _ in range(200):
        year = np.sqrt(ASSET_CORRELATION) * draw.normal()
        worth = year + np.sqrt(1 - ASSET_CORRELATION) * draw.normal(size=400)
        row = grades_table(worth < norm.ppf(0.07), np.full(400, 0.07), same, ["A"]).iloc[0]
        for name in inside:
            inside[name] += row[name]
    assert inside["inside"] < 160
    assert inside["inside_together"] >= 186


def test_the_test_that_allows_for_years_is_the_integral_over_them():
    same = np.full(50, "A", dtype=object)
    row = grades_table(np.arange(50) < 9, np.full(50, 0.08), same, ["A"]).iloc[0]

    def above(state):
        shared, own = np.sqrt(ASSET_CORRELATION), np.sqrt(1 - ASSET_CORRELATION)
        chance = norm.cdf((norm.ppf(0.08) + shared * state) / own)
        return norm.pdf(state) * binom.sf(8, 50, chance)

    assert row["p_value_together"] == pytest.approx(2 * quad(above, -8, 8)[0], rel=1e-2)
    assert row["p_value_together"] > 1.5 * row["p_value"]


def test_moves_are_counted_for_those_in_both_and_shares_are_of_where_they_came_from():
    before = pd.Series({"a": "A", "b": "A", "c": "B", "gone": "C"})
    after = pd.Series({"b": "B", "a": "A", "c": "B", "new": "A"})
    table = migration_table(before, after, ["A", "B", "C"]).set_index(["from", "to"])
    assert len(table) == 9 and table["customers"].sum() == 3
    assert table.loc[("A", "B"), "customers"] == 1
    assert table.loc[("A", "B"), "share"] == 0.5
    assert np.isnan(table.loc[("C", "A"), "share"])
