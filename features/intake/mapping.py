"""Running a source's SQL over the files and typing what it yields."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from features.intake.parsing import cleaned, parsed
from features.intake.source import Source
from features.intake.sqltext import listed, literal, quoted
from features.intake.staging import MALFORMED, Staging
from features.ledger.contract import TABLES, Column, Table
from features.ledger.money import EXPONENTS

_EMPTY_TYPES = {"date": "DATE", "timestamp": "TIMESTAMP", "money": "BIGINT", "number": "DOUBLE"}


def stage_extract(
    con: duckdb.DuckDBPyConnection, source: Source, rejected: Mapping[str, int]
) -> Staging:
    """Run a source's SQL over the files that were read and type what it yields.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the files' tables and ``rejected_lines``.
    source : Source
        The mapping.
    rejected : mapping of str to int
        Lines by file that are no rows; they go to the quarantine of the table the file feeds.

    Raises
    ------
    ValueError
        The SQL fails, or yields a table without a required column.
    """
    con.execute(
        'CREATE TABLE refused ("table" VARCHAR, rule VARCHAR, reason VARCHAR, source_row VARCHAR)'
    )
    con.execute("CREATE TABLE exponents (code VARCHAR, exponent INTEGER)")
    con.execute(f"INSERT INTO exponents VALUES {', '.join(map(str, EXPONENTS.items()))}")
    staging = Staging(con, source)
    for name, sql in source.views.items():
        _run(con, f"CREATE VIEW {quoted(name)} AS {sql}", source, name)
    for name, table in TABLES.items():
        sql = source.tables.get(name, f"SELECT NULL AS {quoted(table.key[0])} WHERE false")
        _run(con, f"CREATE TABLE mapped AS SELECT * FROM ({sql})", source, name)
        columns = [row[0] for row in con.execute("DESCRIBE mapped").fetchall()]
        if name in source.tables:
            _check_columns(staging, table, columns)
        staging.yielded[name] = [column for column in columns if column in table.by_name]
        staging.count(name, "read", staging.number("SELECT count(*) FROM mapped"))
        if name in staging.present():
            _stage(staging, table, "occurrences" in columns)
        else:
            _stage_nothing(con, table)
        con.execute("DROP TABLE mapped")
    for file, lines in rejected.items():
        target = _fed_by(source, file)
        staging.count(target, "read", lines)
        con.execute(
            f"INSERT INTO refused SELECT {literal(target)}, {literal(MALFORMED)}, "
            "'line ' || line || ' of ' || file || ': ' || reason, "
            "to_json({'file': file, 'line': line, 'content': content})::VARCHAR "
            f"FROM rejected_lines WHERE file = {literal(file)}"
        )
    return staging


def _run(con: duckdb.DuckDBPyConnection, sql: str, source: Source, name: str) -> None:
    try:
        con.execute(sql)
    except duckdb.Error as error:
        reason = " ".join(str(error).split("LINE ")[0].split())
        raise ValueError(f"source '{source.name}': SQL of '{name}' fails: {reason}") from error


def _check_columns(staging: Staging, table: Table, columns: list[str]) -> None:
    currency_given = staging.source.currency is not None
    for column in table.columns:
        given = column.name in columns or (column.type == "currency" and currency_given)
        if column.required and not given:
            raise ValueError(
                f"source '{staging.source.name}': SQL of '{table.name}' yields no column "
                f"'{column.name}', which the ledger requires; add it"
            )
    unknown = [name for name in columns if name not in table.by_name and name != "occurrences"]
    if unknown:
        staging.note(
            "unknown_columns",
            table.name,
            0,
            f"Columns that the ledger does not have were left out: {', '.join(unknown)}.",
        )


def _stage(staging: Staging, table: Table, weighted: bool) -> None:
    given = staging.yielded[table.name]
    raw = ", ".join(
        f"{quoted(c.name)}::VARCHAR AS {quoted('r_' + c.name)}"
        if c.name in given
        else f"NULL::VARCHAR AS {quoted('r_' + c.name)}"
        for c in table.columns
    )
    weight = "sum(TRY_CAST(occurrences AS BIGINT))::BIGINT" if weighted else "count(*)"
    texts = ", ".join(
        f"{cleaned(quoted('r_' + c.name))} AS {quoted('t_' + c.name)}" for c in table.columns
    )
    typed = ", ".join(f"{_typed(staging, table, c)} AS {quoted(c.name)}" for c in table.columns)
    staging.con.execute(
        f"CREATE TABLE raw_{table.name} AS SELECT *, row_number() OVER () AS _row "
        f"FROM (SELECT {raw}, count(*) AS _copies, {weight} AS _weight "
        f"FROM mapped GROUP BY {listed(given)})"
    )
    staging.con.execute(
        f"CREATE TABLE stage_{table.name} AS WITH texts AS (SELECT *, {texts} "
        f"FROM raw_{table.name}) SELECT _row, _weight, {typed} FROM texts"
    )
    copies = staging.number(f"SELECT sum(_copies) - count(*) FROM raw_{table.name}")
    if copies:
        staging.count(table.name, "duplicates", copies)
        first = quoted("r_" + table.key[0])
        (example,) = staging.row(f"SELECT min({first}) FROM raw_{table.name} WHERE _copies > 1")
        staging.note(
            "exact_duplicates",
            table.name,
            copies,
            "Exact copies of a row were dropped; one of each was kept.",
            f"{table.key[0]} {example}",
        )


def _stage_nothing(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(
        f"{quoted(column.name)} {_EMPTY_TYPES.get(column.type, 'VARCHAR')}"
        for column in table.columns
    )
    con.execute(f"CREATE TABLE stage_{table.name} (_row BIGINT, _weight BIGINT, {columns})")


def _typed(staging: Staging, table: Table, column: Column) -> str:
    text = quoted("t_" + column.name)
    value = parsed(column, text, staging.source.ids.repair_floats)
    has_money = any(other.type == "money" for other in table.columns)
    if column.type == "choice" and not column.required:
        # An empty kind or status is stored as its default, the contract's first choice.
        return f"CASE WHEN {text} IS NULL THEN {literal(column.choices[0])} ELSE {value} END"
    if column.type == "currency" and has_money and staging.source.currency:
        return f"coalesce({value}, {literal(staging.source.currency)})"
    return value


def _fed_by(source: Source, file: str) -> str:
    """Return the table for which a file's unreadable lines count: invoices, if it feeds them."""
    names = {file}
    for view, sql in source.views.items():
        if any(name in sql for name in names):
            names.add(view)
    fed = [table for table, sql in source.tables.items() if any(name in sql for name in names)]
    if file in fed:
        return file
    return "invoices" if "invoices" in fed or not fed else fed[0]
