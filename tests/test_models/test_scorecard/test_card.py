from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CATALOGUE
from models.scorecard.card import Scorecard


@pytest.fixture
def card(scorecard) -> Scorecard:
    return scorecard.model


def column(card: Scorecard, matrix: np.ndarray, feature: str) -> np.ndarray:
    return matrix[:, card.features.index(feature)]


def test_points_add_up_to_the_log_odds_within_rounding(card, snapshots):
    """``score = offset + factor * ln(odds)``, off by at most half a point per summand."""
    odds = card.pd_of(card.score(snapshots.matrix))
    logit = np.log((1 - odds) / odds)
    raw = (logit - card.intercept) / card.slope
    score = card.offset + card.factor * raw
    assert np.allclose(score, card.score(snapshots.matrix), atol=1e-6)
    points = card.points(snapshots.matrix)
    assert (card.score(snapshots.matrix) == card.base_points + points.sum(axis=1)).all()
    assert (points == np.round(points)).all()


def test_points_are_the_weight_of_evidence_on_the_scale_of_the_card(card):
    for characteristic in card.characteristics:
        woe = np.array([b.woe for b in characteristic.bins])
        points = characteristic.points
        strongest = np.argmax(np.abs(woe))
        per_woe = points[strongest] / woe[strongest]
        assert per_woe > 0
        # Half a point of rounding in the strongest bin, and half a point in each other.
        bound = 0.5 + 0.5 * np.abs(woe / woe[strongest])
        assert (np.abs(points - per_woe * woe) <= bound + 1e-9).all()


def test_pdo_points_double_the_odds(card, settings):
    plain = Scorecard(
        card.features, card.characteristics, card.base_points, card.factor, card.offset,
        slope=1.0, intercept=0.0, grades=card.grades, usual=card.usual,
    )  # fmt: skip
    odds = [(1 - p) / p for p in plain.pd_of(np.array([600.0, 620.0, 640.0]))]
    assert odds == pytest.approx([50.0, 100.0, 200.0])


def values_of(found) -> list[float]:
    """Values that belong to a bin, its edges among them."""
    if found.kind == "missing":
        return [np.nan]
    if found.kind == "unseen":
        return [np.inf, -np.inf, np.nextafter(found.low, -np.inf), np.nextafter(found.high, np.inf)]
    if found.kind == "special":
        return [found.low]
    return [found.low, (found.low + found.high) / 2, np.nextafter(found.high, -np.inf)]


def test_every_bin_scores_by_its_table(card):
    for position, characteristic in enumerate(card.characteristics):
        for number, found in enumerate(characteristic.bins):
            unseen = characteristic.bins[1]
            values = np.array(values_of(found))
            if found.kind == "range":
                values = values.clip(unseen.low, unseen.high)
            matrix = np.full((len(values), len(card.features)), np.nan)
            matrix[:, card.features.index(characteristic.feature)] = values
            assert (characteristic.bin_of(values) == number).all()
            assert (card.points(matrix)[:, position] == found.points).all()


def test_bins_join_without_gap_and_missing_and_unseen_come_first(card):
    for characteristic in card.characteristics:
        missing, unseen, *_ = characteristic.bins
        assert (missing.kind, unseen.kind) == ("missing", "unseen")
        assert missing.low is missing.high is None
        bins = characteristic.ranges
        assert bins[0].low == -np.inf and bins[-1].high == np.inf
        assert [b.high for b in bins[:-1]] == [b.low for b in bins[1:]]


def test_nothing_missing_or_unseen_weighs_nothing_by_accident(card):
    for characteristic in card.characteristics:
        riskiest = min(b.woe for b in characteristic.ranges)
        for found in characteristic.bins[:2]:
            if found.goods + found.bads == 0:
                assert found.woe == riskiest < 0
            else:
                assert found.woe != 0


