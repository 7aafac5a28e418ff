"""An upper bound of the probability of default, wider where less is known of the customer.

Two things are not known. How often customers with such a score default: counted on customers the
model had not seen, in neighbourhoods of the score, with the one-sided Clopper-Pearson bound, as
Pluto and Tasche (2005) bound the PD of a grade with few defaults. And how much of the customer a
short history hides: the log-odds of customers with few settled invoices move more within a year
than those of customers with many, and by so much more they are uncertain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, norm

from features.facts.versions import DAY
from models.snapshot_months import add_months
from models.snapshots import Snapshots

Float64 = npt.NDArray[np.float64]

HISTORY_FROM = (0.0, 3.0, 12.0, 36.0)
"""Settled invoices of the last year at which each band of history begins."""
_MOST_NEIGHBOURHOODS = 10
_CUSTOMER_YEARS = 40.0
"""At least, of a neighbourhood."""
_PRIOR_PAIRS = 50.0
_PRIOR_EXCESS = np.array([0.30, 0.15, 0.05, 0.0])
"""Variance by which thin histories are taken to move more, until `_PRIOR_PAIRS` pairs tell."""
_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class UpperBound:
    """Maps a probability and a history to an upper bound, ascending in the probability.

    Parameters
    ----------
    log_odds, bound : float64 arrays of shape (points,)
        The bound's log-odds at log-odds of the model, both ascending; beyond the ends the distance
        stays, between them it is interpolated.
    history : float64 array of shape (bands,)
        What is added to the log-odds by the bands of `HISTORY_FROM`, descending.
    """

    log_odds: Float64
    bound: Float64
    history: Float64

    def apply(self, probability: Float64, settled: Float64) -> Float64:
        """Return upper bounds, shape (n,); NaN where the probability is."""
        clipped = np.clip(probability, _EDGE, 1 - _EDGE)
        logit = np.log(clipped / (1 - clipped))
        width = np.interp(logit, self.log_odds, self.bound - self.log_odds)
        band = np.searchsorted(np.array(HISTORY_FROM), settled, side="right") - 1
        upper = logit + width + self.history[np.maximum(band, 0)]
        return np.asarray(1.0 / (1.0 + np.exp(-upper)))

    def to_document(self) -> dict[str, Any]:
        """Return the bound as plain data."""
        names = ("log_odds", "bound", "history")
        return {name: getattr(self, name).tolist() for name in names}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> UpperBound:
        """Rebuild the bound."""
        return cls(*(np.array(document[name]) for name in ("log_odds", "bound", "history")))


def fit_upper_bound(
    snapshots: Snapshots, unseen: Float64, window_months: int, confidence: float
) -> UpperBound:
    """Measure the bound on calibrated log-odds of customers that the model had not seen.

    Parameters
    ----------
    snapshots : Snapshots
    unseen : float64 array of shape (n,)
    window_months : int
        Months of which one default counts: so many snapshots are one customer-year's worth.
    confidence : float
        One-sided.
    """
    points = _neighbourhoods(snapshots.bad, unseen, window_months, confidence)
    # Ascending, so that a higher probability never has a lower bound.
    at, bound = points[:, 0], np.maximum.accumulate(points[:, 1])
    excess = _excess_by_history(snapshots, unseen, window_months)
    return UpperBound(at, bound, norm.ppf(confidence) * np.sqrt(excess))


def _neighbourhoods(
    bad: npt.NDArray[np.bool_], unseen: Float64, window_months: int, confidence: float
) -> Float64:
    """Return the mean log-odds of each neighbourhood and its bound's, ascending."""
    years = len(bad) / window_months
    count = int(np.clip(years // _CUSTOMER_YEARS, 1, _MOST_NEIGHBOURHOODS))
    order = np.argsort(unseen, kind="stable")
    found = []
    for part in np.array_split(order, count):
        n, k = len(part) / window_months, bad[part].sum() / window_months
        mean = float(np.mean(1.0 / (1.0 + np.exp(-unseen[part]))))
        # Not below what the model says itself.
        upper = max(float(beta.ppf(confidence, k + 1.0, max(n - k, _EDGE))), mean)
        found.append([_logit(mean), _logit(upper)])
    points = np.array(found)
    kept = np.append(True, np.diff(points[:, 0]) > _EDGE)
    return np.asarray(points[kept])


def _excess_by_history(snapshots: Snapshots, unseen: Float64, window_months: int) -> Float64:
    """Return by how much more the log-odds vary within a window than with a long history."""
    days = np.unique(snapshots.as_of // DAY)
    later = {int(day): add_months(int(day), window_months) for day in days}
    day = snapshots.as_of // DAY
    place = {pair: row for row, pair in enumerate(zip(snapshots.customer, day, strict=True))}
    following = [
        place.get((c, later[int(d)]), -1) for c, d in zip(snapshots.customer, day, strict=True)
    ]
    then = np.array(following, dtype=np.int64)
    here = np.flatnonzero(then >= 0)
    moved = unseen[then[here]] - unseen[here]
    band = np.searchsorted(np.array(HISTORY_FROM), snapshots.settled[here], side="right") - 1
    pairs = np.bincount(band, minlength=len(HISTORY_FROM)) / window_months
    variance = np.array([moved[band == b].var() if (band == b).any() else 0.0 for b in range(4)])
    excess = np.maximum(variance - variance[-1], 0.0)
    excess = (pairs * excess + _PRIOR_PAIRS * _PRIOR_EXCESS) / (pairs + _PRIOR_PAIRS)
    # A longer history never makes less certain.
    return np.asarray(np.maximum.accumulate(excess[::-1])[::-1])


def _logit(p: float) -> float:
    p = min(max(p, _EDGE), 1 - _EDGE)
    return float(np.log(p / (1 - p)))
