"""The plots of a model report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from models.evaluation import calibration_table
from models.scorecard.card import Scorecard
from models.training import Checked, Trained

matplotlib.use("Agg")

_BLUE, _GREY, _RED = "#2457a6", "#8a94a3", "#b3372f"


def draw(figures: Mapping[str, Figure], folder: Path) -> None:
    """Write figures to files of a new folder, by name.

    Where their parts stand is kept: the page that shows them too need not find it again.
    """
    folder.mkdir()
    for file, figure in figures.items():
        figure.savefig(folder / file, dpi=110)
        figure.set_layout_engine("none")


def report_figure(name: str, checks: Sequence[Checked]) -> Figure:
    """Draw calibration, ROC and precision-recall of each check, one row a check."""
    if not checks:
        figure = Figure(figsize=(12, 1), layout="constrained")
        figure.suptitle(f"{name}: the history is too short to measure the model on later rows")
        return figure
    figure = Figure(figsize=(12, 3.6 * len(checks)), layout="constrained")
    axes = figure.subplots(len(checks), 3, squeeze=False)
    for row, check in zip(axes, checks, strict=True):
        _calibration(row[0], check)
        if 0 < check.outcome.sum() < len(check.outcome):
            false, true, _ = roc_curve(check.outcome, check.probability)
            row[1].plot(false, true, color=_BLUE)
            precision, recall, _ = precision_recall_curve(check.outcome, check.probability)
            row[2].plot(recall, precision, color=_BLUE)
        row[1].plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle="--")
        row[1].set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
        row[2].axhline(check.outcome.mean(), color=_GREY, linewidth=0.8, linestyle="--")
        row[2].set(xlabel="recall", ylabel="precision", title="precision and recall", ylim=(0, 1))
        row[0].set_title(check.title)
    figure.suptitle(f"{name}: predictions on rows it did not learn from")
    return figure


def _calibration(axis: matplotlib.axes.Axes, check: Checked) -> None:
    table = calibration_table(check.outcome, check.probability)
    predicted, observed, rows = (np.array(column) for column in zip(*table, strict=True))
    error = 1.96 * np.sqrt(np.maximum(observed * (1 - observed), 1e-9) / rows)
    top = max(float(predicted.max()), float(observed.max()), 1e-3) * 1.1
    axis.plot([0, top], [0, top], color=_GREY, linewidth=0.8, linestyle="--")
    axis.errorbar(predicted, observed, yerr=error, fmt="o", color=_BLUE, markersize=4)
    axis.set(xlabel="predicted", ylabel="observed, 95% interval", xlim=(0, top), ylim=(0, None))


def importance_figure(trained: Trained) -> Figure:
    """Draw how the values of the strongest features move the risk of single rows (beeswarm)."""
    # Takes seconds to import; scoring reads this package without it.
    import shap
    from matplotlib import pyplot

    explanation = shap.Explanation(
        values=trained.contributions,
        data=trained.explained.to_numpy(),
        feature_names=list(trained.explained.columns),
    )
    figure: Figure = pyplot.figure()
    shap.plots.beeswarm(explanation, max_display=15, show=False, plot_size=(10, 6))
    axis = figure.axes[0]
    axis.set_xlabel("contribution to the risk, log-odds or points (right = riskier)")
    axis.tick_params(labelsize=8)
    figure.tight_layout()
    pyplot.close(figure)
    return figure


def dependence_figure(trained: Trained, strongest: int = 6) -> Figure:
    """Draw what each of the strongest features does to the risk over its values."""
    import shap

    strength = np.abs(trained.contributions).mean(axis=0)
    chosen = np.argsort(-strength, kind="stable")[:strongest]
    figure = Figure(figsize=(12, 3.6 * -(-len(chosen) // 3)), layout="constrained")
    axes = figure.subplots(-(-len(chosen) // 3), 3, squeeze=False).ravel()
    for axis, column in zip(axes, chosen, strict=False):
        explanation = shap.Explanation(
            values=trained.contributions[:, column],
            data=trained.explained.iloc[:, column].to_numpy(),
            feature_names=trained.explained.columns[column],
        )
        shap.plots.scatter(explanation, ax=axis, show=False, color=_BLUE, x_jitter=0)
        axis.set_ylabel("contribution to the risk")
        axis.tick_params(labelsize=8)
    for axis in axes[len(chosen) :]:
        axis.set_visible(False)
    figure.suptitle(f"{trained.name}: the strongest features (higher = riskier)")
    return figure


def scorecard_figure(card: Scorecard) -> Figure:
    """Draw the points of every bin of a card."""
    count = len(card.characteristics)
    figure = Figure(figsize=(9, 1.6 + 1.5 * count), layout="constrained")
    axes = figure.subplots(count, 1, squeeze=False)[:, 0]
    for axis, c in zip(axes, card.characteristics, strict=True):
        colours = [_RED if b.points < 0 else _BLUE for b in c.bins]
        axis.barh([b.label for b in c.bins], [b.points for b in c.bins], color=colours)
        axis.invert_yaxis()
        axis.axvline(0, color=_GREY, linewidth=0.8)
        axis.set_title(f"{c.feature} (IV {c.iv:.2f})", fontsize=9, loc="left")
        axis.tick_params(labelsize=8)
    figure.suptitle(f"scorecard: points on top of {card.base_points}")
    return figure
