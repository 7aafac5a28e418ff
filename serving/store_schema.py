"""The tables of the SQLite risk store, made from the declared columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from serving.outputs import (
    CUSTOMER_COLUMNS,
    HISTORY_COLUMNS,
    INVOICE_COLUMNS,
    WORKLIST_COLUMNS,
    Kind,
)

SCHEMA_VERSION = 2
"""2: ``pd_upper`` beside the customers' PD."""

_TYPES: dict[Kind, str] = {"text": "TEXT", "date": "TEXT", "number": "REAL", "integer": "INTEGER"}


def _columns(columns: Mapping[str, Kind], key: str) -> str:
    lines = [
        f"{name} {_TYPES[kind]}{' PRIMARY KEY NOT NULL' if name == key else ''}"
        for name, kind in columns.items()
    ]
    return ",\n  ".join(lines)


_HISTORY = {name: CUSTOMER_COLUMNS[name] for name in HISTORY_COLUMNS}

STATEMENTS = (
    # A run is identified by its moment and its models: scoring again replaces, never repeats.
    """CREATE TABLE IF NOT EXISTS runs (
  run_id INTEGER PRIMARY KEY,
  as_of TEXT NOT NULL,
  models TEXT NOT NULL,
  ledger TEXT NOT NULL,
  ledger_fingerprint TEXT NOT NULL,
  reporting_currency TEXT NOT NULL,
  content TEXT NOT NULL,
  published_at TEXT NOT NULL,
  UNIQUE (as_of, models))""",
    """CREATE TABLE IF NOT EXISTS current_run (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  run_id INTEGER NOT NULL REFERENCES runs (run_id))""",
    f"CREATE TABLE IF NOT EXISTS customers (\n  {_columns(CUSTOMER_COLUMNS, 'customer_id')})",
    f"CREATE TABLE IF NOT EXISTS invoices (\n  {_columns(INVOICE_COLUMNS, 'invoice_id')})",
    "CREATE INDEX IF NOT EXISTS invoices_by_customer ON invoices (customer_id, due_on)",
    f"CREATE TABLE IF NOT EXISTS worklist (\n  {_columns(WORKLIST_COLUMNS, 'rank')})",
    "CREATE INDEX IF NOT EXISTS worklist_by_collector ON worklist (collector_id, rank)",
    "CREATE INDEX IF NOT EXISTS worklist_by_customer ON worklist (customer_id)",
    "CREATE TABLE IF NOT EXISTS names (customer_id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL)",
    f"""CREATE TABLE IF NOT EXISTS history (
  customer_id TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES runs (run_id),
  {", ".join(f"{name} {_TYPES[kind]}" for name, kind in _HISTORY.items())},
  PRIMARY KEY (customer_id, run_id)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS history_by_run ON history (run_id)",
    """CREATE TABLE IF NOT EXISTS decisions (
  decision_id TEXT PRIMARY KEY NOT NULL,
  decided_at TEXT NOT NULL,
  idempotency_key TEXT UNIQUE,
  content TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  record TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS decisions_by_customer ON decisions (customer_id, decided_at)",
    # What was decided stays decided: an auditor must be able to rely on it.
    """CREATE TRIGGER IF NOT EXISTS decisions_are_not_changed BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only: none is changed'); END""",
    """CREATE TRIGGER IF NOT EXISTS decisions_are_not_removed BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only: none is removed'); END""",
    # REPLACE would remove a row without the trigger above being asked.
    """CREATE TRIGGER IF NOT EXISTS decisions_are_not_replaced BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions WHERE decision_id = NEW.decision_id)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only: none is replaced'); END""",
    """CREATE TRIGGER IF NOT EXISTS keys_keep_their_decision BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions WHERE idempotency_key = NEW.idempotency_key)
BEGIN SELECT RAISE(IGNORE); END""",
)


def missing_columns(present: Collection[str]) -> tuple[str, ...]:
    """Return the statements that add to an older file's customers what they have now.

    Examples
    --------
    >>> missing_columns(CUSTOMER_COLUMNS.keys() - {"pd_upper"})
    ('ALTER TABLE customers ADD COLUMN pd_upper REAL',)
    """
    return tuple(
        f"ALTER TABLE customers ADD COLUMN {name} {_TYPES[kind]}"
        for name, kind in CUSTOMER_COLUMNS.items()
        if name not in present
    )
