"""How much of the hazards is regression: chosen on rows later than both learnt from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from configs.settings import LatePaymentSettings
from features.catalogue import INVOICE_FEATURES
from models.calibration import is_worse, log_losses
from models.late_payment.dataset import Rows, cases, thinned
from models.late_payment.grid import INTERVALS
from models.late_payment.hazard import Hazards
from models.late_payment.linear import LinearHazards, fit_linear

Float64 = npt.NDArray[np.float64]

SHARES = (0.25, 0.5, 0.75, 1.0)
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
    """Return the ridge and the share of regression by the log loss of later rows.

    The losses of all intervals are added up and one share serves them all: single intervals have
    too few payments to tell. Where a regression lowers the loss, the mildest ridge is taken that,
    with its best share, is not worse than the best one by more than a standard error, customers
    drawn: the regression that serves learns from more rows than those that choose. Elsewhere, and
    without ridges in the settings, the share is 0.
    """
    asked = [cases(later, interval) for interval in range(INTERVALS)]
    if not settings.regression_ridges or not any(len(chosen) for chosen, _ in asked):
        return 0.0, 0.0
    paid = np.concatenate([answer for _, answer in asked])
    customer = np.concatenate([later.keys.customer[chosen] for chosen, _ in asked])
    trees = [boosted.raw(later.matrix[chosen], i, None) for i, (chosen, _) in enumerate(asked)]

    def losses(linear: Float64, share: float) -> Float64:
        logits = [
            (1.0 - share) * logit + share * linear[chosen, interval]
            if boosted.of[interval].boosters
            else logit
            for interval, ((chosen, _), logit) in enumerate(zip(asked, trees, strict=True))
        ]
        return log_losses(paid, np.concatenate(logits))

    def best_share(ridge: float) -> tuple[float, Float64]:
        linear = regressions.of(ridge).log_odds(later.matrix)
        tried = {share: losses(linear, share) for share in SHARES}
        share = min(SHARES, key=lambda share: float(tried[share].sum()))
        return share, tried[share]

    found = {ridge: best_share(ridge) for ridge in settings.regression_ridges}
    _, least = min(found.values(), key=lambda blend: float(blend[1].sum()))
    if log_losses(paid, np.concatenate(trees)).sum() <= least.sum():
        return 0.0, 0.0
    mildest = next(r for r in sorted(found) if not is_worse(found[r][1], least, customer))
    return mildest, found[mildest][0]


def blended(boosted: Hazards, regressions: Regressions, blend: tuple[float, float]) -> Hazards:
    """Return hazards with their share of regression."""
    ridge, share = blend
    if share == 0.0:
        return boosted
    return replace(boosted, linear=regressions.of(ridge), share=share)
