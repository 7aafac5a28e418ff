from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.ledger.storage import Ledger
from models.cash_forecast.received import cash_rows, received
from pipelines.backtest.cash_forecast import backtest_cash


@pytest.fixture(scope="module")
def made(trained, settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("backtest")
    metrics = backtest_cash(trained.ledger, [date(2025, 11, 3)], out, settings, str)
    return metrics, pd.read_parquet(out / "forecasts.parquet"), out


def test_every_whole_week_after_every_origin_is_forecast(made, trained):
    _, forecasts, _ = made
    end = Ledger.open(trained.ledger).extract_date
    weeks = forecasts[forecasts["horizon"] > 0]
    assert (pd.to_datetime(weeks["week_start"]) + pd.Timedelta(days=7) <= pd.Timestamp(end)).all()
    first = weeks[weeks["origin"] == date(2025, 11, 3)]
    assert first["horizon"].tolist() == list(range(1, (end - date(2025, 11, 3)).days // 7 + 1))
    assert (weeks["low"] <= weeks["high"]).all()


def test_four_weeks_together_add_up(made):
    _, forecasts, _ = made
    first = forecasts[forecasts["origin"] == date(2025, 11, 3)].set_index("horizon")
    for column in ("actual", "forecast", "as_usual", "when_due"):
        assert first.loc[0, column] == pytest.approx(first.loc[1:4, column].sum())


def test_measures_are_those_of_the_forecasts(made):
    metrics, forecasts, out = made
    row = metrics.set_index("horizon").loc["week 1"]
    week = forecasts[forecasts["horizon"] == 1]
    assert row["forecasts"] == len(week)
    error = (week["forecast"] - week["actual"]).abs()
    assert row["wape_forecast"] == pytest.approx(error.sum() / week["actual"].sum())
    inside = week["actual"].between(week["low"], week["high"])
    assert row["coverage"] == pytest.approx(inside.mean())
    assert (out / "forecast.png").stat().st_size > 0
    assert (out / "metrics.csv").is_file()


def test_cutoffs_that_leave_no_week_are_refused_in_one_line(trained, settings, tmp_path):
    end = Ledger.open(trained.ledger).extract_date
    with pytest.raises(ValueError, match="leaves no week to test"):
        backtest_cash(trained.ledger, [end], tmp_path / "out", settings, str)
    assert not (tmp_path / "out").exists()


def test_cash_is_what_was_paid_and_not_taken_back_since(trained):
    rows = cash_rows(Ledger.open(trained.ledger))
    payments = Ledger.open(trained.ledger).table("payments").to_pandas()
    payments = payments[payments["void_at"].isna() & (payments["removed"] != True)]  # noqa: E712
    paid = payments[
        (payments["kind"].fillna("payment") == "payment") & payments["invoice_id"].notna()
    ]
    back = payments[payments["kind"] == "reversal"]
    assert rows["cash"].sum() == paid["amount_reporting"].sum() - back["amount_reporting"].sum()


def test_cash_recorded_before_the_origin_does_not_count_and_late_news_count_at_once():
    rows = pd.DataFrame(
        {
            "invoice_id": ["A", "A", "A", "B"],
            "paid_on": [date(2025, 1, 1), date(2025, 1, 8), date(2025, 1, 20), date(2025, 1, 21)],
            "cash": [1, 2, 4, 8],
            "known_at": pd.to_datetime(["2025-01-01", "2025-01-12", "2025-01-20", "2025-01-21"]),
        }
    )
    came = received(rows, np.array(["A"], dtype=object), date(2025, 1, 10))
    today = (date(2025, 1, 10) - date(1970, 1, 1)).days
    assert came["day"].tolist() == [today, today + 10]
    assert came["cash"].tolist() == [2.0, 4.0]
