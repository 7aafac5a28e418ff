"""Fitting a scorecard: bins, selection a person can follow, forced signs, points by PDO."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from configs.settings import DefaultSettings, ScorecardSettings
from features.catalogue import CUSTOMER_FEATURES
from models.calibration import fit_calibration
from models.scorecard.binning import count_bins, split_points, weights_of_evidence
from models.scorecard.card import Bin, Characteristic, Scorecard
from models.snapshots import Snapshots, folds, later_half, require_defaults
from models.usual import usual_values

Float64 = npt.NDArray[np.float64]


_FOLDS = 3
"""Optimal binning is the slow part: three cards, not five, serve calibration."""


@dataclass(frozen=True)
class _Binned:
    """A candidate: its cuts, and the WOE of every row and bin."""

    feature: str
    cuts: list[float]
    goods: npt.NDArray[np.int64]
    bads: npt.NDArray[np.int64]
    woe: Float64
    iv: float
    rows: Float64


def fit_scorecard(
    snapshots: Snapshots, settings: ScorecardSettings, definition: DefaultSettings
) -> Scorecard:
    """Fit a card on matured snapshots.

    A characteristic is taken in the order of its information value if that lies between
    ``min_iv`` and ``max_iv`` (more smells of a leak) and no characteristic already taken is
    correlated with it by more than ``max_correlation``; it stays while its coefficient has the
    sign of risk. The card is calibrated on the later months of customers it did not see.

    Raises
    ------
    ValueError
        Too few defaulted customers, or no characteristic that separates them.
    """
    require_defaults("scorecard", snapshots, definition)
    card = _fit(snapshots, settings)
    unseen = unseen_good_log_odds(snapshots, settings)
    later = later_half(snapshots)
    by_time = np.argsort(snapshots.as_of[later], kind="stable")
    # The card's log-odds are of good, the calibration's of bad.
    calibration = fit_calibration(snapshots.bad[later][by_time], -unseen[later][by_time])
    return Scorecard(
        card.features,
        card.characteristics,
        card.base_points,
        card.factor,
        card.offset,
        calibration.slope,
        -calibration.intercept,
        dict(settings.grades),
        card.usual,
    )


def unseen_good_log_odds(snapshots: Snapshots, settings: ScorecardSettings) -> Float64:
    """Return every row's log-odds of good from cards fitted without its customer, shape (n,)."""
    fold = folds(snapshots.customer, _FOLDS)
    unseen = np.zeros(len(snapshots))
    for held_out in np.unique(fold):
        card = _fit(snapshots.take(fold != held_out), settings)
        rows = fold == held_out
        unseen[rows] = (card.score(snapshots.matrix[rows]) - card.offset) / card.factor
    return unseen


def _fit(snapshots: Snapshots, settings: ScorecardSettings) -> Scorecard:
    chosen = _select(_candidates(snapshots, settings), settings)
    coefficients, intercept = np.empty(0), 0.0
    while chosen:
        design = np.column_stack([candidate.rows for candidate in chosen])
        regression = LogisticRegression(C=1.0, max_iter=500).fit(design, ~snapshots.bad)
        coefficients, intercept = regression.coef_[0], float(regression.intercept_[0])
        if (coefficients > 0).all():
            break
        chosen = [c for c, weight in zip(chosen, coefficients, strict=True) if weight > 0]
    if not chosen:
        raise ValueError("scorecard: no characteristic separates goods from bads; more history")
    factor = settings.pdo / np.log(2.0)
    offset = settings.base_score - factor * np.log(settings.base_odds)
    return Scorecard(
        features=CUSTOMER_FEATURES,
        characteristics=tuple(
            _characteristic(candidate, float(weight) * factor)
            for candidate, weight in zip(chosen, coefficients, strict=True)
        ),
        base_points=round(offset + factor * intercept),
        factor=float(factor),
        offset=float(offset),
        slope=1.0,
        intercept=0.0,
        grades=dict(settings.grades),
        usual=usual_values(snapshots.matrix),
    )


def _candidates(snapshots: Snapshots, settings: ScorecardSettings) -> list[_Binned]:
    found = []
    for column, feature in enumerate(CUSTOMER_FEATURES):
        values = snapshots.matrix[:, column]
        cuts = split_points(feature, values, snapshots.bad, settings.min_bin_share)
        if not cuts:
            continue
        position, goods, bads = count_bins(values, snapshots.bad, cuts)
        woe, iv = weights_of_evidence(goods, bads)
        if settings.min_iv <= iv <= settings.max_iv:
            found.append(_Binned(feature, cuts, goods, bads, woe, iv, woe[position]))
    return sorted(found, key=lambda candidate: (-candidate.iv, candidate.feature))


def _select(candidates: list[_Binned], settings: ScorecardSettings) -> list[_Binned]:
    taken: list[_Binned] = []
    for candidate in candidates:
        correlated = any(
            abs(np.corrcoef(candidate.rows, other.rows)[0, 1]) > settings.max_correlation
            for other in taken
        )
        if not correlated:
            taken.append(candidate)
        if len(taken) == settings.max_characteristics:
            break
    return taken


def _characteristic(candidate: _Binned, points_per_woe: float) -> Characteristic:
    edges = [-np.inf, *candidate.cuts, np.inf]
    lows: list[float | None] = [None, *edges[:-1]]
    highs: list[float | None] = [None, *edges[1:]]
    bins = tuple(
        Bin(low, high, int(goods), int(bads), float(woe), round(float(woe) * points_per_woe))
        for low, high, goods, bads, woe in zip(
            lows, highs, candidate.goods, candidate.bads, candidate.woe, strict=True
        )
    )
    return Characteristic(candidate.feature, candidate.iv, bins)
