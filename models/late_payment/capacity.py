"""Which boosters each interval's hazard is made of: chosen on rows later than they learnt from.

How large trees may be depends on how much there is to learn: of 2,000 invoices small ones say more
out of time, of a million large ones, and few payments fall into the late intervals of any ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from configs.settings import LatePaymentSettings, TreeSettings
from models.boosting import mean_log_odds, side_by_side, train_booster
from models.calibration import is_worse, log_losses
from models.late_payment.dataset import MIN_CASES, Rows, cases
from models.late_payment.grid import INTERVALS
from models.late_payment.hazard import Hazard, Hazards

Float64 = npt.NDArray[np.float64]
Choice = tuple[str, ...]
"""Names of the capacities whose boosters are averaged."""


class Boosters:
    """Boosters of every interval and capacity, trained when first asked for.

    Parameters
    ----------
    rows : Rows
    settings : LatePaymentSettings
    constraints : sequence of int
        Direction of risk per feature; the hazard of being paid falls with it.
    unused : sequence of int
        Columns that are not learnt from.
    """

    def __init__(
        self,
        rows: Rows,
        settings: LatePaymentSettings,
        constraints: Sequence[int],
        unused: Sequence[int] = (),
    ) -> None:
        self._settings = settings
        self._constraints = [-direction for direction in constraints]
        self._cases = [cases(rows, interval) for interval in range(INTERVALS)]
        self._matrix = rows.matrix
        self._unused = list(unused)
        self._trained: dict[tuple[int, str], tuple[lgb.Booster, ...]] = {}

    def trainable(self, interval: int, name: str) -> bool:
        """Return whether an interval has enough cases of either kind for a capacity."""
        paid = self._cases[interval][1]
        enough = len(paid) >= self._settings.capacities[name].min_cases
        return enough and min(int(paid.sum()), int((~paid).sum())) >= MIN_CASES

    def constant(self, interval: int) -> float:
        """Return the pooled rate of an interval."""
        # Half a case on either side keeps an interval that nobody reached off 0 and 1.
        paid = self._cases[interval][1]
        return float((paid.sum() + 0.5) / (len(paid) + 1.0))

    def train(self, wanted: Sequence[tuple[int, str]]) -> None:
        """Train boosters of (interval, capacity), side by side."""
        tasks = [
            (interval, name, number)
            for interval, name in wanted
            if self.trainable(interval, name) and (interval, name) not in self._trained
            for number in range(self._settings.seeds)
        ]
        made = side_by_side(partial(self._train, *task) for task in tasks)
        for (interval, name, _), booster in zip(tasks, made, strict=True):
            known = self._trained.get((interval, name), ())
            self._trained[interval, name] = (*known, booster)

    def of(self, interval: int, choice: Choice) -> tuple[lgb.Booster, ...]:
        """Return the boosters of a choice, none where the interval has too few cases."""
        self.train([(interval, name) for name in choice])
        return tuple(
            booster for name in choice for booster in self._trained.get((interval, name), ())
        )

    def _train(self, interval: int, name: str, number: int) -> lgb.Booster:
        settings, size = self._settings, self._settings.capacities[name]
        rows, paid = self._cases[interval]
        matrix = self._matrix[rows]
        # What is constant is never split on: the boosters keep the columns of the matrix.
        matrix[:, self._unused] = 0.0
        return train_booster(
            matrix,
            paid,
            {
                **booster_parameters(size, settings),
                "monotone_constraints": self._constraints,
                "seed": settings.seed + number,
            },
            size.trees,
        )


def booster_parameters(size: TreeSettings, settings: LatePaymentSettings) -> dict[str, Any]:
    """Return LightGBM's parameters of a capacity."""
    return {
        "learning_rate": size.learning_rate,
        "num_leaves": size.leaves,
        "min_data_in_leaf": size.min_rows_in_leaf,
        "feature_fraction": size.feature_fraction,
        "lambda_l2": size.lambda_l2,
        "extra_trees": settings.extra_trees,
    }


def choose(boosters: Boosters, later: Rows, settings: LatePaymentSettings) -> list[Choice]:
    """Choose the capacity of every interval by the log loss of later rows.

    From the smallest on the next larger is tried as long as it, or the average of the two, is as
    good: not worse by more than a standard error. In doubt the larger is taken, since the hazards
    that serve will learn from more rows than those that choose.
    """
    names = list(settings.capacities)
    choices: list[Choice] = [(names[0],)] * INTERVALS
    growing = list(range(INTERVALS))
    losses: dict[int, Float64] = {}
    scores: dict[int, Float64] = {}
    for place, name in enumerate(names):
        growing = [interval for interval in growing if boosters.trainable(interval, name)]
        boosters.train([(interval, name) for interval in growing])
        still = []
        for interval in growing:
            chosen, paid = cases(later, interval)
            if len(chosen) == 0:
                continue
            own = mean_log_odds(boosters.of(interval, (name,)), later.matrix[chosen], threads=0)
            candidates: list[tuple[Choice, Float64]] = [((name,), log_losses(paid, own))]
            if place:
                average = (scores[interval] + own) / 2
                candidates.append(((names[place - 1], name), log_losses(paid, average)))
            scores[interval] = own
            for choice, loss in candidates:
                if interval not in losses or not is_worse(loss, losses[interval]):
                    losses[interval], choices[interval] = loss, choice
                    still.append(interval)
                    break
        growing = still
    return choices


def boosted(boosters: Boosters, choices: Sequence[Choice]) -> Hazards:
    """Return the chosen boosters of every interval as its hazard, not calibrated yet."""
    boosters.train([(i, name) for i, choice in enumerate(choices) for name in choice])
    return Hazards(
        tuple(
            Hazard(boosters.of(interval, choice), boosters.constant(interval))
            for interval, choice in enumerate(choices)
        )
    )
