"""The simulator's public face: an artificial book of receivables whose true risk is known."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.simulator.business_days import Calendar, build_calendar
from features.simulator.disputes import disputed_share
from features.simulator.documents import ledger_tables
from features.simulator.draws import Int64
from features.simulator.dunning import contacted
from features.simulator.extract import WRITTEN, ExtractWriter, FileFormat
from features.simulator.hidden_state import (
    SHOCK_WEEKS,
    clearing,
    execution,
    held_share,
    weekly_transitions,
)
from features.simulator.insurance import insurance_table
from features.simulator.master_data import (
    bureau_scores_table,
    credit_limits_table,
    customers_table,
    relation_ends,
)
from features.simulator.pay_run import no_items
from features.simulator.population import Population, draw_population
from features.simulator.process import live
from features.simulator.records import Habits, Records, empty_records

MARK = "simulation.json"
"""Tells a folder written by `simulate`; holds what it was asked for and the counts."""
_KEPT = ("README.md", ".gitignore")
_CHUNK = 1000
_SHOCK_AT = 0.6

Progress = Callable[[int, int], None]
"""Called with the customers done and their total."""


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation holds.

    Parameters
    ----------
    customers, invoices, credit_notes, payments, orders, events : int
        Distinct customers, documents, payment rows, order rows, event rows of the extract.
    defaults : int
        Defaults by the ledger's definition before the extract's date.
    defaulted_customers : int
        Distinct customers with at least one.
    first_day, extract_date : date
        Facts lie in [first_day, extract_date); master data and limits may be older.
    shock_from, shock_until : date or None
        The market-wide shock, [from, until); None for a simulation without one.
    """

    customers: int
    invoices: int
    credit_notes: int
    payments: int
    orders: int
    events: int
    defaults: int
    defaulted_customers: int
    first_day: date
    extract_date: date
    shock_from: date | None
    shock_until: date | None


@dataclass(frozen=True)
class Histories:
    """A chunk of customers and everything that happened to them."""

    people: Population
    calendar: Calendar
    records: Records
    shock: tuple[int, int]


def simulate(
    customers: int,
    months: int,
    seed: int,
    out: Path,
    *,
    start: date = date(2021, 1, 1),
    file_format: FileFormat = "csv",
    progress: Progress | None = None,
) -> SimulationSummary:
    """Write a simulated canonical extract to ``out`` and the truth behind it to ``out/truth``.

    The same arguments give the same files on every machine; a customer's history does not depend
    on how many others there are. The extract's date is ``start`` plus ``months``.

    Parameters
    ----------
    customers : int
        1 or more.
    months : int
        Simulated months, 1 or more.
    seed : int
        0 or more.
    out : Path
        A folder that does not exist, is empty, or holds an earlier simulation, which is replaced
        (its README.md and .gitignore stay).
    start : date
        The first of a month.
    file_format : {"csv", "parquet"}
        Of the extract; the truth is always Parquet.
    progress : callable, optional
        Called with the customers done and their total.

    Returns
    -------
    SimulationSummary

    Raises
    ------
    ValueError
        An argument is out of its range, or ``out`` holds something else.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     summary = simulate(5, 12, 1, Path(folder) / "book")
    >>> summary.customers, summary.extract_date
    (5, datetime.date(2022, 1, 1))
    """
    _check(customers, months, seed, file_format)
    calendar = build_calendar(start, months)
    out = Path(out).resolve()
    _check_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    try:
        summary = _write(customers, seed, calendar, partial, file_format, progress)
        asked = {
            "customers": customers,
            "months": months,
            "seed": seed,
            "start": start.isoformat(),
            "file_format": file_format,
        }
        counts = {key: str(v) if isinstance(v, date) else v for key, v in asdict(summary).items()}
        (partial / MARK).write_text(
            json.dumps({"asked": asked, "holds": counts}, indent=2) + "\n", encoding="utf-8"
        )
        _put_in_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return summary


def histories(
    customers: Int64,
    seed: int,
    calendar: Calendar,
    *,
    with_shock: bool = True,
    with_contacts: bool = True,
) -> Histories:
    """Simulate the customers with these indices in memory.

    Parameters
    ----------
    customers : int64 array of shape (n,)
        Indices from 0.
    seed : int
        0 or more.
    calendar : Calendar
        From `build_calendar`.
    with_shock : bool
        False: the market stays calm, as the truth expects it to.
    with_contacts : bool
        False: nobody is reminded or called.
    """
    people = draw_population(seed, customers, calendar)
    if not with_contacts:
        people = people._replace(dunned=np.zeros_like(people.dunned))
    pays = contacted(execution(people.skip, people.weeks_between), people.dunned)
    habits = Habits(
        weekly=weekly_transitions(people.quality, people.leaving),
        pays=pays,
        clears=clearing(pays, people.yearly_invoices, people.weeks_between),
        held=held_share(people.yearly_invoices, people.weeks_between),
        disputed=disputed_share(people.disputes),
    )
    years = (calendar.horizon + 60 - np.maximum(people.joined, 0)) / 365.25
    room = int(1.3 * (people.yearly_invoices * years).sum()) + 500
    shock = _shock(calendar) if with_shock else (calendar.horizon * 2, calendar.horizon * 2)
    runs_at = np.cumsum([0, *(len(days) for days in calendar.runs)])
    while True:
        records = empty_records(
            len(customers), room, len(calendar.month_starts), calendar.horizon // 7 + 2
        )
        if live(
            people,
            habits,
            np.concatenate(calendar.runs),
            runs_at,
            calendar.activity,
            calendar.month_starts,
            calendar.monday,
            calendar.horizon,
            *shock,
            no_items(),
            records,
        ):
            return Histories(people, calendar, records, shock)
        room *= 2


