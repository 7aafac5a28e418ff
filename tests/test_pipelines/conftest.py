from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from configs import Home, Settings
from configs.settings import (
    DefaultModelSettings,
    LatePaymentSettings,
    ScorecardSettings,
    TreeSettings,
)

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
TRAINED_AS_OF = date(2025, 10, 1)
AS_OF = date(2025, 12, 1)


def small_settings() -> Settings:
    return Settings(
        late_payment=LatePaymentSettings(capacities={"lean": TreeSettings(trees=10)}),
        default_model=DefaultModelSettings(trees=20, seeds=1),
        # Only what tells much alone is binned: that is the slow part.
        scorecard=ScorecardSettings(
            min_iv=0.5, max_prebins=6, max_bins=3, max_characteristics=5, max_correlation=0.75
        ),
    )


def write_extract(folder: Path, keep: Callable[[str], bool]) -> Path:
    """Copy the sample's rows of some customers."""
    folder.mkdir(parents=True)
    for path in SAMPLE.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            kept = [row for row in rows if keep(row["customer_id"])]
        with (folder / path.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows.fieldnames or ())
            writer.writeheader()
            writer.writerows(kept)
    return folder


@pytest.fixture(scope="session")
def settings() -> Settings:
    return small_settings()


@pytest.fixture(scope="session")
def new_home(tmp_path_factory) -> Callable[[Path], Home]:
    """Makes a home with an empty registry; to create one anew takes MLflow seconds."""
    from models.registry import Registry

    first = Home(tmp_path_factory.mktemp("registry") / "home")
    Registry(first)
    empty = first.mlflow_store.read_bytes()

    def call(root: Path) -> Home:
        home = Home(root)
        home.mlflow_store.parent.mkdir(parents=True)
        home.mlflow_store.write_bytes(empty)
        return home

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory, settings, new_home) -> SimpleNamespace:
    """A ledger of a part of the sample and a home with three champions; not to be changed."""
    from features.intake import import_extract, load_source
    from pipelines.training import train_model

    root = tmp_path_factory.mktemp("trained")
    with (SAMPLE / "customer_events.csv").open(encoding="utf-8", newline="") as stream:
        marked = {row["customer_id"] for row in csv.DictReader(stream)}
    extract = write_extract(root / "extract", lambda c: c in marked or int(c[1:]) % 7 == 0)
    import_extract(load_source("canonical"), extract, root / "ledger", settings)
    home = new_home(root / "home")
    outcomes = {
        name: train_model(name, root / "ledger", TRAINED_AS_OF, home, settings, str)
        for name in ("late_payment", "default", "scorecard")
    }
    return SimpleNamespace(
        ledger=root / "ledger", home=home, outcomes=outcomes, as_of=TRAINED_AS_OF
    )


@pytest.fixture
def home(trained, tmp_path, monkeypatch) -> Home:
    """A home of the test's own with the published champions, and no registry."""
    copy = Home(tmp_path / "home")
    shutil.copytree(trained.home.bundles, copy.bundles)
    monkeypatch.setenv("PAYRISK_HOME", str(copy.root))
    return copy


@pytest.fixture
def empty_home(tmp_path, monkeypatch) -> Home:
    home = Home(tmp_path / "empty")
    monkeypatch.setenv("PAYRISK_HOME", str(home.root))
    return home


@pytest.fixture(scope="session")
def tiny_ledger(tmp_path_factory, settings) -> Path:
    """Nine customers: enough to score, too few to learn defaults from."""
    from features.intake import import_extract, load_source

    root = tmp_path_factory.mktemp("tiny")
    extract = write_extract(root / "extract", lambda c: c.endswith("00") or c.endswith("50"))
    import_extract(load_source("canonical"), extract, root / "ledger", settings)
    return root / "ledger"


@pytest.fixture
def run() -> Callable[..., object]:
    """Runs ``payrisk`` with some arguments in this process."""
    from pipelines.command import payrisk

    def call(*arguments: object) -> object:
        return payrisk([str(a) for a in arguments], standalone_mode=False)

    return call


@pytest.fixture
def score_arguments(trained, tmp_path) -> list[object]:
    return ["score", "--ledger", trained.ledger, "--as-of", AS_OF, "--out", tmp_path / "out"]
