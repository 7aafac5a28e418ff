"""Figures of the report pages: curves of several predictors, and lines over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from models.evaluation import calibration_table
from models.evaluation.calibration import Bool, Float64

COLOURS = ("#2457a6", "#d0722b", "#5b8c5a", "#8a94a3", "#7b5aa6")
_GREY = "#8a94a3"
_POINTS = 200


def quality_figure(outcome: Bool, predictions: Mapping[str, Float64]) -> Figure:
    """Draw calibration (of the first), ROC and precision-recall of predictors side by side.

    Parameters
    ----------
    outcome : bool array of shape (n,)
    predictions : mapping of str to float64 array of shape (n,)
    """
    figure = Figure(figsize=(12, 3.9), layout="constrained")
    calibration, roc, recall = figure.subplots(1, 3)
    _calibration(calibration, outcome, next(iter(predictions.values())))
    if 0 < outcome.sum() < len(outcome):
        for colour, (name, probability) in zip(COLOURS, predictions.items(), strict=False):
            false, true, _ = roc_curve(outcome, probability)
            roc.plot(*_thinned(false, true), color=colour, label=name)
            precision, found, _ = precision_recall_curve(outcome, probability)
            recall.plot(*_thinned(found, precision), color=colour, label=name)
    roc.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle="--")
    roc.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    recall.set(xlabel="recall", ylabel="precision", title="precision and recall", ylim=(0, 1.02))
    recall.axhline(float(outcome.mean()), color=_GREY, linewidth=0.8, linestyle="--")
    roc.legend(frameon=False, loc="lower right")
    return _plain(figure)


def _calibration(axis: Axes, outcome: Bool, probability: Float64) -> None:
    table = calibration_table(outcome, probability)
    predicted, observed, rows = (np.array(column) for column in zip(*table, strict=True))
    error = 1.96 * np.sqrt(np.maximum(observed * (1 - observed), 1e-9) / rows)
    top = max(float(predicted.max()), float(observed.max()), 1e-3) * 1.1
    axis.plot([0, top], [0, top], color=_GREY, linewidth=0.8, linestyle="--")
    axis.errorbar(predicted, observed, yerr=error, fmt="o", color=COLOURS[0], markersize=4)
    axis.set(xlabel="predicted", ylabel="observed, 95% of rows", title="calibration, tenths")
    axis.set(xlim=(0, top), ylim=(0, None))


def lines_figure(table: pd.DataFrame, measures: Sequence[str], predictors: Sequence[str]) -> Figure:
    """Draw measures by cutoff, one panel each, with the intervals where the table has them.

    Parameters
    ----------
    table : DataFrame
        ``cutoff predictor`` and the measures, of one target.
    measures, predictors : sequence of str
    """
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    for axis, measure in zip(
        figure.subplots(1, len(measures), squeeze=False)[0], measures, strict=True
    ):
        for colour, predictor in zip(COLOURS, predictors, strict=False):
            own = table[table["predictor"] == predictor]
            at = np.arange(len(own))
            axis.plot(at, own[measure], "o-", color=colour, label=predictor)
            if f"{measure}_low" in own:
                low, high = own[f"{measure}_low"], own[f"{measure}_high"]
                axis.vlines(at, low, high, color=colour, alpha=0.35)
            axis.set_xticks(at, [str(cutoff) for cutoff in own["cutoff"]])
        axis.set(title=measure.replace("_", " "), xlabel="cutoff")
        axis.margins(x=0.15)
    figure.axes[0].legend(frameon=False)
    return _plain(figure)


def grades_figure(table: pd.DataFrame) -> Figure:
    """Draw the observed and the predicted rate of every grade, one panel a cutoff.

    Parameters
    ----------
    table : DataFrame
        ``cutoff`` and the columns of `models.evaluation.grades.grades_table`.
    """
    cutoffs = table["cutoff"].unique()
    across = min(len(cutoffs), 3)
    figure = Figure(figsize=(12, 3.6 * -(-len(cutoffs) // across)), layout="constrained")
    axes = figure.subplots(-(-len(cutoffs) // across), across, squeeze=False).ravel()
    for axis, cutoff in zip(axes, cutoffs, strict=False):
        own = table[table["cutoff"] == cutoff]
        at = np.arange(len(own))
        axis.vlines(at, own["low"], own["high"], color=COLOURS[0], alpha=0.35, linewidth=4)
        axis.plot(at, own["observed"], "o", color=COLOURS[0], label="observed, 95% interval")
        axis.plot(at, own["predicted"], "_", color=COLOURS[1], markersize=14, label="predicted")
        axis.set_xticks(at, [f"{g}\n{n:,}" for g, n in zip(own["grade"], own["rows"], strict=True)])
        axis.set(title=str(cutoff), xlabel="grade, customers", ylim=(0, None))
    for axis in axes[len(cutoffs) :]:
        axis.set_visible(False)
    axes[0].legend(frameon=False, loc="upper left")
    return _plain(figure)


def _thinned(x: Float64, y: Float64) -> tuple[Float64, Float64]:
    """Keep a curve's shape in a few hundred points."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(np.int64))
    return x[kept], y[kept]


def _plain(figure: Figure) -> Figure:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure
