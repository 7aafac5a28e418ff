from __future__ import annotations

import numpy as np
import pytest

from models.evaluation import population_stability_index
from models.evaluation.stability import stability_by_chance, stability_note


@pytest.mark.parametrize(("expected", "actual"), [(300, 300), (4000, 200)])
def test_samples_of_one_population_stay_below_what_chance_gives_in_about_95_of_100(
    expected, actual
):
    draw = np.random.default_rng(3)
    bound = stability_by_chance(expected, actual, 10)
    below = [
        population_stability_index(draw.random(expected), draw.random(actual)) <= bound
        for _ in range(400)
    ]
    assert 0.92 <= np.mean(below) <= 0.98


def test_without_rows_or_bins_nothing_is_left_to_chance():
    assert stability_by_chance(0, 10, 10) == stability_by_chance(10, 10, 1) == 0.0
    assert stability_note(0.3, 0.01) == "shifted"
