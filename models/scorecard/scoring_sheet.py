"""The sheet that scores: a row a customer, values in, points, score, PD and grade by formulas.

Only SUMPRODUCT, SUM, IF, ISBLANK, ISNUMBER, EXP and INDEX: what every spreadsheet has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

Float64 = npt.NDArray[np.float64]

_BASE, _OFFSET, _FACTOR, _SLOPE, _INTERCEPT = (f"'How to score'!$B${row}" for row in range(2, 7))


def fill_scoring_sheet(
    sheet: Worksheet, names: Sequence[str], values: Float64, last_bin: int, last_grade: int
) -> None:
    """Write headers, values and formulas.

    Parameters
    ----------
    sheet : Worksheet
    names : sequence of str
        The characteristics.
    values : float64 array of shape (customers, characteristics)
        NaN stays an empty cell; infinity becomes text, since no cell holds it.
    last_bin, last_grade : int
        Last rows of the sheets ``Card`` and ``Master scale``.
    """
    k = len(names)
    header = ["customer", *names, *(f"points: {name}" for name in names), "score", "PD", "grade"]
    sheet.append(header)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"
    column = [get_column_letter(number) for number in range(1, len(header) + 1)]
    for row, own in enumerate(values, start=2):
        points = [_points(f"{column[i]}{row}", f"{column[i]}$1", last_bin) for i in range(1, k + 1)]
        score = f"{_BASE}+SUM({column[k + 1]}{row}:{column[2 * k]}{row})"
        at = f"{column[2 * k + 1]}{row}"
        pd_12m = f"1/(1+EXP({_INTERCEPT}+{_SLOPE}*({at}-{_OFFSET})/{_FACTOR}))"
        grade = _grade(f"{column[2 * k + 2]}{row}", last_grade)
        formulas = [f"={text}" for text in (*points, score, pd_12m, grade)]
        sheet.append([row - 1, *map(_cell, own), *formulas])
        sheet[f"{column[2 * k + 2]}{row}"].number_format = "0.00%"


def _cell(value: float) -> float | str | None:
    if np.isnan(value):
        return None
    return str(value) if np.isinf(value) else float(value)


def _points(value: str, name: str, last: int) -> str:
    """Return the formula of one value's points."""

    def rows(column: str) -> str:
        return f"Card!${column}$2:${column}${last}"

    def of(kind: str) -> str:
        return f'({rows("A")}={name})*({rows("B")}="{kind}")'

    low, high, points = rows("C"), rows("D"), rows("K")
    special = f"{of('special')}*({low}={value})"
    outside = f"{of('unseen')}*(({value}<{low})+({value}>{high}))"
    inside = f"{of('range')}*({value}>={low})*({value}<{high})"
    unseen = f"SUMPRODUCT({of('unseen')}*{points})"
    return (
        f"IF(ISBLANK({value}),SUMPRODUCT({of('missing')}*{points}),"
        f"IF(ISNUMBER({value}),"
        f"IF(SUMPRODUCT({special})>0,SUMPRODUCT({special}*{points}),"
        f"IF(SUMPRODUCT({outside})>0,{unseen},SUMPRODUCT({inside}*{points}))),"
        f"{unseen}))"
    )


def _grade(pd_12m: str, last: int) -> str:
    """Return the formula of the first grade whose upper PD is not below."""
    grades, upper = (f"'Master scale'!${c}$2:${c}${last}" for c in "AC")
    return f"INDEX({grades},1+SUMPRODUCT(({pd_12m}>{upper})*1))"
