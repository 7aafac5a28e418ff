"""Events and write-offs that are a default by themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import DefaultSettings
from features.facts.book import Book
from features.facts.dealings import EVENT_KINDS
from features.facts.open_items import open_rows
from features.facts.versions import DAY

REASONS = ("overdue", "write_off", *EVENT_KINDS, "group")
"""Why a customer is in default; where several come on one day, the first of these is named."""
WRITE_OFF, FIRST_EVENT, GROUP = 1, 2, len(REASONS) - 1


def default_causes(
    book: Book, settings: DefaultSettings, cutoff: int, absolute: float
) -> pd.DataFrame:
    """Return the events and write-offs that make a default, by customer and day.

    What was withdrawn before the cutoff was a mistake of entry and does not count.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
    cutoff : int
        Microseconds since 1970.
    absolute : float
        The absolute threshold in reporting minor units.

    Returns
    -------
    DataFrame
        ``customer``, ``day``, ``reason`` (of `REASONS`, by its place), ``known`` (of the first fact
        of the day) and ``amount`` (written off, reporting minor units; 0 for events).
    """
    both = pd.concat(
        [_events(book, settings, cutoff), _write_offs(book, settings, cutoff, absolute)]
    )
    return both.sort_values(["customer", "day", "reason"], kind="stable", ignore_index=True)


def _events(book: Book, settings: DefaultSettings, cutoff: int) -> pd.DataFrame:
    events = book.events
    kinds = [EVENT_KINDS.index(kind) for kind in settings.unlikely_to_pay]
    kind = events.measures["kind"]
    counts = np.isin(kind, kinds) & (events.known < cutoff) & (events.void >= cutoff)
    return pd.DataFrame(
        {
            "customer": events.owner[counts],
            "day": events.known[counts] // DAY,
            "reason": FIRST_EVENT + kind[counts],
            "known": events.known[counts],
            "amount": 0,
        }
    )


def _write_offs(
    book: Book, settings: DefaultSettings, cutoff: int, absolute: float
) -> pd.DataFrame:
    lost = book.write_offs
    counts = (lost.known < cutoff) & (lost.void >= cutoff)
    rows = pd.DataFrame(
        {
            "customer": lost.owner[counts],
            "day": lost.known[counts] // DAY,
            "known": lost.known[counts],
            "amount": lost.measures["amount"][counts],
        }
    )
    # What is written off on one day counts together, however many invoices it was.
    daily = rows.groupby(["customer", "day"], as_index=False).agg(
        known=("known", "min"), amount=("amount", "sum")
    )
    daily = daily[daily["amount"] > absolute]
    # The share is taken of the balance of the moment before the write-off was known.
    moments = zip(daily["customer"], daily["known"], strict=True)
    value = book.items.measures["open"]
    balance = np.array([value[open_rows(book, *at)].sum() for at in moments])
    return daily[daily["amount"] > settings.relative_threshold * balance].assign(reason=WRITE_OFF)
