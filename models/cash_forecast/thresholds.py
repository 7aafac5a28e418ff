"""The thresholds below which a draw means paid, such that every invoice keeps its own curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Float64 = npt.NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_STEPS = 6
_SMALLEST = 1e-15


def hazards(chances: Float64) -> Float64:
    """Return P(paid in each period | open at its begin) from P(paid by its end).

    Examples
    --------
    >>> hazards(np.array([[0.5, 0.75, 0.75]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    before = np.column_stack([np.zeros(len(chances)), chances[:, :-1]])
    left = 1.0 - before
    share = np.divide(chances - before, left, out=np.zeros_like(left), where=left > 1e-12)
    return np.clip(share, 0.0, 1.0)


def thresholds(chances: Float64, lasting: float) -> Float64:
    """Return the threshold of every invoice and period.

    Who is still open in a later period tends to have drawn a slow lasting part. The thresholds make
    up for that: averaged over the lasting part of those still open (Gauss-Hermite quadrature), the
    chance to be paid is the curve's. Newton's steps are on the normal scale, where the function is
    nearly a line.

    Parameters
    ----------
    chances : float64 array of shape (n, periods - 1)
        See `periods.paid_by`.
    lasting : float
        Variance of what lasts, in [0, 1).

    Returns
    -------
    float64 array of shape (n, periods - 1)
        -inf where nothing is paid, inf where everything is.
    """
    hazard = hazards(chances)
    found = ndtri(hazard)
    if lasting <= 0.0:
        return np.asarray(found)
    spread, rest = np.sqrt(lasting) * _NODES, np.sqrt(1.0 - lasting)
    still_open = np.tile(_WEIGHTS / _WEIGHTS.sum(), (len(chances), 1))
    for period in range(chances.shape[1]):
        target, threshold = found[:, period], found[:, period].copy()
        inside = np.isfinite(target)
        for _ in range(_STEPS):
            paid = ndtr((threshold[:, None] - spread) / rest)
            mean = np.clip((still_open * paid).sum(axis=1), _SMALLEST, 1.0 - 1e-15)
            threshold = np.where(inside, threshold + target - ndtri(mean), target)
        paid = ndtr((threshold[:, None] - spread) / rest)
        still_open = still_open * (1.0 - paid)
        total = still_open.sum(axis=1, keepdims=True)
        still_open = still_open / np.where(total > 0, total, 1.0)
        found[:, period] = threshold
    return np.asarray(found)
