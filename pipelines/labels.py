"""The labels of a ledger as files: the default register, its sensitivity, the snapshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.loading import load_book
from features.labels.amount_at_default import amounts_at_default
from features.labels.default_register import default_register
from features.labels.recoveries import recovered, recovery_flows
from features.labels.sensitivity import default_sensitivity
from features.ledger.money import minor_units_per_major
from features.ledger.storage import Ledger
from models.snapshot_months import monthly_snapshots
from pipelines.files import write_frames
from pipelines.scoring import check_as_of


@dataclass(frozen=True)
class LabelSummary:
    """What was written; amounts inside the frames are major units of ``currency``."""

    register: pd.DataFrame
    sensitivity: pd.DataFrame
    snapshots: pd.DataFrame
    currency: str
    notes: list[str]
    files: list[Path]


def write_labels(
    ledger_path: Path,
    as_of: date,
    out: Path,
    settings: Settings,
    progress: Callable[[str], None] = lambda _: None,
) -> LabelSummary:
    """Write what a ledger's labels are, as known before a day.

    Parameters
    ----------
    ledger_path, out : Path
    as_of : date
    settings : Settings
    progress : callable
        Told what is being done.
    """
    ledger = Ledger.open(ledger_path)
    notes = check_as_of(ledger, as_of)
    progress("reading the ledger")
    book = load_book(ledger, settings.settlement)
    cutoff = moment_in_microseconds(as_of)
    progress("the default register")
    register = register_frame(ledger, book, settings, as_of)
    units = minor_units_per_major(book.reporting_currency)
    sensitivity = default_sensitivity(
        book, settings.default, cutoff, units, lambda what: progress(f"sensitivity: {what}")
    )
    progress("the snapshots")
    snapshots = snapshot_frame(book, settings, cutoff)
    frames = {
        "default_register": register,
        "default_sensitivity": sensitivity,
        "snapshots": snapshots,
    }
    files = write_frames(out, frames, csv=True)
    return LabelSummary(register, sensitivity, snapshots, book.reporting_currency, notes, files)


def register_frame(ledger: Ledger, book: Book, settings: Settings, as_of: date) -> pd.DataFrame:
    """Return the default register with ids, dates and major units."""
    cutoff = moment_in_microseconds(as_of)
    units = minor_units_per_major(book.reporting_currency)
    found = default_register(book, settings.default, cutoff, units)
    at_default = amounts_at_default(book, found, settings.default)
    later = recovered(book, found, recovery_flows(ledger, book, found, cutoff), cutoff)

    def money(minor: pd.Series) -> pd.Series:
        return minor / units

    return pd.DataFrame(
        {
            "customer_id": book.customer_ids[found["customer"]],
            "defaulted_on": _dates(found["day"]),
            "reason": found["reason"],
            "reasons": found["reasons"],
            "currency": book.reporting_currency,
            "counted_overdue": money(at_default["counted"]),
            "overdue_at_default": money(at_default["overdue"]),
            "disputed_at_default": money(at_default["disputed"]),
            "unapplied_at_default": money(at_default["unapplied"]),
            "written_off_at_default": money(found["written_off_then"]),
            "balance_at_default": money(at_default["balance"]),
            "exposure_at_default": money(at_default["exposure"]),
            "cured_on": _dates(found["cured_day"]),
            "outcome": np.select(
                [found["cured_day"] < 0, later["lost"] > 0], ["open", "loss"], "cured"
            ),
            "recovered": money(later["recovered"]),
            "recovered_after_write_off": money(later["recovered_after_write_off"]),
            "first_recovery_on": _dates(later["first_recovery_day"]),
            "last_recovery_on": _dates(later["last_recovery_day"]),
            "credited": money(later["credited"]),
            "written_off": money(later["written_off"]),
            "lost": money(later["lost"]),
            "still_open": money(later["still_open"]),
            "as_of": as_of,
        }
    )


def snapshot_frame(book: Book, settings: Settings, cutoff: int) -> pd.DataFrame:
    """Return the monthly snapshots with ids and dates; ``bad`` is empty where not matured."""
    months = monthly_snapshots(book, settings.default, cutoff)
    matured = months["matured"].astype(bool)
    return pd.DataFrame(
        {
            "customer_id": book.customer_ids[months["customer"].astype(np.int64)],
            "snapshot_on": _dates(months["day"]),
            "eligible": months["excluded"] == "",
            "excluded": months["excluded"].replace("", None),
            "matured": matured,
            "bad": months["bad"].astype("boolean").where(matured),
        }
    )


def _dates(days: pd.Series) -> pd.Series:
    """Return dates from days since 1970; none for a negative day."""
    values = days.to_numpy(dtype=np.int64)
    dates = values.astype("datetime64[D]").astype(object)
    return pd.Series(np.where(values < 0, None, dates), index=days.index, dtype=object)
