"""Empty canonical files and a page that explains their columns."""

from __future__ import annotations

from pathlib import Path

from features.ledger.contract import TABLES, Column, Table

_FORMS = {
    "id": "text (never a number)",
    "text": "text",
    "date": "date, YYYY-MM-DD",
    "timestamp": "date or time, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS",
    "money": "decimal major units, as in 1234.50",
    "number": "decimal number",
    "integer": "whole number",
    "boolean": "true or false",
    "currency": "ISO 4217 code",
    "choice": "one of",
}
_INTRODUCTION = """# An extract in the canonical form

One CSV file per table: UTF-8, comma, header, ISO dates, decimal point. Parquet files of the same
names and columns do as well. Fill what you have: only the tables marked as required must be there,
and in them only the columns marked so. An empty cell means "not known". Then:

    payrisk ingest --source canonical --input THIS_FOLDER --ledger LEDGER
"""


def write_template(folder: Path) -> list[Path]:
    """Write an empty CSV file per table and a README that explains every column.

    Parameters
    ----------
    folder : Path
        Created if need be.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        One of the files exists: nothing is overwritten.
    """
    contents = {"README.md": explain()}
    for name, table in TABLES.items():
        contents[f"{name}.csv"] = ",".join(column.name for column in table.columns) + "\n"
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: not a folder; name a folder for the template")
    taken = sorted(name for name in contents if (folder / name).exists())
    if taken:
        raise ValueError(f"{folder / taken[0]}: exists; name an empty folder for the template")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


def explain() -> str:
    """Return the page that explains all tables, in Markdown."""
    return "\n".join([_INTRODUCTION, *(_explain_table(table) for table in TABLES.values())])


def _explain_table(table: Table) -> str:
    need = "required" if table.required else "optional"
    lines = [
        f"## {table.name}.csv ({need})",
        "",
        f"Identified by {', '.join(table.key)}.",
        "",
        "| column | required | form | meaning |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*lines, *(_explain_column(column) for column in table.columns), ""])


def _explain_column(column: Column) -> str:
    form = _FORMS[column.type]
    if column.choices:
        form = f"{form} {', '.join(column.choices)}"
    need = "yes" if column.required else ""
    return f"| {column.name} | {need} | {form} | {column.help} |"
