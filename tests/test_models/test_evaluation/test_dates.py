from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.dates import date_losses

DRAW = np.random.default_rng(2)


def test_the_true_quantiles_have_the_least_pinball_loss_though_outcomes_are_cut_off():
    late = np.rint(DRAW.gamma(1.5, 12.0, 4000)).astype(np.int64) - 5
    observed = DRAW.integers(10, 60, 4000)
    closed = late < observed
    seen = np.minimum(late, observed)

    def pinball(shift: int) -> float:
        quantiles = {
            share: np.full(4000, int(np.quantile(late, share)) + shift) for share in (0.1, 0.5, 0.9)
        }
        return float(date_losses(seen, closed, observed, quantiles)["pinball"].mean())

    assert pinball(0) < min(pinball(-4), pinball(4))


def test_an_open_invoice_does_not_count_as_covered():
    quantiles = {share: np.array([day]) for share, day in ((0.1, 0), (0.5, 5), (0.9, 50))}
    still_open = date_losses(np.array([20]), np.array([False]), np.array([20]), quantiles)
    assert still_open["covered"].tolist() == [0.0]
    assert np.isnan(still_open["error_paid"]).all()
    paid = date_losses(np.array([20]), np.array([True]), np.array([30]), quantiles)
    assert paid["covered"].tolist() == [1.0]
    assert paid["pinball_90"][0] == pytest.approx(0.1 * 10)
