"""The two rules of thumb that a cash forecast has to beat."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.facts.book import Book
from features.facts.settlement import PAID
from features.facts.versions import DAY, Int64
from features.labels.payment_day import outcomes
from models.cash_forecast.open_book import OpenBook
from models.late_payment.grid import LAST_DAY

NOT_EXPECTED = np.int64(2**40)
"""The day of what a rule does not expect to be paid at all."""


def pays_when_due(now: OpenBook) -> Int64:
    """Return the day each open invoice is paid on if everyone pays on the due date.

    What is overdue comes this week; what is overdue for a year is not expected, which flatters the
    rule: taken at its word it would expect every lost invoice this week, week after week.
    """
    return _from_today(now, now.keys.due_day)


def pays_as_usual(now: OpenBook, book: Book) -> Int64:
    """Return the day each is paid on if everyone pays as usual.

    That is the customer's median days late so far, the portfolio's for a customer without settled
    invoices. What should have come already comes this week.
    """
    known = outcomes(book, int(now.today * DAY))
    paid = known.state == PAID
    late = pd.Series(known.days_late[paid])
    usual = late.groupby(known.customer[paid]).median()
    portfolio = float(late.median()) if len(late) else 0.0
    days = usual.reindex(now.keys.customer).fillna(portfolio).to_numpy()
    return _from_today(now, now.keys.due_day + np.rint(days).astype(np.int64))


def _from_today(now: OpenBook, day: Int64) -> Int64:
    lost = now.today - now.keys.due_day >= LAST_DAY
    return np.where(lost, NOT_EXPECTED, np.maximum(day, now.today))
