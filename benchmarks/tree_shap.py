"""SHAP values against LightGBM's prediction: many rows, one row.

    python benchmarks/tree_shap.py

Prints a Markdown row for each size of booster. Both sides run on one thread; each figure is the
best of many runs that take turns, so that other work on the machine falls on both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import lightgbm as lgb
import numpy as np

from models.tree_shap import contributions, read_trees

FEATURES = 60
ROWS = 2000
ROUNDS = 15


def booster(trees: int, leaves: int) -> tuple[lgb.Booster, np.ndarray]:
    """Return a booster and rows to explain."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10 * ROWS, FEATURES))
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + 0.3 * x[:, 4:20].sum(axis=1)
    y = score + rng.normal(size=len(x)) > 0
    x[rng.random(x.shape) < 0.05] = np.nan
    params = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "verbose": -1}
    return lgb.train(params, lgb.Dataset(x, y), trees), x[:ROWS].copy()


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print the times."""
    print("| trees x leaves | predict, us a row | SHAP, us a row | ratio | one row, ms |")
    print("|---|---|---|---|---|")
    for count, leaves in ((400, 31), (200, 15)):
        model, x = booster(count, leaves)
        trees = read_trees(model)
        contributions(trees, x)
        predict = shap = one = np.inf
        for _ in range(ROUNDS):
            predict = min(predict, seconds(lambda m=model, x=x: m.predict(x, num_threads=1)))
            shap = min(shap, seconds(lambda t=trees, x=x: contributions(t, x)))
            for row in range(20):
                one = min(one, seconds(lambda t=trees, r=x[row : row + 1]: contributions(t, r)))
        print(
            f"| {count} x {leaves} | {predict / ROWS * 1e6:.1f} | {shap / ROWS * 1e6:.1f} "
            f"| {shap / predict:.2f} | {one * 1e3:.2f} |"
        )


if __name__ == "__main__":
    main()
