from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import date

import pytest

from serving import scoring_state
from serving.scoring_state import ScoringState


@dataclass
class ModelStandIn:
    version: str

    def warm_up(self) -> None:
        pass


@pytest.fixture
def loads(monkeypatch):
    """Counts loads; the champion's version is what the pointer file says."""
    counted = []

    def load_champions(home):
        counted.append("models")
        pointer = home.bundles / "champions.json"
        return {"late_payment": ModelStandIn(json.loads(pointer.read_text()))}

    monkeypatch.setattr(scoring_state, "load_champions", load_champions)
    monkeypatch.setattr(scoring_state.Ledger, "open", lambda root: root)
    monkeypatch.setattr(scoring_state, "load_book", lambda ledger, rules: f"book of {ledger}")
    return counted


def promote(home, version: str) -> None:
    home.bundles.mkdir(parents=True, exist_ok=True)
    draft = home.bundles / ".draft"
    draft.write_text(json.dumps(version))
    draft.replace(home.bundles / "champions.json")


def test_it_loads_once_and_again_after_a_promotion(home, published, loads):
    promote(home, "1")
    state = ScoringState(home, published, None)
    assert state.current().book == "book of /nowhere/ledger"
    assert state.current().models["late_payment"].version == "1"
    assert len(loads) == 1
    promote(home, "2")
    assert state.current().models["late_payment"].version == "2"
    assert len(loads) == 2


def test_it_follows_the_ledger_that_was_scored(home, published, loads, outputs):
    promote(home, "1")
    state = ScoringState(home, published, None)
    state.current()
    published.publish(date(2026, 2, 1), outputs(ledger="/another"))
    assert state.current().book == "book of /another"


def test_the_old_state_answers_while_a_new_one_loads(home, published, loads, monkeypatch):
    promote(home, "1")
    state = ScoringState(home, published, None, patience=0.05)
    state.current()
    gate = threading.Event()
    load = scoring_state.load_champions

    def slowly(home):
        gate.wait(10)
        return load(home)

    monkeypatch.setattr(scoring_state, "load_champions", slowly)
    promote(home, "2")
    assert state.current().models["late_payment"].version == "1"
    gate.set()
    state.start().join()
    assert state.current().models["late_payment"].version == "2"


def test_what_cannot_be_loaded_is_said_and_the_rest_works(home, published, loads):
    state = ScoringState(home, published, None)
    loaded = state.current()
    assert loaded.book is not None and loaded.models == {}
    assert "champions.json" in loaded.faults[0]
    promote(home, "1")
    assert state.current().faults == ()


def test_before_anything_was_run(home, store):
    loaded = ScoringState(home, store, None).current()
    assert loaded.book is None
    assert loaded.faults == ("No model is trained in this home yet: run 'payrisk train all'.",)
