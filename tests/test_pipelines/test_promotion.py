from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import mlflow
import pytest

from configs import Home
from models.bundle import champion_versions, load_champions
from pipelines.promotion import Promotion, promote, read_promotions
from pipelines.training import train_model


@pytest.fixture(scope="module")
def two_versions(trained, settings, new_home, tmp_path_factory) -> SimpleNamespace:
    """A home with two versions of the default model, the first of them champion."""
    home = new_home(tmp_path_factory.mktemp("promotion") / "home")
    other = settings.model_copy(
        update={"default_model": settings.default_model.model_copy(update={"trees": 15})}
    )
    made = [
        train_model("default", trained.ledger, trained.as_of, home, chosen, str)
        for chosen in (settings, other, settings)
    ]
    return SimpleNamespace(home=home, made=[outcome.registered for outcome in made])


def test_the_second_version_challenges_and_the_first_again_is_the_first(two_versions):
    found = [(made.version, made.alias, made.new) for made in two_versions.made]
    assert found == [("1", "champion", True), ("2", "challenger", True), ("1", "champion", False)]
    assert champion_versions(two_versions.home) == {"default": "1"}


def test_promotion_moves_the_alias_the_published_champion_and_is_recorded(two_versions):
    home = two_versions.home
    first = promote(home, "default", "2", "Ada", "better calibrated")
    assert (first.from_version, first.to_version, first.previous) == ("1", "2", "")
    assert first.to_metrics and first.from_metrics
    aliases = mlflow.MlflowClient().get_registered_model("default").aliases
    assert {name: str(version) for name, version in aliases.items()} == {"champion": "2"}
    assert champion_versions(home) == {"default": "2"}
    assert load_champions(home)["default"].fingerprint == two_versions.made[1].fingerprint
    second = promote(home, "default", "1", "Bob", "back again")
    assert second.previous == first.hash
    assert read_promotions(home) == [first, second]
    assert load_champions(home)["default"].fingerprint == two_versions.made[0].fingerprint


@pytest.mark.parametrize(
    ("name", "version", "fault"),
    [
        ("default", "1", "version 1 is the champion already"),
        ("default", "7", "no such version"),
        ("scorecard", "1", "no such version"),
        ("defaults", "1", "not a model"),
    ],
)
def test_a_promotion_that_cannot_be_is_refused_and_not_recorded(two_versions, name, version, fault):
    before = len(read_promotions(two_versions.home))
    with pytest.raises(ValueError, match=fault):
        promote(two_versions.home, name, version, "Ada", "because")
    assert len(read_promotions(two_versions.home)) == before


@pytest.fixture
def record(tmp_path) -> Home:
    """A home with a record of three moves and nothing else."""
    home = Home(tmp_path)
    made: list[Promotion] = []
    for number in range(3):
        made.append(
            Promotion(
                at="2025-10-01T00:00:00+00:00",
                name="default",
                from_version=str(number),
                to_version=str(number + 1),
                by="Ada",
                reason="because",
                from_metrics={},
                to_metrics={"auc": 0.8},
                previous=made[-1].hash if made else "",
            )
        )
    lines = [json.dumps({**vars(p), "hash": p.hash}) for p in made]
    home.promotions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home


def test_an_untouched_record_reads(record):
    assert [p.to_version for p in read_promotions(record)] == ["1", "2", "3"]
    assert read_promotions(Home(record.root / "none")) == []


@pytest.mark.parametrize(
    "change",
    ["a word", "a word and its hash", "first line gone", "middle line gone", "swapped", "cut off"],
)
def test_a_changed_record_is_detected(record, change):
    lines = record.promotions.read_text(encoding="utf-8").splitlines()
    if change == "a word":
        lines[0] = lines[0].replace("because", "for fun")
    elif change == "a word and its hash":
        content = json.loads(lines[0])
        content.pop("hash")
        forged = replace(Promotion(**content), reason="for fun")
        lines[0] = json.dumps({**vars(forged), "hash": forged.hash})
    elif change == "first line gone":
        del lines[0]
    elif change == "middle line gone":
        del lines[1]
    elif change == "swapped":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines[2] = lines[2][:40]
    record.promotions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"promotions\.jsonl: line \d was changed"):
        read_promotions(record)


def test_nothing_is_promoted_on_a_changed_record(two_versions, record):
    home = Home(record.root / "home")
    shutil.copytree(two_versions.home.bundles, home.bundles)
    text = record.promotions.read_text(encoding="utf-8")
    home.promotions.write_text(text.replace("because", "for fun"), encoding="utf-8")
    with pytest.raises(ValueError, match="line 1 was changed"):
        promote(home, "default", "2", "Ada", "because")
    assert champion_versions(home) == champion_versions(two_versions.home)