def test_counts_are_what_the_training_rows_weigh(card, learnt):
    for characteristic in card.characteristics:
        position = characteristic.bin_of(column(card, learnt.matrix, characteristic.feature))
        for number, found in enumerate(characteristic.bins):
            rows = position == number
            assert found.bads == round(learnt.weight[rows & learnt.bad].sum())
            assert found.goods == round(learnt.weight[rows & ~learnt.bad].sum())


def test_weight_of_evidence_is_monotone_where_a_direction_is_given(card):
    directed = 0
    for characteristic in card.characteristics:
        direction = CATALOGUE[characteristic.feature].direction
        assert characteristic.direction == direction
        steps = np.diff([b.woe for b in characteristic.ranges])
        if direction:
            directed += 1
            assert (steps * direction <= 0).all(), characteristic.feature
        assert (steps <= 0).all() or (steps >= 0).all()
    assert directed


def test_values_a_little_beyond_training_score_as_the_outermost_ranges(card, snapshots):
    for position, characteristic in enumerate(card.characteristics):
        column = card.features.index(characteristic.feature)
        seen = snapshots.matrix[:, column]
        matrix = np.full((2, len(card.features)), np.nan)
        matrix[:, column] = [np.nanmin(seen) - 0.5, np.nanmax(seen) + 0.5]
        points = card.points(matrix)[:, position]
        assert points.tolist() == [
            characteristic.ranges[0].points,
            characteristic.ranges[-1].points,
        ]


def test_a_customer_of_whom_nothing_is_known_is_scored(card):
    matrix = np.full((1, len(card.features)), np.nan)
    expected = card.base_points + sum(c.bins[0].points for c in card.characteristics)
    assert card.score(matrix)[0] == expected
    assert 0 < card.predict(matrix)[0] < 1


def test_a_higher_score_is_safer(card):
    assert (np.diff(card.pd_of(np.arange(300.0, 900.0))) < 0).all()


def test_a_pd_on_the_edge_of_two_grades_has_the_safer_one(card):
    upper = card.grades
    assert card.grade(np.array([0.0, upper["A"], np.nextafter(upper["A"], 1)])).tolist() == [
        "A",
        "A",
        "B",
    ]
    assert card.grade(np.array(list(upper.values()))).tolist() == list(upper)
    assert card.grade(np.array([1.0]))[0] == "I"


def test_the_document_scores_as_the_card(card, snapshots):
    document, boosters = card.to_document()
    assert boosters == {}
    again = Scorecard.from_document(json.loads(json.dumps(document, allow_nan=False)), {})
    assert again == card
    assert (again.predict(snapshots.matrix) == card.predict(snapshots.matrix)).all()


def test_a_document_with_boosters_is_not_a_scorecard(card):
    with pytest.raises(ValueError, match="not a scorecard"):
        Scorecard.from_document(card.to_document()[0], {"booster_0": ""})


def test_contributions_are_points_lost_against_the_average_customer(card, learnt):
    lost = card.contributions(learnt.matrix)
    neutral = card.base_points + sum(c.neutral_points for c in card.characteristics)
    assert np.allclose(neutral - lost.sum(axis=1), card.score(learnt.matrix))
    # Goods and bads of the bins are whole numbers.
    assert np.allclose(np.average(lost, axis=0, weights=learnt.weight), 0.0, atol=0.02)


def test_the_frame_and_the_matrix_score_alike_whatever_the_order_of_columns(card, snapshots):
    frame = pd.DataFrame(snapshots.matrix[:20], columns=card.features, index=range(50, 70))
    scored = card.predict_frame(frame[frame.columns[::-1]])
    assert (scored["pd_12m"].to_numpy() == card.predict(snapshots.matrix[:20])).all()
    assert scored.index.tolist() == frame.index.tolist()


def test_the_table_lists_every_bin(card):
    table = card.table()
    assert len(table) == sum(len(c.bins) for c in card.characteristics)
    assert [row["bin"] for row in table].count("missing") == len(card.characteristics)
