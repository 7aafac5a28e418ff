"""The periods of a cash forecast, and an invoice's chance to be paid by the end of each."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.facts.versions import Int64
from models.late_payment.curve import Curves
from models.late_payment.grid import FIRST_DAY

Float64 = npt.NDArray[np.float64]

WEEKS = 13
"""Weeks of seven days that a forecast looks ahead, the first from ``as_of``."""
NEXT_WEEKS = 4
"""Summaries name the cash of so many weeks."""
PERIODS = (*(f"week_{week}" for week in range(1, WEEKS + 1)), "later", "after")
"""The weeks; later, up to a year after due; after that, or never."""
PAID_BY = tuple(f"p_paid_by_{period}" for period in PERIODS[:-1])
"""P(paid by the end of each period); the last period is the rest."""


def paid_by(curve: Curves, today: int | Int64, due_day: Int64) -> Float64:
    """Return P(paid by the end of each period but the last).

    Parameters
    ----------
    curve : Curves
        Of n invoices, as seen today.
    today : int or int64 array of shape (n,)
        Days since 1970.
    due_day : int64 array of shape (n,)

    Returns
    -------
    float64 array of shape (n, WEEKS + 1)
        Ascending along each row, within [0, 1].
    """
    reached = curve.daily.cumsum(axis=1)
    # The column of the last day of each week; before the curve nothing is paid.
    last = (today - due_day)[:, None] + 7 * np.arange(1, WEEKS + 1) - 1 - FIRST_DAY
    inside = np.clip(last, 0, reached.shape[1] - 1)
    by_week = np.where(last < 0, 0.0, np.take_along_axis(reached, inside, axis=1))
    return np.asarray(np.minimum(np.column_stack([by_week, reached[:, -1]]), 1.0))


def expected_cash(chances: Float64, amount: Float64) -> Float64:
    """Return each invoice's expected cash per period, which adds up to its amount.

    Parameters
    ----------
    chances : float64 array of shape (n, WEEKS + 1)
        See `paid_by`.
    amount : float64 array of shape (n,)
    """
    edges = np.column_stack([np.zeros(len(chances)), chances, np.ones(len(chances))])
    return np.asarray(np.diff(edges, axis=1) * amount[:, None])


def period_of(day: Int64, today: int) -> Int64:
    """Return the position in `PERIODS` of the week of a day, ``WEEKS`` behind the last week.

    Examples
    --------
    >>> period_of(np.array([95, 100, 106, 107, 500]), 100).tolist()
    [0, 0, 0, 1, 13]
    """
    return np.clip((day - today) // 7, 0, WEEKS)


def calendar(as_of: date) -> pd.DataFrame:
    """Return ``as_of period week_start week_end``, one row per period; ``week_end`` is excluded.

    The later periods have no week of their own: "later" starts where the weeks end.
    """
    starts = [as_of + timedelta(weeks=week) for week in range(WEEKS + 1)]
    return pd.DataFrame(
        {
            "as_of": as_of,
            "period": PERIODS,
            "week_start": [*starts, None],
            "week_end": [*starts[1:], None, None],
        }
    )
