from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given
from scipy.special import ndtri

from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.estimation import PastForecasts, ascending, estimate
from models.cash_forecast.periods import WEEKS
from models.cash_forecast.thresholds import hazards


def history(true: CoMovement, origins=50, customers=40, runs=3, each=3) -> PastForecasts:
    """Forecasts that are right, and outcomes that move together as told."""
    draw = np.random.default_rng(5)
    per_origin = customers * runs * each
    n = origins * per_origin
    origin = np.arange(n) // per_origin
    customer = np.arange(n) // (runs * each)
    run = np.arange(n) // each
    chances = np.sort(draw.random((n, WEEKS + 1)), axis=1)
    thresholds = ndtri(hazards(chances))
    loadings = true.loadings[2:]
    period = np.full(n, WEEKS)
    for week in range(WEEKS):
        z = sum(
            loading * draw.standard_normal(group[-1] + 1)[group]
            for loading, group in zip(loadings, (origin, customer, run, np.arange(n)), strict=True)
        )
        period = np.where((period == WEEKS) & (z <= thresholds[:, week]), week, period)
    return PastForecasts(origin, customer, run, chances, period, np.full(n, WEEKS))


@pytest.mark.parametrize("true", [CoMovement(0.0, 0.0, 0.0), CoMovement(0.05, 0.3, 0.7)])
def test_the_correlations_that_made_a_history_are_found(true):
    found = estimate(history(true))
    assert found.market == pytest.approx(true.market, abs=0.03)
    assert found.customer == pytest.approx(true.customer, abs=0.08)
    assert found.pay_run == pytest.approx(true.pay_run, abs=0.08)
    assert found.lasting_customer == pytest.approx(0.0, abs=0.05)
    assert found.forecasts > 0


def test_weeks_that_have_not_passed_do_not_count():
    past = history(CoMovement(0.0, 0.3, 0.6), origins=20)
    young = PastForecasts(**{**vars(past), "weeks": np.full(len(past), 2)})
    spoilt = np.where(past.period >= 2, WEEKS, past.period)
    unseen = PastForecasts(**{**vars(young), "period": spoilt})
    assert estimate(young) == estimate(unseen)


def test_too_few_forecasts_leave_the_correlations_assumed():
    assert estimate(history(CoMovement(), origins=1, customers=5)) == CoMovement()


CORRELATION = st.floats(0.0, 0.99)


@given(
    st.tuples(CORRELATION, CORRELATION, CORRELATION),
    st.tuples(CORRELATION, CORRELATION),
    st.booleans(),
)
@example((0.03, 0.03, 0.5), (0.001241760005353154, 0.0), True)
def test_whatever_is_estimated_becomes_correlations(same_week, lasting, as_the_market):
    """Noise may say that a customer's invoices move together less than the market's."""
    if as_the_market:
        same_week = (same_week[0], same_week[0], same_week[2])
    found = ascending(same_week, lasting, 7)
    assert found.market == same_week[0]
    assert found.customer == max(same_week[:2])
    assert found.lasting_market <= found.lasting_customer


def test_correlations_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        CoMovement(market=0.5, customer=0.1)


def test_the_document_gives_the_correlations_back_and_older_bundles_the_assumed_ones():
    movement = CoMovement(0.01, 0.2, 0.3, 0.0, 0.1, 99)
    assert CoMovement.from_document(movement.to_document()) == movement
    assert CoMovement.from_document(None) == CoMovement()
