"""The regressions beside the boosters, and how much of them is taken."""

import json

import numpy as np
import pytest

from configs.settings import LatePaymentSettings, TreeSettings
from features.build import moment_in_microseconds
from features.catalogue import INVOICE_FEATURES
from models.late_payment.blend import SHARES, Regressions, blended, choose_blend
from models.late_payment.capacity import Boosters, boosted
from models.late_payment.dataset import cases, thinned, training_rows
from models.late_payment.linear import LinearHazards, fit_linear


@pytest.fixture(scope="module")
def training(book, as_of):
    cutoff = moment_in_microseconds(as_of)
    return thinned(training_rows(book, 0, cutoff, seed=7), 3_000, seed=1)


@pytest.fixture(scope="module")
def linear(training):
    return fit_linear(training, INVOICE_FEATURES, 100.0)


def test_contributions_add_up_to_the_log_odds(linear, training):
    some = training.matrix[:200]
    columns = linear.design.columns(some)
    for interval in (0, 4, 6):
        parts = linear.contributions(columns, interval)
        total = linear.average(interval) + parts.sum(axis=1)
        np.testing.assert_allclose(total, linear.log_odds(some)[:, interval], atol=1e-9)


def test_a_feature_contributes_only_where_it_is_told(linear, training):
    """Another value of one feature moves its own contribution and no other."""
    name = "customer_days_late_mean_last10"
    at = INVOICE_FEATURES.index(name)
    row = training.matrix[np.flatnonzero(~np.isnan(training.matrix[:, at]))[:1]]
    moved = row.copy()
    moved[0, at] += 7.0
    parts = [linear.contributions(linear.design.columns(m), 4)[0] for m in (row, moved)]
    changed = np.flatnonzero(parts[0] != parts[1])
    assert changed.tolist() == [at]


def test_one_row_scores_as_in_a_batch_and_after_a_journey_through_json(linear, training):
    batch = linear.log_odds(training.matrix[:50])
    again = LinearHazards.from_document(
        INVOICE_FEATURES, json.loads(json.dumps(linear.to_document()))
    )
    for i in (0, 17, 49):
        assert np.array_equal(again.log_odds(training.matrix[i : i + 1])[0], batch[i])


def test_extreme_and_missing_values_stay_finite(linear, training):
    odd = np.full((3, training.matrix.shape[1]), np.nan)
    odd[1], odd[2] = 1e12, -1e12
    assert np.isfinite(linear.log_odds(odd)).all()


@pytest.fixture(scope="module")
def halves(training):
    edge = np.quantile(training.keys.as_of, 0.7)
    return training.take(training.keys.as_of < edge), training.take(training.keys.as_of >= edge)


def test_the_share_chosen_has_the_lowest_loss_on_the_later_rows(halves):
    early, later = halves
    settings = LatePaymentSettings(
        capacities={"lean": TreeSettings(trees=8)}, regression_ridges=(100.0,)
    )
    trees = boosted(Boosters(early, settings, [0] * len(INVOICE_FEATURES)), [("lean",)] * 11)
    regressions = Regressions(early, settings)
    ridge, share = choose_blend(trees, regressions, later, settings)
    assert ridge == 100.0

    def loss(tried):
        hazards = blended(trees, regressions, (100.0, tried))
        linear = hazards.linear_log_odds(later.matrix)
        total = 0.0
        for interval in range(11):
            chosen, paid = cases(later, interval)
            of_rows = None if linear is None else linear[chosen]
            logit = hazards.raw(later.matrix[chosen], interval, of_rows)
            total += np.logaddexp(0.0, np.where(paid, -logit, logit)).sum()
        return total

    assert min((0.0, *SHARES), key=loss) == share


@pytest.mark.parametrize(("other", "taken"), [(101.0, 100.0), (1e7, 100.0), (99.0, 99.0)])
def test_of_ridges_that_predict_as_well_the_mildest_is_taken(halves, other, taken):
    early, later = halves
    settings = LatePaymentSettings(
        capacities={"lean": TreeSettings(trees=8)}, regression_ridges=(other, 100.0)
    )
    trees = boosted(Boosters(early, settings, [0] * len(INVOICE_FEATURES)), [("lean",)] * 11)
    assert choose_blend(trees, Regressions(early, settings), later, settings)[0] == taken


def test_without_ridges_there_is_no_regression(training):
    settings = LatePaymentSettings(capacities={"lean": TreeSettings(trees=2)}, regression_ridges=())
    trees = boosted(Boosters(training, settings, [0] * len(INVOICE_FEATURES)), [("lean",)] * 11)
    regressions = Regressions(training, settings)
    blend = choose_blend(trees, regressions, training, settings)
    assert blended(trees, regressions, blend) is trees
