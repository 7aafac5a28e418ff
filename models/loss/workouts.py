"""Workouts that have run their course: what share of what was owed at default never came in.

Every default counts that is old enough, whatever became of it, and with the cash of the same time
span. To count those that are closed would favour what was repaid quickly: customers of whom little
comes in stay open.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import DefaultSettings, LossSettings
from features.engine import Moment
from features.facts.book import Book
from features.facts.versions import DAY
from features.labels.amount_at_default import claims_at_default
from features.labels.default_register import default_register
from features.labels.recoveries import recovery_flows
from features.ledger.money import minor_units_per_major
from features.ledger.storage import Ledger
from models.snapshot_months import add_months
from models.snapshots import customer_keys

WORKOUT_COLUMNS = ["customer", "day", "segment", "claim", "recovered", "lgd", "mean_days"]


def finished_workouts(
    ledger: Ledger, book: Book, definition: DefaultSettings, settings: LossSettings, cutoff: int
) -> pd.DataFrame:
    """Return the defaults known at a moment that are at least ``workout_months`` old.

    Parameters
    ----------
    ledger : Ledger
        The one the book was loaded from.
    book : Book
    definition : DefaultSettings
    settings : LossSettings
    cutoff : int
        Microseconds since 1970.

    Returns
    -------
    DataFrame
        `WORKOUT_COLUMNS`: ``customer`` (position), ``day`` of the default (since 1970), ``segment``
        (code of the book, -1: none), ``claim`` (owed at default, less what was credited after),
        ``recovered`` (cash within ``workout_months``, discounted to the default), both in
        reporting minor units, ``lgd = 1 - recovered / claim`` (0 to 1), and ``mean_days`` from
        default to that cash (by amount, NaN: none came). Defaults that owed nothing are left out.
    """
    units = minor_units_per_major(book.reporting_currency)
    register = default_register(book, definition, cutoff, units)
    flows = recovery_flows(ledger, book, register, cutoff)
    claims = claims_at_default(book, register).groupby("default")["owed"].sum()
    start = register["day"].to_numpy(dtype=np.int64)
    last = np.array([add_months(day, settings.workout_months) for day in start], dtype=np.int64)
    of = flows["default"].to_numpy(dtype=np.int64)
    flows = flows.assign(waited=flows["day"].to_numpy() - start[of])
    flows = flows[flows["day"].to_numpy() < last[of]]
    credited = flows[flows["kind"] == "credit_note"].groupby("default")["amount"].sum()
    cash = flows[flows["kind"] == "payment"]
    years = np.maximum(cash["waited"], 0) / 365.25
    cash = (
        cash.assign(
            worth=cash["amount"] / (1.0 + settings.discount_rate) ** years,
            weighted=cash["amount"] * cash["waited"],
        )
        .groupby("default")[["amount", "worth", "weighted"]]
        .sum()
    )
    found = register[["customer", "day"]].copy()
    found["claim"] = claims.sub(credited, fill_value=0.0).reindex(found.index).fillna(0.0)
    found = found.join(cash)
    found["recovered"] = found["worth"].fillna(0.0)
    found["mean_days"] = found["weighted"] / found["amount"].where(found["amount"] > 0)
    # A customer can owe a remainder of less than a cent's worth of work after credits.
    found = found[(found["claim"] > 0) & (last <= cutoff // int(DAY))]
    found["lgd"] = (1.0 - found["recovered"] / found["claim"]).clip(0.0, 1.0)
    found["segment"] = _segments(book, found)
    return found[WORKOUT_COLUMNS].reset_index(drop=True)


def _segments(book: Book, found: pd.DataFrame) -> np.ndarray:
    """Return each customer's segment as it was known at its default; by customer and day."""
    moments = found["day"].to_numpy(dtype=np.int64) * DAY
    keys = customer_keys(found["customer"].to_numpy(dtype=np.int64), moments)
    segment = Moment(book, keys).latest(book.masters, "segment")
    return np.nan_to_num(segment, nan=-1.0).astype(np.int64)
