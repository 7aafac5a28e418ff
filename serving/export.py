"""The worklist as a file, and which form an answer takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

FORMATS = {"json": "application/json", "csv": "text/csv"}
"""Forms the worklist comes in, by the value of ``?format=``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def chosen_format(parameter: str | None, accept: str) -> str | None:
    """Return the form asked for; None when it is none of `FORMATS`.

    ``?format=`` counts before the Accept header; of that, the best accepted counts.

    Examples
    --------
    >>> chosen_format(None, "text/csv, */*;q=0.1"), chosen_format("CSV", "")
    ('csv', 'csv')
    >>> chosen_format("xlsx", "text/csv") is None
    True
    """
    if parameter is not None:
        name = parameter.strip().lower()
        return name if name in FORMATS else None
    if not accept.strip():
        return "json"
    offers = []
    for position, part in enumerate(accept.split(",")):
        media, *settings = (piece.strip().lower() for piece in part.split(";"))
        quality = next((s[2:] for s in settings if s.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        if weight > 0:
            offers.append((-weight, position, media))
    for _, _, media in sorted(offers):
        for name, own in FORMATS.items():
            if media in (own, "*/*") or media == f"{own.split('/')[0]}/*":
                return name
    return None


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> str:
    r"""Write rows as CSV that no spreadsheet takes for formulas.

    Text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers.

    Examples
    --------
    >>> print(to_csv([{"name": "=1+1", "overdue": -2.5}], ["name", "overdue"]))
    name,overdue
    '=1+1,-2.5
    <BLANKLINE>
    """
    names = list(columns)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_safe(row.get(name)) for name in names])
    return text.getvalue()


def _safe(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip(" \u00a0\ufeff").startswith(_FORMULA):
        return f"'{value}"
    return value.replace("\x00", "") if isinstance(value, str) else value
