"""The hazards by logistic regression: the steady part of the log-odds beside the boosters'.

Of few invoices a regression says more out of time than trees do, and its errors are others: their
mean is better than either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from threadpoolctl import threadpool_limits

from models.boosting import side_by_side
from models.late_payment.dataset import MIN_CASES, Rows, cases
from models.late_payment.design import Design
from models.late_payment.grid import INTERVALS
from models.late_payment.own_record import NOT_FOR_HAZARDS
from models.logistic import fit_logistic

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinearHazards:
    """One regression per interval on the same columns.

    Parameters
    ----------
    design : Design
    weights : float64 array of shape (intervals, columns)
        The intercept first; zero where an interval has too few cases.
    mean : float64 array of shape (columns,)
        Of the rows learnt from: contributions count from there.
    """

    design: Design
    weights: Float64
    mean: Float64

    def log_odds(self, matrix: Float64) -> Float64:
        """Return the log-odds of every interval's hazard, shape (n, intervals)."""
        return np.asarray(_weighted(self.design.columns(matrix), self.weights))

    def average(self, interval: int) -> float:
        """Return the log-odds of an average row."""
        return float(self.mean @ self.weights[interval])

    def contributions(self, columns: Float64, interval: int) -> Float64:
        """Return what each feature adds to an average row's log-odds, shape (n, features).

        With independent features these are the SHAP values of the regression (Strumbelj and
        Kononenko 2014). ``columns`` are those of the design.
        """
        of_column = (columns - self.mean) * self.weights[interval]
        out = np.zeros((len(columns), len(self.design.features)))
        for column, feature in enumerate(self.design.owners, start=1):
            out[:, feature] += of_column[:, column]
        return out

    def to_document(self) -> dict[str, Any]:
        """Return the regressions as plain data."""
        return {
            "design": self.design.to_document(),
            "weights": self.weights.tolist(),
            "mean": self.mean.tolist(),
        }

    @classmethod
    def from_document(cls, features: Sequence[str], document: Mapping[str, Any]) -> LinearHazards:
        """Rebuild the regressions on features."""
        design = Design.from_document(features, document["design"])
        return cls(design, np.array(document["weights"]), np.array(document["mean"]))


def fit_linear(
    rows: Rows, features: Sequence[str], ridge: float, start: LinearHazards | None = None
) -> LinearHazards:
    """Fit a regression to every interval with enough cases.

    Parameters
    ----------
    rows : Rows
    features : sequence of str
        Columns of ``rows.matrix``.
    ridge : float
        See `models.logistic.fit_logistic`; the intercepts are free.
    start : LinearHazards, optional
        Fitted on the same rows with another ridge: the way to the new ones is short.
    """
    design = Design.learn(features, rows.matrix, NOT_FOR_HAZARDS) if start is None else start.design
    columns = design.columns(rows.matrix)
    penalty = np.full(columns.shape[1], ridge)
    penalty[0] = 1e-6

    def of_interval(interval: int) -> Float64:
        chosen, paid = cases(rows, interval)
        if min(int(paid.sum()), int((~paid).sum())) < MIN_CASES:
            return np.zeros(columns.shape[1])
        known = None if start is None else start.weights[interval]
        return fit_logistic(columns[chosen], paid, penalty, start=known)

    # BLAS's own threads wait for each other where cores are busy, and change the last digits.
    with threadpool_limits(1, "blas"):
        weights = np.array(side_by_side(partial(of_interval, i) for i in range(INTERVALS)))
    return LinearHazards(design, weights, columns.mean(axis=0))


@njit(cache=True, nogil=True)
def _weighted(columns, weights):  # type: ignore[no-untyped-def]
    """Return ``columns @ weights.T``: the last digit of BLAS's depends on the number of rows."""
    out = np.zeros((len(columns), len(weights)))
    for i in range(len(columns)):
        for k in range(len(weights)):
            total = 0.0
            for j in range(columns.shape[1]):
                total += columns[i, j] * weights[k, j]
            out[i, k] = total
    return out
