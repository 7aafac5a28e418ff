from __future__ import annotations

from pathlib import Path

from configs import Home

PARTS = (
    "mlflow_store",
    "mlflow_artifacts",
    "prefect",
    "bundles",
    "risk_store",
    "promotions",
    "reports",
)


def test_everything_lies_under_the_root_and_nothing_twice(tmp_path):
    home = Home(tmp_path / "home")
    places = [getattr(home, part) for part in PARTS]
    assert all(home.root in place.parents for place in places)
    assert len(set(places)) == len(places)


def test_naming_a_home_writes_nothing(tmp_path):
    Home.locate(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


def test_a_named_home_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PAYRISK_HOME", str(tmp_path / "other"))
    assert Home.locate(tmp_path / "mine").root == tmp_path / "mine"
    assert Home.locate().root == tmp_path / "other"


def test_without_a_name_the_home_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("PAYRISK_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Home.locate().root == tmp_path / ".payrisk"


def test_a_relative_home_is_made_absolute_and_a_tilde_is_expanded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert Home.locate("here").root == tmp_path / "here"
    assert Home.locate("~/risk").root == Path(tmp_path / "me" / "risk")
