"""The catalogue as a whole: every entry can be shown, and is defined on any book."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from features.build import build, build_matrix, make_keys
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, GROUPS, INVOICE_FEATURES, Feature
from features.engine.recent import RECENT_DEPTH
from features.engine.totals import WINDOWS

PROPOSED = {"issued_on": "2024-05-01", "due_on": "2024-05-31", "amount": 80.0, "currency": "EUR"}
each_feature = pytest.mark.parametrize("feature", CATALOGUE.values(), ids=lambda f: f.name)


def test_every_feature_is_in_one_group():
    names = [feature.name for features in GROUPS.values() for feature in features]
    assert len(names) == len(set(names)) == len(CATALOGUE)
    assert set(CUSTOMER_FEATURES) <= set(INVOICE_FEATURES) == set(names)
    assert len(CATALOGUE) >= 140


@each_feature
def test_declaration(feature):
    name = re.compile(
        r"(customer|invoice)(_[a-z0-9]+)+_(last\d+|ewm|like|now|" + "|".join(WINDOWS) + ")"
    )
    assert name.fullmatch(feature.name)
    assert feature.direction in (-1, 0, 1)
    assert feature.owner
    assert feature.missing and "{" not in feature.missing
    assert re.findall(r"\{.*?\}", feature.sentence) == ["{value}"]
    for text in (feature.sentence, feature.missing):
        assert text == text.strip() and not text.endswith(".")


@each_feature
@pytest.mark.parametrize("value", [0.0, 1.0, 6.0, 0.126, -0.001])
def test_sentence(feature, value):
    shown = feature.describe(value)
    assert "{" not in shown and "nan" not in shown
    assert "-0%" not in shown and "-0.0" not in shown
    assert feature.describe(float("nan")) == feature.missing


def test_sentence_of_a_great_value(busy_book):
    for feature in CATALOGUE.values():
        value = {"weekday": 6.0, "log": 25.0}.get(feature.unit, 123_456.7)
        assert feature.describe(value)


@pytest.mark.parametrize("name", ["late", "customer_late_5d_rate", "order_late_rate_90d"])
def test_name_outside_the_pattern_is_refused(name):
    with pytest.raises(ValueError, match="<entity>_<measure>_<statistic>_<window>"):
        Feature(name, "share", 1, "{value}", "", lambda m: m.amount)


LOOKBACKS = {
    name: int(depth)
    for name in CATALOGUE
    for depth in re.findall(r"late.*_last(\d+)$", name)
    if not re.search("_(median|p90|spread|streak)_", name)
}


@pytest.mark.parametrize("depth", [1, 3, 10, 20, RECENT_DEPTH])
def test_lookback_in_a_name_is_how_deep_the_feature_looks(make_facts, moment, depth):
    def after(on_time: int) -> pd.Series:
        """Build a row for a customer that paid late until so many invoices ago."""
        facts = make_facts()
        for number in range(RECENT_DEPTH + 5):
            due, late = 2 * number, 50 * (number < RECENT_DEPTH + 5 - on_time)
            facts.invoice(f"I{number:03}", issued=due, due=due)
            facts.payment(f"P{number:03}", f"I{number:03}", due + late, recorded=due + 50)
        key = {"issued_on": moment(299), "due_on": moment(299), "amount": 1.0, "currency": "EUR"}
        keys = pd.DataFrame({"customer_id": ["A"], **{k: [v] for k, v in key.items()}})
        return build(facts.book(), keys, moment(300)).iloc[0]

    names = [name for name, n in LOOKBACKS.items() if n == depth]
    assert names
    assert (after(depth)[names] == 0).all()
    assert (after(depth - 1)[names] > 0).all()


def rows(book, about_invoices: bool, customers: list[str]) -> np.ndarray:
    frame = pd.DataFrame({"customer_id": customers, **(PROPOSED if about_invoices else {})})
    keys = make_keys(book, frame, "2024-05-01")
    found = build_matrix(book, keys, tuple(CATALOGUE))
    for position, feature in enumerate(CATALOGUE.values()):
        assert not np.isinf(found[:, position]).any(), feature.name
    assert found.shape == (len(customers), len(CATALOGUE))
    assert found.dtype == np.float64
    return found


@pytest.mark.parametrize("about_invoices", [True, False])
def test_nothing_known(facts, busy_book, about_invoices):
    rows(facts.book(), about_invoices, ["A", "nobody"])
    unknown = rows(busy_book, about_invoices, ["nobody", "A", "nobody"])
    np.testing.assert_array_equal(unknown[0], unknown[2])


@pytest.mark.parametrize("about_invoices", [True, False])
def test_known_customer_without_facts_is_like_an_unknown_one(facts, about_invoices):
    book = facts.customer("A").customer("B", 5).book()
    a, b, nobody = rows(book, about_invoices, ["A", "B", "nobody"])
    np.testing.assert_array_equal(a, nobody)
    np.testing.assert_array_equal(b, nobody)


def test_no_keys(busy_book):
    assert build(busy_book, pd.DataFrame({"customer_id": []}), "2024-05-01").shape == (
        0,
        len(CUSTOMER_FEATURES),
    )


def test_invoice_features_are_missing_without_an_invoice(busy_book):
    found = pd.DataFrame(rows(busy_book, False, ["A", "B"]), columns=list(CATALOGUE))
    own = [name for name in CATALOGUE if name not in CUSTOMER_FEATURES]
    assert found[own].isna().all().all()


def test_values_keep_within_what_their_unit_allows(sample_ledger, sample_book, invoice_keys):
    keys = invoice_keys(sample_ledger).sample(3000, random_state=4)
    found = build(sample_book, keys, "2025-03-03")
    for name, values in found.items():
        feature = CATALOGUE[name]
        known = values.dropna()
        assert np.isfinite(known).all(), name
        signed = "difference" in name
        if feature.unit == "share":
            assert known.between(-1 if signed else 0, 1).all(), name
        if feature.unit in ("ratio", "count"):
            assert (known >= 0).all(), name
        if feature.unit == "weekday":
            assert known.between(0, 6).all(), name
        if feature.unit == "day_of_month":
            assert known.between(1, 31).all(), name


def test_features_by_hand(facts, moment):
    facts.customer("A", 0, segment="trade").limit(0, 400_000)
    for number, late in enumerate((0, 6, 20)):
        due = 40 + 40 * number
        facts.invoice(f"I{number}", due=due, amount=60_000 * (number + 1))
        facts.payment(f"P{number}", f"I{number}", due + late, 60_000 * (number + 1))
    facts.invoice("I4", issued=100, due=165, amount=90_000).invoice(
        "I5", issued=110, due=230, amount=10_000
    )
    keys = pd.DataFrame({"customer_id": ["A"]})
    found = build(facts.book(), keys, moment(180)).iloc[0]
    expected = {
        "customer_late_1d_rate_365d": 2 / 3,
        "customer_late_5d_rate_365d": 2 / 3,
        "customer_late_15d_rate_365d": 1 / 3,
        "customer_late_1d_rate_90d": 1.0,  # only the third was settled in the last 90 days
        "customer_late_5d_rate_90d": 1.0,
        "customer_days_late_mean_365d": 26 / 3,
        "customer_days_late_trend_difference_90d": 20 - 26 / 3,
        "customer_days_late_by_amount_mean_365d": (6 * 1200 + 20 * 1800) / 3600,
        "customer_days_late_mean_last3": 26 / 3,
        "customer_days_late_max_last20": 20,
        "customer_overdue_share_now": 0.9,
        "customer_worst_dpd_max_now": 15,
        "customer_worst_dpd_against_habit_difference_now": 15 - 20,
        "customer_overdue_days_by_amount_mean_now": 15,
        "customer_overdue_count_now": 1,
        "customer_days_since_payment_value_now": 40,
        "customer_limit_use_ratio_now": 0.25,
        "customer_balance_to_sales_ratio_365d": 100_000 / (460_000 / 12),
        "customer_days_since_invoice_value_now": 70,
        "customer_payment_gap_against_usual_ratio_now": 40 * 3 / 365,
        "customer_unapplied_share_now": 0,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_payment_gap_is_not_known_without_a_usual_one(facts, moment):
    facts.invoice("I1").payment("P1", "I1", 30)
    keys = pd.DataFrame({"customer_id": ["A", "A"], "as_of": [moment(80), moment(500)]})
    found = build(facts.book(), keys)["customer_payment_gap_against_usual_ratio_now"]
    np.testing.assert_allclose(found, [50 / 365, np.nan])
