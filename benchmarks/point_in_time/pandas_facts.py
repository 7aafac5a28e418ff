"""The facts as pandas frames, and what the pandas contenders share around their own method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from task import CUSTOMER_STEP, DAY, FOR_EVER, KEYS, WINDOWS, read, write_columns

SETTLED = ("payments", "paid", "days_late", "days_late_squared", "late", "weight", "weighted")
ISSUED = ("invoiced",)


def load(facts: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the settled facts, the issued facts and the keys.

    Each carries `moment`, customer and day in one integer, and the facts what they add to each
    measure. The keys are in order of moment.
    """
    stream = read(facts, "settled")
    bounded, weight = stream["days_late_bounded"], stream["amount"] // 100
    settled = frame(
        stream,
        payments=np.ones(len(bounded), np.int64),
        paid=stream["amount"],
        days_late=bounded,
        days_late_squared=bounded * bounded,
        late=(stream["days_late"] >= 1).astype(np.int64),
        weight=weight,
        weighted=weight * bounded,
    )
    stream = read(facts, "issued")
    issued = frame(stream, invoiced=stream["amount"])
    day = stream["issued_day"]
    keys = pd.DataFrame(
        {
            "customer": stream["customer"],
            "invoice": stream["invoice"],
            "as_of": day * DAY,
            "moment": stream["customer"] * CUSTOMER_STEP + day,
        },
        copy=False,
    )
    keys = keys[stream["void"] == FOR_EVER].sort_values("moment", ignore_index=True)
    return settled, issued, keys


def frame(stream: dict[str, np.ndarray], **measures: np.ndarray) -> pd.DataFrame:
    """Return a stream's moments and measures."""
    moment = stream["customer"] * CUSTOMER_STEP + stream["known"] // DAY
    place = {"customer": stream["customer"], "moment": moment, "void": stream["void"]}
    return pd.DataFrame(place | measures, copy=False)


def standing(stream: pd.DataFrame) -> pd.DataFrame:
    """Return the facts that were never withdrawn."""
    return stream[stream["void"] == FOR_EVER]


def corrections(keys: pd.DataFrame, stream: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the withdrawn facts by the keys at which they were believed, one row a pair.

    Columns: `row` of the key, `age` in days, and the measures.
    """
    withdrawn = stream[stream["void"] < FOR_EVER]
    near = keys.loc[keys["customer"].isin(withdrawn["customer"]), ["customer", "moment", "as_of"]]
    pairs = near.rename_axis("row").reset_index().merge(withdrawn, on="customer")
    pairs["age"] = pairs["moment_x"] - pairs["moment_y"]
    believed = (
        (pairs["age"] > 0) & (pairs["age"] <= max(WINDOWS)) & (pairs["as_of"] <= pairs["void"])
    )
    return pairs.loc[believed, ["row", "age", *names]]


def correct(
    values: dict[tuple[str, int], np.ndarray],
    keys: pd.DataFrame,
    stream: pd.DataFrame,
    names: tuple[str, ...],
) -> None:
    """Add to windowed sums, in place, what withdrawn facts were worth while believed."""
    pairs = corrections(keys, stream, names)
    for window in WINDOWS:
        sums = pairs[pairs["age"] <= window].groupby("row")[list(names)].sum()
        for name in names:
            values[name, window][sums.index] += sums[name].to_numpy()


def save(keys: pd.DataFrame, values: dict[tuple[str, int], np.ndarray], out: Path) -> None:
    """Write the result: the keys, the sums, and the quotients."""
    columns = {name: keys[name].to_numpy() for name in KEYS}
    for window in WINDOWS:
        weight = values.pop(("weight", window))
        weighted = values.pop(("weighted", window))
        ratio = np.full(len(keys), np.nan)
        np.divide(weighted, weight, out=ratio, where=weight > 0)
        columns[f"late_by_amount_{window}d"] = ratio
    columns |= {f"{name}_{window}d": v.astype(np.float64) for (name, window), v in values.items()}
    write_columns(columns, out)
