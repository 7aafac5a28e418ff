"""Merging an extract with what the ledger holds: append-only, a change is a new version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from features.intake.parsing import cleaned, repaired_id
from features.intake.sqltext import listed, literal, path_literal, quoted
from features.intake.staging import Staging
from features.ledger.contract import TABLES, Table
from features.ledger.schema import physical_schema
from features.ledger.storage import QUARANTINE, Ledger

VANISHING = ("invoices", "payments")
"""Tables of which a full extract must have every row that the ledger has."""


@dataclass(frozen=True)
class Moment:
    """When an import happens.

    Parameters
    ----------
    extract_date : date
        Of this extract.
    previous : date or None
        Of the ledger so far; None where there is none.
    """

    extract_date: date
    previous: date | None


def open_known(staging: Staging, ledger: Ledger | None) -> None:
    """Make the ledger's tables visible: ``known_<table>``, and ``latest_<table>`` of each key."""
    con = staging.con
    for name, table in TABLES.items():
        file = ledger.manifest.tables.get(name) if ledger else None
        if ledger and file:
            path = path_literal(ledger.root / file)
            con.execute(f"CREATE VIEW known_{name} AS SELECT * FROM read_parquet({path})")
        else:
            con.register(f"known_{name}", physical_schema(table).empty_table())
        newest = ""
        if "recorded_at" in table.by_name:
            newest = (
                f"QUALIFY row_number() OVER (PARTITION BY {listed(table.key)} "
                "ORDER BY recorded_at DESC NULLS LAST) = 1"
            )
        con.execute(f"CREATE VIEW latest_{name} AS SELECT * FROM known_{name} {newest}")
    if ledger:
        con.register("known_refused", ledger.table(QUARANTINE))
    else:
        con.execute(
            "CREATE TABLE known_refused AS SELECT *, NULL::DATE AS extract_date FROM refused "
            "WHERE false"
        )
    con.execute("CREATE TABLE past_extracts (day DATE)")
    for report in ledger.manifest.imports if ledger else ():
        con.execute(f"INSERT INTO past_extracts VALUES (DATE '{report['extract_date']}')")


def add_versions(staging: Staging, name: str, moment: Moment) -> None:
    """Write to ``added_<table>`` the rows that the ledger does not have yet.

    An unchanged row keeps what was recorded first. A new one is recorded when its source says,
    else when it happened, or at this extract if an earlier one should have had it. Changed content
    is recorded when its source says, if that is later than what is stored, else at this extract.
    """
    table = TABLES[name]
    if name == "fx_rates":
        _add_rates(staging)
        return
    con = staging.con
    content = [c.name for c in table.columns if c.name not in (*table.key, "recorded_at")]
    key = listed(table.key)
    event = f"{quoted(table.event)}::TIMESTAMP" if table.event else "NULL::TIMESTAMP"
    _mark_seen_refused(staging, table)
    stored_before = "false"
    if staging.number(f"SELECT count(*) - count(DISTINCT ({key})) FROM stage_{name}"):
        # Only an extract with several versions of a key needs the look at older stored ones.
        stored_before = (
            f"EXISTS (FROM known_{name} AS k WHERE {_same('k', 'e', list(table.key))} "
            f"AND {_same('k', 'e', content)} AND NOT k.removed "
            "AND (e.recorded_at IS NULL OR k.recorded_at = e.recorded_at))"
        )
    con.execute(
        f"""
        CREATE OR REPLACE TABLE judged AS
        WITH e AS (
          SELECT *, coalesce(recorded_at, {event}) AS _since,
                 count(*) OVER (PARTITION BY {key}) AS _versions,
                 row_number() OVER (PARTITION BY {key} ORDER BY coalesce(recorded_at, {event})
                                    DESC NULLS LAST, recorded_at NULLS LAST) AS _age
          FROM stage_{name}
        )
        SELECT e.*, l.known_key AS _known, l.recorded_at AS _stored,
               {_same("e", "l", content)} AND NOT l.removed AS _same_as_latest,
               {stored_before} AS _stored_before,
               f.first_seen AS _first_seen
        FROM e LEFT JOIN (SELECT *, true AS known_key FROM latest_{name}) AS l
          ON {_same("e", "l", list(table.key))}
        LEFT JOIN seen_refused AS f ON f.id = e.{quoted(table.key[0])}::VARCHAR
        """
    )
    # Of a known key, an older state of the extract is news only if it is later than what is stored.
    con.execute(
        """
        CREATE OR REPLACE TEMP VIEW fated AS
        SELECT *, CASE
            WHEN _known IS NULL THEN 'new'
            WHEN _age = 1 AND _same_as_latest
              AND (_versions = 1 OR _stored IS NULL AND _since IS NULL OR _since <= _stored)
              THEN 'unchanged'
            WHEN _age = 1 THEN 'corrected'
            WHEN _stored_before OR _since IS NULL OR _since <= _stored THEN 'unchanged'
            ELSE 'corrected' END AS _fate
        FROM judged
        """
    )
    for fate, rows in con.execute("SELECT _fate, count(*) FROM fated GROUP BY 1").fetchall():
        staging.count(name, fate, rows)
    known_at = f"greatest(recorded_at, {event})"
    con.execute(
        f"CREATE TABLE added_{name} AS SELECT {listed(_stored_columns(table))}, "
        f"{known_at} AS known_at, false AS removed FROM (SELECT * REPLACE ("
        f"{_recorded(table, moment)} AS recorded_at) FROM fated WHERE _fate <> 'unchanged')"
    )


