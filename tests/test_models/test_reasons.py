from __future__ import annotations

import numpy as np
import pandas as pd

from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, INVOICE_FEATURES
from models.characteristics import characteristic, is_spoken
from models.reasons import COUNT, DETAIL_COLUMNS, details, find_reasons, sentences

LATE = ["customer_late_5d_rate_90d", "customer_late_5d_rate_365d"]
OVERDUE = "customer_overdue_share_now"
WEEKDAY = "invoice_due_weekday_value_now"


def texts(features, values, contributions, usual=0.1):
    usual = (usual,) * len(features)
    found = find_reasons(features, np.array([values]), np.array([contributions]), usual)
    return [reason.text for reason in found[0]]


def said(feature, value, usual, direction):
    declared = CATALOGUE[feature]
    normal = f" (usually {declared.shown(usual)})"
    return f"{declared.describe(value)}{normal}: {direction} the risk"


def test_a_reason_says_the_value_the_usual_value_and_the_direction():
    assert texts([LATE[0]], [0.4], [1.0]) == [
        "40% of its invoices paid in the last 90 days were 5 or more days late (usually 10%): "
        "raises the risk"
    ]


def test_features_of_one_characteristic_are_added_up_and_named_by_the_strongest():
    found = texts([*LATE, OVERDUE], [0.2, 0.4, 0.3], [0.3, 0.4, 0.5])
    assert found == [said(LATE[1], 0.4, 0.1, "raises"), said(OVERDUE, 0.3, 0.1, "raises")]


def test_what_raises_the_risk_comes_before_what_lowers_it():
    found = texts([LATE[0], OVERDUE], [0.0, 0.3], [-2.0, 0.5])
    assert found == [said(OVERDUE, 0.3, 0.1, "raises"), said(LATE[0], 0.0, 0.1, "lowers")]


def test_what_is_weak_beside_the_strongest_comes_last():
    found = texts([LATE[0], OVERDUE], [0.0, 0.3], [-2.0, 0.1])
    assert found == [said(LATE[0], 0.0, 0.1, "lowers"), said(OVERDUE, 0.3, 0.1, "raises")]


def test_a_value_that_speaks_against_what_it_did_names_nothing():
    assert texts([LATE[0]], [0.0], [1.0]) == []
    assert texts([LATE[0]], [0.4], [-1.0]) == []
    found = texts(LATE, [0.0, 0.4], [0.9, 0.2])
    assert found == [said(LATE[1], 0.4, 0.1, "raises")]


def test_the_usual_value_is_no_reason_for_more_risk_but_one_for_less():
    assert texts([LATE[0]], [0.1], [1.0]) == []
    assert texts([LATE[0]], [0.102], [1.0]) == [], "it reads as usual"
    assert texts([LATE[0]], [0.1], [-1.0]) == [
        "10% of its invoices paid in the last 90 days were 5 or more days late (as usual): "
        "lowers the risk"
    ]


def test_a_missing_value_has_a_sentence_of_its_own():
    missing = CATALOGUE[LATE[0]].missing
    assert texts([LATE[0]], [np.nan], [1.0]) == [f"{missing}: raises the risk"]
    assert texts([LATE[0]], [np.nan], [1.0], usual=None) == [], "most have none"
    assert texts([LATE[0]], [0.4], [1.0], usual=None) == [
        f"{CATALOGUE[LATE[0]].describe(0.4)}: raises the risk"
    ]


def test_what_is_missing_is_said_once():
    features = ["customer_late_5d_rate_90d", "customer_discounts_taken_difference_90d"]
    assert len({characteristic(name) for name in features}) == 2
    assert len({CATALOGUE[name].missing for name in features}) == 1
    assert len(texts(features, [np.nan] * 2, [1.0, 0.5])) == 1


def test_no_more_than_four_reasons_strongest_first():
    riskier = [n for n in CUSTOMER_FEATURES if CATALOGUE[n].direction > 0 and is_spoken(n)]
    features = list({characteristic(name): name for name in riskier}.values())[:6]
    rows = find_reasons(features, np.full((1, 6), 40.0), np.arange(1.0, 7.0)[None], (0.0,) * 6)
    assert [reason.feature for reason in rows[0]] == features[:1:-1]
    assert [reason.contribution for reason in rows[0]] == [6.0, 5.0, 4.0, 3.0]
    assert len(rows[0]) == COUNT


def test_the_calendar_is_not_named():
    assert texts([WEEKDAY, LATE[0]], [0.0, 0.5], [9.0, 1.0]) == [said(LATE[0], 0.5, 0.1, "raises")]


def test_every_feature_has_one_characteristic_and_can_be_said():
    for name in INVOICE_FEATURES:
        assert not characteristic(name).startswith(("customer ", "invoice ")), name
        for value in (0.0, 1.0, 3.0, np.nan):
            text = CATALOGUE[name].describe(value)
            assert text.strip()
            assert "{" not in text and "nan" not in text
            assert "\n" not in text


def test_a_row_has_the_same_reasons_alone_and_among_others_to_the_bit():
    rng = np.random.default_rng(5)
    matrix = np.round(rng.random((60, len(CUSTOMER_FEATURES))), 1)
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    shares = rng.normal(size=matrix.shape)
    usual = (0.5,) * len(CUSTOMER_FEATURES)
    together = find_reasons(CUSTOMER_FEATURES, matrix, shares, usual)
    for row in range(60):
        part = slice(row, row + 1)
        alone = find_reasons(CUSTOMER_FEATURES, matrix[part], shares[part], usual)
        # Values may be missing, and NaN is not itself: what is written says it all.
        assert repr(alone[0]) == repr(together[row])
    for reason in (reason for row in together for reason in row):
        declared = CATALOGUE[reason.feature]
        if declared.direction and not np.isnan(reason.value):
            away = (reason.value - 0.5) * declared.direction
            assert away > 0 if reason.direction == "raises" else away <= 0


def test_no_rows_no_reasons():
    empty = np.empty((0, 1))
    assert find_reasons([OVERDUE], empty, empty, (0.0,)) == []


def test_reasons_are_columns_of_text_and_a_table():
    matrix, shares = np.array([[0.4, 0.3], [0.1, 0.1]]), np.array([[1.0, 0.5], [0.0, 0.0]])
    rows = find_reasons([LATE[0], OVERDUE], matrix, shares, (0.1, None))
    columns = sentences(rows)
    assert columns["reason_1"].tolist() == [rows[0][0].text, None]
    assert columns["reason_3"].tolist() == [None, None]
    table = details(pd.Series(["A", "B"], name="invoice_id"), rows)
    assert list(table.columns) == ["invoice_id", *DETAIL_COLUMNS]
    first, second = table.to_dict("records")
    assert (first["invoice_id"], first["position"], first["direction"]) == ("A", 1, "raises")
    assert (first["feature"], first["value"], first["usual"]) == (LATE[0], 0.4, 0.1)
    assert first["reason"] == rows[0][0].text
    assert second["position"] == 2 and np.isnan(second["usual"])
    nothing = details(pd.Series(["C"], name="invoice_id"), [np.nan])
    assert len(nothing) == 0 and nothing["value"].dtype == np.float64


def test_a_value_below_zero_is_told_in_words():
    early = CATALOGUE["customer_days_late_value_last1"]
    assert early.describe(-3.2) == "its last invoice was paid 3 days before due"
    assert early.describe(-0.2) == "its last invoice was paid 0 days after due"
    assert early.shown(-1.0) == "1 day before" and early.shown(4.0) == "4 days"
    assert early.meaning == "its last invoice was paid … after due"
