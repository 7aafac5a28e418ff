"""Intake: extracts of other systems become the ledger; what breaks the contract is quarantined."""

from features.intake.importing import import_extract
from features.intake.report import ImportRefused, ImportReport
from features.intake.source import Source, load_source, shipped_sources
from features.intake.template import write_template

__all__ = [
    "ImportRefused",
    "ImportReport",
    "Source",
    "import_extract",
    "load_source",
    "shipped_sources",
    "write_template",
]
