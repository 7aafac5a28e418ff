"""Expected loss within the performance window: PD x LGD x exposure that no insurer bears."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Float64 = npt.NDArray[np.float64]

SCENARIO_COLUMNS = ["scenario", "horizon_months", "currency", "pd_12m", "lgd", "exposure"]
SCENARIO_COLUMNS += ["insured", "expected_loss", "recovery_days"]


def insurers_part(exposure: Float64, cover: Float64, borne: Float64) -> Float64:
    """Return what insurers would bear of an exposure.

    Parameters
    ----------
    exposure : float64 array of shape (n,)
    cover : float64 array of shape (n,)
        Up to which exposure is insured.
    borne : float64 array of shape (n,)
        What insurers bear of that; the rest is the seller's own share.

    Examples
    --------
    >>> insurers_part(np.array([50.0, 200.0]), np.array([100.0, 100.0]), np.array([90.0, 90.0]))
    array([45., 90.])
    """
    share = np.where(cover > 0, borne / np.maximum(cover, 1e-9), 0.0)
    return np.asarray(np.minimum(np.maximum(exposure, 0.0), cover) * share)


def book_scenarios(
    customers: pd.DataFrame,
    lgd_range: tuple[float, float, float],
    months: int,
    recovery_days: float,
) -> pd.DataFrame:
    """Return the book's expected loss, and how it moves with what is not certain.

    Parameters
    ----------
    customers : DataFrame
        ``currency pd_12m pd_upper lgd exposure insured``. Where some have no PD, for want of a
        model, neither PD nor loss is said of the book.
    lgd_range : tuple of float
        Lower end, mean and upper end of the portfolio's LGD: every customer's moves with it.
    months : int
        The horizon of the PD.
    recovery_days : float
        From default to the cash that came of it, by amount; NaN where none was measured.

    Returns
    -------
    DataFrame
        `SCENARIO_COLUMNS`; the PD and the LGD are means weighted by exposure.
    """
    low, mean, high = lgd_range
    exposure, insured = customers["exposure"].clip(lower=0), customers["insured"]
    scenarios = {
        "base": (customers["pd_12m"], 0.0, insured),
        "lower LGD": (customers["pd_12m"], low - mean, insured),
        "higher LGD": (customers["pd_12m"], high - mean, insured),
        "upper PD": (customers["pd_upper"], 0.0, insured),
        "upper PD and higher LGD": (customers["pd_upper"], high - mean, insured),
        "no insurer pays": (customers["pd_12m"], 0.0, insured * 0.0),
    }
    total = float(exposure.sum())
    rows = []
    for name, (chance, moved, borne) in scenarios.items():
        lgd = (customers["lgd"] + moved).clip(0.0, 1.0)
        loss = (chance * lgd * (exposure - borne).clip(lower=0.0)).sum(skipna=False)
        rows.append(
            {
                "scenario": name,
                "horizon_months": months,
                "currency": customers["currency"].iloc[0] if len(customers) else None,
                "pd_12m": float((chance * exposure).sum(skipna=False) / total) if total else np.nan,
                "lgd": float((lgd * exposure).sum() / total) if total else np.nan,
                "exposure": round(total, 2),
                "insured": round(float(borne.sum()), 2),
                "expected_loss": round(float(loss), 2) if len(customers) else np.nan,
                "recovery_days": round(recovery_days, 1),
            }
        )
    return pd.DataFrame(rows, columns=SCENARIO_COLUMNS)
