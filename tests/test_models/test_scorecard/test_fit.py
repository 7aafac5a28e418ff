from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from configs.settings import DefaultSettings, ScorecardSettings
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from models.evaluation import classification_metrics
from models.scorecard.candidates import Candidates
from models.scorecard.fit import fit_card, fit_scorecard
from models.scorecard.selection import select
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
    missing, known = characteristic.bins[0], characteristic.ranges
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


@pytest.mark.parametrize("what", ["missing", "values"])
def test_values_that_wander_are_left_out_and_a_book_that_fills_is_not(synthetic, settings, what):
    early = synthetic.as_of < np.quantile(synthetic.as_of, 0.5)
    column = CUSTOMER_FEATURES.index(FEATURE)
    matrix = synthetic.matrix.copy()
    if what == "missing":
        rows = early & (np.random.default_rng(3).random(len(early)) < 0.7)
        matrix[rows, column] = np.nan
    else:
        matrix[early, column] *= 0.3
    candidates = Candidates.of(
        Snapshots(synthetic.customer, synthetic.as_of, matrix, synthetic.bad)
    )
    if what == "missing":
        (taken,) = fit_card(candidates, settings.scorecard).characteristics
        assert taken.feature == FEATURE
    else:
        (verdict,) = [v for v in select(candidates, settings.scorecard).record if v.iv]
        assert not verdict.taken
        assert verdict.why == "PSI above 0.5: its values wander"


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


def test_the_record_says_of_every_candidate_why(scorecard, settings):
    card = scorecard.model
    assert [line.feature for line in card.selection] == list(card.features)
    assert all(line.why for line in card.selection)
    taken = [line for line in card.selection if line.taken]
    assert {line.feature for line in taken} == {c.feature for c in card.characteristics}
    for line in taken:
        assert line.gain > 0 and line.iv_other_customers > 0 and line.psi is not None
    same = [line for line in card.selection if line.why.startswith("says the same")]
    assert same
    for line in same:
        assert line.correlated_with in line.why
        assert line.correlation > settings.scorecard.max_correlation


def test_a_leak_is_named_as_one_in_the_record(synthetic, settings):
    leak = np.array(synthetic.matrix)
    other = next(n for n in CUSTOMER_FEATURES if CATALOGUE[n].direction == 1 and n != FEATURE)
    leak[:, CUSTOMER_FEATURES.index(other)] = synthetic.bad
    card = fit_card(
        Candidates.of(Snapshots(synthetic.customer, synthetic.as_of, leak, synthetic.bad)),
        settings.scorecard,
    )
    (line,) = [line for line in card.selection if line.feature == other]
    assert not line.taken and "leak" in line.why
    assert [c.feature for c in card.characteristics] == [FEATURE]


NOISE = 8


@pytest.fixture
def plain() -> Candidates:
    """Two characteristics that matter, a copy of one, one that reverses in time, and noise."""
    draw = np.random.default_rng(5)
    n = 4000
    one, two, blur, other = draw.normal(size=(4, n))
    bad = draw.random(n) < 1 / (1 + np.exp(3.0 - one - 0.7 * two))
    early = np.arange(n) < n / 2
    turning = np.where(bad == early, 1.0, -1.0) + 0.8 * other
    noise = draw.normal(size=(n, NOISE))
    matrix = np.column_stack([one, two, one + 0.01 * blur, turning, noise])
    names = ("one", "two", "copy", "turning", *(f"noise_{k}" for k in range(NOISE)))
    directions = (1, 1, 1, 0, *[0] * NOISE)
    return Candidates(names, directions, matrix, bad, np.arange(n), np.arange(n))


def test_a_plain_table_gives_a_card_of_what_matters(plain):
    card = fit_card(plain, ScorecardSettings())
    first, second, *rest = (c.feature for c in card.characteristics)
    assert {first, second} in ({"one", "two"}, {"copy", "two"})
    # One of eight passes by chance now and then.
    assert len(rest) <= 1 and all(name.startswith("noise") for name in rest)
    why = {line.feature: line.why for line in card.selection}
    (left,) = {"one", "copy"} - {first, second}
    assert why[left].startswith("says the same as")
    assert "both halves" in why["turning"] or "IV below" in why["turning"]


def test_few_defaulted_customers_make_a_short_card(plain):
    few = ScorecardSettings(bads_per_characteristic=plain.bad_customers)
    assert len(fit_card(plain, few).characteristics) == 1


def test_copies_of_each_row_add_no_evidence(plain):
    once = fit_card(plain, ScorecardSettings())
    rows = np.repeat(np.arange(len(plain)), 3)
    again = fit_card(plain.take(rows), ScorecardSettings())
    gains = [
        {line.feature: line.gain for line in card.selection if line.taken} for card in (once, again)
    ]
    for name, gain in gains[0].items():
        assert gains[1][name] == pytest.approx(gain, rel=0.1)


def test_columns_without_names_are_refused(plain):
    with pytest.raises(ValueError, match="12 columns of 4000 rows need"):
        Candidates.of_table(["a"], [1], plain.matrix, plain.bad)


def test_what_tells_most_comes_first_not_what_is_most_certain():
    """A trait that stays counts once a customer, one that changes every month is surer of less."""
    draw = np.random.default_rng(3)
    customer = np.repeat(np.arange(600), 12)
    stays, changes = draw.normal(size=600)[customer], draw.normal(size=7200)
    logit = -2.5 + 1.3 * stays + 0.6 * changes + 1.5 * draw.normal(size=600)[customer]
    candidates = Candidates(
        ("stays", "changes"),
        (1, 1),
        np.column_stack([stays, changes]),
        draw.random(7200) < 1 / (1 + np.exp(-logit)),
        customer,
        np.tile(np.arange(12), 600),
    )
    one = ScorecardSettings(max_characteristics=1)
    record = {line.feature: line for line in select(candidates, one).record}
    assert record["stays"].taken
    assert record["stays"].adds > 2 * record["changes"].adds > 0
    assert record["changes"].gain > record["stays"].gain > one.min_gain


def test_two_that_say_nearly_the_same_share_the_weight():
    draw = np.random.default_rng(4)
    truth = draw.normal(size=600)
    seen = [truth + 0.4 * draw.normal(size=600) for _ in range(2)]
    bad = draw.random(600) < 1 / (1 + np.exp(2.0 - 1.5 * truth))
    plain = Candidates.of_table(("one", "other"), (1, 1), np.column_stack(seen), bad)
    card = fit_card(plain, ScorecardSettings(min_gain=0.0))
    weights = [c.weight for c in card.characteristics]
    assert len(weights) == 2
    assert max(weights) < 2 * min(weights)


def test_rows_of_shorter_windows_count_what_they_weigh(synthetic, settings):
    """A row twice is a row of weight two, in bins, points and record."""
    candidates = Candidates.of(synthetic)
    half = candidates.take(np.arange(0, len(candidates), 2))
    twice = replace(half, weight=np.full(len(half), 2.0))
    once, again = (fit_card(rows, settings.scorecard) for rows in (half, twice))
    (first,), (second,) = once.characteristics, again.characteristics
    assert [b.low for b in first.bins] == [b.low for b in second.bins]
    assert [2 * b.bads for b in first.bins] == [b.bads for b in second.bins]
    assert [2 * b.goods for b in first.bins] == [b.goods for b in second.bins]
