"""Fitting the co-movement of payment days beside a late-payment model."""

from __future__ import annotations

from dataclasses import replace

from features.facts.book import Book
from models.cash_forecast.estimation import estimate, past_forecasts
from models.cash_forecast.open_book import OpenBook
from models.cash_forecast.periods import Float64, paid_by
from models.late_payment.fitting import Fitted
from models.late_payment.model import LatePaymentModel


def chances(model: LatePaymentModel, book: Book, now: OpenBook, threads: int = 0) -> Float64:
    """Return P(paid by the end of each period) of an open book, see `periods.paid_by`."""
    matrix = now.matrix(book, model.features)
    curve = model.curves(matrix, now.start, now.keys.due_day, threads)
    return paid_by(curve, now.today, now.keys.due_day)


def with_co_movement(book: Book, fitted: Fitted, cutoff: int) -> LatePaymentModel:
    """Return a fitted model with its co-movement, as its earlier self's forecasts showed it.

    Those forecasts were made in the last slice, which the earlier self has not seen, with the
    features of their moment; they are compared with what was known at the cutoff.

    Parameters
    ----------
    book : Book
    fitted : Fitted
    cutoff : int
        The one it was fitted at, microseconds since 1970.
    """
    past = past_forecasts(
        book, lambda now: chances(fitted.earlier, book, now), fitted.evaluated_from, cutoff
    )
    return replace(fitted.model, co_movement=estimate(past))
