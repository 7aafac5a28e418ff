"""Reading an edited card's workbook back: its rows, and which version it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from models.scorecard.editing import EditedBin
from models.scorecard.workbook import ANY, CARD, METHOD

_READ = ("characteristic", "kind", "from", "to", "points", "edited points")


def read_workbook(path: Path) -> tuple[list[EditedBin], dict[str, str]]:
    """Return the rows of the card, and ``model`` and ``fingerprint`` of what was exported.

    Raises
    ------
    ValueError
        Not a workbook that `payrisk scorecard export` wrote, or a cell that holds no number.
    """
    try:
        book = load_workbook(path)
    except (InvalidFileException, BadZipFile, KeyError) as error:
        raise ValueError(f"{path}: not an Excel workbook (.xlsx)") from error
    absent = [name for name in (CARD, METHOD) if name not in book.sheetnames]
    if absent:
        raise ValueError(f"{path}: has no sheet {absent[0]!r}; export the card again and edit that")
    about = {
        str(row[0]): str(row[1]) for row in book[METHOD].iter_rows(max_col=2, values_only=True)
    }
    if not {"model", "fingerprint"} <= set(about):
        raise ValueError(f"{path}: sheet {METHOD!r} does not say which model it is of")
    return _rows(book[CARD], path), {key: about[key] for key in ("model", "fingerprint")}


def _rows(sheet: Worksheet, path: Path) -> list[EditedBin]:
    header = [str(cell.value or "").strip() for cell in sheet[1]]
    absent = [name for name in _READ if name not in header]
    if absent:
        raise ValueError(f"{path}: sheet {CARD!r} has no column {absent[0]!r}")
    found = []
    for number, cells in enumerate(sheet.iter_rows(min_row=2, values_only=True), start=2):
        own = dict(zip(header, cells, strict=True))
        if all(own[name] is None for name in _READ):
            continue
        where = f"{CARD} row {number}"
        low, high, points, edited = (_number(own[name], where, name) for name in _READ[2:])
        name, kind = (str(own[key] or "").strip() for key in _READ[:2])
        found.append(EditedBin(where, name, kind, _bound(low), _bound(high), points, edited))
    return found


def _number(value: Any, where: str, column: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where}: {column!r} is {value!r}; write a number, not text or a formula")
    return float(value)


def _bound(value: float | None) -> float | None:
    if value is None or abs(value) < ANY:
        return value
    return float(np.copysign(np.inf, value))
