"""The page about one training: what was learnt from what, and how it did on later rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from models.reports.page import Fact, Picture, Section, Table, render_page
from models.training import Trained

_SHOWN = {
    "report.png": ("Predictions on rows it did not learn from", "calibration, ROC and precision"),
    "importance.png": ("What moves the risk most", "contributions of the strongest features"),
    "dependence.png": ("How it depends on the strongest", "contribution by the feature's value"),
    "scorecard.png": ("The card", "points of every bin"),
}
_HEADLINES = ("auc", "average_precision", "brier", "ece", "ks")


def training_page(trained: Trained, about: Mapping[str, Any], figures: Mapping[str, Figure]) -> str:
    """Return the page as one self-contained HTML text.

    Parameters
    ----------
    trained : Trained
    about : mapping
        As in the bundle: ledger, moment, window, fingerprint.
    figures : mapping of str to Figure
        By the file names under which they are logged.
    """
    first, last = trained.window
    measured = pd.DataFrame(sorted(trained.metrics.items()), columns=["measure", "value"])
    settings = pd.DataFrame(
        [(name, str(value)) for name, value in {**about, **trained.parameters}.items()],
        columns=["setting", "value"],
    )
    features = pd.DataFrame({"feature": list(trained.model.features)})
    when = "held-out customers"
    if trained.evaluated is not None:
        when = f"{trained.evaluated[0]} to {trained.evaluated[1]}"
    facts = [Fact("rows learnt from", f"{trained.rows:,}", f"{first} to {last}")]
    facts += [
        Fact(name.replace("_", " "), f"{value:.4g}", when)
        for name, value in trained.metrics.items()
        if name.startswith(("oot_late_5d", "oot", "unseen_customers"))
        and name.rsplit("_", 1)[-1] in _HEADLINES
        and not math.isnan(value)
    ][:5]
    sections = [
        Section(title, pictures=[Picture(figures[file], f"{trained.name}: {words}")])
        for file, (title, words) in _SHOWN.items()
        if file in figures
    ]
    sections += [
        Section("All measures", tables=[Table(measured, "On rows it did not learn from")]),
        Section("How it was made", tables=[Table(settings, "Data, settings and seed")]),
        Section("Features", tables=[Table(features, f"{len(features)} features")]),
    ]
    return render_page(
        f"{trained.name} as of {about['trained_as_of']}",
        f"Ledger {about['ledger_fingerprint']}, bundle {about['fingerprint']}",
        facts,
        sections,
    )
