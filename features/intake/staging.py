"""The rows of an extract on their way into the ledger: one DuckDB table per contract table.

``raw_<table>`` holds ``r_<column>``, the text as the extract had it, ``stage_<table>`` the typed
columns of the rows that are still good; ``_row`` joins them. ``_weight`` is the number of lines of
the extract that a row stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb

from features.intake.report import Note, RuleCount, TableCounts
from features.intake.source import Source
from features.intake.sqltext import literal, quoted
from features.ledger.contract import TABLES

MALFORMED = "malformed_line"
_MALFORMED_SENTENCE = "The line is no row of the file: too many or too few fields, or bad bytes."


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
