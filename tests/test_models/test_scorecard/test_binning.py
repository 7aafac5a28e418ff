from __future__ import annotations

import numpy as np
import pytest

from configs.settings import ScorecardSettings
from models.scorecard.binning import (
    bin_candidate,
    count_bins,
    rough_information,
    weights_of_evidence,
)
from models.scorecard.candidates import Candidates


@pytest.fixture
def separating():
    draw = np.random.default_rng(2)
    values = draw.uniform(0, 1, 3000)
    return values, draw.random(3000) < 0.02 + 0.3 * values


def binned(values, bad, direction=1, customer=None, **settings):
    table = Candidates.of_table(["x"], [direction], values[:, None], bad)
    if customer is not None:
        table = Candidates(table.names, table.directions, table.matrix, bad, customer, table.when)
    return bin_candidate(table, 0, ScorecardSettings(**settings))


def bad_rates(found):
    start = found.layout.first_range
    return (found.bads / (found.goods + found.bads).clip(1))[start:]


def test_bad_rates_follow_the_direction_of_risk(separating):
    values, bad = separating
    rising = bad_rates(binned(values, bad, 1))
    assert len(rising) > 2
    assert (np.diff(rising) > 0).all()
    assert (np.diff(bad_rates(binned(-values, bad, -1))) < 0).all()


def test_a_relation_against_the_direction_gives_no_bins_that_use_it(separating):
    values, bad = separating
    found = binned(-values, bad, 1)
    assert found is None or (np.diff(bad_rates(found)) > 0).all()


@pytest.mark.parametrize("known", [1.0, 0.4])
def test_every_range_holds_its_share_of_all_rows_not_of_the_known_ones(separating, known):
    values, bad = separating
    values = np.where(np.arange(len(values)) < known * len(values), values, np.nan)
    found = binned(values, bad, min_bin_share=0.1)
    ranges = (found.goods + found.bads)[found.layout.first_range :]
    assert len(ranges) > 1
    assert (ranges >= 0.1 * len(values) - 3).all()


@pytest.mark.parametrize("values", [np.full(200, np.nan), np.full(200, 3.0)])
def test_nothing_known_or_nothing_different_gives_no_bins(values):
    assert binned(values, np.arange(200) % 4 == 0) is None


def test_many_bad_months_of_one_customer_are_one_default(separating):
    values, bad = separating
    # All bads above 0.7 are one customer's: no range of its own can be told from chance.
    one = np.where(bad & (values > 0.7), 99_999, np.arange(len(values)))
    found = binned(values, bad, customer=one, min_bad_customers_per_bin=5)
    assert found.layout.cuts[-1] < 0.7
    start = found.layout.first_range
    for number in range(start, len(found.woe)):
        assert len(np.unique(one[bad & (found.position == number)])) >= 5


def test_cuts_are_numbers_a_person_can_read(separating):
    for cut in binned(*separating).layout.cuts:
        assert cut == float(f"{cut:.4g}")


def test_special_values_have_bins_of_their_own(separating):
    values, bad = separating
    values = np.where(np.arange(len(values)) % 7 == 0, -2.0, values)
    found = binned(values, bad, special_values={"x": [-2.0]})
    assert found.layout.kinds[:3] == ("missing", "unseen", "special")
    assert (found.goods + found.bads)[2] == (values == -2.0).sum()
    assert (found.layout.bin_of(np.array([-2.0, -1.99])) == [2, 3]).all()


def test_woe_is_the_log_of_shares_of_goods_over_bads():
    goods, bads = np.array([0, 40_000, 50_000]), np.array([0, 9000, 1000])
    woe, _ = weights_of_evidence(goods, bads, 1)
    assert woe[1] == pytest.approx(np.log((4 / 9) / (9 / 10)), abs=1e-3)
    assert woe[2] == pytest.approx(np.log((5 / 9) / (1 / 10)), abs=1e-3)


def test_missing_values_that_separate_have_a_weight_of_their_own():
    riskier, _ = weights_of_evidence(np.array([100, 900]), np.array([100, 100]), 1)
    safer, _ = weights_of_evidence(np.array([400, 600]), np.array([0, 200]), 1)
    assert riskier[0] < -0.5
    assert safer[0] > 0.5


def test_values_never_seen_weigh_as_the_riskiest_range_and_a_few_weigh_little():
    never, _ = weights_of_evidence(np.array([0, 500, 400]), np.array([0, 20, 80]), 1)
    few, _ = weights_of_evidence(np.array([0, 900]), np.array([2, 100]), 1)
    assert never[0] == never.min() == never[2] < -0.5
    assert -1.0 < few[0] < 0.0


def test_priors_count_customers_not_rows():
    goods, bads = np.array([0, 50, 50]), np.array([0, 0, 12])
    by_row, _ = weights_of_evidence(goods, bads, 1)
    by_customer, _ = weights_of_evidence(goods, bads, 1, rows_per_customer=12)
    assert 0 < by_customer[1] < by_row[1]


def test_a_bin_without_bads_is_safe_and_finite_and_information_is_positive():
    woe, iv = weights_of_evidence(np.array([10, 500, 490]), np.array([5, 0, 45]), 1)
    assert np.isfinite(woe).all()
    assert woe[1] > 2
    assert iv > 0


def test_the_rough_information_is_not_below_that_of_the_bins(separating):
    values, bad = separating
    assert rough_information(values, bad, np.ones(len(bad))) > 0.9 * binned(values, bad).iv
    assert rough_information(np.full(9, np.nan), np.arange(9) > 4, np.ones(9)) == 0.0


def test_every_row_counts_what_it_weighs():
    position, bad = np.array([0, 2, 2, 3]), np.array([True, False, True, False])
    goods, bads = count_bins(position, bad, 4, np.array([1.0, 0.5, 2.0, 1.0]))
    assert goods.tolist() == [0, 0, 0.5, 1]
    assert bads.tolist() == [1, 0, 2, 0]