def add_vanished(staging: Staging, name: str, moment: Moment) -> tuple[int, int]:
    """Add a removal for each known row that the extract lacks.

    Returns
    -------
    tuple of int
        Rows that vanished, and rows that were known.
    """
    table = TABLES[name]
    columns = listed(_stored_columns(table))
    at = f"greatest(TIMESTAMP '{moment.extract_date}', recorded_at + INTERVAL 1 MICROSECOND)"
    staging.con.execute(
        f"""
        CREATE TABLE vanished_{name} AS
        SELECT {columns}, greatest(recorded_at, {quoted(table.event or "")}::TIMESTAMP) AS known_at,
               true AS removed
        FROM (SELECT * REPLACE ({at} AS recorded_at) FROM latest_{name} AS l WHERE NOT removed
              AND NOT EXISTS (FROM seen_{name} AS s WHERE {_same("s", "l", list(table.key))}))
        """
    )
    rows = staging.number(f"SELECT count(*) FROM vanished_{name}")
    staging.con.execute(f"INSERT INTO added_{name} SELECT * FROM vanished_{name}")
    staging.count(name, "vanished", rows)
    return rows, staging.number(f"SELECT count(*) FROM latest_{name} WHERE NOT removed")


def add_placeholder_rows(staging: Staging) -> None:
    """Add the customers of which only the id is known; they are known from the start."""
    staging.con.execute(
        "INSERT INTO added_customers BY NAME SELECT customer_id, false AS removed FROM placeholders"
    )


def new_refusals(staging: Staging, moment: Moment) -> int:
    """Write to ``added_refused`` the refused rows that the quarantine does not hold; count them."""
    staging.con.execute(
        f"""
        CREATE TABLE added_refused AS
        SELECT "table", rule, min(reason) AS reason, source_row,
               DATE '{moment.extract_date}' AS extract_date
        FROM refused AS r
        WHERE NOT EXISTS (FROM known_refused AS k WHERE k."table" = r."table"
                          AND k.rule = r.rule AND k.source_row = r.source_row)
        GROUP BY "table", rule, source_row
        """
    )
    return staging.number("SELECT count(*) FROM added_refused")


def _add_rates(staging: Staging) -> None:
    # Rates that differ from the ledger's are quarantined before; what is left is known or new.
    staging.con.execute(
        "CREATE TABLE added_fx_rates AS SELECT currency, rate_date, rate FROM stage_fx_rates "
        "WHERE (currency, rate_date) NOT IN (SELECT (currency, rate_date) FROM known_fx_rates)"
    )
    added = staging.number("SELECT count(*) FROM added_fx_rates")
    staging.count("fx_rates", "new", added)
    rows = staging.number("SELECT count(*) FROM stage_fx_rates")
    staging.count("fx_rates", "unchanged", rows - added)


def _mark_seen_refused(staging: Staging, table: Table) -> None:
    """Find the ids that earlier extracts had in a row which was then refused.

    Such a row does not come late: it was in the extract, and counts from when it was first seen.
    """
    key = table.key[0]
    value = repaired_id(cleaned(f"json_extract_string(source_row, '$.{key}')"))
    usable = f'"table" = {literal(table.name)}' if len(table.key) == 1 else "false"
    staging.con.execute(
        f"CREATE OR REPLACE TABLE seen_refused AS SELECT {value} AS id, "
        f"min(extract_date) AS first_seen FROM known_refused WHERE {usable} GROUP BY 1"
    )


def _recorded(table: Table, moment: Moment) -> str:
    now = f"TIMESTAMP '{moment.extract_date}'"
    event = f"{quoted(table.event)}::TIMESTAMP" if table.event else "NULL::TIMESTAMP"
    late = "false"
    first = now
    if moment.previous is not None and table.event:
        before = "(SELECT max(day) FROM past_extracts WHERE day < _first_seen)"
        late = (
            f"CASE WHEN _first_seen IS NULL THEN {event} < DATE '{moment.previous}' "
            f"ELSE coalesce({event} < {before}, false) END"
        )
        first = f"coalesce(_first_seen::TIMESTAMP, {now})"
    return (
        f"CASE WHEN _fate = 'new' THEN coalesce(recorded_at, CASE WHEN {late} THEN {first} "
        f"ELSE {event} END) "
        "WHEN recorded_at IS NOT NULL AND (_stored IS NULL OR recorded_at > _stored) "
        "THEN recorded_at "
        # Strictly after the stored version, even at a second extract of the same date.
        f"ELSE greatest({now}, _stored + INTERVAL 1 MICROSECOND) END"
    )


def _same(left: str, right: str, names: list[str]) -> str:
    pairs = [f"{left}.{quoted(n)} IS NOT DISTINCT FROM {right}.{quoted(n)}" for n in names]
    return " AND ".join(pairs) or "true"


def _stored_columns(table: Table) -> list[str]:
    names = physical_schema(table).names
    return [name for name in names if name not in ("known_at", "removed")]
