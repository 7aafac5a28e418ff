"""One boosted hazard per interval: P(paid in the interval | open at its start)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from configs.settings import LatePaymentSettings
from models.boosting import mean_log_odds, side_by_side, train_booster
from models.late_payment.dataset import Rows
from models.late_payment.grid import EDGES, INTERVALS, interval_of

Float64 = npt.NDArray[np.float64]

MIN_CASES = 40
"""An interval with fewer payments, or fewer non-payments, gets its pooled rate."""


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


def fit_hazards(
    rows: Rows, settings: LatePaymentSettings, constraints: Sequence[int]
) -> list[Hazard]:
    """Fit the hazard of every interval.

    Parameters
    ----------
    rows : Rows
    settings : LatePaymentSettings
    constraints : list of int
        Direction of risk per feature; the hazard of being paid falls with it.
    """
    return side_by_side(
        partial(_fit, rows.matrix, *cases(rows, interval), settings, constraints)
        for interval in range(INTERVALS)
    )


def _fit(
    matrix: Float64,
    chosen: npt.NDArray[np.int64],
    paid: npt.NDArray[np.bool_],
    settings: LatePaymentSettings,
    constraints: Sequence[int],
) -> Hazard:
    paid_count = int(paid.sum())
    # Half a case on either side keeps an interval that nobody reached off 0 and 1.
    constant = (paid_count + 0.5) / (len(chosen) + 1.0)
    if min(paid_count, len(chosen) - paid_count) < MIN_CASES:
        return Hazard((), constant)
    boosters = tuple(
        train_booster(
            matrix[chosen],
            paid,
            {
                "learning_rate": settings.learning_rate,
                "num_leaves": settings.leaves,
                "min_data_in_leaf": settings.min_rows_in_leaf,
                "feature_fraction": settings.feature_fraction,
                "extra_trees": settings.extra_trees,
                "lambda_l2": settings.lambda_l2,
                "monotone_constraints": [-direction for direction in constraints],
                "seed": settings.seed + number,
            },
            settings.trees,
        )
        for number in range(settings.seeds)
    )
    return Hazard(boosters, constant)
