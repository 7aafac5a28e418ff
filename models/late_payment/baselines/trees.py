"""LightGBM by horizon, on the answers known at the cutoff: on raw columns, and with history."""

from __future__ import annotations

import numpy as np

from models.boosting import train_booster
from models.late_payment.baselines.cases import Asked, Float64, Learnt
from models.late_payment.baselines.regression import INVOICE_COLUMNS

_MASTER_FEATURES = (
    "customer_relation_days_value_now",
    "customer_business_days_value_now",
    "customer_bureau_score_value_now",
)
_PARAMETERS = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "lambda_l2": 5.0,
    "seed": 7,
}
_TREES = 150


def raw_columns(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from invoice columns and master data, without history."""
    return _fit_predict(learnt, _columns(learnt.asked), _columns(asked))


def with_history(learnt: Learnt, asked: Asked) -> Float64:
    """Predict from every point-in-time feature: a classifier per horizon instead of hazards."""
    return _fit_predict(learnt, learnt.asked.rows.matrix, asked.rows.matrix)


def _fit_predict(learnt: Learnt, columns: Float64, asked: Float64) -> Float64:
    if not 0 < learnt.late.sum() < len(learnt.late):
        return np.full(len(asked), learnt.rate)
    booster = train_booster(columns, learnt.late, _PARAMETERS, _TREES)
    return np.asarray(booster.predict(asked, num_threads=1))


def _columns(asked: Asked) -> Float64:
    names = (*INVOICE_COLUMNS, *_MASTER_FEATURES)
    return np.column_stack([*(asked.feature(name) for name in names), asked.master])
