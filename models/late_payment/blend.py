"""How much of the hazards is regression: chosen on rows later than both learnt from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from configs.settings import LatePaymentSettings
from features.catalogue import INVOICE_FEATURES
from models.calibration import log_losses
from models.late_payment.dataset import Rows, cases, thinned
from models.late_payment.grid import INTERVALS
from models.late_payment.hazard import Hazards
from models.late_payment.linear import LinearHazards, fit_linear

Float64 = npt.NDArray[np.float64]

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the regression in the log-odds."""


class Regressions:
    """Regressions of the same rows by ridge, fitted when first asked for."""

    def __init__(self, rows: Rows, settings: LatePaymentSettings) -> None:
        self._rows, self._settings = rows, settings
        self._fitted: dict[float, LinearHazards] = {}

    def of(self, ridge: float) -> LinearHazards:
        """Return the regressions with a ridge."""
        if ridge not in self._fitted:
            rows = thinned(self._rows, self._settings.regression_rows, self._settings.seed)
            latest = next(reversed(self._fitted.values()), None)
            self._fitted[ridge] = fit_linear(rows, INVOICE_FEATURES, ridge, latest)
        return self._fitted[ridge]


def choose_blend(
    boosted: Hazards, regressions: Regressions, later: Rows, settings: LatePaymentSettings
) -> tuple[float, float]:
    """Return the ridge and the share of regression with the lowest log loss on later rows.

    The losses of all intervals are added up and one share serves them all: single intervals have
    too few payments to tell. Without ridges in the settings the share is 0.
    """
    if not settings.regression_ridges:
        return 0.0, 0.0
    asked = [cases(later, interval) for interval in range(INTERVALS)]
    trees = [boosted.raw(later.matrix[chosen], i, None) for i, (chosen, _) in enumerate(asked)]
    best, least = (0.0, 0.0), np.inf
    for ridge in settings.regression_ridges:
        linear = regressions.of(ridge).log_odds(later.matrix)
        for share in SHARES:
            total = 0.0
            for interval, (chosen, paid) in enumerate(asked):
                logit = trees[interval]
                if boosted.of[interval].boosters:
                    logit = (1.0 - share) * logit + share * linear[chosen, interval]
                total += float(log_losses(paid, logit).sum())
            if total < least:
                best, least = (ridge, share), total
    return best


def blended(boosted: Hazards, regressions: Regressions, blend: tuple[float, float]) -> Hazards:
    """Return hazards with their share of regression."""
    ridge, share = blend
    if share == 0.0:
        return boosted
    return replace(boosted, linear=regressions.of(ridge), share=share)
