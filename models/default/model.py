"""The default model: monotone boosted trees, calibrated on later months of unseen customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import DefaultModelSettings, DefaultSettings
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from models.boosting import mean_log_odds, side_by_side, train_booster
from models.calibration import Calibration, fit_calibration
from models.snapshots import Snapshots, folds, later_half, require_defaults
from models.tree_shap import ExplainableTrees, contributions, read_trees
from models.usual import Usual, usual_of, usual_values

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DefaultModel:
    """P(default within the performance window).

    Parameters
    ----------
    features : tuple of str
    boosters : tuple of lightgbm.Booster
        Their log-odds are averaged.
    calibration : Calibration
    base_rate : float
        Share of bads in training: the score of a customer without any history.
    usual : tuple of float or None
        Medians of the rows learnt from, for the reasons.
    """

    features: tuple[str, ...]
    boosters: tuple[lgb.Booster, ...]
    calibration: Calibration
    base_rate: float
    usual: Usual

    def raw(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return the log-odds of default before calibration, shape (n,)."""
        return mean_log_odds(self.boosters, matrix, threads)

    def predict(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return the calibrated probability of default, shape (n,)."""
        return self.calibration.apply(self.raw(matrix, threads))

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return ``pd_12m`` from a frame of features."""
        matrix = frame[list(self.features)].to_numpy(dtype=np.float64)
        return pd.DataFrame({"pd_12m": self.predict(matrix)}, index=frame.index)

    @cached_property
    def explainer(self) -> tuple[ExplainableTrees, ...]:
        """The boosters' trees, laid out once: asked for ahead of time by who must not wait."""
        return tuple(read_trees(booster) for booster in self.boosters)

    def contributions(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return each feature's SHAP value on the log-odds of default, shape (n, features)."""
        shap = [contributions(trees, matrix, threads) for trees in self.explainer]
        return np.asarray(np.mean(shap, axis=0) * self.calibration.slope)

    def to_document(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the model as plain data and booster texts."""
        boosters = {f"booster_{k}": b.model_to_string() for k, b in enumerate(self.boosters)}
        return {
            "features": list(self.features),
            "boosters": sorted(boosters),
            "slope": self.calibration.slope,
            "intercept": self.calibration.intercept,
            "base_rate": self.base_rate,
            "usual": list(self.usual),
            "reason_texts": {name: CATALOGUE[name].sentence for name in self.features},
        }, boosters

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], boosters: Mapping[str, str]
    ) -> DefaultModel:
        """Rebuild the model."""
        return cls(
            tuple(document["features"]),
            tuple(lgb.Booster(model_str=boosters[name]) for name in document["boosters"]),
            Calibration(document["slope"], document["intercept"]),
            document["base_rate"],
            usual_of(document),
        )


def fit_default(
    snapshots: Snapshots, settings: DefaultModelSettings, definition: DefaultSettings
) -> DefaultModel:
    """Train on matured snapshots.

    Calibration uses the later half of the months, scored by boosters that did not see the
    customer: with few bads a slice of customers cannot be spared.

    Raises
    ------
    ValueError
        Too few defaulted customers.
    """
    require_defaults("default", snapshots, definition)
    unseen = unseen_log_odds(snapshots, settings)
    later = later_half(snapshots)
    by_time = np.argsort(snapshots.as_of[later], kind="stable")
    calibration = fit_calibration(snapshots.bad[later][by_time], unseen[later][by_time])
    boosters = _fit(snapshots, settings)
    return DefaultModel(
        CUSTOMER_FEATURES,
        boosters,
        calibration,
        float(snapshots.bad.mean()),
        usual_values(snapshots.matrix),
    )


def unseen_log_odds(snapshots: Snapshots, settings: DefaultModelSettings) -> Float64:
    """Return every row's log-odds from boosters trained without its customer, shape (n,)."""
    fold = folds(snapshots.customer)
    scores = np.zeros(len(snapshots))
    for held_out in np.unique(fold):
        boosters = _fit(snapshots.take(fold != held_out), settings)
        rows = fold == held_out
        scores[rows] = mean_log_odds(boosters, snapshots.matrix[rows], threads=0)
    return scores


def _fit(snapshots: Snapshots, settings: DefaultModelSettings) -> tuple[lgb.Booster, ...]:
    directions = [CATALOGUE[name].direction for name in CUSTOMER_FEATURES]
    return tuple(
        side_by_side(
            partial(
                train_booster,
                snapshots.matrix,
                snapshots.bad,
                {
                    "learning_rate": settings.learning_rate,
                    "num_leaves": settings.leaves,
                    "min_data_in_leaf": settings.min_rows_in_leaf,
                    "feature_fraction": settings.feature_fraction,
                    "extra_trees": True,
                    "lambda_l2": settings.lambda_l2,
                    "monotone_constraints": directions,
                    "seed": settings.seed + number,
                },
                settings.trees,
            )
            for number in range(settings.seeds)
        )
    )
