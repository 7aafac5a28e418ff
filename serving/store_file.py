"""The SQLite file under the risk store: connections, transactions, the schema's first creation."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.store_schema import SCHEMA_VERSION, STATEMENTS, missing_columns

Record = dict[str, Any]


class StoreFile:
    """One SQLite file, safe to share between threads: each has its own connection.

    Parameters
    ----------
    path : Path
        The file; it and its folder are made at the first use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own = threading.local()
        self._turn = threading.Lock()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Record]:
        """Return every row that a query finds."""
        cursor = self.connection().execute(sql, tuple(values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, values: Sequence[Any] = ()) -> Record | None:
        """Return the first row that a query finds."""
        rows = self.all(sql, values)
        return rows[0] if rows else None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write inside the block, all or nothing; one writer at a time."""
        connection = self.connection()
        # Threads queue here; SQLite itself would let them sleep and try again.
        with self._turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let this thread's reads inside the block see one state, whatever is written meanwhile."""
        connection = self.connection()
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, made anew when the file was removed or replaced."""
        known: tuple[int, sqlite3.Connection] | None = getattr(self._own, "open", None)
        try:
            inode = os.stat(self.path).st_ino
        except FileNotFoundError:
            inode = -1
        if known is not None:
            # Inside a transaction the old file stays the truth until the block ends.
            if known[0] == inode or known[1].in_transaction:
                return known[1]
            known[1].close()
        connection = _open(self.path)
        self._own.open = (os.stat(self.path).st_ino, connection)
        return connection


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ValueError(f"{path}: not a risk store ({error}); move it away") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"{path}: risk store of format {version}, this version reads {SCHEMA_VERSION}; "
            "use the program that wrote it"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    # An order that was answered must still be on record after a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    if version < SCHEMA_VERSION:
        # Every statement bears being repeated: two processes may start at once.
        connection.execute("BEGIN IMMEDIATE")
        for statement in STATEMENTS:
            connection.execute(statement)
        present = {row[1] for row in connection.execute("PRAGMA table_info(customers)")}
        for statement in missing_columns(present):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
