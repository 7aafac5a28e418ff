from __future__ import annotations

import numpy as np
import pytest

from models.cash_forecast import simulation
from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.periods import WEEKS


def drawn(customers=60):
    draw = np.random.default_rng(1)
    n = 3 * customers
    return simulation.simulate(
        np.arange(n) % customers,
        np.arange(n) % 2,
        np.sort(draw.random((n, WEEKS + 1)), axis=1),
        draw.lognormal(6, 1, n),
        CoMovement(0.05, 0.3, 0.6, 0.01, 0.1),
        (0.1, 0.9),
        draws=200,
        seed=3,
    )


def test_so_many_customers_are_held_at_a_time_and_the_draws_are_the_same(monkeypatch):
    whole = drawn()
    sizes = []
    kernel = simulation.cash_by_customer

    def counted(thresholds, amount, first, *others):
        sizes.append(len(first) - 1)
        return kernel(thresholds, amount, first, *others)

    monkeypatch.setattr(simulation, "cash_by_customer", counted)
    monkeypatch.setattr(simulation, "CUSTOMERS_AT_ONCE", 7)
    parts = drawn()
    assert sizes == [7] * 8 + [4]
    assert np.array_equal(whole.quantiles, parts.quantiles)
    assert whole.book == pytest.approx(parts.book)


def test_invoices_of_one_run_that_move_as_one_are_paid_together():
    chances = np.tile(np.linspace(0.1, 0.9, WEEKS + 1), (4, 1))
    made = simulation.simulate(
        np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64), chances, np.ones(4),
        CoMovement(0.0, 0.0, 1.0 - 1e-12), (0.5,), draws=500, seed=1,
    )  # fmt: skip
    assert set(np.unique(made.book)) == {0.0, 4.0}
