"""Measures of predicted payment days: of the median, of the outer quantiles, of their span."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

SHARES = (0.1, 0.5, 0.9)
"""The quantiles predicted: P10, P50 and P90."""


def date_losses(
    days_late: Int64, closed: Bool, observed: Int64, quantiles: Mapping[float, Int64]
) -> dict[str, Float64]:
    """Return the losses of each invoice's predicted quantiles, in days.

    Invoices still open are not left out, which would favour predictions of early payment: days
    late and predictions alike stop counting at ``observed``. Quantiles move with such a bound as
    the outcome does, so the losses stay proper.

    Parameters
    ----------
    days_late : int64 array of shape (n,)
        The outcome, or how late an open invoice is so far.
    closed : bool array of shape (n,)
        Whether it was paid.
    observed : int64 array of shape (n,)
        Days late up to which the outcome would have been seen, or a smaller bound.
    quantiles : mapping of float to int64 array of shape (n,)
        Predicted days late by share; the median alone is enough.

    Returns
    -------
    dict of str to float64 array of shape (n,)
        ``error`` of the median (MAE is its mean) and ``error_paid``, without the bound and NaN for
        what is not paid; with all three quantiles ``pinball_10 .. pinball_90``, their mean
        ``pinball``, and ``covered``: paid between P10 and P90, both included.

    Examples
    --------
    >>> losses = date_losses(np.array([40]), np.array([True]), np.array([30]), {0.5: np.array([9])})
    >>> losses["error"].tolist(), losses["error_paid"].tolist()
    ([21.0], [31.0])
    """
    late = np.minimum(days_late, observed)
    losses: dict[str, Float64] = {
        "error": np.abs(late - np.minimum(quantiles[0.5], observed)).astype(np.float64),
        "error_paid": np.where(closed, np.abs(days_late - quantiles[0.5]), np.nan),
    }
    if not set(SHARES) <= set(quantiles):
        return losses
    for share in SHARES:
        gap = late - np.minimum(quantiles[share], observed)
        losses[f"pinball_{share * 100:.0f}"] = np.maximum(share * gap, (share - 1) * gap)
    losses["pinball"] = np.mean([losses[f"pinball_{s * 100:.0f}"] for s in SHARES], axis=0)
    inside = (quantiles[0.1] <= days_late) & (days_late <= quantiles[0.9])
    losses["covered"] = (inside & closed).astype(np.float64)
    return losses
