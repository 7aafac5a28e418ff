"""Every customer at every month start: what is known of it then, and what became of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import DefaultSettings
from features.facts.book import ACTIVE_DAYS, Book
from features.facts.versions import DAY, FOREVER, Int64
from features.labels.default_register import default_register, lasting_on
from features.ledger.money import minor_units_per_major
from models.short_windows import whole_window_weights


def month_starts(first_day: int, last_day: int) -> Int64:
    """Return the first days of the months in ``(first_day, last_day]``, days since 1970."""
    first = np.datetime64(first_day, "D").astype("datetime64[M]") + 1
    last = np.datetime64(last_day, "D").astype("datetime64[M]") + 1
    return np.arange(first, last).astype("datetime64[D]").astype(np.int64)


def add_months(day: int, months: int) -> int:
    """Return the same day of month some months later (earlier when negative)."""
    moved = pd.Timestamp(np.datetime64(int(day), "D")) + pd.DateOffset(months=months)
    return int(moved.to_datetime64().astype("datetime64[D]").astype(np.int64))


def active(book: Book, as_of: int) -> npt.NDArray[np.bool_]:
    """Return which customers have something open or bought within `ACTIVE_DAYS`; shape (n,)."""
    issued, items = book.issued, book.items
    n = len(book.customer_ids)
    recent = (issued.known < as_of) & (issued.known >= as_of - ACTIVE_DAYS * int(DAY))
    is_open = (items.known < as_of) & (items.void >= as_of) & (items.measures["open"] > 0)
    found = np.zeros(n, dtype=bool)
    found[np.searchsorted(issued.offsets, np.flatnonzero(recent), side="right") - 1] = True
    found[np.searchsorted(items.offsets, np.flatnonzero(is_open), side="right") - 1] = True
    return found


def monthly_snapshots(book: Book, settings: DefaultSettings, cutoff: int) -> pd.DataFrame:
    """Return every customer at every month start from its first invoice to a cutoff.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
    cutoff : int
        Microseconds since 1970.

    Returns
    -------
    DataFrame
        By month and customer: ``customer`` (position), ``day`` (since 1970), ``excluded`` (``""``,
        ``inactive``: see `active`, or ``in_default``, which includes probation), ``matured``
        (the performance window had passed at the cutoff), ``bad`` (a default known in it; False
        where it has not passed: that is not an outcome yet), ``window`` (months of it that had
        passed) and ``month`` (in which of these the first default known fell, 1 and up; 0: none).
    """
    units = minor_units_per_major(book.reporting_currency)
    register = default_register(book, settings, cutoff, units)
    customers = len(book.customer_ids)
    defaulted, default_day = register["customer"].to_numpy(), register["day"].to_numpy()
    first_known = np.full(customers, FOREVER)
    np.minimum.at(first_known, book.issued.owner, book.issued.known)
    started = book.issued.known.min() // DAY if len(book.issued.known) else cutoff // DAY
    default_month = _calendar_month(default_day)
    last_month = int(_calendar_month(np.asarray(cutoff // int(DAY))))
    parts = []
    for month in month_starts(int(started), cutoff // int(DAY)):
        known = np.flatnonzero(first_known < month * DAY)
        held = np.isin(known, lasting_on(register, int(month))["customer"])
        gone = ~active(book, int(month * DAY))[known]
        start = int(_calendar_month(month))
        window = min(last_month - start, settings.window_months)
        fell = np.full(customers, window + 1)
        following = default_day >= month
        np.minimum.at(fell, defaulted[following], default_month[following] - start + 1)
        fell[fell > window] = 0
        matured = window == settings.window_months
        parts.append(
            pd.DataFrame(
                {
                    "customer": known,
                    "day": month,
                    "excluded": np.select([held, gone], ["in_default", "inactive"], ""),
                    "matured": matured,
                    "bad": (fell[known] > 0) & matured,
                    "window": window,
                    "month": fell[known],
                }
            )
        )
    if not parts:
        columns = ["customer", "day", "excluded", "matured", "bad", "window", "month"]
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)


def _calendar_month(days: Int64) -> Int64:
    """Return the months since 1970 that days fall into."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def learnable_months(months: pd.DataFrame, settings: DefaultSettings) -> pd.DataFrame:
    """Return the eligible ones of `monthly_snapshots` of whose window enough has passed.

    ``bad`` is the default in the part that has passed, ``weight`` is added: see
    `models.short_windows`.
    """
    eligible = months[(months["excluded"] == "") & (months["window"] > 0)]
    window, month = (eligible[name].to_numpy(dtype=np.int64) for name in ("window", "month"))
    weight = whole_window_weights(window, month, settings.window_months)
    eligible = eligible.assign(bad=month > 0, weight=weight)
    return eligible[window >= min(settings.min_window_months, settings.window_months)]
