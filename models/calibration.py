"""Logistic calibration of log-odds on a later slice, kept only where it improves the log loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """``logit -> intercept + slope * logit``.

    Examples
    --------
    >>> float(Calibration(slope=1.0, intercept=0.0).apply(np.array([0.0]))[0])
    0.5
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, logit: Float64) -> Float64:
        """Return calibrated probabilities."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.intercept + self.slope * logit))))


IDENTITY = Calibration()

MIN_EVENTS = 30
"""With fewer cases of either class the slice says too little, and the model stays as it is."""


def log_losses(outcome: npt.NDArray[np.bool_], logit: Float64) -> Float64:
    """Return the log loss of each row's log-odds, shape (n,)."""
    return np.asarray(np.logaddexp(0.0, np.where(outcome, -logit, logit)))


def log_loss(outcome: npt.NDArray[np.bool_], logit: Float64) -> float:
    """Return the mean log loss of log-odds."""
    return float(np.mean(log_losses(outcome, logit)))


def is_worse(loss: Float64, than: Float64, group: npt.NDArray[np.int64] | None = None) -> bool:
    """Return whether losses are larger than others of the same rows beyond a standard error.

    Parameters
    ----------
    loss, than : float64 arrays of shape (n,)
    group : int64 array of shape (n,), optional
        Rows of one group, by its number from 0 on, err together: the standard error is that of
        their sums.
    """
    difference = loss - than
    if group is None:
        return bool(difference.mean() > difference.std() / np.sqrt(len(difference)))
    sums = np.bincount(group, weights=difference)
    return bool(difference.sum() > np.sqrt((sums**2).sum()))


def fit_calibration(
    outcome: npt.NDArray[np.bool_],
    logit: Float64,
    prior_cases: float = 20.0,
    checked: bool = True,
) -> Calibration:
    """Fit a calibration and keep it only where cross-checking halves prefer it.

    Parameters
    ----------
    outcome : bool array of shape (n,)
        In order of time, so that the halves are earlier and later.
    logit : float64 array of shape (n,)
    prior_cases : float
        Weight of the identity as a prior, in cases.
    checked : bool
        False keeps it without that test: for log-odds whose level is known to be of other rows.

    Notes
    -----
    Each half is calibrated on the other; the map is kept if their summed log loss falls.
    """
    if min(int(outcome.sum()), int((~outcome).sum())) < MIN_EVENTS:
        return IDENTITY
    if not checked:
        return _fit(outcome, logit, prior_cases)
    half = np.arange(len(outcome)) < len(outcome) // 2
    gained = 0.0
    for fitted, other in ((half, ~half), (~half, half)):
        candidate = _fit(outcome[fitted], logit[fitted], prior_cases)
        moved = candidate.intercept + candidate.slope * logit[other]
        gain = log_loss(outcome[other], logit[other]) - log_loss(outcome[other], moved)
        gained += gain * other.sum()
    return _fit(outcome, logit, prior_cases) if gained > 0 else IDENTITY


def _fit(outcome: npt.NDArray[np.bool_], logit: Float64, prior_cases: float) -> Calibration:
    def penalised(parameters: Float64) -> float:
        slope, intercept = np.exp(parameters[0]), parameters[1]
        fit = log_loss(outcome, intercept + slope * logit) * len(outcome)
        return float(fit + prior_cases * 0.5 * (parameters @ parameters))

    best = minimize(penalised, np.zeros(2), method="BFGS")
    return Calibration(float(np.exp(best.x[0])), float(best.x[1]))
