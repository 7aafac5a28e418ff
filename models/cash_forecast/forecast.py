"""The cash forecast: expected cash and its interval per period, of the book and per customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import CashForecastSettings
from features.facts.versions import Int64
from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.periods import PAID_BY, PERIODS, calendar, expected_cash
from models.cash_forecast.simulation import pay_run, quantile, simulate

Float64 = npt.NDArray[np.float64]
Text = npt.NDArray[np.object_]


def quantile_columns(coverage: float) -> tuple[str, str]:
    """Return the names of an interval's ends.

    Examples
    --------
    >>> quantile_columns(0.8)
    ('cash_p10', 'cash_p90')
    """
    low = round(50.0 * (1.0 - coverage), 1)
    return f"cash_p{low:02g}", f"cash_p{100 - low:g}"


@dataclass(frozen=True)
class CashForecast:
    """What the open book pays, in major units of the reporting currency.

    Parameters
    ----------
    book : DataFrame
        ``as_of period week_start week_end expected_cash cash_p10 cash_p90 currency``, a row per
        period; the interval's columns are named by the coverage set.
    customers : DataFrame
        The same behind ``customer_id``: a row per customer with open invoices and period.
    draws : float64 array of shape (periods, draws)
        Of the book's cash.
    """

    book: pd.DataFrame
    customers: pd.DataFrame
    draws: Float64

    def first_weeks(self, weeks: int, coverage: float) -> tuple[float, float, float]:
        """Return the expected cash of the first weeks together, and its interval."""
        expected = float(self.book["expected_cash"].iloc[:weeks].sum(min_count=weeks))
        total = self.draws[:weeks].sum(axis=0)
        tail = (1.0 - coverage) / 2
        return expected, float(quantile(total, tail)), float(quantile(total, 1.0 - tail))


def forecast_cash(
    customer_ids: Text,
    run: Int64,
    chances: Float64,
    amount: Float64,
    movement: CoMovement,
    as_of: date,
    currency: str,
    settings: CashForecastSettings,
) -> CashForecast:
    """Forecast the cash of open invoices.

    Parameters
    ----------
    customer_ids : object array of shape (n,)
    run : int64 array of shape (n,)
        What each is paid together with, see `simulation.pay_run`.
    chances : float64 array of shape (n, periods - 1)
        See `periods.paid_by`.
    amount : float64 array of shape (n,)
        Open, in the reporting currency.
    movement : CoMovement
    as_of : date
    currency : str
        The reporting currency.
    settings : CashForecastSettings
    """
    names, customer = np.unique(customer_ids.astype(str), return_inverse=True)
    tail = (1.0 - settings.coverage) / 2
    drawn = simulate(
        customer.astype(np.int64), run, chances, amount, movement, (tail, 1.0 - tail),
        draws=settings.draws, seed=settings.seed,
    )  # fmt: skip
    expected = expected_cash(chances, amount)
    low, high = quantile_columns(settings.coverage)
    book = calendar(as_of)
    book["expected_cash"] = expected.sum(axis=0)
    book[low] = quantile(drawn.book, tail)
    book[high] = quantile(drawn.book, 1.0 - tail)
    book["currency"] = currency
    by_customer = np.zeros((len(names), len(PERIODS)))
    np.add.at(by_customer, customer, expected)
    periods = calendar(as_of)
    rows = periods.iloc[np.tile(np.arange(len(periods)), len(names))].reset_index(drop=True)
    rows.insert(0, "customer_id", np.repeat(names.astype(object), len(PERIODS)))
    rows["expected_cash"] = by_customer.reshape(-1)
    rows[low], rows[high] = (values.reshape(-1) for values in drawn.quantiles)
    rows["currency"] = currency
    return CashForecast(book, rows, drawn.book)


def forecast_of_scored(
    scored: pd.DataFrame,
    movement: CoMovement | None,
    as_of: date,
    currency: str,
    settings: CashForecastSettings,
) -> CashForecast:
    """Forecast from scored open invoices.

    Parameters
    ----------
    scored : DataFrame
        With the internal columns of `models.scoring.invoices`.
    movement : CoMovement or None
        Of the late-payment model. None without one: the book's periods stay empty, and there are no
        rows of customers.
    as_of : date
    currency : str
    settings : CashForecastSettings
    """
    if movement is None:
        return _not_known(as_of, currency, settings)
    due = pd.to_datetime(scored["due_on"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    today = int(np.datetime64(as_of, "D").astype(np.int64))
    return forecast_cash(
        scored["customer_id"].to_numpy(dtype=object),
        pay_run(due, today),
        scored[list(PAID_BY)].to_numpy(dtype=np.float64),
        scored["open_reporting"].to_numpy(dtype=np.float64),
        movement,
        as_of,
        currency,
        settings,
    )


def _not_known(as_of: date, currency: str, settings: CashForecastSettings) -> CashForecast:
    names = ["expected_cash", *quantile_columns(settings.coverage)]
    book = calendar(as_of).assign(**dict.fromkeys(names, np.nan), currency=currency)
    customers = book.iloc[:0].copy()
    customers.insert(0, "customer_id", pd.Series(dtype=object))
    return CashForecast(book, customers, np.full((len(PERIODS), 1), np.nan))
