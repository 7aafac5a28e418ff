"""A registered scorecard to a workbook, and an edited workbook to a new version."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from configs.home import Home
from models.bundle import DOCUMENT, LoadedModel, write_bundle
from models.plots import draw, scorecard_figure
from models.registry import Registered, Registry
from models.scorecard.card import Scorecard
from models.scorecard.editing import edited_card
from models.scorecard.record import Edit
from models.scorecard.workbook import write_workbook
from models.scorecard.workbook_reading import read_workbook
from models.training import Trained
from pipelines.training_report import training_page

_NAME = "scorecard"


@dataclass(frozen=True)
class Imported:
    """An edited card in the registry, and what was recorded with it."""

    registered: Registered
    edit: Edit


def export_card(home: Home, version: str | None, path: Path) -> LoadedModel:
    """Write the workbook of a version, the champion's if none is named.

    Raises
    ------
    ValueError
        There is no such version, or the file is not named ``.xlsx``.
    """
    if path.suffix.lower() != ".xlsx":
        raise ValueError(f"{path}: write to a .xlsx file")
    registry = Registry(home)
    chosen = version or registry.champion(_NAME)
    if chosen is None:
        raise ValueError(f"{home.root} has no scorecard; train one: payrisk train scorecard")
    loaded = registry.load(_NAME, chosen)
    write_workbook(loaded.model, path, f"{_NAME}={chosen}", loaded.fingerprint)
    return loaded


def import_card(home: Home, path: Path, by: str, reason: str) -> Imported:
    """Register an edited workbook as a new version: a challenger, until it is promoted.

    It keeps the training moment, the ledger's fingerprint and the calibration of the version it
    was made from.

    Raises
    ------
    ValueError
        Nobody or nothing said why, the workbook is not of a version here, or holds no valid card.
    """
    if not by.strip() or not reason.strip():
        raise ValueError("say who edited the card and why: --by and --reason must not be empty")
    rows, exported = read_workbook(path)
    name, _, version = exported["model"].partition("=")
    registry = Registry(home)
    if name != _NAME:
        raise ValueError(f"{path}: holds {exported['model']}, not a scorecard's version")
    base = registry.load(_NAME, version)
    if base.fingerprint != exported["fingerprint"]:
        raise ValueError(
            f"{path}: was exported from another {exported['model']} than the one in {home.root}; "
            "export the card again and repeat the edit"
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    card = edited_card(base.model, rows, Edit(now, by, reason, version, (), ()))
    content = json.loads((registry.bundle_of(_NAME, version) / DOCUMENT).read_text("utf-8"))
    kept = {key: content[key] for key in ("name", "trained_as_of", "ledger_fingerprint", "window")}
    with tempfile.TemporaryDirectory() as scratch:
        bundle, drawn = Path(scratch) / _NAME, Path(scratch) / "plots"
        about = {**kept, "fingerprint": write_bundle(bundle, card, kept)}
        trained = _as_trained(card, kept, card.edits[-1])
        figures = {"scorecard.png": scorecard_figure(card)}
        draw(figures, drawn)
        page = training_page(trained, about, figures)
        registered = registry.register(trained, bundle, about, drawn, page)
    return Imported(registered, card.edits[-1])


def _as_trained(card: Scorecard, kept: dict[str, Any], edit: Edit) -> Trained:
    """Return what the registry asks for; nothing was measured of an edited card yet."""
    usual = [np.nan if value is None else value for value in card.usual]
    sample = pd.DataFrame([usual], columns=card.features, dtype=np.float64)
    first, last = (date.fromisoformat(day) for day in kept["window"])
    return Trained(
        name=_NAME,
        model=card,
        metrics={},
        parameters={
            "edited_version": edit.version,
            "edited_by": edit.by,
            "edit_reason": edit.reason,
        },
        checks=(),
        window=(first, last),
        evaluated=None,
        rows=0,
        sample=sample,
        explained=sample,
        contributions=card.contributions(sample.to_numpy()),
    )
