"""The cash forecast at rolling cutoffs: every week's cash against what then came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.loading import load_book
from features.facts.versions import Int64
from features.ledger.money import minor_units_per_major
from features.ledger.storage import Ledger
from models.cash_forecast.fitting import chances, with_co_movement
from models.cash_forecast.forecast import forecast_cash, quantile_columns
from models.cash_forecast.measures import RULES, cash_metrics
from models.cash_forecast.naive import pays_as_usual, pays_when_due
from models.cash_forecast.open_book import OpenBook, open_book
from models.cash_forecast.periods import NEXT_WEEKS, WEEKS, period_of
from models.cash_forecast.plots import cash_figure
from models.cash_forecast.received import cash_rows, received
from models.cash_forecast.simulation import pay_run
from models.late_payment.fitting import fit_late_payment
from models.late_payment.model import LatePaymentModel
from pipelines.files import write_frames

SHOWN = (
    *("horizon", "forecasts", "coverage", "width", "bias"),
    *("wape_forecast", *(f"wape_{rule}" for rule in RULES)),
)
"""What the summary shows of every row of the metrics."""


def backtest_cash(
    ledger_path: Path,
    cutoffs: Sequence[date],
    out: Path,
    settings: Settings,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Backtest the cash forecast.

    At every cutoff a model is trained with what was known before it. Frozen, it forecasts the open
    book every seven days from the cutoff to the next one (the last: to the extract).

    Parameters
    ----------
    ledger_path : Path
    cutoffs : sequence of date
    out : Path
        Folder for ``metrics`` and ``forecasts`` (Parquet and CSV) and ``forecast.png``.
    settings : Settings
    progress : callable

    Returns
    -------
    DataFrame
        See `models.cash_forecast.measures.cash_metrics`.

    Raises
    ------
    ValueError
        A cutoff that leaves no week to test, or too little to train on.
    """
    ledger = Ledger.open(ledger_path)
    ordered = sorted(set(cutoffs))
    end = ledger.extract_date
    if not ordered or ordered[-1] + timedelta(weeks=1) > end:
        raise ValueError(
            f"--cutoffs: {ordered[-1] if ordered else 'none given'} leaves no week to test in a "
            f"ledger that ends with {end}; choose earlier dates"
        )
    book = load_book(ledger, settings.settlement)
    cash = cash_rows(ledger)
    tables = []
    for cutoff, until in zip(ordered, [*ordered[1:], end], strict=True):
        progress(f"cash_forecast: cutoff {cutoff}, training")
        edge = moment_in_microseconds(cutoff)
        model = with_co_movement(book, fit_late_payment(book, edge, settings.late_payment), edge)
        together = model.co_movement
        progress(
            f"cash_forecast: cutoff {cutoff}, weeks of payment correlate by {together.market:.2f} "
            f"across customers, {together.customer:.2f} within one, {together.pay_run:.2f} within "
            "a pay run"
        )
        origin = cutoff
        while origin < until and origin + timedelta(weeks=1) <= end:
            tables.append(_one_origin(book, model, cash, cutoff, origin, end, settings))
            origin += timedelta(weeks=1)
    forecasts = pd.concat(tables, ignore_index=True)
    metrics = cash_metrics(forecasts)
    write_frames(out, {"metrics": metrics, "forecasts": forecasts}, csv=True)
    cash_figure(forecasts, settings.cash_forecast.coverage).savefig(out / "forecast.png", dpi=110)
    return metrics


def _one_origin(
    book: Book,
    model: LatePaymentModel,
    cash: pd.DataFrame,
    cutoff: date,
    origin: date,
    end: date,
    settings: Settings,
) -> pd.DataFrame:
    """Return forecast, rules and actual of every whole week after an origin, and of the next four.

    ``horizon`` is the week, or 0 for the first `NEXT_WEEKS` together.
    """
    now = open_book(book, moment_in_microseconds(origin))
    units = minor_units_per_major(book.reporting_currency)
    amount = now.open / units
    forecast = forecast_cash(
        book.customer_ids[now.keys.customer],
        pay_run(now.keys.due_day, now.today),
        chances(model, book, now),
        amount,
        model.co_movement,
        origin,
        book.reporting_currency,
        settings.cash_forecast,
    )
    came = received(cash, book.invoice_ids[now.keys.invoice], origin)
    low, high = quantile_columns(settings.cash_forecast.coverage)
    frame = pd.DataFrame(
        {
            "cutoff": cutoff,
            "origin": origin,
            "horizon": np.arange(1, WEEKS + 1),
            "week_start": forecast.book["week_start"].iloc[:WEEKS],
            "open": amount.sum(),
            "actual": _weekly(came["day"].to_numpy(), came["cash"].to_numpy() / units, now),
            "forecast": forecast.book["expected_cash"].iloc[:WEEKS],
            "low": forecast.book[low].iloc[:WEEKS],
            "high": forecast.book[high].iloc[:WEEKS],
            RULES[0]: _weekly(pays_as_usual(now, book), amount, now),
            RULES[1]: _weekly(pays_when_due(now), amount, now),
        }
    )
    whole = frame[frame["week_start"] + timedelta(weeks=1) <= end]
    if len(whole) < NEXT_WEEKS:
        return whole
    together = frame.iloc[:1].assign(horizon=0)
    for name in ("actual", *RULES):
        together[name] = frame[name].iloc[:NEXT_WEEKS].sum()
    together[["forecast", "low", "high"]] = forecast.first_weeks(
        NEXT_WEEKS, settings.cash_forecast.coverage
    )
    return pd.concat([whole, together], ignore_index=True)


def _weekly(day: Int64, amount: np.ndarray, now: OpenBook) -> np.ndarray:
    period = period_of(day, now.today)
    return np.bincount(period, weights=amount, minlength=WEEKS + 1)[:WEEKS]
