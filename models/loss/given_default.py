"""Loss given default: measured on finished workouts, shrunk by segment, else an assumption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import LossSettings, Settings
from features.facts.book import Book
from features.ledger.storage import Ledger
from models.loss.workouts import finished_workouts

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

ASSUMED = "assumption"
_Z = 1.645
"""A 90% interval, two-sided."""


@dataclass(frozen=True)
class LossGivenDefault:
    """LGD of the portfolio with its interval, and of segments.

    Parameters
    ----------
    mean, low, high : float
        Of the portfolio, 0 to 1; the 90% interval of the mean, or the assumption less and plus
        ``assumed_spread``.
    workouts : int
        Finished workouts it was measured on; 0 where there were too few: an assumption.
    by_segment : mapping of int to (float, int)
        LGD and workouts of each segment with any; codes are the book's.
    mean_days : float
        From default to the cash, by amount; NaN where none came.
    """

    mean: float
    low: float
    high: float
    workouts: int
    by_segment: Mapping[int, tuple[float, int]]
    mean_days: float

    def of(self, segment: Int64) -> tuple[Float64, npt.NDArray[np.object_]]:
        """Return the LGD of customers by segment (-1: none), and what each rests on."""
        if not self.workouts:
            return np.full(len(segment), self.mean), np.full(len(segment), ASSUMED, dtype=object)
        portfolio = (self.mean, f"{self.workouts} workouts")
        known = {
            code: (lgd, f"{count} workouts of its segment, {self.workouts} of all")
            for code, (lgd, count) in self.by_segment.items()
        }
        answers = [known.get(int(code), portfolio) for code in segment]
        basis = np.array([basis for _, basis in answers], dtype=object)
        return np.array([lgd for lgd, _ in answers], dtype=np.float64), basis


def assumed(settings: LossSettings, lgd: float) -> LossGivenDefault:
    """Return the assumption, where recoveries do not tell."""
    low, high = max(lgd - settings.assumed_spread, 0.0), min(lgd + settings.assumed_spread, 1.0)
    return LossGivenDefault(lgd, low, high, 0, {}, float("nan"))


def learn_lgd(workouts: pd.DataFrame, settings: LossSettings, lgd: float) -> LossGivenDefault:
    """Measure the LGD on finished workouts.

    A segment's mean is drawn towards the portfolio's as if it had ``prior_workouts`` more of
    average loss. Every default counts the same, as the probability of default counts them.

    Parameters
    ----------
    workouts : DataFrame
        From `finished_workouts`.
    settings : LossSettings
    lgd : float
        The assumption, for fewer than ``min_workouts``.

    Examples
    --------
    >>> frame = pd.DataFrame({"segment": [0] * 30, "lgd": 0.4, "recovered": 6.0, "mean_days": 90.0})
    >>> learnt = learn_lgd(frame, LossSettings(), 0.45)
    >>> round(learnt.mean, 2), learnt.workouts, learnt.mean_days
    (0.4, 30, 90.0)
    """
    count = len(workouts)
    if count < settings.min_workouts:
        return assumed(settings, lgd)
    mean = float(workouts["lgd"].mean())
    error = float(workouts["lgd"].std(ddof=1)) / np.sqrt(count)
    prior = settings.prior_workouts
    by_segment = {
        int(str(code)): (float((part.sum() + prior * mean) / (len(part) + prior)), len(part))
        for code, part in workouts[workouts["segment"] >= 0].groupby("segment")["lgd"]
    }
    paid = workouts[workouts["mean_days"].notna() & (workouts["recovered"] > 0)]
    weight = paid["recovered"].sum()
    days = (paid["mean_days"] * paid["recovered"]).sum() / weight if weight else np.nan
    low, high = max(mean - _Z * error, 0.0), min(mean + _Z * error, 1.0)
    return LossGivenDefault(mean, low, high, count, by_segment, float(days))


def learnt_lgd(ledger: Ledger, book: Book, settings: Settings, cutoff: int) -> LossGivenDefault:
    """Measure the LGD on what a ledger knew of its workouts before a moment.

    Parameters
    ----------
    ledger : Ledger
        The one the book was loaded from.
    book : Book
    settings : Settings
    cutoff : int
        Microseconds since 1970.
    """
    workouts = finished_workouts(ledger, book, settings.default, settings.loss, cutoff)
    return learn_lgd(workouts, settings.loss, settings.default.lgd)
