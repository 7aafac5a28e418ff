"""The rows of an extract on their way into the ledger: one DuckDB table per contract table.

``raw_<table>`` holds ``r_<column>``, the text as the extract had it, ``stage_<table>`` the typed
columns of the rows that are still good; ``_row`` joins them. ``_weight`` is the number of lines of
the extract that a row stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from features.intake.parsing import cleaned, parsed
from features.intake.report import Note, RuleCount, TableCounts
from features.intake.source import Source
from features.intake.sqltext import listed, literal, quoted
from features.ledger.contract import TABLES, Column, Table
from features.ledger.money import EXPONENTS

MALFORMED = "malformed_line"
_MALFORMED_SENTENCE = "The line is no row of the file: too many or too few fields, or bad bytes."
_EMPTY_TYPES = {"date": "DATE", "timestamp": "TIMESTAMP", "money": "BIGINT", "number": "DOUBLE"}


@dataclass(frozen=True)
class Rule:
    """What makes a row unfit for the ledger.

    Parameters
    ----------
    name : str
        As the report and the quarantine show it.
    sentence : str
        The rule in words, the same for every row.
    broken : str
        SQL condition on a row of a stage.
    reason : str
        SQL text that says what is wrong with that row.
    """

    name: str
    sentence: str
    broken: str
    reason: str


@dataclass
class Staging:
    """The working state of one import.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Holds the stages and ``refused(table, rule, reason, source_row)``.
    source : Source
        The mapping in use.
    """

    con: duckdb.DuckDBPyConnection
    source: Source
    notes: list[Note] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    sentences: dict[str, str] = field(default_factory=lambda: {MALFORMED: _MALFORMED_SENTENCE})
    yielded: dict[str, list[str]] = field(default_factory=dict)

    def present(self) -> list[str]:
        """Return the tables worth working on: those that have rows, and those every ledger has."""
        return [
            name
            for name, table in TABLES.items()
            if table.required or name == "fx_rates" or self.counts.get(name, {}).get("read")
        ]

    def count(self, table: str, what: str, rows: int) -> None:
        """Add to one of the counts of a table."""
        counts = self.counts.setdefault(table, {})
        counts[what] = counts.get(what, 0) + rows

    def note(self, kind: str, table: str, count: int, sentence: str, example: object = "") -> None:
        """Remember something worth telling."""
        self.notes.append(Note(kind, table, count, sentence, str(example or "")))

    def number(self, sql: str) -> int:
        """Run a query that yields one number."""
        row = self.con.execute(sql).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def row(self, sql: str) -> tuple[Any, ...]:
        """Run a query that yields one row."""
        row = self.con.execute(sql).fetchone()
        return tuple(row) if row else ()

    def replace(self, table: str, query: str) -> None:
        """Let a query over ``stage_<table>`` become that stage."""
        self.con.execute(f"CREATE TABLE next_stage AS {query}")
        self.con.execute(f"DROP TABLE stage_{table}")
        self.con.execute(f"ALTER TABLE next_stage RENAME TO stage_{table}")

    def judge(self, table: str, rules: Iterable[Rule], relation: str | None = None) -> None:
        """Move the rows that break a rule to the quarantine, each under the first rule it breaks.

        Parameters
        ----------
        table : str
            Its stage is judged.
        rules : iterable of Rule
            In the order in which they are tried.
        relation : str, optional
            SQL to judge instead of the stage: its rows with columns of other tables.
        """
        tried = list(rules)
        self.sentences.update({rule.name: rule.sentence for rule in tried})
        if not tried:
            return
        faults = " ".join(f"WHEN {rule.broken} THEN {place}" for place, rule in enumerate(tried))
        names, reasons = (
            " ".join(f"WHEN {place} THEN {text}" for place, text in enumerate(texts))
            for texts in ([literal(rule.name) for rule in tried], [rule.reason for rule in tried])
        )
        # Only the faulty rows are written; the stage itself is not copied.
        self.con.execute(
            f"CREATE OR REPLACE TABLE faulty AS SELECT _row, CASE _fault {names} END AS rule, "
            f"CASE _fault {reasons} END AS reason FROM (SELECT *, CASE {faults} END AS _fault "
            f"FROM ({relation or f'FROM stage_{table}'})) WHERE _fault IS NOT NULL"
        )
        self.con.execute(
            f"INSERT INTO refused SELECT {literal(table)}, rule, reason, {self.source_row(table)} "
            f"FROM faulty JOIN raw_{table} USING (_row)"
        )
        self.con.execute(f"DELETE FROM stage_{table} WHERE _row IN (SELECT _row FROM faulty)")

    def drop_columns(self, table: str, names: Iterable[str]) -> None:
        """Take columns off a stage."""
        for name in names:
            self.con.execute(f"ALTER TABLE stage_{table} DROP COLUMN {quoted(name)}")

    def source_row(self, table: str) -> str:
        """Return SQL for a row of ``raw_<table>`` as JSON, every value as the extract had it."""
        pairs = ", ".join(
            f"{literal(column)}: {quoted('r_' + column)}" for column in self.yielded[table]
        )
        return f"to_json({{{pairs}}})::VARCHAR"

    def table_counts(self) -> dict[str, TableCounts]:
        """Return the counts of every table, quarantined rows included."""
        refused = dict(
            self.con.execute('SELECT "table", count(*) FROM refused GROUP BY 1').fetchall()
        )
        return {
            name: TableCounts(**self.counts.get(name, {}), quarantined=refused.get(name, 0))
            for name in TABLES
        }

    def rule_counts(self) -> tuple[RuleCount, ...]:
        """Return how many rows of which table broke which rule."""
        found = self.con.execute(
            'SELECT "table", rule, count(*), min(reason) FROM refused GROUP BY 1, 2'
        ).fetchall()
        order = list(TABLES)
        found.sort(key=lambda row: (order.index(row[0]), -row[2], row[1]))
        return tuple(
            RuleCount(table, rule, count, self.sentences[rule], example)
            for table, rule, count, example in found
        )


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
