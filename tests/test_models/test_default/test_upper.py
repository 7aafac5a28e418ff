from __future__ import annotations

import numpy as np
import pytest

from features.facts.versions import DAY
from models.default.upper import HISTORY_FROM, UpperBound, fit_upper_bound
from models.snapshot_months import month_starts
from models.snapshots import Snapshots


def simulated(customers: int, seed: int) -> tuple[Snapshots, np.ndarray]:
    """A book of customers whose probability is known and of which the score sees a part."""
    rng = np.random.default_rng(seed)
    months = month_starts(18_000, 18_000 + 700)[:18]
    risk = rng.normal(-3.0, 1.0, customers)
    settled = rng.choice([0.0, 6.0, 20.0, 60.0], customers)
    customer = np.repeat(np.arange(customers), len(months))
    as_of = np.tile(months, customers) * DAY
    noise = rng.normal(0, 1, len(customer)) * np.where(settled < 3, 0.8, 0.1)[customer]
    bad = rng.random(customers) < 1 / (1 + np.exp(-risk))
    rows = Snapshots(
        customer, as_of, np.empty((len(customer), 0)), bad[customer], settled[customer]
    )
    return rows, risk[customer] + noise


@pytest.fixture(scope="module")
def bound() -> UpperBound:
    snapshots, unseen = simulated(600, 1)
    return fit_upper_bound(snapshots, unseen, 12, 0.9)


def test_the_bound_is_above_the_probability_and_ascends(bound):
    chance = np.linspace(0, 1, 300)
    for settled in (0.0, 5.0, 15.0, 100.0):
        upper = bound.apply(chance, np.full(300, settled))
        assert (upper >= chance - 1e-8).all() and upper.max() <= 1
        assert (np.diff(upper) >= -1e-12).all()


def test_the_bound_widens_for_thin_histories(bound):
    uppers = [bound.apply(np.array([0.05]), np.array([n]))[0] for n in HISTORY_FROM]
    assert uppers == sorted(uppers, reverse=True)
    assert uppers[0] > 1.2 * uppers[-1]


def test_more_customers_narrow_the_bound(bound):
    snapshots, unseen = simulated(4000, 2)
    more = fit_upper_bound(snapshots, unseen, 12, 0.9)
    thick = np.array([1000.0])
    assert more.apply(np.array([0.05]), thick)[0] < bound.apply(np.array([0.05]), thick)[0]


def test_a_missing_probability_has_no_bound(bound):
    assert np.isnan(bound.apply(np.array([np.nan]), np.array([0.0]))).all()


def test_the_bound_survives_its_document(bound):
    again = UpperBound.from_document(bound.to_document())
    chance = np.linspace(0, 1, 50)
    settled = np.linspace(0, 50, 50)
    assert (again.apply(chance, settled) == bound.apply(chance, settled)).all()
