"""Measures of predictions, their intervals, and the parts of the rows they are taken on."""

from models.evaluation.calibration import calibration_table, expected_calibration_error
from models.evaluation.classification import (
    classification_metrics,
    kolmogorov_smirnov,
    population_stability_index,
)

__all__ = [
    "calibration_table",
    "classification_metrics",
    "expected_calibration_error",
    "kolmogorov_smirnov",
    "population_stability_index",
]
