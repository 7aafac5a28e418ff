"""Measures of cash forecasts: errors beside the rules of thumb, coverage of the intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.cash_forecast.periods import NEXT_WEEKS, WEEKS

RULES = ("as_usual", "when_due")
"""The columns of `naive.pays_as_usual` and `naive.pays_when_due`."""

_HORIZONS = (
    ("week 1", 1, 1),
    ("week 2", 2, 2),
    ("week 3", 3, 3),
    ("week 4", 4, 4),
    ("weeks 5-8", 5, 8),
    ("weeks 9-13", 9, WEEKS),
    ("all weeks", 1, WEEKS),
    (f"{NEXT_WEEKS} weeks together", 0, 0),
)


def cash_metrics(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return the measures of every horizon, over all origins.

    Parameters
    ----------
    forecasts : DataFrame
        ``origin horizon actual forecast low high`` and `RULES`, a row per origin and week.

    Returns
    -------
    DataFrame
        ``horizon forecasts origins coverage below above width mean_actual bias`` and ``mae_*``,
        ``wape_*`` of the forecast and the rules. ``wape`` is the sum of absolute errors over the
        sum of the cash that came; ``bias`` the forecast over that sum, less 1; ``width`` the mean
        width of the intervals over the mean cash.
    """
    return pd.DataFrame(
        [
            {"horizon": name, **_measure(part)}
            for name, first, last in _HORIZONS
            if len(part := forecasts[forecasts["horizon"].between(first, last)])
        ]
    )


def _measure(part: pd.DataFrame) -> dict[str, float]:
    actual = part["actual"]
    total = float(actual.abs().sum())
    below, above = actual < part["low"], actual > part["high"]
    measured = {
        "forecasts": float(len(part)),
        "origins": float(part["origin"].nunique()),
        "coverage": float(1.0 - (below | above).mean()),
        "below": float(below.mean()),
        "above": float(above.mean()),
        "width": float((part["high"] - part["low"]).sum() / total) if total else np.nan,
        "mean_actual": float(actual.mean()),
        "bias": float(part["forecast"].sum() / total - 1.0) if total else np.nan,
    }
    for name in ("forecast", *RULES):
        error = (part[name] - actual).abs()
        measured[f"mae_{name}"] = float(error.mean())
        measured[f"wape_{name}"] = float(error.sum() / total) if total else np.nan
    return measured
