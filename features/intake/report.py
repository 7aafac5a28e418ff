"""What an import did, counted: nothing read is missing from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class TableCounts:
    """What became of the rows of one table.

    ``read = new + unchanged + corrected + quarantined + duplicates + merged``; ``vanished`` and
    ``placeholders`` are rows that the extract does not have.

    Parameters
    ----------
    read : int
        Rows that the extract gave, lines that are no rows included.
    new, unchanged, corrected : int
        Accepted rows: of a key the ledger did not have, already there, a new version.
    vanished : int
        Known rows that a full extract no longer has.
    quarantined : int
        Rows that broke a rule.
    duplicates : int
        Second and further copies of a row, dropped.
    merged : int
        Rows that say the same as another one after repairs, such as a second name of a customer.
    placeholders : int
        Customers that rows refer to and the master does not have.
    """

    read: int = 0
    new: int = 0
    unchanged: int = 0
    corrected: int = 0
    vanished: int = 0
    quarantined: int = 0
    duplicates: int = 0
    merged: int = 0
    placeholders: int = 0

    @property
    def accepted(self) -> int:
        """Rows of the extract that the ledger now holds."""
        return self.new + self.unchanged + self.corrected


@dataclass(frozen=True)
class RuleCount:
    """Rows of one table that broke one rule.

    Parameters
    ----------
    table, rule : str
        Where and which.
    count : int
        Rows.
    sentence : str
        The rule in words.
    example : str
        One row's reason.
    """

    table: str
    rule: str
    count: int
    sentence: str
    example: str


@dataclass(frozen=True)
class Note:
    """A repair, an assumption or a suspicion; no row was refused for it.

    Parameters
    ----------
    kind : str
        Short name.
    table : str
        Empty where it concerns the whole extract.
    count : int
        Rows or ids concerned; 0 where that means nothing.
    sentence : str
        What was seen and what was done.
    example : str
        One case; may be empty.
    """

    kind: str
    table: str
    count: int
    sentence: str
    example: str = ""


@dataclass(frozen=True)
class ImportReport:
    """The outcome of one import.

    Parameters
    ----------
    source : str
        Name of the source.
    extract_date : date
        Facts are complete up to the day before it.
    fingerprint : str
        Of the ledger afterwards; empty where nothing has been written and none was there.
    reporting_currency : str
        Of the ledger.
    partial, dry_run : bool
        As asked for.
    changed : bool
        The ledger is, or in a dry run would be, another one than before.
    tables : mapping of str to TableCounts
        In the order of the contract.
    rules : tuple of RuleCount
        Per table, most rows first.
    notes : tuple of Note
        Repairs, assumptions, suspicions.
    """

    source: str
    extract_date: date
    fingerprint: str
    reporting_currency: str
    partial: bool
    dry_run: bool
    changed: bool
    tables: Mapping[str, TableCounts]
    rules: tuple[RuleCount, ...]
    notes: tuple[Note, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        content = asdict(self)
        content["extract_date"] = self.extract_date.isoformat()
        return content

    def summary_rows(self) -> list[tuple[str, ...]]:
        """Return a table for a terminal: a header, then a row per table that had rows."""
        names = ("read", "new", "unchanged", "corrected", "vanished", "quarantined")
        rows: list[tuple[str, ...]] = [("table", *names, "duplicates", "merged")]
        for table, counts in self.tables.items():
            values = asdict(counts)
            shown = [values[name] for name in rows[0][1:]]
            if any(shown):
                rows.append((table, *(f"{value:,}" for value in shown)))
        return rows

    def to_text(self) -> str:
        """Return a short summary in plain text."""
        rows = self.summary_rows()
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines = [self._headline()]
        for row in rows:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join(cells))
        lines += [
            f"quarantined  {rule.table}: {rule.count:,} x {rule.sentence} e.g. {rule.example}"
            for rule in self.rules
        ]
        for note in self.notes:
            where = f"{note.table}: " if note.table else ""
            count = f"{note.count:,} x " if note.count else ""
            example = f" e.g. {note.example}" if note.example else ""
            lines.append(f"note  {where}{count}{note.sentence}{example}")
        return "\n".join(lines)

    def _headline(self) -> str:
        what = "partial extract" if self.partial else "extract"
        outcome = "changed" if self.changed else "unchanged"
        if self.dry_run:
            outcome = "would be changed" if self.changed else "would stay unchanged"
        mark = f" ({self.fingerprint})" if self.fingerprint else ""
        return f"{self.source} {what} of {self.extract_date}: ledger {outcome}{mark}"


class ImportRefused(ValueError):
    """An import that was stopped because too much of the extract is wrong; nothing was written.

    Parameters
    ----------
    message : str
        One line: what, where, what to do.
    report : ImportReport
        The report of the import as it would have been.
    """

    def __init__(self, message: str, report: ImportReport) -> None:
        super().__init__(message)
        self.report = report
