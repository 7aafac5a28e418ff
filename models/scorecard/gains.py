"""What a candidate would add to the characteristics taken: how certainly, and how much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.scorecard.binning import Binned, count_bins, weights_of_evidence
from models.scorecard.candidates import Candidates
from models.snapshots import folds

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


class Gain(NamedTuple):
    """What a candidate would add: standard errors, and log-likelihood per thousand rows."""

    errors: float
    adds: float


class Halves:
    """Two halves of the customers, and two of the time where there is any."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._kept: dict[str, Float64] = {}
        self.customers = folds(candidates.customer, 2)
        self.early = candidates.when < np.quantile(candidates.when, 0.5)
        bad = candidates.bad
        self.timed = _both(bad[self.early]) and _both(bad[~self.early])
        self.shared = _both(bad[self.customers == 0]) and _both(bad[self.customers == 1])

    def woe(self, binned: Binned) -> Float64:
        """Return the WOE of each row from the half of the customers that it is not in."""
        if not self.shared:
            return binned.rows
        if binned.name not in self._kept:
            self._kept[binned.name] = self._learnt(binned)
        by_half = self._kept[binned.name]
        return np.asarray(by_half[self.customers, binned.position])

    def _learnt(self, binned: Binned) -> Float64:
        """Return the WOE per bin that rows of each half are given, shape (2, bins)."""
        by_half = np.empty((2, len(binned.woe)))
        for half in (0, 1):
            learnt = self.customers != half
            goods, bads = count_bins(
                binned.position[learnt],
                self._candidates.bad[learnt],
                len(binned.woe),
                self._candidates.weight[learnt],
            )
            by_half[half], _ = weights_of_evidence(
                goods, bads, binned.layout.first_range, self._candidates.rows_per_customer
            )
        return by_half


def _both(bad: Bool) -> bool:
    return bool(bad.any() and not bad.all())


def design_of(taken: Iterable[Binned], n: int) -> Float64:
    """Return a column of ones and the WOE of those taken, shape (n, 1 + taken)."""
    return np.column_stack([np.ones(n), *(b.rows for b in taken)])


def gains_of(
    pool: Iterable[Binned],
    taken: list[Binned],
    weights: Float64,
    candidates: Candidates,
    halves: Halves,
) -> dict[str, Gain]:
    """Return what each candidate would add: its score test beside those taken.

    Whether it adds: the score of a customer is the sum over its rows, and its square the variance,
    so the test counts customers, however many of their months there are (Liang and Zeger 1986). How
    much: the score's square over twice the information (Rao 1948), which does not favour what
    changes from month to month, as the certainty does. A candidate's WOE is that of the other half
    of the customers: its own would find something in noise.
    """
    design = design_of(taken, len(candidates))
    p = 1.0 / (1.0 + np.exp(-(design @ weights)))
    residual = candidates.weight * (~candidates.bad - p)
    spread = candidates.weight * p * (1 - p)
    weighted = design * spread[:, None]
    inverse = np.linalg.pinv(design.T @ weighted)
    _, customer = np.unique(candidates.customer, return_inverse=True)
    found = {}
    for binned in pool:
        column = halves.woe(binned)
        own = column - design @ (inverse @ (weighted.T @ column))
        score = np.bincount(customer, weights=own * residual)
        total, information = float(score.sum()), float((spread * own) @ column)
        found[binned.name] = Gain(
            total / float(np.sqrt((score * score).sum() + 1e-12)),
            500.0 * total * abs(total) / max(information, 1e-9) / len(candidates),
        )
    return found
