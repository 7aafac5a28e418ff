"""What moved P(late): SHAP values of the hazards' log-odds, carried over to one probability.

SHAP values add up on the log-odds of each interval's hazard. What people ask about is one
probability, the product of the chances to stay open in every interval still ahead::

    L(z) = logit Q,    Q = prod_i (1 - h_i),    h_i = 1 / (1 + exp(-z_i))

So the step from the average log-odds z' to an invoice's own z is divided over the intervals by the
path integral of Aumann and Shapley (integrated gradients, Sundararajan et al. 2017)::

    L(z) - L(z') = sum_i w_i (z_i - z'_i)
    w_i = integral over t in [0, 1] of dL/dz_i at z' + t (z - z'),    dL/dz_i = -h_i / (1 - Q)

and each interval's share w_i (z_i - z'_i) over the features by its SHAP values: TreeSHAP of the
boosters, and of the regression beside them the weighted distance from the mean. Base and values add
up to the log-odds of the probability; with one interval ahead they are the SHAP values themselves.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from features.facts.versions import Int64
from models.late_payment.grid import EDGES, INTERVALS, horizon_position
from models.late_payment.hazard import Hazards
from models.tree_shap import ExplainableTrees, contributions, read_trees

Float64 = npt.NDArray[np.float64]

EXPLAINED_HORIZON = 5
"""Explained is the log-odds of P(late by this many days), or, for an invoice later already, by the
next edge ahead."""

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_ROWS_AT_ONCE = 512
"""Rows whose values for all intervals are held at once, by each thread."""


def explained_edge(start: Int64) -> Int64:
    """Return the number of intervals up to the edge explained: `EDGES` counts it in days late.

    Examples
    --------
    >>> EDGES[explained_edge(np.array([-10_000, 0, 5, 31, 500]))].tolist()
    [5, 5, 15, 60, 180]
    """
    ahead = np.searchsorted(EDGES, start, side="right")
    return np.clip(ahead, horizon_position(EXPLAINED_HORIZON), INTERVALS)


@dataclass(frozen=True)
class HazardExplainer:
    """Hazards with their trees laid out for SHAP values.

    Parameters
    ----------
    hazards : Hazards
    trees : tuple of tuple of ExplainableTrees
        Of each hazard's boosters.
    never : float
        Share of those still open at the last edge that is not paid within a year.
    past_due : int
        The column of the days past due.
    """

    hazards: Hazards
    trees: tuple[tuple[ExplainableTrees, ...], ...]
    never: float
    past_due: int

    @classmethod
    def of(cls, hazards: Hazards, never: float, past_due: int) -> HazardExplainer:
        """Read the trees of hazards: some 50 ms a booster."""
        trees = tuple(tuple(read_trees(b) for b in h.boosters) for h in hazards.of)
        return cls(hazards, trees, never, past_due)

    def explain(self, matrix: Float64, start: Int64, threads: int = 0) -> tuple[Float64, Float64]:
        """Return the base and each feature's part of the explained log-odds.

        Parameters
        ----------
        matrix : float64 array of shape (n, features)
        start : int64 array of shape (n,)
            First day late still possible.
        threads : int
            0: all cores. The values do not depend on them.

        Returns
        -------
        base : float64 array of shape (n,)
            Log-odds where every hazard ahead is at its average.
        values : float64 array of shape (n, features)
            ``base + values.sum(axis=1)`` is the logit of P(late by the `explained_edge`). Beyond
            the last edge it is that of P(not paid within a year), where nothing the features say
            is ahead: all of it is the days past due.
        """
        base, values = np.zeros(len(matrix)), np.zeros(matrix.shape)

        def block(first: int) -> None:
            rows = slice(first, first + _ROWS_AT_ONCE)
            base[rows] = self._explain(matrix[rows], start[rows], values[rows])

        blocks = range(0, len(matrix), _ROWS_AT_ONCE)
        workers = min(threads or os.cpu_count() or 1, len(blocks))
        if workers <= 1:
            for first in blocks:
                block(first)
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(block, blocks))
        return base, values

    def _explain(self, matrix: Float64, start: Int64, values: Float64) -> Float64:
        """Fill the values of a block and return its bases."""
        edge = explained_edge(start)
        intervals = range(int(edge.max(initial=0)))
        average, own = np.zeros((2, len(intervals), len(matrix)))
        ahead = np.array([(start < EDGES[i + 1]) & (i < edge) for i in intervals])
        beyond = start >= EDGES[-1]
        linear, share = self.hazards.linear, self.hazards.share
        columns = None if linear is None else linear.design.columns(matrix)
        shap: list[tuple[npt.NDArray[np.int64], Float64] | None] = []
        for i in intervals:
            hazard = self.hazards.of[i]
            rows = np.flatnonzero(ahead[i])
            if not hazard.boosters or len(rows) == 0:
                logit = hazard.constant_log_odds
                average[i] = own[i] = hazard.intercept + hazard.slope * logit
                shap.append(None)
                continue
            parts = [contributions(trees, matrix[rows]) for trees in self.trees[i]]
            of_interval = sum(parts[1:], parts[0]) * (hazard.slope * (1.0 - share) / len(parts))
            expected = float(np.mean([trees.expected for trees in self.trees[i]])) * (1.0 - share)
            if linear is not None and columns is not None:
                of_row = linear.contributions(columns[rows], i)
                of_interval += of_row * (hazard.slope * share)
                expected += linear.average(i) * share
            average[i] = hazard.intercept + hazard.slope * expected
            own[i, rows] = average[i, rows] + of_interval.sum(axis=1)
            shap.append((rows, of_interval))
        weights = _path_weights(average, own, ahead)
        for i, found in zip(intervals, shap, strict=True):
            if found is not None:
                rows, of_interval = found
                values[rows] += weights[i, rows, None] * of_interval
        base = _log_odds(average, ahead | beyond)
        # An average invoice comes this far and is never paid with the product of both chances.
        odds = self.never / (1.0 - self.never)
        lost = np.log(self.never) - np.logaddexp(0.0, -base)
        base = np.where(beyond, lost - np.log(-np.expm1(lost)), base)
        values[:, self.past_due] += np.where(beyond, np.log(odds) - base, 0.0)
        return base


def _log_odds(z: Float64, ahead: npt.NDArray[np.bool_]) -> Float64:
    """Return logit of the product of ``1 - h`` over the intervals ahead."""
    log_open = -_total(np.where(ahead, np.logaddexp(0.0, z), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(log_open - np.log(-np.expm1(log_open)))


def _total(parts: Float64) -> Float64:
    """Add up the first dimension in order: numpy's own sum goes another way for a single row."""
    return np.asarray(reduce(np.add, parts))


def _path_weights(average: Float64, own: Float64, ahead: npt.NDArray[np.bool_]) -> Float64:
    """Return w of every interval and row, zero where the interval is not ahead."""
    weights = np.zeros(own.shape)
    for point, weight in zip((_POINTS + 1.0) / 2.0, _WEIGHTS / 2.0, strict=True):
        softplus = np.where(ahead, np.logaddexp(0.0, average + point * (own - average)), 0.0)
        paid = -np.expm1(-_total(softplus))
        weights += weight * np.expm1(-softplus) / np.where(paid > 0.0, paid, 1.0)
    return weights
