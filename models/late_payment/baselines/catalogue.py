"""The baselines by name, and at which moments each has something to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from threadpoolctl import threadpool_limits

from models.boosting import side_by_side
from models.late_payment.baselines import regression, rules, trees
from models.late_payment.baselines.cases import Asked, Float64, Learnt

Baseline = Callable[[Learnt, Asked], Float64]

REFERENCE = "lr_history"
"""Logistic regression with history: what the model is judged against."""

AT_ISSUE: Mapping[str, Baseline] = {
    "base_rate": rules.base_rate,
    "due_date": rules.due_date,
    "last_invoice": rules.last_invoice,
    "own_late_rate": rules.own_late_rate,
    "own_median": rules.own_median,
    "lr_invoice": regression.invoice_columns,
    "lr_record": regression.short_record,
    "lgbm_raw": trees.raw_columns,
    "lgbm_history": trees.with_history,
    REFERENCE: regression.with_history,
}
WHILE_OPEN: Mapping[str, Baseline] = {**AT_ISSUE, "aging": rules.aging}
NAMES = tuple(WHILE_OPEN)


def predict_all(
    baselines: Mapping[str, Baseline], learnt: Learnt, asked: Asked
) -> dict[str, Float64]:
    """Fit every baseline on what was known at the cutoff and return its probabilities."""
    # A baseline a core. Several threads inside one would wait for each other on busy cores, and
    # their sums would end in other last digits.
    with threadpool_limits(1, "blas"):
        fitted = side_by_side(partial(fit, learnt, asked) for fit in baselines.values())
    return dict(zip(baselines, fitted, strict=True))
