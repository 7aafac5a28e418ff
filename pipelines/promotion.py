"""Promotion: the champion alias moves to another version, and the move is recorded for good."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from configs.home import Home
from models.bundle import KINDS
from models.registry import Registry
from pipelines.training import publish_champions


@dataclass(frozen=True)
class Promotion:
    """One line of the record; ``previous`` is the hash of the line before it."""

    at: str
    name: str
    from_version: str | None
    to_version: str
    by: str
    reason: str
    from_metrics: dict[str, float]
    to_metrics: dict[str, float]
    previous: str

    @property
    def hash(self) -> str:
        """Hash of this line's content: changing an earlier line breaks every later one."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def promote(home: Home, name: str, version: str, by: str, reason: str) -> Promotion:
    """Make a version the champion, publish it for serving, and record who moved it and why.

    Raises
    ------
    ValueError
        An unknown model or version, the champion itself, or a record that was tampered with.
    """
    if name not in KINDS:
        raise ValueError(f"{name!r} is not a model; choose of {', '.join(KINDS)}")
    if not by.strip() or not reason.strip():
        raise ValueError(f"{name}: say who decides and why; --by and --reason must not be empty")
    record = read_promotions(home)
    registry = Registry(home)
    registry.load(name, version)
    champion = registry.champion(name)
    if champion == version:
        raise ValueError(f"{name}: version {version} is the champion already")
    promotion = Promotion(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        name=name,
        from_version=champion,
        to_version=version,
        by=by,
        reason=reason,
        from_metrics=registry.metrics(name, champion) if champion else {},
        to_metrics=registry.metrics(name, version),
        previous=record[-1].hash if record else "",
    )
    # Recorded first: a move that a crash leaves undone can be repeated, one without a record not.
    line = json.dumps({**asdict(promotion), "hash": promotion.hash}, sort_keys=True)
    with home.promotions.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    registry.set_champion(name, version)
    publish_champions(home, registry)
    return promotion


def read_promotions(home: Home) -> list[Promotion]:
    """Read the record and check its chain.

    Raises
    ------
    ValueError
        A line was changed or removed; the message names it.
    """
    if not home.promotions.exists():
        return []
    record: list[Promotion] = []
    for number, line in enumerate(home.promotions.read_text(encoding="utf-8").splitlines(), 1):
        expected = record[-1].hash if record else ""
        try:
            content = json.loads(line)
            stored = content.pop("hash")
            promotion = Promotion(**content)
            intact = stored == promotion.hash and promotion.previous == expected
        except (ValueError, KeyError, TypeError, AttributeError):
            intact = False
        if not intact:
            raise ValueError(f"{home.promotions}: line {number} was changed; restore the record")
        record.append(promotion)
    return record
