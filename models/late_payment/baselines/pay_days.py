"""Rules for the payment day: quantiles of days late by share, 0.5 always among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.facts.versions import Int64
from models.evaluation.dates import SHARES
from models.late_payment.baselines.cases import Asked
from models.late_payment.dataset import Rows
from models.late_payment.grid import HORIZONS

_SETTLED_BY = HORIZONS[-1]
_ENOUGH = 30


@dataclass(frozen=True)
class Portfolio:
    """How late everyone's invoices were, as known at a cutoff.

    Parameters
    ----------
    days_late : int64 array of shape (n,)
        Ascending; of invoices due long enough ago for the longest horizon to have passed.
    """

    days_late: Int64

    @classmethod
    def learn(cls, rows: Rows) -> Portfolio:
        """Take invoices at their issue; with too few that are old enough, what is known so far."""
        old = rows.observed >= _SETTLED_BY
        return cls(np.sort(rows.days_late[old if old.sum() >= _ENOUGH else rows.observed >= 0]))

    def quantile(self, share: float, start: Int64) -> Int64:
        """Return the quantile of those still open when ``start`` days late; ``start`` if none."""
        if len(self.days_late) == 0:
            return np.maximum(start, 0)
        total = len(self.days_late)
        past = np.searchsorted(self.days_late, start)
        at = past + np.ceil(share * (total - past)).astype(np.int64) - 1
        found = self.days_late[np.clip(at, 0, total - 1)]
        return np.where(past < total, np.maximum(found, start), start)


def pay_day_rules(portfolio: Portfolio, asked: Asked) -> Mapping[str, Mapping[float, Int64]]:
    """Return the days late that each rule expects.

    ``due_date``: on the due date, or today. ``own_median``: the customer's median of the last
    twenty, the portfolio's for a customer without one, or today. ``own_median_mended``: the same
    until that day has passed, then the portfolio's median of those open as long.
    ``portfolio``: its quantiles, given today's age.
    """
    start = asked.rows.start
    median = asked.feature("customer_days_late_median_last20")
    nowhere = np.full(len(start), np.iinfo(np.int32).min, dtype=np.int64)
    usual = portfolio.quantile(0.5, nowhere)
    own = np.where(np.isnan(median), usual, np.rint(np.nan_to_num(median))).astype(np.int64)
    conditional = portfolio.quantile(0.5, start)
    return {
        "due_date": {0.5: np.maximum(0, start)},
        "own_median": {0.5: np.maximum(own, start)},
        "own_median_mended": {0.5: np.where(own < start, conditional, own)},
        "portfolio": {share: portfolio.quantile(share, start) for share in SHARES},
    }
