"""The days that are simulated: weekdays, month ends, seasons and the days on which payers pay.

Days are integers, 0 is the first simulated day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from features.simulator.draws import Float64, Int64

Dates = npt.NDArray[np.datetime64]

LOOK_AHEAD_DAYS = 640
"""Days beyond the horizon that the exact probabilities look into (terms, a year, and slack)."""

WEEKLY, FORTNIGHTLY, TWICE_MONTHLY, MONTH_END, MONTHLY = range(5)
"""Kinds of pay-run calendars."""

_SEASONS = np.array(
    [
        [1.0] * 12,
        [0.85, 0.80, 0.95, 0.95, 0.95, 0.95, 0.90, 0.90, 1.05, 1.15, 1.30, 1.25],
        [0.60, 0.65, 0.90, 1.10, 1.25, 1.30, 1.25, 1.10, 1.15, 1.10, 0.90, 0.70],
    ]
)
"""Sales by calendar month against the average: steady, end of year, summer."""
_WEEKEND_SHARE = 0.03
"""Invoices on a Saturday or Sunday against a working day."""
_MONTH_END_RUSH = 2.5
"""Invoices on each of the last two working days of a month against another working day."""


@dataclass(frozen=True)
class Calendar:
    """All days of a simulation and of the look-ahead.

    Parameters
    ----------
    start : date
        Day 0.
    horizon : int
        The first day that is not simulated: the extract's date.
    monday : int
        The first Monday at or after day 0.
    month_starts : int64 array
        The first days of the months 1, 2, ... after the start, up to the horizon itself.
    activity : float64 array of shape (seasons, days)
        Relative number of invoices of a day; averages 1 over a year.
    runs : list of int64 arrays
        The run days of each calendar of `pay_calendars`, ascending.
    """

    start: date
    horizon: int
    monday: int
    month_starts: Int64
    activity: Float64
    runs: list[Int64]


def pay_calendars() -> list[tuple[int, int]]:
    """Return (kind, day) of every calendar on which a customer may run payments.

    ``day`` is the weekday (0 = Monday), the parity and weekday (0-9), the first of two days of the
    month, or the day of the month.

    Examples
    --------
    >>> len(pay_calendars())
    31
    """
    return (
        [(WEEKLY, weekday) for weekday in range(5)]
        + [(FORTNIGHTLY, slot) for slot in range(10)]
        + [(TWICE_MONTHLY, day) for day in (1, 5, 10)]
        + [(MONTH_END, 0)]
        + [(MONTHLY, day) for day in (3, 5, 8, 10, 12, 14, 15, 18, 20, 22, 25, 27)]
    )


def _business_on_or_after(days: Int64, weekday: Int64) -> Int64:
    shift = np.where(weekday[days] == 5, 2, np.where(weekday[days] == 6, 1, 0))
    return days + shift


def _run_days(kind: int, day: int, dates: Dates, weekday: Int64) -> Int64:
    every: Int64 = np.arange(len(dates), dtype=np.int64)
    month = dates.astype("datetime64[M]")
    of_month = (dates - month.astype("datetime64[D]")).astype(np.int64) + 1
    if kind == WEEKLY:
        on_day: Int64 = every[weekday == day]
        return on_day
    if kind == FORTNIGHTLY:
        weeks = (dates.astype(np.int64) + 3) // 7
        in_turn: Int64 = every[(weekday == day % 5) & (weeks % 2 == day // 5)]
        return in_turn
    if kind == MONTH_END:
        last = np.append(month[1:] != month[:-1], False)
        ends: Int64 = every[last]
        return ends - np.maximum(weekday[ends] - 4, 0)
    wanted = (day, day + 15) if kind == TWICE_MONTHLY else (day,)
    found = every[np.isin(of_month, wanted)]
    moved = _business_on_or_after(found, weekday)
    return moved[moved < len(dates)]


def _add_months(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def build_calendar(start: date, months: int) -> Calendar:
    """Lay out the days of a simulation.

    Parameters
    ----------
    start : date
        First day of a month.
    months : int
        Simulated months, 1 or more.

    Raises
    ------
    ValueError
        ``start`` is not the first of a month.

    Examples
    --------
    >>> calendar = build_calendar(date(2021, 1, 1), 12)
    >>> calendar.horizon, int(calendar.month_starts[0]), int(calendar.month_starts[-1])
    (365, 31, 365)
    """
    if start.day != 1:
        raise ValueError(f"start {start}: a simulation begins on the first day of a month")
    horizon = (_add_months(start, months) - start).days
    first = np.datetime64(start.isoformat(), "D")
    dates = first + np.arange(horizon + LOOK_AHEAD_DAYS)
    weekday = (dates.astype(np.int64) + 3) % 7
    month = dates.astype("datetime64[M]")
    working = weekday < 5
    # The last two working days of a month: count the working days from the month's end.
    left = np.array(np.busday_count(dates, (month + 1).astype("datetime64[D]")), dtype=np.int64)
    base = np.where(working, np.where(left <= 2, _MONTH_END_RUSH, 1.0), _WEEKEND_SHARE)
    base = base / base.mean()
    of_year = month.astype(np.int64) % 12
    return Calendar(
        start=start,
        horizon=horizon,
        monday=int((-weekday[0]) % 7),
        month_starts=np.array(
            [(_add_months(start, k) - start).days for k in range(1, months + 1)], dtype=np.int64
        ),
        activity=_SEASONS[:, of_year] * base,
        runs=[_run_days(kind, day, dates, weekday) for kind, day in pay_calendars()],
    )
