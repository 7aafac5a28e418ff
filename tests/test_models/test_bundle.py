from __future__ import annotations

import json
import pickletools
from datetime import date

import numpy as np
import pytest

from configs import Home
from features.build import moment_in_microseconds
from models import bundle as bundles
from models.bundle import (
    DOCUMENT,
    champion_versions,
    fingerprint_of,
    load_champions,
    publish_champion,
    read_bundle,
    write_bundle,
)
from models.late_payment.fitting import fit_late_payment


def about(name: str) -> dict[str, object]:
    return {"name": name, "trained_as_of": "2025-10-01", "window": ["2023-01-01", "2025-09-30"]}


@pytest.fixture(params=["late_payment", "default", "scorecard"])
def trained(request):
    made = request.getfixturevalue(request.param)
    return request.param, made.model


def test_a_bundle_predicts_bit_for_bit_as_the_model(trained, snapshots, late_payment, tmp_path):
    name, model = trained
    fingerprint = write_bundle(tmp_path / "bundle", model, about(name))
    loaded = read_bundle(tmp_path / "bundle", "3")
    assert (loaded.name, loaded.version, loaded.fingerprint) == (name, "3", fingerprint)
    assert loaded.trained_as_of == date(2025, 10, 1)
    if name == "late_payment":
        rows = late_payment.evaluated
        given = (rows.matrix, rows.start, rows.keys.due_day)
        before, after = model.curves(*given), loaded.model.curves(*given)
        assert (before.survival == after.survival).all()
        assert (before.daily == after.daily).all()
    else:
        matrix = snapshots.matrix
        assert (model.predict(matrix) == loaded.model.predict(matrix)).all()
        assert (model.contributions(matrix) == loaded.model.contributions(matrix)).all()


def test_writing_a_loaded_model_again_gives_the_same_fingerprint(trained, tmp_path):
    name, model = trained
    first = write_bundle(tmp_path / "one", model, about(name))
    again = write_bundle(tmp_path / "two", read_bundle(tmp_path / "one", "1").model, about(name))
    assert first == again


def test_a_bundle_is_text_only(trained, tmp_path):
    name, model = trained
    write_bundle(tmp_path / "bundle", model, about(name))
    files = list((tmp_path / "bundle").iterdir())
    assert {path.suffix for path in files} <= {".json", ".txt"}
    for path in files:
        path.read_text(encoding="utf-8")
        with pytest.raises(ValueError):
            list(pickletools.genops(path.read_bytes()))


def test_a_bundle_carries_features_window_and_the_moment_of_training(trained, tmp_path):
    name, model = trained
    write_bundle(tmp_path / "bundle", model, about(name))
    content = json.loads((tmp_path / "bundle" / DOCUMENT).read_text(encoding="utf-8"))
    assert content["model"]["features"] == list(model.features)
    assert content["window"] == about(name)["window"]
    assert set(content["model"]["reason_texts"]) == set(model.features)


@pytest.mark.parametrize("change", ["document", "booster", "missing booster", "not json", "empty"])
def test_a_changed_bundle_is_refused(default, tmp_path, change):
    folder = tmp_path / "bundle"
    write_bundle(folder, default.model, about("default"))
    document, booster = folder / DOCUMENT, folder / "booster_0.txt"
    if change == "document":
        content = json.loads(document.read_text(encoding="utf-8"))
        content["model"]["intercept"] += 0.01
        document.write_text(json.dumps(content), encoding="utf-8")
    elif change == "booster":
        text = booster.read_text(encoding="utf-8")
        booster.write_text(text.replace("shrinkage=0.04", "shrinkage=0.05", 1), encoding="utf-8")
    elif change == "missing booster":
        booster.unlink()
    else:
        document.write_text("{" if change == "not json" else "{}", encoding="utf-8")
    with pytest.raises(ValueError, match="bundle: .*train again") as fault:
        read_bundle(folder, "1")
    assert "\n" not in str(fault.value)


def test_the_fingerprint_covers_the_document_and_every_booster():
    base = fingerprint_of({"a": 1}, {"x": "1"})
    assert base == fingerprint_of({"a": 1}, {"x": "1"})
    others = [({"a": 2}, {"x": "1"}), ({"a": 1}, {"x": "2"}), ({"a": 1}, {"y": "1"})]
    assert base not in [fingerprint_of(*other) for other in others]


def test_two_trainings_give_the_same_fingerprint(book, settings, late_payment):
    """On any number of threads: boosters are trained one thread each."""
    cutoff = moment_in_microseconds("2025-10-01")
    again = fit_late_payment(book, cutoff, settings.late_payment)
    assert fingerprint_of(*again.model.to_document()) == fingerprint_of(
        *late_payment.model.to_document()
    )


def test_champions_are_published_side_by_side(default, scorecard, tmp_path):
    home = Home(tmp_path / "home")
    assert load_champions(home) == {}
    for name, model in (("default", default.model), ("scorecard", scorecard.model)):
        write_bundle(tmp_path / name, model, about(name))
        publish_champion(home, name, "1", tmp_path / name)
    assert champion_versions(home) == {"default": "1", "scorecard": "1"}
    assert set(load_champions(home)) == {"default", "scorecard"}


def test_a_publication_that_fails_leaves_the_old_champion(
    default, scorecard, tmp_path, monkeypatch
):
    home = Home(tmp_path / "home")
    write_bundle(tmp_path / "one", scorecard.model, about("scorecard"))
    publish_champion(home, "scorecard", "1", tmp_path / "one")
    for broken in ("copytree", "pointer"):
        with monkeypatch.context() as patch:
            if broken == "copytree":
                patch.setattr(bundles.shutil, "copytree", _full_disk)
            else:
                patch.setattr(bundles, "replace_atomically", _full_disk)
            with pytest.raises(OSError, match="No space"):
                publish_champion(home, "scorecard", "2", tmp_path / "one")
        assert champion_versions(home) == {"scorecard": "1"}
        assert load_champions(home)["scorecard"].version == "1"
    publish_champion(home, "scorecard", "2", tmp_path / "one")
    assert load_champions(home)["scorecard"].version == "2"


def _full_disk(*_args: object, **_kwargs: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_matrix_of_no_rows_is_scored(default, scorecard):
    for model in (default.model, scorecard.model):
        assert model.predict(np.empty((0, len(model.features)))).shape == (0,)
