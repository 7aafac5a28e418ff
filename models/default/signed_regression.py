"""Logistic regression whose weights keep the catalogue's signs: the steady half of the model.

With few bads and many features that say nearly the same, weights of free sign cancel each other
on noise. Held to the direction of risk they cannot, most of them become zero, and no selection by
hand is needed (Meinshausen, Electronic Journal of Statistics 2013: sign constraints regularise as
a penalty on the number of weights does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Float64 = npt.NDArray[np.float64]

_REACH = 3.0
"""Standard deviations from the mean beyond which a value counts no further."""


@dataclass(frozen=True, eq=False)
class SignedRegression:
    """``log-odds = intercept + sum weight * clip((value - mean) / spread)``.

    A missing value counts as the mean. Arrays of shape (features,).
    """

    intercept: float
    mean: Float64
    spread: Float64
    weight: Float64

    def contributions(self, matrix: Float64) -> Float64:
        """Return what each feature adds to the log-odds; shape (n, features).

        From the mean of the training rows on: with independent features, their SHAP values.
        """
        return _standard(matrix, self.mean, self.spread) * self.weight

    def raw(self, matrix: Float64) -> Float64:
        """Return the log-odds, shape (n,)."""
        total = np.full(len(matrix), self.intercept)
        used = np.flatnonzero(self.weight)
        shares = _standard(matrix[:, used], self.mean[used], self.spread[used]) * self.weight[used]
        # Column by column: the last digit of a matrix product depends on the number of rows.
        for column in range(len(used)):
            total += shares[:, column]
        return total

    def to_document(self) -> dict[str, Any]:
        """Return the regression as plain data."""
        return {
            "intercept": self.intercept,
            "mean": self.mean.tolist(),
            "spread": self.spread.tolist(),
            "weight": self.weight.tolist(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SignedRegression:
        """Rebuild the regression."""
        arrays = (np.array(document[name]) for name in ("mean", "spread", "weight"))
        return cls(document["intercept"], *arrays)


def fit_signed_regression(
    matrix: Float64,
    bad: npt.NDArray[np.bool_],
    directions: npt.NDArray[np.int64],
    lasso: float,
    ridge: float,
    weight: float | Float64 = 1.0,
) -> SignedRegression:
    """Return the regression with the highest penalised likelihood.

    Parameters
    ----------
    matrix : float64 array of shape (n, features)
    bad : bool array of shape (n,)
    directions : int64 array of shape (features,)
        1: riskier when higher, -1: safer; 0 leaves the feature out.
    lasso, ridge : float
        Weights of the summed weights and of half the squared ones against the summed log loss.
    weight : float or float64 array of shape (n,)
        What each row counts.

    Examples
    --------
    >>> values = np.arange(200.0)[:, None]
    >>> model = fit_signed_regression(values, np.arange(200) >= 150, np.array([-1]), 1.0, 1.0)
    >>> model.weight.tolist() == [0.0]
    True
    """
    known = ~np.isnan(matrix)
    count = np.maximum(known.sum(axis=0), 1)
    values = np.where(known, matrix, 0.0)
    mean = values.sum(axis=0) / count
    spread = np.sqrt(np.where(known, (matrix - mean) ** 2, 0.0).sum(axis=0) / count)
    used = np.flatnonzero((directions != 0) & (spread > 0))
    spread = np.where(spread > 0, spread, 1.0)
    sign = directions[used].astype(np.float64)
    design = _standard(matrix[:, used], mean[used], spread[used]) * sign
    counts = np.broadcast_to(np.asarray(weight, dtype=np.float64), (len(bad),))
    share = float(np.clip(np.average(bad, weights=counts), 1e-6, 1 - 1e-6))
    start = np.append(np.log(share / (1 - share)), np.zeros(len(used)))

    def penalised(at: Float64) -> tuple[float, Float64]:
        logit = at[0] + design @ at[1:]
        loss = counts @ np.logaddexp(0.0, np.where(bad, -logit, logit))
        error = counts * (1.0 / (1.0 + np.exp(-logit)) - bad)
        slope = np.append(error.sum(), design.T @ error + lasso + ridge * at[1:])
        return float(loss + lasso * at[1:].sum() + 0.5 * ridge * (at[1:] @ at[1:])), slope

    bounds = [(None, None), *[(0.0, None)] * len(used)]
    best = minimize(penalised, start, jac=True, method="L-BFGS-B", bounds=bounds)
    weights = np.zeros(matrix.shape[1])
    weights[used] = best.x[1:] * sign
    return SignedRegression(float(best.x[0]), mean, spread, weights)


def _standard(matrix: Float64, mean: Float64, spread: Float64) -> Float64:
    scaled = np.clip((matrix - mean) / spread, -_REACH, _REACH)
    return np.where(np.isnan(scaled), 0.0, scaled)
