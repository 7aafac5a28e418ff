"""Building a feature table: facts by bucket, then features by bucket, then one manifest.

Every step is a function of paths that leaves a file, and none looks at what another bucket does.
So the steps can run here, in other processes or on other machines, be killed and be repeated, and
the table is the same to the last bit.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from configs.settings import SettlementSettings
from features.build import build_columns, chosen
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, INVOICE_FEATURES
from features.engine import Keys
from features.facts.book import Float64
from features.facts.buckets import ROWS_PER_BUCKET
from features.facts.loading import load_customers
from features.facts.store import part_name, write_parquet
from features.facts.versions import Int64
from features.ledger.storage import Ledger
from features.ledger.writing import exclusive, replace_atomically
from features.table.facts_folder import (
    Spread,
    bucket_book,
    derive_facts,
    is_complete,
    link,
    one_by_one,
)
from features.table.keeping import Kept, kept_rows
from features.table.rows import ROWS

MANIFEST = "table.json"
_CODE = ("features.facts", "features.engine", "features.catalogue", "features.table")

Progress = Callable[[str, int, int], None]
"""Called with what is done, the buckets done and their number."""


@dataclass(frozen=True)
class TableSummary:
    """What a table holds.

    Parameters
    ----------
    rows, built : int
        Rows of the table, and those that were worked out now; the others stood already.
    features : tuple of str
    kind : str
        Of `ROWS`.
    ledger : str
        Fingerprint of the ledger.
    code : str
        Fingerprint of the code that defines the features.
    facts : str
        Name of the folder with the facts.
    parts : tuple of str
        Parquet files relative to the table's folder, in the order of the customers.
    """

    rows: int
    built: int
    features: tuple[str, ...]
    kind: str
    ledger: str
    code: str
    facts: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Build:
    """The task of building one bucket's rows.

    Parameters
    ----------
    facts : Path
    number : int
        Of the bucket.
    kind : str
        Of `ROWS`.
    features : tuple of str
    part : Path
        To be written.
    earlier_facts, earlier_part : Path or None
        The same bucket of an earlier state of the ledger, same features.
    """

    facts: Path
    number: int
    kind: str
    features: tuple[str, ...]
    part: Path
    earlier_facts: Path | None
    earlier_part: Path | None


@dataclass(frozen=True)
class Built:
    """Rows of a part and those of them that were worked out."""

    part: str
    rows: int
    built: int


def build_part(task: Build) -> Built:
    """Build a bucket's rows into their file."""
    if task.part.exists():
        return Built(task.part.name, pq.read_metadata(task.part).num_rows, 0)
    book = bucket_book(task.facts, task.number)
    keys = ROWS[task.kind](book)
    kept = Kept.nothing(len(keys), len(task.features))
    if task.earlier_facts is not None and task.earlier_part is not None:
        earlier = bucket_book(task.earlier_facts, task.number)
        both = ROWS[task.kind](earlier), keys
        kept = kept_rows(earlier, book, both, task.earlier_part, task.features)
    new = np.flatnonzero(kept.source < 0)
    if len(new) == 0 and kept.whole and task.earlier_part is not None:
        link(task.earlier_part, task.part)
    else:
        columns = build_columns(book, keys.take(new), chosen(task.features))
        if len(new) < len(keys):
            kept.columns[:, new] = columns
            columns = kept.columns
        identity: dict[str, pa.Array] = {
            "customer_id": pa.array(book.customer_ids, pa.string()).take(pa.array(keys.customer))
        }
        if task.kind == "invoices":
            identity["invoice_id"] = book.invoice_names.take(pa.array(keys.invoice))
        moments = {"as_of": _moments(keys.as_of)}
        write_columns(task.part, {**identity, **moments}, task.features, columns)
    return Built(task.part.name, len(keys), len(new))


def warm_up() -> None:
    """Load the compiled code, with nothing to work on: processes that are forked then have it."""
    book = load_customers(Ledger.empty(), None)
    one = np.full(1, -1, dtype=np.int64)
    build_columns(book, Keys(one, one, one, one, one, one), list(CATALOGUE.values()))


def write_columns(
    path: Path, identity: dict[str, pa.Array], names: Sequence[str], columns: Float64
) -> None:
    """Write rows of features.

    Parameters
    ----------
    path : Path
    identity : dict of str to pyarrow.Array
        The columns that say what each row is about.
    names : sequence of str
    columns : float64 array of shape (features, rows)
    """
    arrays = {name: pa.array(values) for name, values in zip(names, columns, strict=True)}
    write_parquet(path, pa.table({**identity, **arrays}))


def _moments(as_of: Int64) -> pa.Array:
    return pa.array(as_of).cast(pa.timestamp("us"))


