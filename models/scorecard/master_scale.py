"""The master scale: grades by probability of default, the same for every model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


def grade_of(pd_12m: Float64, grades: Mapping[str, float]) -> npt.NDArray[np.object_]:
    """Return the grade of each probability of default.

    Parameters
    ----------
    pd_12m : float64 array of shape (n,)
    grades : mapping of str to float
        Each grade's upper probability, which belongs to it; ascending.

    Examples
    --------
    >>> grade_of(np.array([0.01, 0.02, 0.9]), {"A": 0.01, "B": 0.1, "C": 1.0}).tolist()
    ['A', 'B', 'C']
    """
    names = np.array(list(grades), dtype=object)
    upper = np.array(list(grades.values())[:-1])
    return np.asarray(names[np.searchsorted(upper, pd_12m, side="left")], dtype=object)
