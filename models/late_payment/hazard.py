"""One boosted hazard per interval: P(paid in the interval | open at its start)."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.boosting import mean_log_odds
from models.late_payment.dataset import Rows
from models.late_payment.grid import EDGES, interval_of

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hazard:
    """The hazard of one interval: boosters averaged, or a constant; then a logistic calibration.

    ``slope`` and ``intercept`` act on the log-odds.
    """

    boosters: tuple[lgb.Booster, ...]
    constant: float
    slope: float = 1.0
    intercept: float = 0.0

    def raw(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return the log-odds before calibration, shape (n,)."""
        if not self.boosters:
            return np.full(len(matrix), np.log(self.constant / (1 - self.constant)))
        return mean_log_odds(self.boosters, matrix, threads)

    def predict(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return calibrated probabilities, shape (n,)."""
        logit = self.intercept + self.slope * self.raw(matrix, threads)
        return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def cases(rows: Rows, interval: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the rows at risk in an interval and whether each was paid in it.

    A row counts only where the whole interval could have been observed, whether it was paid or
    not: dropping only the unpaid of the last weeks would favour fast payers.
    """
    left = EDGES[interval]
    right = EDGES[interval + 1]
    at_risk = (rows.start < right) & (rows.days_late >= np.maximum(left, rows.start))
    at_risk &= rows.observed >= right
    chosen = np.flatnonzero(at_risk)
    paid = rows.closed[chosen] & (interval_of(rows.days_late[chosen]) == interval)
    return chosen, paid
