"""The intervals of days late on which the hazard is modelled, and the horizons read off it."""

from __future__ import annotations

import numpy as np

HORIZONS = (1, 5, 15, 30, 60, 90)
"""``p_late_kd`` is P(paid k or more days after due), never paid included."""

EDGES = np.array([-10_000, -14, -5, -1, 0, 1, 5, 15, 30, 60, 90, 180], dtype=np.int64)
"""Left edges of the intervals, days late. Every horizon is an edge; the last interval is open."""

INTERVALS = len(EDGES) - 1
"""Intervals with a hazard; who is still open at the last edge is in the tail."""

FIRST_DAY, LAST_DAY = -120, 365
"""The days over which a curve is spread; the mean is truncated at due + `LAST_DAY`."""


def interval_of(days_late: np.ndarray) -> np.ndarray:
    """Return the interval each number of days late falls in.

    Examples
    --------
    >>> interval_of(np.array([-3, 0, 4, 5, 400])).tolist()
    [2, 4, 5, 6, 11]
    """
    return np.searchsorted(EDGES, days_late, side="right") - 1


def horizon_position(days: int) -> int:
    """Return the edge of a horizon: its survival is P(late by that many days)."""
    return int(np.searchsorted(EDGES, days))
