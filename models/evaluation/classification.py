"""Measures of a binary prediction: discrimination, accuracy, calibration, stability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluation.calibration import EPSILON, calibration_line, expected_calibration_error

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


def classification_metrics(outcome: Bool, probability: Float64) -> dict[str, float]:
    """Return the measures of a binary prediction; AUC, AP and Gini are NaN with one class only.

    ``brier_skill`` and ``log_loss_skill`` compare with predicting the base rate of these rows.

    Parameters
    ----------
    outcome : bool array of shape (n,)
    probability : float64 array of shape (n,)
    """
    n, positives = len(outcome), int(outcome.sum())
    both = 0 < positives < n
    clipped = np.clip(probability, EPSILON, 1 - EPSILON)
    auc = float(roc_auc_score(outcome, probability)) if both else np.nan
    brier = float(np.mean((probability - outcome) ** 2)) if n else np.nan
    loss = float(-np.mean(np.log(np.where(outcome, clipped, 1 - clipped)))) if n else np.nan
    base = positives / n if n else np.nan
    slope, intercept = calibration_line(outcome, probability)
    base_loss = -(base * np.log(base) + (1 - base) * np.log(1 - base)) if both else np.nan
    return {
        "rows": float(n),
        "base_rate": base,
        "auc": auc,
        "gini": 2 * auc - 1,
        "average_precision": float(average_precision_score(outcome, probability))
        if both
        else np.nan,
        "log_loss": loss,
        "log_loss_skill": 1 - loss / base_loss,
        "brier": brier,
        "brier_skill": 1 - brier / (base * (1 - base)) if both else np.nan,
        "ece": expected_calibration_error(outcome, probability),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "top_decile_share": share_in_top(outcome, probability),
        "mean_probability": float(probability.mean()) if n else np.nan,
    }


def share_in_top(outcome: Bool, probability: Float64, part: float = 0.1) -> float:
    """Return the share of all positives among the part of the rows with the highest predictions.

    Rows tied at the edge count with their common rate.

    Examples
    --------
    >>> share_in_top(np.arange(20) >= 18, np.arange(20.0))
    1.0
    """
    if not outcome.any():
        return np.nan
    _, tied, count = np.unique(-probability, return_inverse=True, return_counts=True)
    positives = np.bincount(tied, weights=outcome)
    rows = part * len(outcome)
    taken = np.clip((rows - (np.cumsum(count) - count)) / count, 0.0, 1.0)
    return float((taken * positives).sum() / positives.sum())


def kolmogorov_smirnov(outcome: Bool, probability: Float64) -> float:
    """Return the largest gap between the score distributions of bads and goods (KS)."""
    order = np.argsort(probability, kind="stable")
    ranked, value = outcome[order], probability[order]
    bads = np.cumsum(ranked) / max(int(ranked.sum()), 1)
    goods = np.cumsum(~ranked) / max(int((~ranked).sum()), 1)
    # Ties move together: only the last row of each value counts.
    last = np.append(value[1:] != value[:-1], True)
    return float(np.abs(goods - bads)[last].max()) if len(order) else np.nan


def population_stability_index(expected: Float64, actual: Float64, bins: int = 10) -> float:
    """Return the PSI of two samples of a score over the deciles of the first.

    Examples
    --------
    >>> score = np.arange(100.0)
    >>> population_stability_index(score, score)
    0.0
    """
    cuts = np.unique(np.quantile(expected, np.linspace(0, 1, bins + 1)[1:-1]))
    shares = []
    for sample in (expected, actual):
        counts = np.bincount(np.searchsorted(cuts, sample, side="right"), minlength=len(cuts) + 1)
        shares.append((counts + 0.5) / (len(sample) + 0.5 * len(counts)))
    reference, current = shares
    return float(((current - reference) * np.log(current / reference)).sum())
