"""The plot of a cash forecast's backtest."""

from __future__ import annotations

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

matplotlib.use("Agg")

_BLUE, _GREY, _RED = "#2457a6", "#8a94a3", "#b3372f"
_SHOWN = {1: "the next week", 4: "the fourth week", 0: "four weeks together"}


def cash_figure(forecasts: pd.DataFrame, coverage: float) -> Figure:
    """Draw what was forecast, with its interval, against what came, by week of the forecast.

    Parameters
    ----------
    forecasts : DataFrame
        See `models.cash_forecast.measures.cash_metrics`, and ``week_start``.
    coverage : float
        Of the interval.
    """
    shown = [h for h in _SHOWN if (forecasts["horizon"] == h).any()]
    figure = Figure(figsize=(12, 3.4 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for axis, horizon in zip(axes, shown, strict=True):
        part = forecasts[forecasts["horizon"] == horizon].sort_values("origin")
        week = pd.to_datetime(part["week_start"])
        label = f"{coverage:.0%} interval"
        axis.fill_between(week, part["low"], part["high"], color=_BLUE, alpha=0.2, label=label)
        axis.plot(week, part["forecast"], color=_BLUE, label="expected")
        axis.plot(week, part["as_usual"], color=_GREY, linewidth=0.8, label="everyone as usual")
        axis.plot(week, part["actual"], "o", color=_RED, markersize=3, label="came in")
        axis.set(ylim=(0, None), ylabel="cash", title=f"{_SHOWN[horizon]}, by its first day")
    axes[0].legend(ncols=4, fontsize=8)
    figure.suptitle("cash of the open book: forecast from a frozen model against what came in")
    return figure
