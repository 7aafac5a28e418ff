"""The default register: which customer defaulted when, why, and until when.

A customer is in default from the day-end on which what it owes overdue (without disputes and
unapplied cash that the definition leaves out) has exceeded both the absolute and the relative
threshold at a number of consecutive day-ends (the days-past-due limb of CRR Art. 178), or with a
write-off above the same thresholds, or with an event that makes payment unlikely. It stays in
default until its probation has passed; what comes until then is part of the same default. Every
day-end is judged by what was known then.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import DefaultSettings
from features.facts.book import Book
from features.facts.versions import DAY
from features.labels.arrears import Causes, contested, default_spells, owed, unapplied
from features.labels.contagion import spread_in_groups
from features.labels.default_causes import REASONS, WRITE_OFF, default_causes


def default_register(
    book: Book, settings: DefaultSettings, cutoff: int, minor_units: int = 100
) -> pd.DataFrame:
    """Return every default that was known before a cutoff.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
        Days and thresholds (reporting major units).
    cutoff : int
        Microseconds since 1970.
    minor_units : int
        Minor per major unit of the reporting currency.

    Returns
    -------
    DataFrame
        One row per default, by customer and day: ``customer`` (position), ``day`` (since 1970; the
        default is known from the next one on), ``reason`` (of `REASONS`), ``cured_day`` (the last
        day of the probation, -1: not cured), ``reasons`` (all that were given until the cure,
        separated by commas), ``moment`` at which what is owed at default is counted (microseconds
        since 1970: the end of the day, or just before the day's write-off) and ``written_off_then``
        (what of it is the cause, reporting minor units).
    """
    absolute = settings.absolute_threshold * minor_units
    causes = default_causes(book, settings, cutoff, absolute)
    customers = np.arange(len(book.customer_ids) + 1)
    by_customer = Causes(
        np.searchsorted(causes["customer"].to_numpy(), customers),
        np.array(causes["day"], dtype=np.int64),
        np.array(causes["reason"], dtype=np.int64),
    )
    last_day = cutoff // int(DAY)
    spells = default_spells(
        owed(book), contested(book, settings), unapplied(book, settings), by_customer,
        last_day, absolute, settings.relative_threshold,
        settings.consecutive_days, settings.probation_days, settings.event_probation_days,
    )  # fmt: skip
    register = pd.DataFrame(spells, columns=["customer", "day", "cured_day", "reason", "given"])
    if settings.group_contagion:
        register = spread_in_groups(register, book, last_day)
    lost = causes[causes["reason"] == WRITE_OFF].set_index(["customer", "day"])
    then = lost.reindex(pd.MultiIndex.from_frame(register[["customer", "day"]]))
    day_end = (register["day"] + 1) * DAY
    known = then["known"].fillna(0).astype(np.int64).to_numpy()
    return pd.DataFrame(
        {
            "customer": register["customer"],
            "day": register["day"],
            "reason": [REASONS[code] for code in register["reason"]],
            "cured_day": register["cured_day"],
            "reasons": [_named(given) for given in register["given"]],
            "moment": np.where(known > 0, known, day_end),
            "written_off_then": then["amount"].fillna(0).astype(np.int64).to_numpy(),
        }
    )


def lasting_on(register: pd.DataFrame, day: int) -> pd.DataFrame:
    """Return the defaults of a register that last on a day, those in probation included.

    Parameters
    ----------
    register : DataFrame
        Of `default_register`.
    day : int
        Since 1970; a default lasts from the day after its own to the last of its probation.
    """
    cured = register["cured_day"]
    return register[(register["day"] < day) & ((cured < 0) | (day <= cured))]


def _named(given: int) -> str:
    return ", ".join(reason for place, reason in enumerate(REASONS) if given >> place & 1)
