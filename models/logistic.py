"""Logistic regression with a ridge, by Newton's method: a few exact steps, nothing random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

_STEPS = 60
_TOLERANCE = 1e-3


def fit_logistic(
    design: Float64,
    outcome: npt.NDArray[np.bool_],
    ridge: float | Float64,
    offset: float | Float64 = 0.0,
    start: Float64 | None = None,
    weight: float | Float64 = 1.0,
) -> Float64:
    """Return the weights with the highest penalised likelihood.

    Parameters
    ----------
    design : float64 array of shape (n, columns)
        With a column of ones where an intercept is wanted.
    outcome : bool array of shape (n,)
    ridge : float or float64 array of shape (columns,)
        Weight of half the squared weights against the summed log loss; above 0.
    offset : float or float64 array of shape (n,)
        Log-odds on top of which the weights act.
    start : float64 array of shape (columns,), optional
        Weights near the solution.
    weight : float or float64 array of shape (n,)
        What each row counts.

    Examples
    --------
    >>> ones = np.ones((4, 1))
    >>> weight = fit_logistic(ones, np.array([True, False, False, False]), 1e-9)
    >>> float(np.round(1 / (1 + np.exp(-weight[0])), 6))
    0.25
    """
    columns = design.shape[1]
    penalty = np.broadcast_to(np.asarray(ridge, dtype=np.float64), (columns,))
    weights = np.zeros(columns) if start is None else start
    # Single precision and one factor on either side, which BLAS works at a quarter of the price:
    # the step need not be exact where the gradient is.
    single = design.astype(np.float32)
    loss = _penalised(design, outcome, penalty, offset, weights, weight)
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-(offset + design @ weights)))
        gradient = design.T @ (weight * (outcome - p)) - penalty * weights
        half = single * np.sqrt(weight * p * (1 - p), dtype=np.float32)[:, None]
        hessian = (half.T @ half).astype(np.float64) + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        # Far from the solution a whole step can overshoot.
        size = 1.0
        while size > 1e-6:
            tried = weights + size * step
            reached = _penalised(design, outcome, penalty, offset, tried, weight)
            if reached <= loss:
                break
            size /= 2
        else:
            break
        done = loss - reached < _TOLERANCE
        weights, loss = tried, reached
        if done:
            break
    return weights


def _penalised(
    design: Float64,
    outcome: npt.NDArray[np.bool_],
    penalty: Float64,
    offset: float | Float64,
    weights: Float64,
    weight: float | Float64,
) -> float:
    logit = offset + design @ weights
    fit = (weight * np.logaddexp(0.0, np.where(outcome, -logit, logit))).sum()
    return float(fit + 0.5 * (penalty * weights * weights).sum())
