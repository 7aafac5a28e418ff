"""A ledger's facts in a folder, derived bucket by bucket; what is there already is not redone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from configs.settings import SettlementSettings
from features.facts.book import STREAMS, Book
from features.facts.buckets import Bucket, buckets
from features.facts.loading import Range, daily_totals, derive_book, read_rows
from features.facts.store import about_path, part_name, read_facts, replacing, write_facts
from features.facts.surroundings import DailyTotals, Surroundings
from features.ledger.storage import Ledger
from features.ledger.writing import replace_atomically

Task = TypeVar("Task")
Result = TypeVar("Result")
Spread = Callable[[Callable[[Task], Result], Sequence[Task]], Iterator[Result]]
"""Runs a function on each task, here or elsewhere, and yields the results as they come."""

_DONE = "facts.json"
_AROUND = ("offsets", "day", "totals")


def one_by_one(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Run the tasks in this process."""
    return map(function, tasks)


@dataclass(frozen=True)
class Derive:
    """The task of deriving one bucket's facts.

    Parameters
    ----------
    ledger, folder : Path
    bucket : Bucket
    settlement : SettlementSettings
    earlier : Path or None
        Facts of an earlier state of the ledger in the same buckets.
    """

    ledger: Path
    folder: Path
    bucket: Bucket
    settlement: SettlementSettings
    earlier: Path | None


def derive(task: Derive) -> bool:
    """Derive a bucket's facts into the folder; return whether that took any work."""
    number, folder = task.bucket.number, task.folder
    if about_path(folder, number).exists():
        return False
    ledger = Ledger.open(task.ledger)
    rows = read_rows(ledger, task.bucket.customers)
    digest = _digest(rows)
    mark = _digest_path(folder, number)
    if task.earlier is not None and _read(_digest_path(task.earlier, number)) == digest:
        _take_over(task.earlier, ledger, folder, number)
        return False
    book = derive_book(ledger, rows, task.settlement)
    days = daily_totals(book)
    replace_atomically(mark, digest.encode())
    with replacing(_totals_path(folder, number)) as draft, draft.open("wb") as stream:
        np.savez(
            stream, code=days.code, day=days.day, values=days.values,
            places=np.array(days.places, dtype=np.str_).reshape(-1, 2),
        )  # fmt: skip
    write_facts(book, folder, number)
    return True


def _digest(tables: Mapping[str, pa.Table]) -> str:
    """Return a hash of all rows about a bucket's customers."""
    digest = hashlib.blake2b(digest_size=16)
    for rows in tables.values():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows.combine_chunks())
        digest.update(sink.getvalue())
    return digest.hexdigest()


def _digest_path(folder: Path, number: int) -> Path:
    return folder / "rows" / f"part-{number:05}.digest"


def _totals_path(folder: Path, number: int) -> Path:
    path = folder / "totals" / f"part-{number:05}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _take_over(earlier: Path, ledger: Ledger, folder: Path, number: int) -> None:
    """Take over a bucket's facts without copying them; what says that they are there comes last."""
    files = [Path(name) / part_name(number) for name in (*STREAMS, "customers", "invoices")]
    files += [path.relative_to(earlier) for path in (
        _totals_path(earlier, number), _digest_path(earlier, number)
    )]  # fmt: skip
    for file in files:
        link(earlier / file, folder / file)
    # The same facts may be those of a later extract.
    about = json.loads(about_path(earlier, number).read_text(encoding="utf-8"))
    about["extract_date"] = ledger.extract_date.isoformat()
    replace_atomically(about_path(folder, number), json.dumps(about).encode())


def link(source: Path, target: Path) -> None:
    """Let a file be found in a second place too; a copy of it where files cannot be linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as draft:
        try:
            os.link(source, draft)
        except OSError:
            shutil.copyfile(source, draft)


def derive_facts(
    ledger: Ledger,
    folder: Path,
    settlement: SettlementSettings,
    rows_per_bucket: int,
    spread: Spread[Derive, bool],
    earlier: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Bucket]:
    """Derive a ledger's facts into a folder, and everyone's surroundings.

    Parameters
    ----------
    ledger : Ledger
    folder : Path
        Of this state of the ledger alone; buckets that it has already are left as they are.
    settlement : SettlementSettings
    rows_per_bucket : int
        See `buckets`.
    spread : callable
    earlier : Path, optional
        Facts of an earlier state of the ledger: its division is kept, and its buckets too where no
        row about their customers changed.
    progress : callable, optional
        Called with the buckets done and their number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _DONE).exists():
        return _buckets(folder)
    starts = [bucket.customers.first for bucket in _buckets(earlier)] if earlier else None
    divided = buckets(ledger, rows_per_bucket, starts)
    tasks = [Derive(ledger.root, folder, bucket, settlement, earlier) for bucket in divided]
    for done, _ in enumerate(spread(derive, tasks), 1):
        if progress:
            progress(done, len(tasks))
    _write_surroundings(folder, divided)
    ledger.table("fx_rates").to_pandas().to_parquet(folder / "rates.parquet")
    content = [[b.number, b.customers.first, b.customers.last] for b in divided]
    replace_atomically(folder / _DONE, json.dumps(content).encode())
    return divided


def _buckets(folder: Path) -> list[Bucket]:
    content = json.loads((folder / _DONE).read_text(encoding="utf-8"))
    return [Bucket(number, Range(first, last)) for number, first, last in content]


def _write_surroundings(folder: Path, divided: Sequence[Bucket]) -> None:
    around = Surroundings.of(
        DailyTotals.of_many(_daily_totals(folder, bucket.number) for bucket in divided)
    )
    for name in _AROUND:
        np.save(_around_path(folder, name), getattr(around, name))
    np.save(_around_path(folder, "places"), np.array(around.places, dtype=np.str_).reshape(-1, 2))


def _around_path(folder: Path, name: str) -> Path:
    path = folder / "surroundings" / f"{name}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _daily_totals(folder: Path, number: int) -> DailyTotals:
    with np.load(_totals_path(folder, number)) as stored:
        places = tuple((str(kind), str(name)) for kind, name in stored["places"])
        return DailyTotals(places, stored["code"], stored["day"], stored["values"])


@lru_cache(maxsize=4)
def surroundings_in(folder: Path) -> Surroundings:
    """Return the surroundings of complete facts."""
    stored = np.load(_around_path(folder, "places"))
    # Mapped, so that processes share it and read what their customers' places need. Compiled code
    # is compiled again for arrays that may not be written: what is written stays with the writer.
    arrays = {
        name: np.asarray(np.load(_around_path(folder, name), mmap_mode="c")) for name in _AROUND
    }
    return Surroundings(tuple((str(kind), str(name)) for kind, name in stored), **arrays)


def bucket_book(folder: Path, number: int) -> Book:
    """Return the book of a bucket of complete facts."""
    rates = pd.read_parquet(folder / "rates.parquet")
    return read_facts(folder, number, surroundings_in(folder), rates)


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds the facts of a whole ledger."""
    return (folder / _DONE).exists()
