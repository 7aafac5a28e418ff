"""Intervals by drawing customers, not rows: what one customer does in many rows is one fact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from numba import njit

from models.evaluation.calibration import EPSILON

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

DRAWN_MEASURES = ("auc", "average_precision", "log_loss", "brier", "ece")
"""What `ClusterBootstrap.measures` draws, named as in `classification_metrics`."""
_BINS = 10


class ClusterBootstrap:
    """Draws of clusters with replacement, the same for all predictors of the same rows.

    A draw is a weight per cluster, the number of times it was drawn, so no row is ever copied.
    Differences between two predictors' draws are paired: both saw the same customers.

    Parameters
    ----------
    clusters : array of shape (n,)
        The cluster of each row, any sortable values.
    draws : int
    seed : int
    """

    def __init__(self, clusters: npt.NDArray[np.generic], draws: int = 400, seed: int = 7) -> None:
        names, self._code = np.unique(clusters, return_inverse=True)
        count = max(len(names), 1)
        rng = np.random.default_rng(seed)
        self._weights = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)

    def measures(self, outcome: Bool, probability: Float64) -> dict[str, Float64]:
        """Return each of `DRAWN_MEASURES` in every draw; NaN where a draw has one class only.

        The bins of the calibration error are those of all rows.
        """
        drawn = measures_by_weights(self._weights, self._code, outcome, probability)
        return dict(zip(DRAWN_MEASURES, drawn.T, strict=True))

    def mean(self, values: Float64) -> Float64:
        """Return the mean of a value per row in every draw; rows with NaN are left out."""
        known = ~np.isnan(values)
        clusters = self._weights.shape[1]
        total = np.bincount(self._code[known], weights=values[known], minlength=clusters)
        rows = np.bincount(self._code[known], minlength=clusters)
        with np.errstate(invalid="ignore"):
            return np.asarray((self._weights @ total) / (self._weights @ rows))


def measures_by_weights(
    weights: Float64, cluster: Int64, outcome: Bool, probability: Float64
) -> Float64:
    """Return `DRAWN_MEASURES` under several weightings of the clusters, from one sort.

    Parameters
    ----------
    weights : float64 array of shape (draws, clusters)
    cluster : int64 array of shape (n,)
    outcome : bool array of shape (n,)
    probability : float64 array of shape (n,)

    Returns
    -------
    float64 array of shape (draws, measures)
    """
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    clipped = np.clip(ranked, EPSILON, 1 - EPSILON)
    late = outcome[order]
    bins = np.empty(len(order), dtype=np.int64)
    for number, part in enumerate(np.array_split(np.arange(len(order)), _BINS)):
        bins[part] = number
    # Rows that tie are in one bin, so that their order does not matter.
    first = np.append(True, ranked[1:] != ranked[:-1])
    bins = bins[np.flatnonzero(first)][np.cumsum(first) - 1] if len(order) else bins
    found: Float64 = _measures(
        weights,
        cluster[order].astype(np.int64),
        late,
        ranked,
        -np.log(np.where(late, clipped, 1 - clipped)),
        bins,
        np.append(ranked[1:] != ranked[:-1], True),
    )
    return found


@njit(cache=True, nogil=True)
def _measures(weights, cluster, late, probability, loss, bins, last_of_tie):  # type: ignore[no-untyped-def]
    draws = len(weights)
    out = np.full((draws, 5), np.nan)
    gap = np.zeros(_BINS)
    for draw in range(draws):
        above = below = concordant = precision = total = losses = squares = 0.0
        tied_late = tied_rest = 0.0
        gap[:] = 0.0
        for i in range(len(cluster)):
            weight = weights[draw, cluster[i]]
            error = probability[i] - late[i]
            total += weight
            losses += weight * loss[i]
            squares += weight * error * error
            gap[bins[i]] += weight * error
            if late[i]:
                tied_late += weight
            else:
                tied_rest += weight
            if last_of_tie[i]:
                concordant += tied_rest * (above + 0.5 * tied_late)
                above += tied_late
                below += tied_rest
                if tied_late > 0:
                    precision += tied_late * above / (above + below)
                tied_late = tied_rest = 0.0
        if above > 0 and below > 0:
            out[draw, 0] = concordant / (above * below)
            out[draw, 1] = precision / above
        if total > 0:
            out[draw, 2] = losses / total
            out[draw, 3] = squares / total
            out[draw, 4] = np.abs(gap).sum() / total
    return out


def interval(drawn: Float64, share: float = 0.95) -> tuple[float, float]:
    """Return the percentiles between which a share of the draws lies; NaN without any."""
    known = drawn[~np.isnan(drawn)]
    if len(known) == 0:
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def centred_interval(value: float, drawn: Float64) -> tuple[float, float]:
    """Return the draws' interval moved to their estimate, for measures that noise only raises.

    A calibration error is a sum of absolute gaps: drawing rows again adds noise to every gap, so
    the draws lie above the estimate and their percentiles would too.
    """
    low, high = interval(drawn - np.nanmean(drawn) if (~np.isnan(drawn)).any() else drawn)
    return max(value + low, 0.0), value + high


def intervals(values: Mapping[str, float], drawn: Mapping[str, Float64]) -> dict[str, float]:
    """Return ``<measure>_low`` and ``<measure>_high`` of every measure drawn."""
    found = {}
    for name, draws in drawn.items():
        low, high = centred_interval(values[name], draws) if name == "ece" else interval(draws)
        found[f"{name}_low"], found[f"{name}_high"] = low, high
    return found
