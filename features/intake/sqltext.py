"""Writing names and values into SQL text."""

from __future__ import annotations

import re
from pathlib import Path


def quoted(name: str) -> str:
    """Quote a name.

    Examples
    --------
    >>> print(quoted("due_on"), quoted('a "b" c'))
    "due_on" "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a value.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """Quote a path for DuckDB's readers, which take some characters for a pattern.

    Examples
    --------
    >>> path_literal(Path("/data/2024 [final]/a.csv"))
    "'/data/2024 [[]final]/a.csv'"
    """
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def listed(names: tuple[str, ...] | list[str], prefix: str = "") -> str:
    """Join names with commas, each with a prefix such as ``t.``.

    Examples
    --------
    >>> listed(["a", "b"], "t.")
    't."a", t."b"'
    """
    return ", ".join(f"{prefix}{quoted(name)}" for name in names)
