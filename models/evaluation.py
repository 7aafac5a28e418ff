"""Measures of predictions: discrimination, accuracy, calibration, stability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

_EPSILON = 1e-6


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
    clipped = np.clip(probability, _EPSILON, 1 - _EPSILON)
    auc = float(roc_auc_score(outcome, probability)) if both else np.nan
    brier = float(np.mean((probability - outcome) ** 2)) if n else np.nan
    loss = float(-np.mean(np.log(np.where(outcome, clipped, 1 - clipped)))) if n else np.nan
    base = positives / n if n else np.nan
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
        "mean_probability": float(probability.mean()) if n else np.nan,
    }


def calibration_table(
    outcome: Bool, probability: Float64, bins: int = 10
) -> list[tuple[float, float, int]]:
    """Return (mean probability, observed rate, rows) of equally filled bins, lowest first.

    Rows with the same probability count with their common rate: where an edge falls between
    them, the order of the rows must not decide who is on which side.
    """
    _, tied = np.unique(probability, return_inverse=True)
    rate = (np.bincount(tied, weights=outcome) / np.maximum(np.bincount(tied), 1))[tied]
    order = np.argsort(probability, kind="stable")
    return [
        (float(probability[part].mean()), float(rate[part].mean()), len(part))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def expected_calibration_error(outcome: Bool, probability: Float64, bins: int = 10) -> float:
    """Return the mean gap between probability and observed rate over equally filled bins.

    Examples
    --------
    >>> expected_calibration_error(np.array([False, True]), np.array([0.5, 0.5]), bins=1)
    0.0
    """
    if len(outcome) == 0:
        return np.nan
    table = calibration_table(outcome, probability, bins)
    return float(sum(n * abs(p - o) for p, o, n in table) / len(outcome))


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
