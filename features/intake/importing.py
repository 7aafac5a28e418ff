"""Importing an extract into a ledger: the steps, and the checks that stop it as a whole."""

from __future__ import annotations

import logging
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from configs.settings import Settings
from features.intake.amounts import choose_reporting_currency, convert_amounts, prepare_rates
from features.intake.conflicts import note_near_duplicates, resolve_same_keys
from features.intake.dating import find_extract_date
from features.intake.extract import Extract, read_extract
from features.intake.identity import merge_leading_zeros, note_repaired_ids
from features.intake.mapping import stage_extract
from features.intake.references import (
    add_placeholders,
    index_invoices,
    note_dangling,
    remember_keys,
    resolve_invoices,
)
from features.intake.refusal import check_age, check_shares, check_source
from features.intake.report import ImportReport
from features.intake.rules import row_rules
from features.intake.source import Source
from features.intake.staging import Staging
from features.intake.versions import (
    VANISHING,
    Moment,
    add_placeholder_rows,
    add_vanished,
    add_versions,
    new_refusals,
    open_known,
)
from features.ledger.contract import TABLES
from features.ledger.schema import QUARANTINE_SCHEMA, physical_schema
from features.ledger.storage import MANIFEST, QUARANTINE, Ledger
from features.ledger.writing import exclusive, write_ledger

_log = logging.getLogger(__name__)


def import_extract(
    source: Source,
    input_dir: Path,
    ledger_root: Path,
    settings: Settings,
    *,
    extract_date: date | None = None,
    dry_run: bool = False,
    partial: bool = False,
) -> ImportReport:
    """Import an extract into a ledger, which is created if there is none.

    Parameters
    ----------
    source : Source
        How the extract maps onto the ledger's tables.
    input_dir : Path
        The folder that holds the extract.
    ledger_root : Path
        The ledger's folder.
    settings : Settings
        ``intake`` and ``reporting_currency`` are used.
    extract_date : date, optional
        Facts are complete up to the day before it. Absent: the source's, else from the data.
    dry_run : bool
        Report what would happen and write nothing.
    partial : bool
        The extract holds only a part: what it lacks has not vanished.

    Returns
    -------
    ImportReport
        What became of every row.

    Raises
    ------
    FileNotFoundError
        The folder or a required file is missing.
    ImportRefused
        Too large a share of a table is wrong or has vanished; the exception carries the report.
    ValueError
        Files cannot be read, the source's SQL fails, the extract is older than the ledger, comes
        from another source, or the reporting currency contradicts the ledger's.
    RuntimeError
        Another process is writing to the ledger.
    """
    if ledger_root.exists() and not ledger_root.is_dir():
        raise ValueError(f"{ledger_root}: not a folder; name a folder for the ledger")
    with (
        tempfile.TemporaryDirectory(prefix="payrisk-") as scratch,
        duckdb.connect() as con,
    ):
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"SET temp_directory = '{scratch}'")
        extract = read_extract(con, source, input_dir, Path(scratch), partial)
        with nullcontext() if dry_run else exclusive(ledger_root):
            ledger = _open(ledger_root)
            check_source(ledger, source, ledger_root, partial)
            staging = stage_extract(con, source, extract.rejected)
            for kind, sentence in extract.notes:
                staging.note(kind, "", 0, sentence)
            open_known(staging, ledger)
            note_repaired_ids(staging)
            merge_leading_zeros(staging)
            moment = Moment(
                find_extract_date(staging, extract_date, settings.intake),
                ledger.extract_date if ledger else None,
            )
            check_age(moment, input_dir)
            currency = _accept_rows(staging, ledger, moment, settings)
            vanished = _merge(staging, ledger, moment, extract, partial)
            report = _report(staging, ledger, moment, currency, dry_run, partial)
            check_shares(report, vanished, settings.intake)
            if dry_run or not report.changed:
                return report
            written = _write(staging, ledger_root, ledger, report)
    return replace(report, fingerprint=written.fingerprint)


def _open(root: Path) -> Ledger | None:
    return Ledger.open(root) if (root / MANIFEST).is_file() else None


def _accept_rows(
    staging: Staging, ledger: Ledger | None, moment: Moment, settings: Settings
) -> str:
    remember_keys(staging)
    for name in staging.present():
        rules = row_rules(TABLES[name], settings.intake, moment.extract_date)
        staging.judge(name, rules, f"FROM stage_{name} JOIN raw_{name} USING (_row)")
    held = ledger.reporting_currency if ledger else None
    currency = choose_reporting_currency(staging, settings.reporting_currency, held)
    resolve_same_keys(staging, "fx_rates")
    prepare_rates(staging, currency)
    for name in staging.present():
        if name == "fx_rates":
            continue
        resolve_invoices(staging, name)
        convert_amounts(staging, name, currency, moment.extract_date, settings.intake)
        resolve_same_keys(staging, name)
        if name == "invoices":
            note_near_duplicates(staging)
            index_invoices(staging)
    note_dangling(staging)
    add_placeholders(staging)
    return currency


def _merge(
    staging: Staging, ledger: Ledger | None, moment: Moment, extract: Extract, partial: bool
) -> dict[str, tuple[int, int]]:
    for name in staging.present():
        add_versions(staging, name, moment)
    add_placeholder_rows(staging)
    if ledger is None or partial:
        return {}
    if extract.rejected:
        staging.note(
            "vanishing_unchecked",
            "",
            0,
            "Some lines could not be read, so no missing row was taken for vanished.",
        )
        return {}
    mapped = [name for name in VANISHING if name in staging.source.tables]
    return {name: add_vanished(staging, name, moment) for name in mapped}


def _report(
    staging: Staging,
    ledger: Ledger | None,
    moment: Moment,
    currency: str,
    dry_run: bool,
    partial: bool,
) -> ImportReport:
    added = sum(staging.number(f"SELECT count(*) FROM added_{name}") for name in staging.present())
    refused = new_refusals(staging, moment)
    return ImportReport(
        source=staging.source.name,
        extract_date=moment.extract_date,
        fingerprint=ledger.fingerprint if ledger else "",
        reporting_currency=currency,
        partial=partial,
        dry_run=dry_run,
        changed=bool(added or refused or moment.extract_date != moment.previous),
        tables=staging.table_counts(),
        rules=staging.rule_counts(),
        notes=tuple(staging.notes),
    )


def _write(staging: Staging, root: Path, ledger: Ledger | None, report: ImportReport) -> Ledger:
    tables: dict[str, pa.Table] = {}
    for name, table in TABLES.items():
        schema = physical_schema(table)
        parts = [schema.empty_table()]
        if name in staging.present():
            added = staging.con.execute(f"FROM added_{name}").to_arrow_table()
            parts = [added.select(schema.names).cast(schema)]
        if ledger:
            parts.append(ledger.table(name).select(schema.names).cast(schema))
        tables[name] = pa.concat_tables(parts)
    refused = staging.con.execute("FROM added_refused").to_arrow_table().cast(QUARANTINE_SCHEMA)
    known = [ledger.table(QUARANTINE).cast(QUARANTINE_SCHEMA)] if ledger else []
    tables[QUARANTINE] = pa.concat_tables([refused, *known])
    entry = report.to_dict()
    # The manifest names the ledger's fingerprint itself; a report inside it would be one behind.
    del entry["fingerprint"]
    written = write_ledger(
        root,
        tables,
        reporting_currency=report.reporting_currency,
        extract_date=report.extract_date,
        imports=(*(ledger.manifest.imports if ledger else ()), entry),
    )
    _log.info("imported %s extract of %s", report.source, report.extract_date)
    return written
