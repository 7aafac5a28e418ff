"""pandas: running totals read by `merge_asof`.

`merge_asof` finds, for every edge of every key, the last fact before it; the totals are taken at
that row. Customer and day are one sorted integer, so no `by` is needed, and carrying one row number
through the merge is faster than carrying the totals.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from pandas_facts import ISSUED, SETTLED, correct, load, save, standing
from task import WINDOWS


def windowed(
    keys: pd.DataFrame, stream: pd.DataFrame, names: tuple[str, ...]
) -> dict[tuple[str, int], np.ndarray]:
    """Return each measure's sum over each window, by key."""
    facts = standing(stream)
    totals = {name: np.concatenate([[0], facts[name].to_numpy().cumsum()]) for name in names}
    places = pd.DataFrame({"moment": facts["moment"].to_numpy()})
    places["row"] = np.arange(1, len(places) + 1)

    def before(edge: int) -> np.ndarray:
        """Return how many facts lie before an edge, the row of the totals there."""
        edges = pd.DataFrame({"moment": keys["moment"].to_numpy() - edge})
        found = pd.merge_asof(edges, places, on="moment", allow_exact_matches=False)
        return found["row"].fillna(0).to_numpy(np.int64)

    end = before(0)
    now = {name: total[end] for name, total in totals.items()}
    values = {}
    for window in WINDOWS:
        start = before(window)
        for name, total in totals.items():
            values[name, window] = now[name] - total[start]
    correct(values, keys, stream, names)
    return values


def run(facts: Path, out: Path) -> None:
    """Write the features."""
    settled, issued, keys = load(facts)
    values = windowed(keys, settled, SETTLED) | windowed(keys, issued, ISSUED)
    save(keys, values, out)
