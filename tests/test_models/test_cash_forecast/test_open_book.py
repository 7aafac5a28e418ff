from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from features.build import moment_in_microseconds
from features.facts.versions import DAY
from features.labels.payment_day import outcomes
from models.cash_forecast.estimation import past_forecasts
from models.cash_forecast.fitting import chances, with_co_movement
from models.cash_forecast.naive import NOT_EXPECTED, pays_as_usual, pays_when_due
from models.cash_forecast.open_book import open_book
from models.cash_forecast.periods import PAID_BY, WEEKS
from models.late_payment.grid import LAST_DAY
from models.scoring import open_invoices, score_invoices


@pytest.fixture(scope="module")
def now(book, as_of):
    return open_book(book, moment_in_microseconds(as_of))


def test_the_backtest_asks_the_model_what_scoring_asks_it(book, now, late_payment, as_of):
    loaded = SimpleNamespace(model=late_payment.model)
    scored = score_invoices(loaded, book, open_invoices(book, as_of), as_of, explain=False)
    assert (scored["invoice_id"] == book.invoice_ids[now.keys.invoice]).all()
    asked = chances(late_payment.model, book, now)
    assert np.array_equal(scored[list(PAID_BY)].to_numpy(dtype=np.float64), asked)


def test_chances_ascend_and_end_with_what_is_paid_within_the_curve(book, now, late_payment):
    asked = chances(late_payment.model, book, now)
    assert ((asked >= 0) & (asked <= 1)).all()
    assert (np.diff(asked, axis=1) >= 0).all()
    beyond = now.today - now.keys.due_day > LAST_DAY
    assert (asked[beyond] == 0).all()


def test_both_rules_expect_nothing_before_today_and_nothing_of_the_lost(book, now):
    lost = now.today - now.keys.due_day >= LAST_DAY
    for day in (pays_when_due(now), pays_as_usual(now, book)):
        assert (day >= now.today).all()
        assert (day[lost] == NOT_EXPECTED).all()
    ahead = now.keys.due_day > now.today
    assert (pays_when_due(now)[ahead] == now.keys.due_day[ahead]).all()


def test_past_forecasts_hold_nothing_from_the_cutoff_on(book, late_payment, as_of):
    cutoff = moment_in_microseconds(as_of)
    first = moment_in_microseconds(date(2025, 8, 1))
    past = past_forecasts(
        book, lambda open_then: np.ones((len(open_then), WEEKS + 1)), first, cutoff
    )
    known = outcomes(book, cutoff)
    assert past.weeks.max() == (cutoff - first) // (7 * DAY)
    assert (past.period[past.weeks == 1] <= WEEKS).all()
    assert len(past) > 0
    assert set(past.customer) <= set(known.customer)


def test_a_fitted_model_carries_estimated_correlations(book, late_payment, as_of):
    model = with_co_movement(book, late_payment, moment_in_microseconds(as_of))
    assert model.co_movement.forecasts > 0
    assert model.co_movement.pay_run > 0
    document, boosters = model.to_document()
    assert type(model).from_document(document, boosters).co_movement == model.co_movement
