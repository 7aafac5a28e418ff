"""How a model travels: a folder with one JSON document and booster texts; no pickle, no code."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from configs.home import Home
from features.ledger.writing import replace_atomically
from models.default.model import DefaultModel
from models.late_payment.model import LatePaymentModel
from models.scorecard.card import Scorecard

Model = LatePaymentModel | DefaultModel | Scorecard

KINDS: dict[str, type[Model]] = {
    "late_payment": LatePaymentModel,
    "default": DefaultModel,
    "scorecard": Scorecard,
}
"""The registered names, in the order in which they are trained."""

DOCUMENT = "bundle.json"
CHAMPIONS = "champions.json"


@dataclass(frozen=True)
class LoadedModel:
    """A model read from its bundle, with where it came from.

    Parameters
    ----------
    name, version : str
        Of the registry.
    fingerprint : str
        Hash of everything in the bundle.
    trained_as_of : date
        The moment whose knowledge it was trained with; it must not score an earlier one.
    model : Model
    """

    name: str
    version: str
    fingerprint: str
    trained_as_of: date
    model: Any

    def warm_up(self) -> None:
        """Do ahead of time what the first explanation would have to wait for."""
        row = np.zeros((1, len(self.model.features)))
        if isinstance(self.model, LatePaymentModel):
            self.model.contributions(row, np.array([-10_000]), threads=1)
        else:
            self.model.contributions(row)


def fingerprint_of(document: Mapping[str, Any], boosters: Mapping[str, str]) -> str:
    """Return the hash of a bundle's content."""
    text = json.dumps([document, sorted(boosters.items())], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_bundle(folder: Path, model: Model, about: Mapping[str, Any]) -> str:
    """Write a model's bundle; a folder appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist, or hold the same bundle.
    model : Model
    about : mapping
        ``name``, ``trained_as_of``, ``ledger_fingerprint`` and the training window: part of the
        fingerprint.

    Returns
    -------
    str
        The fingerprint.
    """
    document, boosters = model.to_document()
    document = {**about, "model": document}
    fingerprint = fingerprint_of(document, boosters)
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    draft.mkdir(parents=True)
    for name, text in boosters.items():
        (draft / f"{name}.txt").write_text(text, encoding="utf-8")
    content = {"fingerprint": fingerprint, "boosters": sorted(boosters), **document}
    (draft / DOCUMENT).write_text(json.dumps(content, indent=1), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)
    return fingerprint


def read_bundle(folder: Path, version: str) -> LoadedModel:
    """Read a bundle and check that it is the one that was written.

    Raises
    ------
    ValueError
        Files are missing or were changed.
    """
    try:
        content = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        names = content.pop("boosters")
        fingerprint = content.pop("fingerprint")
        boosters = {name: (folder / f"{name}.txt").read_text(encoding="utf-8") for name in names}
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{folder}: not a complete model bundle ({error}); train again") from error
    if fingerprint_of(content, boosters) != fingerprint:
        raise ValueError(f"{folder}: the bundle was changed after it was written; train again")
    return LoadedModel(
        name=content["name"],
        version=version,
        fingerprint=fingerprint,
        trained_as_of=date.fromisoformat(content["trained_as_of"]),
        model=KINDS[content["name"]].from_document(content["model"], boosters),
    )


def publish_champion(home: Home, name: str, version: str, bundle: Path) -> None:
    """Copy a champion's bundle into the home and point serving at it, in one step."""
    target = home.bundles / name / version
    if not target.exists():
        draft = target.with_name(f".{version}.{uuid.uuid4().hex}")
        shutil.copytree(bundle, draft)
        draft.rename(target)
    pointer = home.bundles / CHAMPIONS
    champions = json.loads(pointer.read_text(encoding="utf-8")) if pointer.exists() else {}
    champions[name] = version
    replace_atomically(pointer, json.dumps(champions, indent=1, sort_keys=True).encode())


def champion_versions(home: Home) -> dict[str, str]:
    """Return the published champions' versions by model name."""
    pointer = home.bundles / CHAMPIONS
    return dict(json.loads(pointer.read_text(encoding="utf-8"))) if pointer.exists() else {}


def load_champions(home: Home) -> dict[str, LoadedModel]:
    """Load every published champion; names without one are absent."""
    return {
        name: read_bundle(home.bundles / name / version, version)
        for name, version in champion_versions(home).items()
    }
