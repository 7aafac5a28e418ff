"""How the number of defaults moves with the definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from configs.settings import DefaultSettings
from features.facts.book import ACTIVE_DAYS, Book
from features.facts.versions import DAY
from features.labels.default_register import default_register

CONSECUTIVE_DAYS = (60, 90, 120)
ABSOLUTE = (0.0, 0.2, 1.0, 2.0)
"""Absolute thresholds, in those in force."""


def definitions(settings: DefaultSettings) -> Iterator[DefaultSettings]:
    """Return the definition in force, and others that differ in days and materiality.

    Examples
    --------
    >>> len(list(definitions(DefaultSettings())))
    12
    """
    for days in sorted({*CONSECUTIVE_DAYS, settings.consecutive_days}):
        for factor in ABSOLUTE:
            limits = {
                "consecutive_days": days,
                "absolute_threshold": factor * settings.absolute_threshold,
                "relative_threshold": settings.relative_threshold if factor else 0.0,
            }
            yield settings.model_copy(update=limits)


def default_sensitivity(
    book: Book,
    settings: DefaultSettings,
    cutoff: int,
    minor_units: int = 100,
    progress: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Count the defaults by other days and materiality.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
        The definition in force.
    cutoff : int
        Microseconds since 1970.
    minor_units : int
        Minor per major unit of the reporting currency.
    progress : callable
        Told which definition is counted.

    Returns
    -------
    DataFrame
        One row per definition: ``consecutive_days absolute_threshold relative_threshold in_force
        defaults customers customer_years`` (observed, the same for all) ``defaults_per_year`` (per
        customer-year), ``also_in_force`` (customers in default under the definition in force too),
        ``only_here``, ``only_in_force`` and ``overlap`` (shared of all customers in default under
        either, 0 to 1; NaN where there is none).
    """
    in_force = _defaulted(default_register(book, settings, cutoff, minor_units))
    years = observed_years(book, cutoff)
    rows = []
    for other in definitions(settings):
        progress(f"{other.consecutive_days} days, more than {other.absolute_threshold:,.0f}")
        register = default_register(book, other, cutoff, minor_units)
        customers = _defaulted(register)
        either = len(customers | in_force)
        rows.append(
            {
                "consecutive_days": other.consecutive_days,
                "absolute_threshold": other.absolute_threshold,
                "relative_threshold": other.relative_threshold,
                "in_force": other == settings,
                "defaults": len(register),
                "customers": len(customers),
                "customer_years": years,
                "defaults_per_year": len(register) / years if years else float("nan"),
                "also_in_force": len(customers & in_force),
                "only_here": len(customers - in_force),
                "only_in_force": len(in_force - customers),
                "overlap": len(customers & in_force) / either if either else float("nan"),
            }
        )
    return pd.DataFrame(rows)


def observed_years(book: Book, cutoff: int) -> float:
    """Return the years from each customer's first invoice to `ACTIVE_DAYS` after its last."""
    issued = book.issued
    known = issued.known < cutoff
    days = pd.Series(issued.known[known] // DAY).groupby(issued.owner[known]).agg(["min", "max"])
    until = np.minimum(days["max"] + ACTIVE_DAYS, cutoff // DAY)
    return float((until - days["min"]).sum() / 365.25)


def _defaulted(register: pd.DataFrame) -> set[int]:
    return set(register["customer"])