def _shock(calendar: Calendar) -> tuple[int, int]:
    start = int(_SHOCK_AT * calendar.horizon)
    return start, min(start + 7 * SHOCK_WEEKS, calendar.horizon)


def _write(
    customers: int,
    seed: int,
    calendar: Calendar,
    folder: Path,
    file_format: FileFormat,
    progress: Progress | None,
) -> SimulationSummary:
    writer = ExtractWriter(folder, file_format)
    totals = dict.fromkeys((*WRITTEN, "credit_notes", "defaults", "defaulted"), 0)
    try:
        for first in range(0, customers, _CHUNK):
            done = min(first + _CHUNK, customers)
            chunk = histories(np.arange(first, done), seed, calendar)
            for name, rows in _tables(chunk):
                writer.append(name, rows)
                if name in totals:
                    totals[name] += rows.num_rows
                if name == "invoices":
                    kinds = rows.column("kind").to_pandas()
                    totals["credit_notes"] += int((kinds == "credit_note").sum())
            n = chunk.records.counts[4]
            in_time = chunk.records.defaults["day"][:n] < calendar.horizon
            totals["defaults"] += int(in_time.sum())
            totals["defaulted"] += len(np.unique(chunk.records.defaults["customer"][:n][in_time]))
            if progress is not None:
                progress(done, customers)
    finally:
        writer.close()
    shock_from, shock_until = (_date(calendar, day) for day in _shock(calendar))
    return SimulationSummary(
        customers=totals["customers"],
        invoices=totals["invoices"] - totals["credit_notes"],
        credit_notes=totals["credit_notes"],
        payments=totals["payments"],
        orders=totals["orders"],
        events=totals["customer_events"],
        defaults=totals["defaults"],
        defaulted_customers=totals["defaulted"],
        first_day=calendar.start,
        extract_date=_date(calendar, calendar.horizon),
        shock_from=shock_from,
        shock_until=shock_until,
    )


def _tables(chunk: Histories) -> Iterator[tuple[str, pa.Table]]:
    people, calendar, records = chunk.people, chunk.calendar, chunk.records
    until = relation_ends(calendar, records.weekly_state)
    yield "customers", customers_table(people, calendar)
    yield "credit_limits", credit_limits_table(people, calendar, until)
    yield "bureau_scores", bureau_scores_table(people, calendar, until, records.weekly_state)
    yield "insurance", insurance_table(people, calendar, until, records.weekly_state)
    yield from ledger_tables(people, calendar, records).items()


def _date(calendar: Calendar, day: int) -> date:
    return date.fromordinal(calendar.start.toordinal() + day)


def _check(customers: int, months: int, seed: int, file_format: str) -> None:
    if customers < 1:
        raise ValueError(f"customers {customers}: simulate at least 1")
    if months < 1:
        raise ValueError(f"months {months}: simulate at least 1")
    if seed < 0:
        raise ValueError(f"seed {seed}: give 0 or more")
    if file_format not in ("csv", "parquet"):
        raise ValueError(f"file_format {file_format!r}: give 'csv' or 'parquet'")


def _check_folder(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out}: is a file; name a folder")
    ours = {MARK, "truth", *_KEPT}
    ours |= {f"{name}.{suffix}" for name in WRITTEN for suffix in ("csv", "parquet")}
    present = {path.name for path in out.iterdir()}
    if not present - set(_KEPT):
        return
    if MARK not in present or present - ours:
        other = sorted(present - ours or present)[0]
        raise ValueError(f"{out}: holds {other}, not a simulation; name an empty or a new folder")


def _put_in_place(partial: Path, out: Path) -> None:
    """Swap the finished folder in; in between, ``out`` is absent, never half of each."""
    if out.exists():
        for name in _KEPT:
            if (out / name).exists():
                shutil.copy2(out / name, partial / name)
        earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}.earlier-", dir=out.parent))
        out.rename(earlier / out.name)
        partial.chmod(0o755)
        partial.rename(out)
        shutil.rmtree(earlier)
    else:
        partial.chmod(0o755)
        partial.rename(out)
