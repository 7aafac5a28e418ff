"""The default model: signed regression and monotone trees, calibrated on customers not seen.

Few bads are the difficulty. The mean of the two log-odds holds what either finds alone: the
regression generalises from little, the trees see what is not a straight line. Both keep the
catalogue's directions of risk, and features without one are left out.
"""

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
from models.default.application import ApplicationModel
from models.default.signed_regression import SignedRegression, fit_signed_regression
from models.default.upper import UpperBound, fit_upper_bound
from models.snapshots import Snapshots, folds, later_half, require_defaults
from models.tree_shap import ExplainableTrees, contributions, read_trees
from models.usual import Usual, usual_of, usual_values

Float64 = npt.NDArray[np.float64]

_ENOUGH_BADS = 1000
"""Bad rows from which on the lasso is that of the settings; with fewer it is milder."""
_SMALLEST_SHARE = 20
"""A leaf need not hold more than one in so many rows."""


@dataclass(frozen=True)
class DefaultModel:
    """P(default within the performance window), and its upper bound.

    Parameters
    ----------
    features : tuple of str
    regression : SignedRegression
    boosters : tuple of lightgbm.Booster
        The mean of their log-odds and the regression's count half each.
    calibration : Calibration
    upper : UpperBound
    base_rate : float
        Share of bads in training: the score of a customer without any history.
    usual : tuple of float or None
        Medians of the rows learnt from, for the reasons.
    application : ApplicationModel or None
        For customers without any history.
    """

    features: tuple[str, ...]
    regression: SignedRegression
    boosters: tuple[lgb.Booster, ...]
    calibration: Calibration
    upper: UpperBound
    base_rate: float
    usual: Usual
    application: ApplicationModel | None = None

    def raw(self, matrix: Float64, threads: int = 0) -> Float64:
        """Return the log-odds of default before calibration, shape (n,)."""
        return _together(self.regression, self.boosters, matrix, threads)

    def predict_upper(self, pd_12m: Float64, settled: Float64) -> Float64:
        """Return the upper bound of probabilities of default, by settled invoices of a year."""
        return self.upper.apply(pd_12m, settled)

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
        both = (np.mean(shap, axis=0) + self.regression.contributions(matrix)) / 2
        return np.asarray(both * self.calibration.slope)

    def to_document(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the model as plain data and booster texts."""
        boosters = {f"booster_{k}": b.model_to_string() for k, b in enumerate(self.boosters)}
        return {
            "features": list(self.features),
            "regression": self.regression.to_document(),
            "boosters": sorted(boosters),
            "upper": self.upper.to_document(),
            "application": self.application.to_document() if self.application else None,
            "slope": self.calibration.slope,
            "intercept": self.calibration.intercept,
            "base_rate": self.base_rate,
            "usual": list(self.usual),
            "reason_texts": {name: CATALOGUE[name].meaning for name in self.features},
        }, boosters

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], boosters: Mapping[str, str]
    ) -> DefaultModel:
        """Rebuild the model."""
        if "regression" not in document:
            raise ValueError("default: the bundle is of an earlier version; train default again")
        application = document.get("application")
        return cls(
            tuple(document["features"]),
            SignedRegression.from_document(document["regression"]),
            tuple(lgb.Booster(model_str=boosters[name]) for name in document["boosters"]),
            Calibration(document["slope"], document["intercept"]),
            UpperBound.from_document(document["upper"]),
            document["base_rate"],
            usual_of(document),
            ApplicationModel.from_document(application) if application else None,
        )


def fit_default(
    snapshots: Snapshots, settings: DefaultModelSettings, definition: DefaultSettings
) -> DefaultModel:
    """Train on snapshots.

    Those whose window has not passed yet teach which customers are riskier. How high the risk is,
    calibration and upper bound, is told by the others alone.

    Calibration uses the later half of the months, scored by boosters that did not see the
    customer: with few bads a slice of customers cannot be spared.

    Raises
    ------
    ValueError
        Too few defaulted customers.
    """
    require_defaults("default", snapshots, definition)
    whole = snapshots.whole
    unseen = unseen_log_odds(snapshots, settings)[snapshots.matured]
    later = later_half(whole)
    calibration = fit_calibration(whole.bad[later], unseen[later], checked=False)
    moved = calibration.intercept + calibration.slope * unseen
    upper = fit_upper_bound(whole, moved, definition.window_months, settings.upper_confidence)
    regression, boosters = _fit(snapshots, settings)
    return DefaultModel(
        CUSTOMER_FEATURES,
        regression,
        boosters,
        calibration,
        upper,
        float(whole.bad.mean()),
        usual_values(snapshots.matrix),
    )


def unseen_log_odds(snapshots: Snapshots, settings: DefaultModelSettings) -> Float64:
    """Return every row's log-odds from models trained without its customer, shape (n,)."""
    fold = folds(snapshots.customer)
    scores = np.zeros(len(snapshots))
    for held_out in np.unique(fold):
        rows = fold == held_out
        fitted = _fit(snapshots.take(~rows), settings)
        scores[rows] = _together(*fitted, snapshots.matrix[rows], threads=0)
    return scores


def _together(
    regression: SignedRegression, boosters: tuple[lgb.Booster, ...], matrix: Float64, threads: int
) -> Float64:
    trees = mean_log_odds(boosters, matrix, threads)
    return np.asarray((regression.raw(matrix) + trees) / 2)


def _fit(
    snapshots: Snapshots, settings: DefaultModelSettings
) -> tuple[SignedRegression, tuple[lgb.Booster, ...]]:
    directions = np.array([CATALOGUE[name].direction for name in CUSTOMER_FEATURES])
    regression = fit_signed_regression(
        snapshots.matrix,
        snapshots.bad,
        directions,
        # The noise of a weight's slope grows with the root of the bads.
        settings.regression_lasso * min(1.0, float(np.sqrt(snapshots.bad.sum() / _ENOUGH_BADS))),
        settings.regression_ridge,
        snapshots.weight,
    )
    # What is constant is never split on: the boosters keep the columns of the matrix.
    directed = np.where(directions != 0, snapshots.matrix, 0.0)
    boosters = side_by_side(
        partial(
            train_booster,
            directed,
            snapshots.bad,
            {
                "learning_rate": settings.learning_rate,
                "num_leaves": settings.leaves,
                "min_data_in_leaf": min(
                    settings.min_rows_in_leaf, max(len(snapshots) // _SMALLEST_SHARE, 5)
                ),
                "feature_fraction": settings.feature_fraction,
                "extra_trees": True,
                "lambda_l2": settings.lambda_l2,
                "monotone_constraints": directions.tolist(),
                "seed": settings.seed + number,
            },
            settings.trees,
            snapshots.weight,
        )
        for number in range(settings.seeds)
    )
    return regression, tuple(boosters)
