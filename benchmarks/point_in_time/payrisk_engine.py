"""The project's own engine: running totals of a bucket's facts, read while merging through keys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from task import FEATURES, ISSUED, MEASURES, SETTLED, WINDOWS, writer

from features.build import build_columns
from features.catalogue.declaration import Feature
from features.engine import Keys, Moment
from features.engine.ratios import ratio
from features.facts.book import Book, Measures, Stream
from features.facts.receivables import DERIVED
from features.facts.versions import DAY, FOREVER

Columns = dict[str, np.ndarray]

_OF_SETTLED = {
    "payments": "count",
    "paid": "amount",
    "days_late": "days_late_bounded",
    "days_late_squared": "days_late_squared",
    "late": "late_1",
}


def total(moment: Moment, measure: str, window: str) -> np.ndarray:
    """Return one of the task's measures over a window."""
    if measure == "invoiced":
        return moment.issued[window]["amount"]
    settled = moment.settled[window]
    if measure == "late_by_amount":
        return ratio(settled["amount_days_late"], settled["amount_major"])
    return settled[_OF_SETTLED[measure]]


def declared(measure: str, days: int) -> Feature:
    """Declare a feature of the task as one would in the catalogue."""
    window = f"{days}d"
    return Feature(
        f"customer_{measure}_value_{window}",
        "count",
        0,
        "{value}",
        "not known",
        partial(total, measure=measure, window=window),
    )


DECLARED = [declared(measure, days) for days in WINDOWS for measure in MEASURES]


class Parts:
    """A stream's parts, read one after the other and given out customer range by range."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self._files = iter(sorted(folder.glob("*.parquet")))
        self._names = list(names)
        self._rest: Columns = {name: np.empty(0, np.int64) for name in names}

    def each(self) -> Iterator[Columns]:
        """Yield the parts as they are."""
        for file in self._files:
            yield self._read(file)

    def until(self, customer: int) -> Columns:
        """Return the next rows up to a customer, included."""
        pieces = [self._rest]
        while len(pieces[-1]["customer"]) == 0 or pieces[-1]["customer"][-1] <= customer:
            file = next(self._files, None)
            if file is None:
                break
            pieces.append(self._read(file))
        rows = pieces[-1] if len(pieces) == 2 and not len(self._rest["customer"]) else {
            name: np.concatenate([piece[name] for piece in pieces]) for name in self._names
        }  # fmt: skip
        end = int(np.searchsorted(rows["customer"], customer, side="right"))
        self._rest = {name: values[end:] for name, values in rows.items()}
        return {name: values[:end] for name, values in rows.items()}

    def _read(self, file: Path) -> Columns:
        table = pq.read_table(file, columns=self._names, use_threads=False, pre_buffer=False)
        return {name: np.array(table[name].to_numpy()) for name in self._names}


def stream(rows: Columns, customers: np.ndarray, kind: str) -> Stream:
    """Return sorted rows as a stream of the book."""
    base = {name: values for name, values in rows.items() if name not in ("known", "void")}
    derived = {name: how for name, how in DERIVED[kind].items() if name not in base}
    return Stream(
        np.append(np.searchsorted(rows["customer"], customers), len(rows["customer"])),
        rows["known"],
        rows["void"],
        Measures(base, derived),
    )


def run(facts: Path, out: Path) -> None:
    """Build the task's features part by part."""
    settled_parts = Parts(facts / "settled", SETTLED)
    with writer(out) as file:
        for issued in Parts(facts / "issued", ISSUED).each():
            if len(issued["customer"]) == 0:
                continue
            settled = settled_parts.until(int(issued["customer"][-1]))
            file.write_table(features_of(settled, issued))


def features_of(settled: Columns, issued: Columns) -> pa.Table:
    """Return the result's rows for the customers of one part."""
    owner = issued["customer"]
    both = np.concatenate([owner, settled["customer"]])
    customers = np.unique(both[np.flatnonzero(np.diff(both, prepend=-1))])
    book = object.__new__(Book)
    book.__dict__.update(
        settled=stream(settled, customers, "settled"), issued=stream(issued, customers, "issued")
    )
    stands = issued["void"] == FOREVER
    as_of, position = issued["issued_day"][stands] * DAY, book.issued.owner[stands]
    # Invoices are sorted by the moment they became known, which is seldom before others' issue.
    swapped = np.flatnonzero((np.diff(as_of) < 0) & (np.diff(position) == 0))
    rows = np.flatnonzero(stands)
    if len(swapped):
        order = np.lexsort((as_of, position))
        rows, as_of, position = rows[order], as_of[order], position[order]
    none = np.full(len(rows), -1, dtype=np.int64)
    keys = Keys(position, as_of, none, none, none, none)
    columns = build_columns(book, keys, DECLARED)
    identity = {"customer": owner[rows], "invoice": issued["invoice"][rows], "as_of": as_of}
    return pa.table({**identity, **dict(zip(FEATURES, columns, strict=True))})
