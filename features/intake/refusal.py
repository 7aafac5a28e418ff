"""Reasons to refuse an extract as a whole."""

from __future__ import annotations

from pathlib import Path

from configs.settings import ImportSettings
from features.intake.report import ImportRefused, ImportReport
from features.intake.source import Source
from features.intake.versions import Moment
from features.ledger.storage import Ledger

_FEW_ROWS = 5
"""Up to this many bad rows are single errors of entry, whatever their share in a small table."""


def check_source(ledger: Ledger | None, source: Source, root: Path, partial: bool) -> None:
    """Refuse a full extract of another source than the ledger's: its rows would all vanish."""
    if ledger is None or partial:
        return
    others = {str(report["source"]) for report in ledger.manifest.imports} - {source.name}
    if others:
        raise ValueError(
            f"{root}: the ledger comes from '{sorted(others)[0]}'; a full extract of "
            f"'{source.name}' would make the other's rows vanish: import it with --partial"
        )


def check_age(moment: Moment, folder: Path) -> None:
    """Refuse an extract older than the ledger."""
    if moment.previous is not None and moment.extract_date < moment.previous:
        raise ValueError(
            f"{folder}: the extract of {moment.extract_date} is older than the ledger's of "
            f"{moment.previous}; import extracts in the order of their dates"
        )


def _beyond(rows: int, of: int, limit: float) -> bool:
    return rows > limit * of and (rows > _FEW_ROWS or rows == of)


def check_shares(
    report: ImportReport, vanished: dict[str, tuple[int, int]], limits: ImportSettings
) -> None:
    """Refuse an import of which too large a share is bad, or that lacks too much of what is known.

    Raises
    ------
    ImportRefused
        With the report, and every table concerned in its message.
    """
    faults = []
    for name, counts in report.tables.items():
        if _beyond(counts.quarantined, counts.read, limits.quarantine_share_limit):
            worst = next(rule for rule in report.rules if rule.table == name)
            faults.append(
                f"{name}: {counts.quarantined} of {counts.read} rows break the contract "
                f"(limit {limits.quarantine_share_limit:.0%}), {worst.count} of them "
                f"'{worst.rule}' ({worst.example}): correct the extract or raise "
                "intake.quarantine_share_limit"
            )
    for name, (gone, known) in vanished.items():
        if _beyond(gone, known, limits.vanished_share_limit):
            faults.append(
                f"{name}: {gone} of {known} known rows are not in the extract "
                f"(limit {limits.vanished_share_limit:.0%}): if it holds only a part, "
                "import it with --partial"
            )
    if faults:
        raise ImportRefused(f"nothing imported: {'; '.join(faults)}", report)
