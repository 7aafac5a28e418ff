from __future__ import annotations

import numpy as np
import pytest

from models.short_windows import defaulted_by_month, whole_window_weights


def censored(customers: int, hazard: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows seen for 1 to 12 months, with the same chance of default in each."""
    draw = np.random.default_rng(5)
    window = draw.integers(1, 13, customers)
    month = draw.geometric(hazard, customers)
    return window, np.where(month <= window, month, 0)


def test_the_life_table_of_ten_rows_worked_by_hand():
    # Seen for 3 months: 6 rows, one defaults in each of the first two, two in the third.
    # Seen for 2: 2 rows, one defaults in the second. Seen for 1: 2 rows, none.
    window = np.array([3, 3, 3, 3, 3, 3, 2, 2, 1, 1])
    month = np.array([1, 2, 3, 3, 0, 0, 2, 0, 0, 0])
    # At risk: 10 in the first month, 7 in the second, 4 in the third.
    expected = [1 - 9 / 10, 1 - 9 / 10 * 5 / 7, 1 - 9 / 10 * 5 / 7 * 2 / 4]
    assert defaulted_by_month(window, month, 3) == pytest.approx(expected)


def test_an_unchanging_chance_is_found_however_short_the_windows():
    found = defaulted_by_month(*censored(200_000, 0.02), 12)
    assert found == pytest.approx(1 - 0.98 ** np.arange(1, 13), rel=0.03)


def test_months_that_nobody_has_reached_add_nothing():
    found = defaulted_by_month(np.array([2, 2]), np.array([1, 0]), 4)
    assert found.tolist() == [0.5] * 4


def test_the_rows_of_each_window_count_as_many_and_default_as_often_as_in_the_whole_one():
    window, month = censored(200_000, 0.02)
    weight = whole_window_weights(window, month, 12)
    whole = 1 - 0.98**12
    for months in (1, 4, 8, 12):
        own = window == months
        assert weight[own].mean() == pytest.approx(1.0, abs=0.02)
        assert np.average(month[own] > 0, weights=weight[own]) == pytest.approx(whole, rel=0.1)
    assert (weight[window == 12] == 1).all()


def test_without_any_default_every_row_counts_once():
    window = np.array([1, 6, 12])
    assert whole_window_weights(window, np.zeros(3, dtype=np.int64), 12).tolist() == [1, 1, 1]
