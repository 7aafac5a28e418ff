"""The Prefect flows: retraining, and the demo that does everything once.

Tasks pass names, paths and dates, never frames; what they do is in the plain functions they call,
which the commands that need no orchestration call directly.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow, task

from configs.home import Home
from configs.settings import Settings
from features.intake import import_extract, load_source
from models.bundle import KINDS
from pipelines.promotion import Promotion, promote
from pipelines.scoring import ScoreSummary, score_ledger
from pipelines.terminal import progress
from pipelines.training import TrainOutcome, train_model


@task(name="import")
def import_task(source: str, extract: Path, ledger: Path, settings: Settings) -> date:
    """Import an extract; returns its date."""
    progress(f"importing {extract}")
    return import_extract(load_source(source), extract, ledger, settings).extract_date


@task(name="train")
def train_task(
    name: str, ledger: Path, as_of: date, home: Home, settings: Settings
) -> TrainOutcome:
    """Train and register one model."""
    return train_model(name, ledger, as_of, home, settings, progress)


@task(name="score")
def score_task(
    ledger: Path, as_of: date, out: Path, home: Home, settings: Settings
) -> ScoreSummary:
    """Score the ledger and publish the scores."""
    return score_ledger(ledger, as_of, out, home, settings, csv=True, progress=progress)


@flow(name="train", validate_parameters=False)
def train_flow(
    names: list[str], ledger: Path, as_of: date, home: Home, settings: Settings
) -> list[TrainOutcome]:
    """Train models one after the other; one that is refused does not stop the next."""
    return [train_task(name, ledger, as_of, home, settings) for name in names]


@flow(name="promote", validate_parameters=False)
def promote_flow(home: Home, name: str, version: str, by: str, reason: str) -> Promotion:
    """Move the champion alias and record it."""
    return promote(home, name, version, by, reason)


@flow(name="demo", validate_parameters=False)
def demo_flow(
    extract: Path, ledger: Path, out: Path, home: Home, settings: Settings
) -> tuple[date, list[TrainOutcome], ScoreSummary]:
    """Import, train every model and score, as of the extract's date."""
    as_of = import_task("canonical", extract, ledger, settings)
    trained = [train_task(name, ledger, as_of, home, settings) for name in KINDS]
    return as_of, trained, score_task(ledger, as_of, out, home, settings)