def build_table(
    ledger: Ledger,
    out: Path,
    kind: str = "invoices",
    features: Sequence[str] | None = None,
    *,
    settlement: SettlementSettings | None = None,
    rows_per_bucket: int = ROWS_PER_BUCKET,
    spread: Spread[Any, Any] = one_by_one,
    progress: Progress | None = None,
) -> TableSummary:
    """Build the features of a whole ledger into a folder of Parquet files, in bounded memory.

    The folder may hold an earlier table: of the same ledger after more facts came, only what these
    can have changed is worked out again. A build that was interrupted is taken up where it was.

    Parameters
    ----------
    ledger : Ledger
    out : Path
        A folder that does not exist, is empty, or holds a table.
    kind : {"invoices", "customers"}
        Every invoice at its issue, or every customer at each first of a month.
    features : sequence of str, optional
        Names from the catalogue; by default all that fit.
    settlement : SettlementSettings, optional
        When an invoice counts as paid.
    rows_per_bucket : int
        Rows of the ledger that are worked on at once.
    spread : callable
        Runs the tasks: one by one here, or elsewhere.
    progress : callable, optional

    Raises
    ------
    ValueError
        ``out`` holds something else, or there is no such kind.
    KeyError
        A feature that the catalogue does not have.
    RuntimeError
        Another process is writing to ``out``.
    """
    if kind not in ROWS:
        raise ValueError(f"no table of {kind!r}: choose one of {', '.join(ROWS)}")
    names = tuple(features or (INVOICE_FEATURES if kind == "invoices" else CUSTOMER_FEATURES))
    chosen(names)
    rules = settlement or SettlementSettings()
    if out.exists():
        _refuse_foreign(out)
    with exclusive(out, "another process is writing to this table; wait for it"):
        return _build(ledger, out, kind, names, rules, rows_per_bucket, spread, progress)


def _build(
    ledger: Ledger,
    out: Path,
    kind: str,
    names: tuple[str, ...],
    rules: SettlementSettings,
    rows_per_bucket: int,
    spread: Spread[Any, Any],
    progress: Progress | None,
) -> TableSummary:
    """Build the table, in what is this process's folder for now."""
    before = read_summary(out) if (out / MANIFEST).exists() else None
    code = code_fingerprint()
    state = (ledger.fingerprint, ledger.extract_date.isoformat())
    facts = _named("facts", state, code, rules.model_dump_json(), rows_per_bucket)
    earlier_facts = None
    if before is not None and is_complete(out / before.facts) and before.code == code:
        earlier_facts = out / before.facts if _same_rules(before.facts, facts) else None

    def told(what: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, of: progress(what, done, of)

    divided = derive_facts(
        ledger, out / facts, rules, rows_per_bucket, spread, earlier_facts, told("facts")
    )
    parts = out / _named("parts", facts, kind, names)
    parts.mkdir(exist_ok=True)
    same_columns = before is not None and (before.kind, before.features) == (kind, names)
    tasks = []
    for bucket in divided:
        task = Build(out / facts, bucket.number, kind, names, parts / part_name(bucket.number),
                     None, None)  # fmt: skip
        if before is not None and earlier_facts not in (None, out / facts) and same_columns:
            # There may be more buckets than there were.
            for part in before.parts[bucket.number : bucket.number + 1]:
                task = replace(task, earlier_facts=earlier_facts, earlier_part=out / part)
        tasks.append(task)
    made: list[Built] = []
    for result in spread(build_part, tasks):
        made.append(result)
        if progress is not None:
            progress("features", len(made), len(tasks))
    summary = TableSummary(
        rows=sum(part.rows for part in made),
        built=sum(part.built for part in made),
        features=names,
        kind=kind,
        ledger=ledger.fingerprint,
        code=code,
        facts=facts,
        parts=tuple(f"{parts.name}/{name}" for name in sorted(part.part for part in made)),
    )
    replace_atomically(out / MANIFEST, json.dumps(asdict(summary), indent=1).encode())
    _remove_others(out, {facts, parts.name, MANIFEST})
    return summary


def read_summary(out: Path) -> TableSummary:
    """Return what a table's folder holds.

    Raises
    ------
    FileNotFoundError
        There is no table.
    ValueError
        The manifest is damaged, or is something else.
    """
    path = out / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"{out}: no feature table here; make one with 'payrisk features'")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["features"], content["parts"] = tuple(content["features"]), tuple(content["parts"])
        return TableSummary(**content)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path}: not the manifest of a feature table ({error}); name another folder"
        ) from error


def _refuse_foreign(out: Path) -> None:
    ours = ("facts-", "parts-", MANIFEST, ".")
    foreign = [path.name for path in out.iterdir() if not path.name.startswith(ours)]
    if foreign:
        raise ValueError(f"{out}: holds {foreign[0]}, not a feature table; name another folder")


def _named(prefix: str, *content: object) -> str:
    """Return a name that says what a folder was made from; rules and ledger apart."""
    parts = [hashlib.blake2b(repr(part).encode(), digest_size=5).hexdigest() for part in content]
    return "-".join([prefix, parts[0], hashlib.blake2b(
        "".join(parts[1:]).encode(), digest_size=5).hexdigest()])  # fmt: skip


def _same_rules(first: str, second: str) -> bool:
    return first.split("-")[2] == second.split("-")[2]


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """Return a hash of the code that says what a feature's value is."""
    digest = hashlib.blake2b(digest_size=8)
    for package in _CODE:
        for path in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if path.name.endswith(".py"):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _remove_others(out: Path, keep: set[str]) -> None:
    for path in out.iterdir():
        if path.name not in keep and path.name.startswith(("facts-", "parts-")):
            shutil.rmtree(path, ignore_errors=True)
