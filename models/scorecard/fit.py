"""Fitting a scorecard: bins, a selection with its record, forced signs, points by PDO."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from configs.settings import DefaultSettings, ScorecardSettings
from models.calibration import fit_calibration
from models.scorecard.binning import Binned
from models.scorecard.bins import Bin, Characteristic
from models.scorecard.candidates import Candidates
from models.scorecard.card import Scorecard
from models.scorecard.selection import select
from models.snapshots import Snapshots, folds, later_half, require_defaults
from models.usual import usual_values

Float64 = npt.NDArray[np.float64]

_FOLDS = 3
"""Optimal binning is the slow part: three cards, not five, serve calibration."""


def fit_scorecard(
    snapshots: Snapshots, settings: ScorecardSettings, definition: DefaultSettings
) -> Scorecard:
    """Fit a card on matured snapshots, calibrated on later months of customers it did not see.

    Raises
    ------
    ValueError
        Too few defaulted customers, or no characteristic that separates them.
    """
    require_defaults("scorecard", snapshots, definition)
    card = fit_card(Candidates.of(snapshots), settings)
    whole = snapshots.whole
    unseen = unseen_good_log_odds(snapshots, settings)[snapshots.matured]
    later = later_half(whole)
    # The card's log-odds are of good, the calibration's of bad.
    calibration = fit_calibration(whole.bad[later], -unseen[later], checked=False)
    return replace(card, slope=calibration.slope, intercept=-calibration.intercept)


def unseen_good_log_odds(snapshots: Snapshots, settings: ScorecardSettings) -> Float64:
    """Return every row's log-odds of good from cards fitted without its customer, shape (n,)."""
    candidates = Candidates.of(snapshots)
    fold = folds(candidates.customer, _FOLDS)
    unseen = np.zeros(len(candidates))
    for held_out in np.unique(fold):
        card = fit_card(candidates.take(fold != held_out), settings)
        rows = fold == held_out
        unseen[rows] = card.raw(candidates.matrix[rows])
    return unseen


def fit_card(candidates: Candidates, settings: ScorecardSettings) -> Scorecard:
    """Fit a card on any table of candidates; its log-odds are not calibrated.

    See `models.scorecard.selection.select` for how characteristics are chosen.

    Raises
    ------
    ValueError
        No characteristic separates goods from bads.
    """
    selection = select(candidates, settings)
    if not selection.taken:
        raise ValueError("scorecard: no characteristic separates goods from bads; more history")
    factor = settings.pdo / np.log(2.0)
    offset = settings.base_score - factor * np.log(settings.base_odds)
    intercept, *weights = selection.weights.tolist()
    return Scorecard(
        features=candidates.names,
        characteristics=tuple(
            _characteristic(binned, weight, float(factor))
            for binned, weight in zip(selection.taken, weights, strict=True)
        ),
        base_points=round(offset + factor * intercept),
        factor=float(factor),
        offset=float(offset),
        slope=1.0,
        intercept=0.0,
        grades=dict(settings.grades),
        usual=usual_values(candidates.matrix),
        rows_per_customer=candidates.rows_per_customer,
        selection=selection.record,
    )


def _characteristic(binned: Binned, weight: float, factor: float) -> Characteristic:
    layout = binned.layout
    bins = []
    for number, (kind, (low, high)) in enumerate(zip(layout.kinds, layout.edges, strict=True)):
        woe = float(binned.woe[number])
        points = round(woe * weight * factor)
        goods, bads = int(binned.goods[number]), int(binned.bads[number])
        bins.append(Bin(kind, low, high, goods, bads, woe, points, points))
    return Characteristic(binned.name, binned.iv, weight, binned.direction, tuple(bins))
