"""Polars: running totals read by `join_asof`, lazily, on the streaming engine.

Customer and day are one sorted integer, so no join needs `by`. As fast as `search_sorted` and
`gather` on the same totals, or faster; `rolling` over the union of facts and keys takes 2.5 times
that. Facts that tie leave one row of totals, the last.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"  # read when Polars is imported

from pathlib import Path  # noqa: E402

import polars as pl  # noqa: E402
from task import (  # noqa: E402
    CUSTOMER_STEP,
    DAY,
    FOR_EVER,
    KEYS,
    MEASURES,
    SCHEMA,
    WINDOWS,
    writer,
)

EDGES = (0, *WINDOWS)
SETTLED = ("payments", "paid", "days_late", "days_late_squared", "late", "weight", "weighted")
ISSUED = ("invoiced",)


def moment(day: pl.Expr) -> pl.Expr:
    """Return a customer's day as one integer."""
    return (pl.col("customer") * CUSTOMER_STEP + day).alias("moment")


def settled(facts: Path) -> pl.LazyFrame:
    """Return what each settled fact adds to the totals."""
    bounded, weight = pl.col("days_late_bounded"), pl.col("amount") // 100
    return pl.scan_parquet(facts / "settled" / "*.parquet").select(
        "customer",
        "void",
        moment(pl.col("known") // DAY),
        payments=pl.lit(1, pl.Int64),
        paid="amount",
        days_late=bounded,
        days_late_squared=bounded * bounded,
        late=(pl.col("days_late") >= 1).cast(pl.Int64),
        weight=weight,
        weighted=weight * bounded,
    )


def issued(facts: Path) -> pl.LazyFrame:
    """Return what each issued fact adds to the totals."""
    return pl.scan_parquet(facts / "issued" / "*.parquet").select(
        "customer", "void", moment(pl.col("known") // DAY), invoiced="amount"
    )


def keys(facts: Path) -> pl.LazyFrame:
    """Return the keys in order of customer and moment."""
    return (
        pl.scan_parquet(facts / "issued" / "*.parquet")
        .filter(pl.col("void") == FOR_EVER)
        .select(
            "customer", "invoice", moment(pl.col("issued_day")), as_of=pl.col("issued_day") * DAY
        )
        .sort("moment")
    )


def totals(stream: pl.LazyFrame, names: tuple[str, ...]) -> pl.LazyFrame:
    """Return the running totals after each moment, withdrawn facts left out."""
    last = pl.col("moment").ne_missing(pl.col("moment").shift(-1))
    return (
        stream.filter(pl.col("void") == FOR_EVER)
        .select("moment", *(pl.col(name).cum_sum() for name in names))
        .filter(last)
        .with_columns(pl.col("moment").set_sorted())
    )


def corrections(keys: pl.DataFrame, stream: pl.LazyFrame, names: tuple[str, ...]) -> pl.LazyFrame:
    """Return what withdrawn facts add to the few moments at which they were believed."""
    age = pl.col("moment") - pl.col("moment_right")
    return (
        keys.lazy()
        .select("customer", "moment", "as_of")
        .unique()
        .join(stream.filter(pl.col("void") < FOR_EVER), on="customer")
        .filter((age > 0) & (age <= max(WINDOWS)) & (pl.col("as_of") <= pl.col("void")))
        .group_by("moment")
        .agg(
            pl.col(name).filter(age <= window).sum().alias(f"more_{name}_{window}")
            for window in WINDOWS
            for name in names
        )
    )


def features(
    keys: pl.LazyFrame, streams: list[tuple[pl.DataFrame, tuple[str, ...]]], corrected: bool
) -> pl.LazyFrame:
    """Return the result's rows of some keys, with the corrections that they carry."""
    for facts, names in streams:
        for edge in EDGES:
            other = facts.lazy().rename(
                {name: f"{name}_{edge}" for name in names} | {"moment": "other"}
            )
            keys = (
                keys.with_columns((pl.col("moment") - edge).set_sorted().alias("edge"))
                .join_asof(
                    other.with_columns(pl.col("other").set_sorted()),
                    left_on="edge",
                    right_on="other",
                    allow_exact_matches=False,
                )
                .drop("other")
            )

    def value(name: str, window: int) -> pl.Expr:
        now, then = (pl.col(f"{name}_{edge}").fill_null(0) for edge in (0, window))
        return (
            now - then + pl.col(f"more_{name}_{window}").fill_null(0) if corrected else now - then
        )

    def feature(measure: str, window: int) -> pl.Expr:
        if measure != "late_by_amount":
            return value(measure, window).cast(pl.Float64)
        weight = value("weight", window)
        ratio = value("weighted", window) / weight
        return pl.when(weight > 0).then(ratio).otherwise(float("nan"))

    columns = {f"{m}_{window}d": feature(m, window) for window in WINDOWS for m in MEASURES}
    return keys.select(*KEYS, **columns)


def run(facts: Path, out: Path) -> None:
    """Write the features: of the keys that no withdrawn fact touches, then of the others."""
    wanted = keys(facts).collect()
    streams = [(settled(facts), SETTLED), (issued(facts), ISSUED)]
    moved = pl.collect_all([corrections(wanted, stream, names) for stream, names in streams])
    more = moved[0].join(moved[1], on="moment", how="full", coalesce=True)
    held = [(totals(s, names).collect(engine="streaming"), names) for s, names in streams]
    plain = wanted.lazy().join(more.lazy(), on="moment", how="anti", maintain_order="left")
    touched = wanted.lazy().join(more.lazy(), on="moment", maintain_order="left")
    with writer(out) as file:
        for rows, corrected in ((plain, False), (touched, True)):
            result = features(rows, held, corrected).collect(engine="streaming")
            file.write_table(result.to_arrow().select(SCHEMA.names).cast(SCHEMA))
