from __future__ import annotations

import os
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest

from configs import Home
from models.bundle import write_bundle
from models.plots import draw, report_figure
from models.registry import CHALLENGER, CHAMPION, Registry
from models.scorecard.card import Scorecard


class Shelf:
    """A registry in a folder of its own, and how a card gets into it."""

    def __init__(self, root, trained) -> None:
        self.root, self.trained = root, trained
        self.home = Home(root / "a home with späces")
        self.registry = Registry(self.home)

    def register(self, shift: float):
        """Register the card moved by some points: another model, another fingerprint."""
        card: Scorecard = self.trained.model
        moved = replace(card, base_points=card.base_points + int(shift))
        trained = replace(self.trained, model=moved)
        bundle = self.root / f"bundle-{shift}"
        about = {"name": "scorecard", "trained_as_of": "2025-10-01", "ledger_fingerprint": "f00d"}
        about["fingerprint"] = write_bundle(bundle, moved, about)
        plots = self.root / f"plots-{shift}"
        if not plots.exists():
            draw({"report.png": report_figure("scorecard", trained.checks)}, plots)
        return self.registry.register(trained, bundle, about, plots, "<html></html>"), moved


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, scorecard) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("registry"), scorecard)


@pytest.fixture(scope="module")
def versions(shelf):
    """Three registrations: a model, another one, and the first once more."""
    assert shelf.registry.champion("scorecard") is None
    assert shelf.registry.versions("scorecard") == []
    return [shelf.register(shift)[0] for shift in (0, 5, 0)]


def test_the_first_version_is_champion_and_the_second_challenges(versions):
    first, second, _ = versions
    assert (first.version, first.alias, first.new) == ("1", CHAMPION, True)
    assert (second.version, second.alias, second.new) == ("2", CHALLENGER, True)


def test_the_same_fingerprint_again_is_the_same_version(shelf, versions):
    first, _, again = versions
    assert (again.version, again.alias, again.new) == ("1", CHAMPION, False)
    assert again.fingerprint == first.fingerprint
    assert shelf.registry.versions("scorecard") == ["1", "2"]


def test_a_version_predicts_in_mlflow_as_its_bundle(shelf, versions, snapshots):
    frame = pd.DataFrame(snapshots.matrix[:40], columns=shelf.trained.model.features)
    for version, shift in (("1", 0), ("2", 5)):
        served = mlflow.pyfunc.load_model(f"models:/scorecard/{version}").predict(frame)
        loaded = shelf.registry.load("scorecard", version)
        pd.testing.assert_frame_equal(served, loaded.model.predict_frame(frame), check_exact=True)
        expected = shelf.trained.model.score(snapshots.matrix[:40]) + shift
        assert np.array_equal(served["score"], expected)


def test_a_version_knows_when_and_on_what_it_was_trained(shelf, versions, as_of):
    assert shelf.registry.trained_as_of("scorecard", "1") == as_of
    assert shelf.registry.load("scorecard", "2").trained_as_of == as_of
    logged = shelf.registry.metrics("scorecard", "1")
    finite = {k: v for k, v in shelf.trained.metrics.items() if v == v}
    assert logged == pytest.approx(finite)


def test_a_run_has_parameters_signature_input_example_and_plots(shelf, versions):
    model = mlflow.models.get_model_info("models:/scorecard/1")
    assert set(model.signature.inputs.input_names()) == set(shelf.trained.model.features)
    assert model.signature.outputs.input_names() == ["score", "pd_12m"]
    found = mlflow.MlflowClient().get_run(model.run_id)
    assert found.data.params["ledger_fingerprint"] == "f00d"
    assert found.data.params["min_bin_share"] == "0.05"
    plots = mlflow.MlflowClient().list_artifacts(model.run_id, "plots")
    assert [item.path for item in plots] == ["plots/report.png"]


def test_all_state_is_under_the_home_and_nothing_is_pickled(shelf, versions):
    assert shelf.home.mlflow_store.is_file()
    files = [path for path in shelf.home.root.rglob("*") if path.is_file()]
    assert any(path.name == "bundle.json" for path in files)
    assert not [path for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".cloud"}]
    for path in files:
        if shelf.home.mlflow_artifacts in path.parents:
            assert not path.read_bytes().startswith(b"\x80"), path
    assert not os.path.exists("mlruns")


def test_an_unknown_version_is_refused_with_those_there_are(shelf, versions):
    with pytest.raises(ValueError, match=r"scorecard=9: no such version .*it has: 1, 2"):
        shelf.registry.load("scorecard", "9")
    with pytest.raises(ValueError, match=r"no such version"):
        shelf.registry.load("scorecard", "two")
    with pytest.raises(ValueError, match=r"default=1: no such version .*it has: none"):
        shelf.registry.load("default", "1")


def test_the_champion_alias_moves_and_a_champion_is_no_challenger(shelf, versions):
    registry = shelf.registry
    registry.set_champion("scorecard", "2")
    aliases = mlflow.MlflowClient().get_registered_model("scorecard").aliases
    assert {alias: str(v) for alias, v in aliases.items()} == {CHAMPION: "2"}
    assert Registry(shelf.home).champion("scorecard") == "2"
    registry.set_champion("scorecard", "1")
    assert registry.champion("scorecard") == "1"


def test_two_homes_of_one_process_never_meet(shelf, versions, tmp_path):
    other = Registry(Home(tmp_path / "other"))
    assert shelf.registry.load("scorecard", "1").version == "1"
    made, _ = shelf.register(9)
    assert made.new
    assert made.version in shelf.registry.versions("scorecard")
    assert other.versions("scorecard") == []
    assert other.champion("scorecard") is None
    Registry(shelf.home)
