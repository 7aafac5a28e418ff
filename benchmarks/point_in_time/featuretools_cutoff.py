"""featuretools: a feature matrix at cutoff times; for small sizes only.

The closest that featuretools comes: `cutoff_time` with `include_cutoff_time=False` and a training
window is the very rule. One call per window is the plain way; its time is spent per cutoff, not per
row, so one call over the longest window, with a transform that blanks values older than the
shorter ones, takes about 0.6 of that. Facts that are withdrawn are beyond it: they are left out and
added afterwards. Each call is exact: nothing is approximated to coarser cutoffs.
"""

from __future__ import annotations

from pathlib import Path

import featuretools as ft
import numpy as np
import pandas as pd
from featuretools.primitives import Sum, TransformPrimitive
from pandas_facts import ISSUED, SETTLED, correct, load, save, standing
from task import CUSTOMER_STEP, WINDOWS
from woodwork.column_schema import ColumnSchema
from woodwork.logical_types import Double

LONGEST = max(WINDOWS)


class Within(TransformPrimitive):
    """A value where it became known at most so many days before the cutoff, else zero."""

    name = "within"
    input_types = [
        ColumnSchema(semantic_tags={"time_index"}),
        ColumnSchema(semantic_tags={"numeric"}),
    ]
    return_type = ColumnSchema(logical_type=Double, semantic_tags={"numeric"})
    uses_calc_time = True

    def __init__(self, days: int = 30) -> None:
        self.days = days

    def get_function(self):  # type: ignore[no-untyped-def]
        """Return the transform."""
        age = pd.Timedelta(days=self.days)

        def within(known: pd.Series, values: pd.Series, time: pd.Timestamp) -> pd.Series:
            return values.where(known >= time - age, 0.0)

        return within


def days(moment: pd.Series) -> pd.DatetimeIndex:
    """Return the days of moments as datetimes."""
    return pd.to_datetime(moment.to_numpy() % CUSTOMER_STEP, unit="D")


def entities(streams: dict[str, tuple[pd.DataFrame, tuple[str, ...]]], keys: pd.DataFrame):  # type: ignore[no-untyped-def]
    """Return customers with both streams of facts below them."""
    book = ft.EntitySet("book")
    facts = {name: standing(stream) for name, (stream, _) in streams.items()}
    everyone = pd.concat([keys["customer"], *(stream["customer"] for stream in facts.values())])
    book.add_dataframe(
        dataframe_name="customers",
        dataframe=pd.DataFrame({"customer": everyone.unique()}),
        index="customer",
    )
    for name, stream in facts.items():
        measures = streams[name][1]
        rows = stream[["customer", *measures]].astype(dict.fromkeys(measures, float))
        rows = rows.assign(known=days(stream["moment"]), row=np.arange(len(rows)))
        book.add_dataframe(
            dataframe_name=name,
            dataframe=rows,
            index="row",
            time_index="known",
            logical_types=dict.fromkeys(measures, "Double"),
        )
        book.add_relationship("customers", "customer", name, "customer")
    return book


def run(facts: Path, out: Path) -> None:
    """Write the features."""
    settled, issued, keys = load(facts)
    streams = {"settled": (settled, SETTLED), "issued": (issued, ISSUED)}
    book = entities(streams, keys)
    features, names = [], []
    for stream, (_, measures) in streams.items():
        columns = book[stream].ww
        for name in measures:
            for window in WINDOWS:
                base = ft.Feature(columns[name])
                if window < LONGEST:
                    base = ft.Feature([columns["known"], columns[name]], primitive=Within(window))
                features.append(ft.Feature(base, parent_dataframe_name="customers", primitive=Sum))
                names.append((name, window))
    cutoffs = pd.DataFrame({"customer": keys["customer"], "time": days(keys["moment"])})
    matrix = ft.calculate_feature_matrix(
        features,
        book,
        cutoff_time=cutoffs.drop_duplicates(),
        training_window=f"{LONGEST} days",
        include_cutoff_time=False,
        cutoff_time_in_index=True,
        n_jobs=1,
    )
    rows = matrix.index.get_indexer(pd.MultiIndex.from_frame(cutoffs))
    values = {
        name: np.nan_to_num(matrix[feature.get_name()].to_numpy(np.float64)[rows])
        for name, feature in zip(names, features, strict=True)
    }
    for stream, measures in streams.values():
        correct(values, keys, stream, measures)
    save(keys, values, out)
