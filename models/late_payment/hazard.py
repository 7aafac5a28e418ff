"""The hazards: P(paid in an interval | open at its start), boosted, with a share of regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.boosting import mean_log_odds
from models.late_payment.linear import LinearHazards

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

    @property
    def constant_log_odds(self) -> float:
        """The log-odds of the constant, which serves without boosters."""
        return float(np.log(self.constant / (1.0 - self.constant)))


@dataclass(frozen=True)
class Hazards:
    """The hazards of all intervals.

    Parameters
    ----------
    of : tuple of Hazard
        By interval.
    linear : LinearHazards or None
    share : float
        Of the regression in the log-odds where there are boosters; 0 without one.
    """

    of: tuple[Hazard, ...]
    linear: LinearHazards | None = None
    share: float = 0.0

    def linear_log_odds(self, matrix: Float64) -> Float64 | None:
        """Return the regression's log-odds, shape (n, intervals); None without one."""
        return None if self.linear is None else self.linear.log_odds(matrix)

    def raw(
        self, matrix: Float64, interval: int, linear: Float64 | None, threads: int = 0
    ) -> Float64:
        """Return an interval's log-odds before calibration, shape (n,).

        ``linear`` are the rows' `linear_log_odds`.
        """
        hazard = self.of[interval]
        if not hazard.boosters:
            return np.full(len(matrix), hazard.constant_log_odds)
        boosted = mean_log_odds(hazard.boosters, matrix, threads)
        if linear is None:
            return boosted
        return (1.0 - self.share) * boosted + self.share * linear[:, interval]

    def predict(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return calibrated probabilities, shape (n, intervals)."""
        linear = self.linear_log_odds(matrix)
        logit = np.column_stack(
            [
                hazard.intercept + hazard.slope * self.raw(matrix, interval, linear, threads)
                for interval, hazard in enumerate(self.of)
            ]
        )
        return np.asarray(1.0 / (1.0 + np.exp(-logit)))

    def to_document(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the hazards as plain data and booster texts."""
        names = {
            interval: [f"interval_{interval:02d}_{k}" for k in range(len(hazard.boosters))]
            for interval, hazard in enumerate(self.of)
        }
        texts = {
            name: booster.model_to_string()
            for interval, hazard in enumerate(self.of)
            for name, booster in zip(names[interval], hazard.boosters, strict=True)
        }
        intervals = [
            {
                "boosters": names[interval],
                "constant": hazard.constant,
                "slope": hazard.slope,
                "intercept": hazard.intercept,
            }
            for interval, hazard in enumerate(self.of)
        ]
        linear = None if self.linear is None else self.linear.to_document()
        return {"hazards": intervals, "linear": linear, "linear_share": self.share}, texts

    @classmethod
    def from_document(
        cls, features: Sequence[str], document: Mapping[str, Any], boosters: Mapping[str, str]
    ) -> Hazards:
        """Rebuild the hazards of a model with these features."""
        of = tuple(
            Hazard(
                tuple(lgb.Booster(model_str=boosters[name]) for name in entry["boosters"]),
                entry["constant"],
                entry["slope"],
                entry["intercept"],
            )
            for entry in document["hazards"]
        )
        if document["linear"] is None:
            return cls(of)
        linear = LinearHazards.from_document(features, document["linear"])
        return cls(of, linear, document["linear_share"])
