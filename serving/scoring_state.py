"""What live scoring needs in memory: the ledger's book and the champion models, kept current."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from configs.home import Home
from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.loading import load_book
from features.ledger import Ledger
from models.bundle import LoadedModel, load_champions
from models.loss.given_default import LossGivenDefault, assumed, learnt_lgd
from serving.store import RiskStore

logger = logging.getLogger(__name__)

T = TypeVar("T")
Signature = tuple[object, ...]


@dataclass(frozen=True)
class Loaded:
    """One consistent state.

    Parameters
    ----------
    book : Book or None
        None: the ledger cannot be read, see ``faults``.
    ledger : Ledger or None
        The one the book was loaded from.
    models : mapping of str to LoadedModel
        The champions by name; missing ones are absent.
    faults : tuple of str
        What could not be loaded and why, one sentence each.
    signature : tuple
        Of the files it was loaded from.
    """

    book: Book | None = None
    ledger: Ledger | None = None
    models: Mapping[str, LoadedModel] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    signature: Signature = ()


class ScoringState:
    """Loads once, and again in the background when something new was published.

    While a new state loads, the old one answers; a request waits for it only shortly.

    Parameters
    ----------
    home : Home
    store : RiskStore
        Names the ledger that was scored.
    settings : Settings, optional
        When an invoice counts as paid, and what a default is.
    patience : float
        Seconds that a request waits for a newer state before it takes the older one.
    """

    def __init__(
        self, home: Home, store: RiskStore, settings: Settings | None, patience: float = 2.0
    ) -> None:
        self._home = home
        self._store = store
        self._settings = settings or Settings()
        self._losses: tuple[Loaded, date, LossGivenDefault] | None = None
        self._patience = patience
        self._loaded: Loaded | None = None
        self._lock = threading.Lock()
        self._loading: threading.Thread | None = None

    def current(self) -> Loaded:
        """Return the state to score with: the newest, or the last one while a newer one loads."""
        signature = self._signature()
        loaded = self._loaded
        if loaded is not None and loaded.signature == signature:
            return loaded
        thread = self.start()
        # Without any state there is nothing to answer with, so the first load is waited for.
        thread.join(None if loaded is None else self._patience)
        return self._loaded or Loaded(faults=("The scoring state could not be loaded.",))

    def peek(self) -> Loaded | None:
        """Return the state without waiting; None while the first one loads."""
        signature = self._signature()
        if self._loaded is None or self._loaded.signature != signature:
            self.start()
        return self._loaded

    def losses(self, loaded: Loaded, as_of: date) -> LossGivenDefault:
        """Return what a default costs as known at a moment; kept while state and moment stay."""
        kept = self._losses
        if kept is not None and kept[0] is loaded and kept[1] == as_of:
            return kept[2]
        if loaded.ledger is None or loaded.book is None:
            return assumed(self._settings.loss, self._settings.default.lgd)
        moment = moment_in_microseconds(as_of)
        found = learnt_lgd(loaded.ledger, loaded.book, self._settings, moment)
        self._losses = (loaded, as_of, found)
        return found

    def start(self) -> threading.Thread:
        """Begin loading, unless that is already under way."""
        with self._lock:
            if self._loading is None or not self._loading.is_alive():
                self._loading = threading.Thread(target=self._load, name="scoring", daemon=True)
                self._loading.start()
            return self._loading

    def _load(self) -> None:
        started = time.perf_counter()
        signature = self._signature()
        faults: list[str] = []
        ledger = _tried(self._open_ledger, faults)
        book = None if ledger is None else _tried(lambda: self._load_book(ledger), faults)
        models = _tried(lambda: load_champions(self._home), faults) or {}
        for model in models.values():
            _tried(model.warm_up, faults)
        if not models and not faults:
            faults.append("No model is trained in this home yet: run 'payrisk train all'.")
        self._loaded = Loaded(book, ledger, models, tuple(faults), signature)
        seconds = time.perf_counter() - started
        logger.info("scoring state loaded", extra={"seconds": seconds, "faults": faults})

    def _open_ledger(self) -> Ledger | None:
        published = self._store.current()
        return None if published is None else Ledger.open(published.ledger)

    def _load_book(self, ledger: Ledger) -> Book:
        return load_book(ledger, self._settings.settlement)

    def _signature(self) -> Signature:
        published = self._store.current()
        ledger = Path(published.ledger) / "manifest.json" if published else None
        return (
            ledger,
            _stamp(ledger) if ledger else None,
            # Champions are published by replacing a file in this folder.
            tuple(_stamps(self._home.bundles)),
        )


def _tried(load: Callable[[], T], faults: list[str]) -> T | None:
    """Return what was loaded, or None and a note: one part that fails must not stop the rest."""
    try:
        return load()
    except (OSError, ValueError, KeyError) as error:
        logger.warning("scoring state: %s", error)
        faults.append(str(error))
        return None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _stamps(folder: Path) -> list[tuple[str, tuple[int, int, int] | None]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, _stamp(Path(entry.path))) for entry in entries)
    except OSError:
        return []
