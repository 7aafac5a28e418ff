from __future__ import annotations

import shutil

import numpy as np
import pytest
from openpyxl import load_workbook

from configs.home import Home
from models.registry import Registry
from models.scorecard.workbook import CARD, CARD_COLUMNS


@pytest.fixture
def shelf(trained, tmp_path, monkeypatch) -> Home:
    """A home of the test's own with the registry."""
    # The store names its artifacts by absolute paths: bundles are read where they were written.
    copy = Home(tmp_path / "home")
    shutil.copytree(trained.home.root, copy.root)
    monkeypatch.setenv("PAYRISK_HOME", str(copy.root))
    return copy


def override(path, points):
    book = load_workbook(path)
    book[CARD].cell(2, CARD_COLUMNS.index("edited points") + 1).value = points
    book.save(path)


def test_a_card_is_exported_edited_and_registered_as_a_challenger(shelf, run, tmp_path, capsys):
    path = tmp_path / "card.xlsx"
    run("scorecard", "export", "--out", path)
    override(path, -99)
    run("scorecard", "import", "--file", path, "--by", "A. Manager", "--reason", "new branch")
    out = capsys.readouterr().out
    assert "scorecard version 2 (challenger)" in out and "-> -99 points" in out
    registry = Registry(shelf)
    before, after = (registry.load("scorecard", version) for version in ("1", "2"))
    assert registry.champion("scorecard") == "1"
    assert after.trained_as_of == before.trained_as_of
    assert after.model.characteristics[0].bins[0].points == -99
    (edit,) = after.model.edits
    assert (edit.by, edit.reason, edit.version) == ("A. Manager", "new branch", "1")
    nothing = np.full((1, len(before.model.features)), np.nan)
    lost = before.model.characteristics[0].bins[0].points + 99
    assert before.model.score(nothing) - after.model.score(nothing) == lost

    # Its own workbook cannot be edited as another version's, nor without a name and a reason.
    run("scorecard", "export", "--model", "scorecard=2", "--out", path)
    with pytest.raises(ValueError, match="nothing was changed"):
        run("scorecard", "import", "--file", path, "--by", "x", "--reason", "y")
    with pytest.raises(ValueError, match="--by and --reason"):
        run("scorecard", "import", "--file", path, "--by", " ", "--reason", "y")
    book = load_workbook(path)
    book["How to score"]["B7"].value = "scorecard=1"
    book.save(path)
    with pytest.raises(ValueError, match="exported from another scorecard=1"):
        run("scorecard", "import", "--file", path, "--by", "x", "--reason", "y")
    assert registry.versions("scorecard") == ["1", "2"]


def test_a_home_without_a_card_says_so(empty_home, run, tmp_path):
    with pytest.raises(ValueError, match="no scorecard; train one"):
        run("scorecard", "export", "--out", tmp_path / "card.xlsx")
    with pytest.raises(ValueError, match=r"write to a \.xlsx file"):
        run("scorecard", "export", "--out", tmp_path / "card.csv")
