"""A card as an Excel workbook: to read, to argue with, to edit, and to score with by formulas."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from features.ledger.writing import replace_atomically
from models.scorecard.bins import Bin
from models.scorecard.card import Scorecard
from models.scorecard.record import Considered, Edit
from models.scorecard.scoring_sheet import fill_scoring_sheet

Float64 = npt.NDArray[np.float64]

CARD, SCALE, METHOD = "Card", "Master scale", "How to score"
CARD_COLUMNS = (
    *("characteristic", "kind", "from", "to", "goods", "bads", "bad rate", "woe"),
    *("points", "edited points", "points in use", "reads as"),
)
"""Of the sheet that is edited. Only ``from``, ``to`` and ``edited points`` are for editing."""
ANY = 1e300
"""Stands for no bound: spreadsheets have no infinity."""
SPARE_ROWS = 50

_HEAD, _EDIT = PatternFill("solid", fgColor="DDE6F0"), PatternFill("solid", fgColor="FFF6D5")
_BOUND = '[<=-1E+299]"any";[>=1E+299]"any";General'
_MOMENT = datetime(2000, 1, 1)
_EXPLAINED = (
    "1. Look up each characteristic's value in the sheet Card: an empty value is 'missing'; else "
    "a value equal to a 'special' one has that bin; else one outside from-to of 'unseen', or one "
    "that is no number, is 'unseen'; else it is in the 'range' with from <= value < to.",
    "2. score = base points + the points in use of those bins.",
    "3. PD = 1 / (1 + exp(intercept + slope x (score - offset) / factor)).",
    "4. The grade is the first of the master scale whose upper PD is not below the PD.",
    "Signs: woe = ln(share of goods / share of bads); higher points and scores are safer.",
    "To override points, write whole numbers into 'edited points'. To merge ranges, delete the row "
    "of one and let from or to of its neighbour cover it. Then: payrisk scorecard import.",
)


def write_workbook(
    card: Scorecard, path: Path, model: str, fingerprint: str, values: Float64 | None = None
) -> None:
    """Write a card's workbook; the same card, the same bytes.

    Parameters
    ----------
    card : Scorecard
    path : Path
        Replaced whole.
    model : str
        ``scorecard=VERSION``: what an import is checked against.
    fingerprint : str
        Of the version's bundle.
    values : float64 array of shape (customers, characteristics), optional
        Put into the sheet that scores; without it some rows are left for values.
    """
    book = Workbook()
    book.remove(book.active)
    bins = _card_sheet(book.create_sheet(CARD), card)
    _table(
        book.create_sheet(SCALE),
        ("grade", "PD above", "PD up to"),
        zip(card.grades, [0.0, *card.grades.values()], card.grades.values(), strict=False),
    )
    _method_sheet(book.create_sheet(METHOD), card, model, fingerprint)
    empty = np.full((SPARE_ROWS, len(card.characteristics)), np.nan)
    fill_scoring_sheet(
        book.create_sheet("Scoring"),
        [c.feature for c in card.characteristics],
        empty if values is None else values,
        last_bin=bins + 1,
        last_grade=len(card.grades) + 1,
    )
    _table(
        book.create_sheet("Selection"),
        [field.name.replace("_", " ") for field in fields(Considered)],
        (asdict(line).values() for line in card.selection),
    )
    _table(
        book.create_sheet("Changes"),
        [field.name for field in fields(Edit)],
        (
            [e.at, e.by, e.reason, e.version, *map("\n".join, (e.changes, e.warnings))]
            for e in card.edits
        ),
    )
    replace_atomically(path, _without_time(book))


def _card_sheet(sheet: Worksheet, card: Scorecard) -> int:
    rows = [(c.feature, b) for c in card.characteristics for b in c.bins]
    _table(sheet, CARD_COLUMNS, (_bin_row(name, b, n) for n, (name, b) in enumerate(rows, 2)))
    for row in sheet.iter_rows(min_row=2, min_col=3, max_col=10):
        for cell in (row[0], row[1]):
            cell.number_format = _BOUND
        row[4].number_format = "0.0%"
        row[5].number_format = "0.000"
        row[7].fill = _EDIT
    return len(rows)


def _bin_row(name: str, b: Bin, row: int) -> list[object]:
    rows = b.goods + b.bads
    edited = b.points if b.points != b.fitted_points else None
    return [
        *(name, b.kind, _bound(b.low), _bound(b.high), b.goods, b.bads),
        *(b.bads / rows if rows else None, b.woe, b.fitted_points, edited),
        *(f"=IF(ISNUMBER(J{row}),J{row},I{row})", b.label),
    ]


def _bound(value: float | None) -> float | None:
    return None if value is None else float(np.clip(value, -ANY, ANY))


def _method_sheet(sheet: Worksheet, card: Scorecard, model: str, fingerprint: str) -> None:
    named = ("base_points", "offset", "factor", "slope", "intercept")
    rows: list[list[object]] = [[name.replace("_", " "), getattr(card, name)] for name in named]
    rows += [["model", model], ["fingerprint", fingerprint]]
    _table(sheet, ("what", "value"), rows)
    for line in _EXPLAINED:
        sheet.append([line])
        sheet.cell(sheet.max_row, 1).alignment = Alignment(wrap_text=False)


def _table(sheet: Worksheet, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    sheet.append(list(header))
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), _HEAD
    for row in rows:
        sheet.append(list(row))
    sheet.freeze_panes = "A2"
    for column in sheet.iter_cols(max_row=min(sheet.max_row, 200)):
        longest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(max(longest, 8) + 2, 60)


def _without_time(book: Workbook) -> bytes:
    """Return the file with the moment of writing taken out of it."""
    written, kept = io.BytesIO(), io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(kept, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                stamp = f"{_MOMENT:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            info = zipfile.ZipInfo(name, date_time=_MOMENT.timetuple()[:6])
            target.writestr(info, content, zipfile.ZIP_DEFLATED)
    return kept.getvalue()
