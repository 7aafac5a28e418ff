"""The short table of a backtest: all cutoffs together, and the model against each baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines.backtest.tables import POOLED

_MEASURES = ("rows", "base_rate", "auc", "average_precision", "log_loss", "brier", "ece")


def summary(
    out: Path, targets: Sequence[str] | None = None
) -> tuple[tuple[str, ...], list[list[object]]]:
    """Return header and rows of the short table.

    Parameters
    ----------
    out : Path
        Folder of the backtest's tables.
    targets : sequence of str, optional
        Those to show; by default all.
    """
    pooled = pd.read_parquet(out / "pooled.parquet")
    comparisons = pd.read_parquet(out / "comparisons.parquet")
    against = comparisons[
        (comparisons["scope"] == POOLED) & (comparisons["measure"] == "log_loss")
    ].set_index(["target", "baseline"])
    shown = pooled if targets is None else pooled[pooled["target"].isin(targets)]
    rows = []
    for row in shown.itertuples():
        paired = ""
        if row.predictor != "model":
            gap = against.loc[(row.target, row.predictor)]
            paired = f"{gap.difference:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
        rows.append(
            [row.target, row.predictor, *(getattr(row, name) for name in _MEASURES), paired]
        )
    return ("target", "predictor", *_MEASURES, "model's log loss less its, 95%"), rows


def kept_word(out: Path) -> str:
    """Return the line about grades and stability of a default or scorecard backtest."""
    grades = pd.read_parquet(out / "grades.parquet")
    stability = pd.read_parquet(out / "stability.parquet")
    index = stability[stability["subject"] == "score"]["psi"].max()
    return (
        f"{grades['inside'].sum()} of {len(grades)} grades by cutoff predict inside the 95% "
        f"interval of what came; stability index of the score up to {index:.3f}"
    )
