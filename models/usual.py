"""Usual values: what a reason holds a value against, kept with the model that was learnt beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Usual = tuple[float | None, ...]
"""The usual value of each feature, None where most have none."""

_ENOUGH_ROWS = 20_000


def usual_values(matrix: Float64) -> Usual:
    """Return the lower median of each column, None where more than half of it is missing.

    Of a long matrix some `_ENOUGH_ROWS` rows are looked at, evenly spread.

    Parameters
    ----------
    matrix : float64 array of shape (n, features)

    Examples
    --------
    >>> usual_values(np.array([[1.0, np.nan], [np.nan, np.nan], [4.0, 5.0]]))
    (1.0, None)
    """
    if len(matrix) == 0:
        return tuple(None for _ in range(matrix.shape[1]))
    # NaN is sorted last; the lower of two middles is a value that occurs.
    part = np.sort(matrix[:: max(len(matrix) // _ENOUGH_ROWS, 1)], axis=0)
    known = (~np.isnan(part)).sum(axis=0)
    median = part[np.maximum(known - 1, 0) // 2, np.arange(part.shape[1])]
    seldom = 2 * known < len(part)
    return tuple(
        None if missing else float(value) for missing, value in zip(seldom, median, strict=True)
    )


def usual_of(document: Mapping[str, Any]) -> Usual:
    """Read the usual values of a model's document; bundles of earlier versions have none."""
    values: list[float | None] = document.get("usual", [None] * len(document["features"]))
    return tuple(values)
