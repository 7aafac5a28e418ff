from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shap

from features.build import moment_in_microseconds
from models.late_payment import explanation
from models.late_payment.dataset import training_rows
from models.late_payment.explanation import explained_edge
from models.late_payment.grid import EDGES, INTERVALS, horizon_position


@pytest.fixture(scope="module")
def rows(book, as_of):
    """Rows of half a year, of every age up to long overdue."""
    first, last = moment_in_microseconds("2025-03-01"), moment_in_microseconds(as_of)
    return training_rows(book, first, last, seed=1)


@pytest.fixture(scope="module")
def explained(late_payment, rows):
    return late_payment.model.explainer.explain(rows.matrix, rows.start)


def test_base_and_values_add_up_to_the_log_odds_of_the_probability(late_payment, rows, explained):
    base, values = explained
    curve = late_payment.model.curves(rows.matrix, rows.start, rows.keys.due_day)
    edge = explained_edge(rows.start)
    late = curve.survival[np.arange(len(rows)), edge]
    ahead = rows.start < EDGES[-1]
    assert ahead.any() and (edge == horizon_position(5)).any() and (rows.start >= 5).any()
    log_odds = np.log(late / (1.0 - late))
    np.testing.assert_allclose((base + values.sum(axis=1))[ahead], log_odds[ahead], atol=1e-6)
    young = rows.start < 5
    assert np.array_equal(late[young], curve.late(5)[young])


def boosted_and_linear(hazards, matrix, interval, of_boosters):
    """Each feature's part of one hazard's log-odds before calibration."""
    if not of_boosters:
        return np.zeros(matrix.shape)
    assert 0 < hazards.share < 1, "both are tried here"
    columns = hazards.linear.design.columns(matrix)
    linear = hazards.linear.contributions(columns, interval)
    return (1 - hazards.share) * np.mean(of_boosters, axis=0) + hazards.share * linear


def test_with_one_interval_ahead_the_values_are_lightgbms_own(late_payment, rows, explained):
    interval = INTERVALS - 1
    hazards = late_payment.model.hazards
    hazard = hazards.of[interval - 1]
    alone = (rows.start >= EDGES[interval - 1]) & (rows.start < EDGES[interval])
    matrix = rows.matrix[alone]
    assert len(matrix) and explained_edge(rows.start[alone]).max() == interval
    parts = [b.predict(matrix, pred_contrib=True)[:, :-1] for b in hazard.boosters]
    expected = -hazard.slope * boosted_and_linear(hazards, matrix, interval - 1, parts)
    np.testing.assert_allclose(explained[1][alone], expected, rtol=0, atol=1e-9)


def test_values_divide_each_intervals_shap_values_along_the_path(late_payment, rows, explained):
    """The whole construction once more, by LightGBM, shap and the midpoints of a fine grid."""
    hazards = late_payment.model.hazards
    some = np.flatnonzero(rows.start < -200)[:12]
    matrix, edge = rows.matrix[some], horizon_position(5)
    steps, shares = [], []
    z0 = np.zeros(edge)
    for i in range(edge):
        boosters = hazards.of[i].boosters
        found = [shap.TreeExplainer(b).shap_values(matrix) for b in boosters]
        for booster, values in zip(boosters, found, strict=True):
            own = booster.predict(matrix, pred_contrib=True)
            np.testing.assert_allclose(values, own[:, :-1], rtol=0, atol=1e-9)
        shares.append(hazards.of[i].slope * boosted_and_linear(hazards, matrix, i, found))
        expected = np.mean([b.predict(matrix[:1], pred_contrib=True)[0, -1] for b in boosters])
        expected = (1 - hazards.share) * expected + hazards.share * hazards.linear.average(i)
        z0[i] = hazards.of[i].intercept + hazards.of[i].slope * expected
        steps.append(shares[-1].sum(axis=1))
    z1 = z0 + np.array(steps).T
    weights = np.zeros(z1.shape)
    for t in (np.arange(2000) + 0.5) / 2000:
        hazard = 1.0 / (1.0 + np.exp(-(z0 + t * (z1 - z0))))
        paid = 1.0 - np.prod(1.0 - hazard, axis=1)
        weights -= hazard / paid[:, None] / 2000
    values = sum(weights[:, i, None] * shares[i] for i in range(edge))
    np.testing.assert_allclose(explained[1][some], values, rtol=0, atol=1e-6)


def test_beyond_the_last_edge_only_the_days_past_due_count(late_payment, rows):
    model = late_payment.model
    start = np.full(5, EDGES[-1] + 3)
    base, values = model.explainer.explain(rows.matrix[:5], start)
    column = model.features.index("invoice_days_past_due_value_now")
    never = np.log(model.never / (1.0 - model.never))
    np.testing.assert_allclose(base + values[:, column], never)
    assert (np.delete(values, column, axis=1) == 0).all() and (values[:, column] > 0).all()


def test_a_row_has_the_same_values_alone_in_any_block_and_on_any_threads(
    late_payment, rows, explained, monkeypatch
):
    explainer = late_payment.model.explainer
    for threads, block in ((1, 512), (3, 100)):
        monkeypatch.setattr(explanation, "_ROWS_AT_ONCE", block)
        again = explainer.explain(rows.matrix, rows.start, threads)
        assert all(np.array_equal(a, b) for a, b in zip(again, explained, strict=True))
    for row in range(0, len(rows), len(rows) // 25):
        part = slice(row, row + 1)
        base, values = explainer.explain(rows.matrix[part], rows.start[part])
        assert base[0] == explained[0][row]
        assert np.array_equal(values[0], explained[1][row])


def test_trees_are_laid_out_once_whoever_asks(late_payment, rows, monkeypatch):
    model = type(late_payment.model).from_document(*late_payment.model.to_document())
    expected = late_payment.model.contributions(rows.matrix[:3], rows.start[:3])
    with ThreadPoolExecutor(4) as pool:
        ask = range(8)
        found = list(pool.map(lambda _: model.contributions(rows.matrix[:3], rows.start[:3]), ask))
    assert all(np.array_equal(values, expected) for values in found)
    monkeypatch.setattr(explanation, "read_trees", None)
    model.contributions(rows.matrix[:3], rows.start[:3])


def test_no_rows_have_no_values(late_payment, rows):
    base, values = late_payment.model.explainer.explain(rows.matrix[:0], rows.start[:0])
    assert base.shape == (0,) and values.shape == rows.matrix[:0].shape
