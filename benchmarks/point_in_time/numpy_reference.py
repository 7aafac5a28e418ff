"""The obvious truth, one key and one window at a time: slow, for checking everyone else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from task import DAY, FOR_EVER, KEYS, SCHEMA, WINDOWS, read, write_columns


def run(facts: Path, out: Path) -> None:
    """Write the features of every key, each read off the facts that count there."""
    settled, issued = read(facts, "settled"), read(facts, "issued")
    rows: dict[str, list[float]] = {name: [] for name in SCHEMA.names}
    for key in np.flatnonzero(issued["void"] == FOR_EVER):
        customer = issued["customer"][key]
        as_of = issued["issued_day"][key] * DAY
        for name, value in zip(KEYS, (customer, issued["invoice"][key], as_of), strict=True):
            rows[name].append(value)
        for window in WINDOWS:
            for name, value in features(settled, issued, customer, as_of, window).items():
                rows[f"{name}_{window}d"].append(value)
    columns = {name: np.array(values) for name, values in rows.items()}
    for name in KEYS:
        columns[name] = columns[name].astype(np.int64)
    write_columns(columns, out)


def features(
    settled: dict[str, np.ndarray],
    issued: dict[str, np.ndarray],
    customer: int,
    as_of: int,
    window: int,
) -> dict[str, float]:
    """Return one window's features of one key."""
    rows = counting(settled, customer, as_of, window)
    days_late = settled["days_late_bounded"][rows]
    weight = settled["amount"][rows] // 100
    total = int(weight.sum())
    return {
        "payments": float(rows.sum()),
        "paid": float(settled["amount"][rows].sum()),
        "days_late": float(days_late.sum()),
        "days_late_squared": float((days_late**2).sum()),
        "late": float((settled["days_late"][rows] >= 1).sum()),
        "late_by_amount": int((weight * days_late).sum()) / total if total > 0 else np.nan,
        "invoiced": float(issued["amount"][counting(issued, customer, as_of, window)].sum()),
    }


def counting(stream: dict[str, np.ndarray], customer: int, as_of: int, window: int) -> np.ndarray:
    """Return which facts of a stream count."""
    known, void = stream["known"], stream["void"]
    return (
        (stream["customer"] == customer)
        & (as_of - window * DAY <= known)
        & (known < as_of)
        & (as_of <= void)
    )
