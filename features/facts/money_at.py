"""Amounts that arrive with a request, in the reporting currency at rates known by then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.facts.book import Book
from features.facts.versions import DAY, Int64
from features.ledger.money import minor_units_per_major


def reporting_minor_units(book: Book, frame: pd.DataFrame, as_of: Int64) -> Int64:
    """Convert ``amount`` (major units of ``currency``) at the last rate known by then.

    That is the rate of the issue day, or the last one before ``as_of`` where that is earlier.

    Parameters
    ----------
    book : Book
        Holds the rates: reporting units per one unit.
    frame : DataFrame
        ``amount``, ``currency``, ``issued_on``.
    as_of : int64 array of shape (n,)
        Each row's moment, microseconds since 1970.

    Raises
    ------
    ValueError
        A currency has no rate: a missing rate is refused, never guessed.
    """
    amount = frame["amount"].to_numpy(dtype=np.float64)
    currency = frame["currency"].to_numpy(dtype=object)
    rate = np.ones(len(frame))
    abroad = set(currency) - {book.reporting_currency}
    if abroad:
        issued = pd.to_datetime(frame["issued_on"]).to_numpy().astype("datetime64[D]")
        # A rate is known from its day's 00:00, and counts strictly after that.
        day = np.minimum(issued, ((as_of - 1) // DAY).astype("datetime64[D]"))
    for foreign in abroad:
        rows = np.flatnonzero(currency == foreign)
        known = book.rates[book.rates["currency"] == foreign].sort_values("rate_date")
        dates = pd.to_datetime(known["rate_date"]).to_numpy().astype("datetime64[D]")
        at = np.searchsorted(dates, day[rows], side="right") - 1
        if len(dates) == 0 or (at < 0).any():
            raise ValueError(
                f"currency {foreign}: no rate to {book.reporting_currency}; "
                "add it to fx_rates and import again"
            )
        rate[rows] = known["rate"].to_numpy()[at]
    units = minor_units_per_major(book.reporting_currency)
    return np.asarray(np.rint(amount * rate * units), dtype=np.int64)
