from __future__ import annotations

import numpy as np

from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, INVOICE_FEATURES
from models.reasons import COUNT, characteristic, reasons

LATE = [name for name in CUSTOMER_FEATURES if characteristic(name) == "customer_late"]
OTHER = next(name for name in CUSTOMER_FEATURES if characteristic(name) != "customer_late")


def test_features_of_one_characteristic_are_added_up_and_named_by_the_strongest():
    features = [*LATE[:2], OTHER]
    matrix = np.array([[0.2, 0.4, 0.3]])
    found = reasons(features, matrix, np.array([[0.3, 0.4, 0.5]]))
    assert found[0][0] == CATALOGUE[LATE[1]].describe(0.4)
    assert found[0][1] == CATALOGUE[OTHER].describe(0.3)
    assert found[0][2:] == (None, None)


def test_only_what_moved_the_score_towards_risk_is_named():
    features = [*LATE[:2], OTHER]
    matrix = np.full((2, 3), 0.5)
    found = reasons(features, matrix, np.array([[-0.3, -0.4, -0.5], [0.6, -0.7, 0.0]]))
    assert found == [(None,) * COUNT, (None,) * COUNT]


def test_a_missing_value_has_a_sentence_of_its_own():
    found = reasons([LATE[0]], np.array([[np.nan]]), np.array([[1.0]]))
    assert found[0][0] == CATALOGUE[LATE[0]].missing


def test_no_more_than_four_reasons_strongest_first():
    certain = [name for name in CUSTOMER_FEATURES if CATALOGUE[name].direction != 0]
    by_topic = {characteristic(name): name for name in certain}
    features = list(by_topic.values())[:6]
    strength = np.arange(1.0, 7.0)[None, :]
    found = reasons(features, np.full((1, 6), 0.5), strength)
    assert len(found[0]) == COUNT
    assert found[0][0] == CATALOGUE[features[5]].describe(0.5)
    assert found[0][3] == CATALOGUE[features[2]].describe(0.5)


def test_what_has_no_certain_direction_is_not_named():
    features = ["invoice_due_weekday_value_now", LATE[0]]
    found = reasons(features, np.array([[0.0, 0.5]]), np.array([[9.0, 1.0]]))
    assert found == [(CATALOGUE[LATE[0]].describe(0.5), None, None, None)]


def test_what_is_missing_is_said_once():
    features = ["customer_late_5d_rate_90d", "customer_days_late_mean_90d"]
    found = reasons(features, np.full((1, 2), np.nan), np.ones((1, 2)))
    assert found == [("it paid no invoice in the last 90 days", None, None, None)]


def test_every_feature_can_be_said_with_a_value_and_without():
    for name in INVOICE_FEATURES:
        for value in (0.0, 1.0, 3.0, np.nan):
            text = CATALOGUE[name].describe(value)
            assert text.strip()
            assert "{" not in text and "nan" not in text
            assert "\n" not in text


def test_no_rows_no_reasons():
    assert reasons([OTHER], np.empty((0, 1)), np.empty((0, 1))) == []
