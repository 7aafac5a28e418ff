from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from configs.settings import CashForecastSettings
from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.forecast import forecast_cash, forecast_of_scored, quantile_columns
from models.cash_forecast.periods import PERIODS, WEEKS

AS_OF = date(2025, 6, 2)
ALONE = CoMovement(0.0, 0.0, 0.0)


def forecast(chances, amount, names=None, movement=ALONE, run=None, **changes):
    n = len(amount)
    return forecast_cash(
        np.array(names or [f"C{i}" for i in range(n)], dtype=object),
        np.zeros(n, dtype=np.int64) if run is None else run,
        np.asarray(chances, dtype=np.float64),
        np.asarray(amount, dtype=np.float64),
        movement,
        AS_OF,
        "EUR",
        CashForecastSettings(**changes),
    )


def some_book(customers=40, each=5):
    draw = np.random.default_rng(3)
    n = customers * each
    chances = np.sort(draw.random((n, WEEKS + 1)), axis=1)
    names = [f"C{i % customers:03d}" for i in range(n)]
    return chances, draw.lognormal(7, 1, n), names


def test_a_row_per_period_in_half_open_weeks():
    book = forecast(*some_book()).book
    columns = ["as_of", "period", "week_start", "week_end"]
    assert list(book) == [*columns, "expected_cash", "cash_p10", "cash_p90", "currency"]
    assert tuple(book["period"]) == PERIODS
    weeks = book.iloc[:WEEKS]
    assert weeks["week_start"].iloc[0] == AS_OF
    assert (weeks["week_end"].iloc[:-1].to_numpy() == weeks["week_start"].iloc[1:].to_numpy()).all()
    assert book["week_end"].iloc[WEEKS:].isna().all()


def test_expected_cash_adds_up_to_what_is_open_less_the_tail():
    chances, amount, names = some_book()
    book = forecast(chances, amount, names).book.set_index("period")["expected_cash"]
    assert book.sum() == pytest.approx(amount.sum())
    tail = (amount * (1 - chances[:, -1])).sum()
    assert book.drop("after").sum() == pytest.approx(amount.sum() - tail)


def test_customers_add_up_to_the_book():
    made = forecast(*some_book())
    total = made.customers.groupby("period")["expected_cash"].sum()
    assert total[list(PERIODS)].to_numpy() == pytest.approx(made.book["expected_cash"].to_numpy())
    assert len(made.customers) == 40 * len(PERIODS)


def test_the_simulation_has_the_expectation_of_the_curves_whatever_moves_together():
    chances, amount, names = some_book(customers=80)
    movement = CoMovement(0.02, 0.4, 0.8, lasting_market=0.01, lasting_customer=0.2)
    made = forecast(chances, amount, names, movement, draws=4000)
    expected = made.book["expected_cash"].to_numpy()
    error = made.draws.std(axis=1) / np.sqrt(made.draws.shape[1])
    assert (np.abs(made.draws.mean(axis=1) - expected) < 4 * error).all()


def test_one_invoice_has_the_quantiles_of_its_curve():
    chance = np.full(WEEKS + 1, 0.95)
    assert forecast([chance], [100.0]).book["cash_p10"].iloc[0] == 100.0
    rare = forecast([np.full(WEEKS + 1, 0.05)], [100.0]).book.iloc[0]
    assert (rare["cash_p10"], rare["cash_p90"]) == (0.0, 0.0)
    open_question = forecast([np.full(WEEKS + 1, 0.5)], [100.0]).book.iloc[0]
    assert (open_question["cash_p10"], open_question["cash_p90"]) == (0.0, 100.0)


@pytest.mark.parametrize(
    "wider", [CoMovement(0.2, 0.2, 0.2), CoMovement(0, 0.6, 0.6), CoMovement(0, 0, 0.9)]
)
def test_intervals_widen_with_what_moves_together(wider):
    book = some_book()
    narrow = forecast(*book).book
    wide = forecast(*book, movement=wider).book
    width = [float((b["cash_p90"] - b["cash_p10"]).iloc[0]) for b in (narrow, wide)]
    assert width[1] > 1.1 * width[0]


def test_what_lasts_widens_weeks_together_and_not_the_single_week():
    book = some_book()
    passing, lasting = (
        forecast(*book, movement=CoMovement(0.0, 0.5, 0.5, 0.0, share), draws=4000)
        for share in (0.0, 0.5)
    )
    width = [np.diff(made.first_weeks(6, 0.8)[1:])[0] for made in (passing, lasting)]
    assert width[1] > 1.1 * width[0]
    first = [made.draws[0].std() for made in (passing, lasting)]
    assert first[0] == pytest.approx(first[1], rel=0.08)


def test_coverage_names_and_widens_the_interval():
    book = some_book()
    made = forecast(*book, coverage=0.95).book
    assert quantile_columns(0.95) == ("cash_p2.5", "cash_p97.5")
    assert quantile_columns(0.9) == ("cash_p05", "cash_p95")
    usual = forecast(*book).book
    assert (made["cash_p2.5"] <= usual["cash_p10"]).all()
    assert (made["cash_p97.5"] >= usual["cash_p90"]).all()


def test_the_same_seed_gives_the_same_forecast_and_another_does_not():
    book = some_book()
    first, second, other = (forecast(*book, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.book, second.book)
    pd.testing.assert_frame_equal(first.customers, second.customers)
    assert (first.book["cash_p90"] != other.book["cash_p90"]).any()


def test_the_order_of_the_invoices_does_not_matter():
    chances, amount, names = some_book()
    mixed = np.random.default_rng(0).permutation(len(amount))
    first = forecast(chances, amount, names)
    second = forecast(chances[mixed], amount[mixed], [names[i] for i in mixed])
    assert np.array_equal(first.draws, second.draws)


def test_weeks_together_are_narrower_than_their_intervals_added():
    made = forecast(*some_book())
    expected, low, high = made.first_weeks(4, 0.8)
    weeks = made.book.iloc[:4]
    assert expected == pytest.approx(weeks["expected_cash"].sum())
    assert high - low < (weeks["cash_p90"] - weeks["cash_p10"]).sum()


def test_no_open_invoices_are_no_cash():
    made = forecast(np.empty((0, WEEKS + 1)), [])
    assert (made.book["expected_cash"] == 0).all()
    assert len(made.customers) == 0
    assert made.first_weeks(4, 0.8) == (0.0, 0.0, 0.0)


def test_invoices_beyond_their_curve_come_after_all_periods():
    book = forecast(np.zeros((3, WEEKS + 1)), [10.0, 20.0, 30.0]).book.set_index("period")
    assert book.loc["after", "expected_cash"] == 60.0
    assert book.loc["after", "cash_p10"] == 60.0
    assert (book.drop("after")["cash_p90"] == 0).all()


def test_without_a_model_the_book_is_empty_and_no_customer_is_named():
    made = forecast_of_scored(pd.DataFrame(), None, AS_OF, "EUR", CashForecastSettings())
    assert made.book[["expected_cash", "cash_p10", "cash_p90"]].isna().all().all()
    assert len(made.customers) == 0
    assert list(made.customers) == ["customer_id", *made.book]
    assert np.isnan(made.first_weeks(4, 0.8)[0])
