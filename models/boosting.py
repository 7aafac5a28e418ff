"""Training many small boosters side by side, with the same result on any number of cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Result = TypeVar("Result")

_COMMON = {
    "objective": "binary",
    "max_bin": 63,
    # One thread a booster: results do not depend on the machine, and LightGBM's threads do not
    # wait for each other where cores are busy. LightGBM releases the GIL, so boosters train side
    # by side.
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


def train_booster(
    matrix: Float64,
    label: npt.NDArray[np.bool_],
    parameters: dict[str, Any],
    trees: int,
    weight: Float64 | None = None,
) -> lgb.Booster:
    """Train one booster of log-odds; NaN is a value of its own."""
    parameters = _COMMON | parameters
    data = lgb.Dataset(matrix, label.astype(np.int8), weight=weight, params=parameters)
    return lgb.train(parameters, data, num_boost_round=trees)


def side_by_side(tasks: Iterable[Callable[[], Result]]) -> list[Result]:
    """Run tasks on all cores; results in the order of the tasks."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def mean_log_odds(boosters: tuple[lgb.Booster, ...], matrix: Float64, threads: int) -> Float64:
    """Return the boosters' mean log-odds, shape (n,)."""
    scores = [b.predict(matrix, raw_score=True, num_threads=threads) for b in boosters]
    return np.asarray(np.mean(scores, axis=0))
