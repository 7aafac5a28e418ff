"""The risk store on SQLite: the published scores, their history, and the decisions made on them.

All SQL of serving is here and in `serving.store_schema`; a store on another database needs the same
public methods and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from serving.outputs import (
    CUSTOMER_COLUMNS,
    HISTORY_COLUMNS,
    INVOICE_COLUMNS,
    WORKLIST_COLUMNS,
    Row,
    ScoreOutputs,
    plain_rows,
)
from serving.store_file import Record, StoreFile

NOBODY = "-"
"""The filter value for customers without a collector."""


@dataclass(frozen=True)
class Published:
    """The score set that is current.

    Parameters
    ----------
    as_of : date
        Moment of knowledge.
    models : mapping of str to str
        Version of each model that took part.
    ledger, ledger_fingerprint, reporting_currency : str
        What was scored.
    content : str
        Digest of all rows: equal for equal sets.
    published_at : str
        When this content was first published, UTC.
    """

    as_of: date
    models: Mapping[str, str]
    ledger: str
    ledger_fingerprint: str
    reporting_currency: str
    content: str
    published_at: str


@dataclass(frozen=True)
class StoredDecision:
    """A decision as it was answered: ``record`` is the answer's exact text."""

    decision_id: str
    idempotency_key: str | None
    content: str
    customer_id: str
    order_id: str
    outcome: str
    decided_at: str
    record: str


@dataclass(frozen=True)
class WorklistTotals:
    """Sums over a filtered worklist; None where no row knows the number."""

    customers: int
    overdue: float | None
    cash_at_risk: float | None
    expected_cash_30d: float | None


