"""Training models on a ledger: fit, bundle, register, publish the champions."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from configs.home import Home
from configs.settings import Settings
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from models.bundle import KINDS, champion_versions, publish_champion, write_bundle
from models.plots import (
    dependence_figure,
    draw,
    importance_figure,
    report_figure,
    scorecard_figure,
)
from models.registry import Registered, Registry
from models.scorecard.card import Scorecard
from models.training import train
from pipelines.scoring import check_as_of
from pipelines.training_report import training_page


@dataclass(frozen=True)
class TrainOutcome:
    """What became of one model: registered, or refused with the reason."""

    name: str
    registered: Registered | None
    refusal: str
    metrics: Mapping[str, float]
    plots: Path | None


def train_model(
    name: str,
    ledger_path: Path,
    as_of: date,
    home: Home,
    settings: Settings,
    progress: Callable[[str], None],
) -> TrainOutcome:
    """Train, bundle and register one model.

    A ledger that cannot carry the model is a refusal with its reason, not an error.

    Parameters
    ----------
    name : str
        late_payment, default or scorecard.
    ledger_path : Path
    as_of : date
        The model learns what was known before.
    home : Home
    settings : Settings
    progress : callable
    """
    ledger = Ledger.open(ledger_path)
    for note in check_as_of(ledger, as_of):
        progress(note)
    book = load_book(ledger, settings.settlement)
    try:
        trained = train(name, book, as_of, settings, progress)
    except ValueError as refusal:
        return TrainOutcome(name, None, str(refusal), {}, None)
    progress(f"{name}: registering")
    figures = {
        "report.png": report_figure(name, trained.checks),
        "importance.png": importance_figure(trained),
        "dependence.png": dependence_figure(trained),
    }
    if isinstance(trained.model, Scorecard):
        figures["scorecard.png"] = scorecard_figure(trained.model)
    registry = Registry(home)
    with tempfile.TemporaryDirectory() as scratch:
        bundle, drawn = Path(scratch) / name, Path(scratch) / "plots"
        draw(figures, drawn)
        about = {
            "name": name,
            "trained_as_of": as_of.isoformat(),
            "ledger_fingerprint": ledger.fingerprint,
            "window": [day.isoformat() for day in trained.window],
        }
        about["fingerprint"] = write_bundle(bundle, trained.model, about)
        page = training_page(trained, about, figures)
        registered = registry.register(trained, bundle, about, drawn, page)
        plots = home.reports / f"{name}-{registered.version}"
        shutil.copytree(drawn, plots, dirs_exist_ok=True)
    publish_champions(home, registry)
    (plots / "report.html").write_text(page, encoding="utf-8")
    return TrainOutcome(name, registered, "", trained.metrics, plots)


def publish_champions(home: Home, registry: Registry) -> None:
    """Bring the published champions in line with the registry's aliases."""
    published = champion_versions(home)
    for name in KINDS:
        version = registry.champion(name)
        if version is not None and published.get(name) != version:
            publish_champion(home, name, version, registry.bundle_of(name, version))
