"""What a person sees of a run: short tables on standard output, progress on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDE = 160
"""Columns where output goes to a file or a pipe, which has no width of its own."""

_OUT = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
_PROGRESS = Console(stderr=True, highlight=False, style="dim")
_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print a line of the result."""
    _OUT.print(text, markup=False, soft_wrap=True)


def progress(text: str) -> None:
    """Tell what is being done, with the seconds since the start."""
    _PROGRESS.print(f"{time.monotonic() - _STARTED:6.1f} s  {text}", markup=False)


def show_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are right-aligned."""
    content = [[_text(value) for value in row] for row in rows]
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column, name in enumerate(header):
        numeric = all(_is_number(row[column]) for row in content) and bool(content)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for row in content:
        table.add_row(*row)
    _OUT.print(table)


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value).replace("[", "\\[")


def _is_number(text: str) -> bool:
    return text == "" or text.replace(",", "").lstrip("-").replace(".", "", 1)[:1].isdigit()