class RiskStore:
    """Scores, worklist and decisions in one SQLite file.

    Safe to share between threads: each has its own connection. Several processes may use the same
    file; readers never wait for a writer and see either all of a published set or none of it.

    Parameters
    ----------
    path : Path
        The file; it and its folder are made at the first use.
    """

    def __init__(self, path: Path) -> None:
        self._file = StoreFile(path)

    # -- writing ---------------------------------------------------------------------------------

    def publish(self, as_of: date, outputs: ScoreOutputs) -> Published:
        """Replace the current score set and remember the customers' scores, all or nothing.

        Publishing the same set again changes nothing. The same ``as_of`` and model versions with
        other numbers (a corrected ledger) replaces what history had for them.

        Raises
        ------
        ValueError
            A frame lacks its key or repeats it; nothing is written.
        """
        customers, first = plain_rows(
            outputs.customers, CUSTOMER_COLUMNS, "customer_id", "customers"
        )
        invoices, second = plain_rows(outputs.invoices, INVOICE_COLUMNS, "invoice_id", "invoices")
        worklist, third = plain_rows(outputs.worklist, WORKLIST_COLUMNS, "rank", "worklist")
        names = sorted((str(key), str(name)) for key, name in outputs.names.items() if name)
        models = json.dumps(dict(sorted(outputs.models.items())))
        head = (
            as_of.isoformat(),
            models,
            outputs.ledger,
            outputs.ledger_fingerprint,
            outputs.reporting_currency,
        )
        identity = json.dumps([head, names, first, second, third])
        content = hashlib.sha256(identity.encode()).hexdigest()[:16]
        with self._file.writing() as connection:
            run_id = _upsert_run(connection, (*head, content))
            for table in ("customers", "invoices", "worklist", "names"):
                connection.execute(f"DELETE FROM {table}")
            _insert(connection, "customers", tuple(CUSTOMER_COLUMNS), customers)
            _insert(connection, "invoices", tuple(INVOICE_COLUMNS), invoices)
            _insert(connection, "worklist", tuple(WORKLIST_COLUMNS), worklist)
            _insert(connection, "names", ("customer_id", "name"), names)
            connection.execute("DELETE FROM history WHERE run_id = ?", (run_id,))
            connection.execute(
                f"INSERT INTO history (customer_id, run_id, {', '.join(HISTORY_COLUMNS)}) "
                f"SELECT customer_id, ?, {', '.join(HISTORY_COLUMNS)} FROM customers",
                (run_id,),
            )
            connection.execute("INSERT OR REPLACE INTO current_run VALUES (1, ?)", (run_id,))
        published = self.current()
        if published is None:  # pragma: no cover - another process emptied the file meanwhile
            raise RuntimeError(f"{self._file.path}: the set just published is gone")
        return published

    def save_decision(self, decision: StoredDecision) -> StoredDecision:
        """Keep a decision, or return the one that its idempotency key already has.

        Of several callers with the same key at once exactly one is kept; all get that one.
        """
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO decisions (decision_id, idempotency_key, content, customer_id, "
                "order_id, outcome, decided_at, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    decision.decision_id,
                    decision.idempotency_key,
                    decision.content,
                    decision.customer_id,
                    decision.order_id,
                    decision.outcome,
                    decision.decided_at,
                    decision.record,
                ),
            )
        if decision.idempotency_key is None:
            return decision
        return self.decision_of_key(decision.idempotency_key) or decision

    # -- reading ---------------------------------------------------------------------------------

    def snapshot(self) -> AbstractContextManager[None]:
        """Let this thread's reads inside the block all see the same published set."""
        return self._file.snapshot()

    def current(self) -> Published | None:
        """Return what is published, None before the first scoring run."""
        row = self._file.one("SELECT runs.* FROM current_run JOIN runs USING (run_id)")
        if row is None:
            return None
        return Published(
            as_of=date.fromisoformat(row["as_of"]),
            models=json.loads(row["models"]),
            ledger=row["ledger"],
            ledger_fingerprint=row["ledger_fingerprint"],
            reporting_currency=row["reporting_currency"],
            content=row["content"],
            published_at=row["published_at"],
        )

    def customer(self, customer_id: str) -> Record | None:
        """Return a customer's current scores with its ``name``, None for an unknown one."""
        return self._file.one(
            "SELECT customers.*, names.name FROM customers LEFT JOIN names USING (customer_id) "
            "WHERE customer_id = ?",
            (customer_id,),
        )

    def customer_history(self, customer_id: str) -> list[Record]:
        """Return a customer's scores of every run, oldest first, with ``as_of`` and ``models``."""
        rows = self._file.all(
            f"SELECT runs.as_of, runs.models, {', '.join(f'history.{c}' for c in HISTORY_COLUMNS)} "
            "FROM history JOIN runs USING (run_id) WHERE customer_id = ? "
            "ORDER BY runs.as_of, runs.run_id",
            (customer_id,),
        )
        return [{**row, "models": json.loads(row["models"])} for row in rows]

    def invoices_of(self, customer_id: str) -> list[Record]:
        """Return a customer's open invoices, the earliest due first."""
        return self._file.all(
            "SELECT * FROM invoices WHERE customer_id = ? ORDER BY due_on, invoice_id",
            (customer_id,),
        )

    def invoices(self, invoice_ids: Sequence[str]) -> dict[str, Record]:
        """Return those of the invoices named that are open, by id."""
        marks = ", ".join("?" * len(invoice_ids))
        rows = self._file.all(f"SELECT * FROM invoices WHERE invoice_id IN ({marks})", invoice_ids)
        return {row["invoice_id"]: row for row in rows}

    def earliest_due(self, customer_id: str) -> date | None:
        """Return the due date of the customer's oldest open invoice, None where it has none."""
        row = self._file.one(
            "SELECT min(due_on) AS due_on FROM invoices WHERE customer_id = ?", (customer_id,)
        )
        return date.fromisoformat(row["due_on"]) if row and row["due_on"] else None

    def worklist(
        self,
        collector: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        search: str | None = None,
    ) -> list[Record]:
        """Return the ranked worklist with each customer's ``name``, ``pd_12m`` and ``grade``.

        Parameters
        ----------
        collector : str, optional
            Only this collector's customers; `NOBODY` for those without one.
        limit, offset : int
            The part to return; no limit = all.
        search : str, optional
            Part of a customer's id or name, in any case.
        """
        condition, values = _worklist_filter(collector, search)
        return self._file.all(
            "SELECT worklist.*, names.name, customers.pd_12m, customers.grade FROM worklist "
            "LEFT JOIN names USING (customer_id) LEFT JOIN customers USING (customer_id) "
            f"WHERE {condition} ORDER BY rank LIMIT ? OFFSET ?",
            (*values, -1 if limit is None else limit, offset),
        )

    def worklist_totals(
        self, collector: str | None = None, search: str | None = None
    ) -> WorklistTotals:
        """Return the sums over the worklist under the same filter."""
        condition, values = _worklist_filter(collector, search)
        row = self._file.one(
            "SELECT count(*) AS customers, sum(overdue) AS overdue, "
            "sum(cash_at_risk) AS cash_at_risk, sum(expected_cash_30d) AS expected_cash_30d "
            f"FROM worklist LEFT JOIN names USING (customer_id) WHERE {condition}",
            values,
        )
        return WorklistTotals(**(row or {}))

    def worklist_entry(self, customer_id: str) -> Record | None:
        """Return a customer's row of the worklist, None where it is not on it."""
        return self._file.one(
            "SELECT * FROM worklist WHERE customer_id = ? ORDER BY rank LIMIT 1", (customer_id,)
        )

    def collectors(self) -> list[Record]:
        """Return each collector on the worklist with its number of customers, by id; None last."""
        return self._file.all(
            "SELECT collector_id, count(*) AS customers FROM worklist "
            "GROUP BY collector_id ORDER BY collector_id IS NULL, collector_id"
        )

    def decision(self, decision_id: str) -> StoredDecision | None:
        """Return a decision by its id."""
        return self._decision("decision_id", decision_id)

    def decision_of_key(self, idempotency_key: str) -> StoredDecision | None:
        """Return the decision that was made under an idempotency key."""
        return self._decision("idempotency_key", idempotency_key)

    def _decision(self, column: str, value: str) -> StoredDecision | None:
        row = self._file.one(
            "SELECT decision_id, idempotency_key, content, customer_id, order_id, outcome, "
            f"decided_at, record FROM decisions WHERE {column} = ?",
            (value,),
        )
        return StoredDecision(**row) if row else None


def _upsert_run(connection: sqlite3.Connection, run: Row) -> int:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    row = connection.execute(
        "INSERT INTO runs (as_of, models, ledger, ledger_fingerprint, reporting_currency, content, "
        "published_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (as_of, models) DO UPDATE SET "
        "published_at = CASE WHEN content = excluded.content THEN published_at "
        "ELSE excluded.published_at END, ledger = excluded.ledger, "
        "ledger_fingerprint = excluded.ledger_fingerprint, "
        "reporting_currency = excluded.reporting_currency, content = excluded.content "
        "RETURNING run_id",
        (*run, now),
    ).fetchone()
    return int(row[0])


def _insert(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: list[Row]
) -> None:
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _worklist_filter(collector: str | None, search: str | None) -> tuple[str, tuple[Any, ...]]:
    conditions: list[str] = ["1 = 1"]
    values: list[Any] = []
    if collector == NOBODY:
        conditions.append("collector_id IS NULL")
    elif collector is not None:
        conditions.append("collector_id = ?")
        values.append(collector)
    if search:
        escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.append("(worklist.customer_id LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\')")
        values += [f"%{escaped}%"] * 2
    return " AND ".join(conditions), tuple(values)
