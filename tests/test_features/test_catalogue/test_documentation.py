"""The pages about features say what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from features.catalogue import CATALOGUE, GROUPS
from features.catalogue.documentation import documentation

DOCS = Path(__file__).parents[3] / "docs"
RENEW = "docs/features.md is not current: run `payrisk features list --out docs/features.md`"


def test_the_page_of_features_is_current():
    # A plain comparison: the page is too long for a readable difference.
    is_current = (DOCS / "features.md").read_text() == documentation()
    assert is_current, RENEW


def test_every_feature_has_one_line_with_all_cells():
    lines = [line for line in documentation().splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == list(CATALOGUE)
    assert {line.count("|") for line in lines} == {7}


def test_every_group_is_a_heading():
    headings = re.findall(r"^## (.*)$", documentation(), re.MULTILINE)
    assert [heading.lower() for heading in headings] == list(GROUPS)


def blocks(page: str) -> list[str]:
    """Return the Python code blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_worked_example_runs(monkeypatch, facts):
    """Run the blocks of the page in order: the declaration, its place, its test."""
    declaration, test = blocks("adding-a-feature.md")
    names: dict[str, object] = {}
    exec(compile(declaration, "adding-a-feature.md", "exec"), names)
    feature = names["FEATURES"][0]
    assert feature.name not in CATALOGUE, "the example is a feature by now: choose another"
    monkeypatch.setitem(CATALOGUE, feature.name, feature)
    exec(compile(test, "adding-a-feature.md", "exec"), names)
    tests = [name for name in names if name.startswith("test_")]
    assert len(tests) == 1
    names[tests[0]](facts)


def test_the_worked_example_tests_what_it_declares(monkeypatch, facts):
    """With another definition the page's test fails."""
    declaration, test = blocks("adding-a-feature.md")
    names: dict[str, object] = {}
    exec(compile(declaration.replace("30d", "90d"), "adding-a-feature.md", "exec"), names)
    exec(compile(test, "adding-a-feature.md", "exec"), names)
    feature = names["FEATURES"][0]
    monkeypatch.setitem(CATALOGUE, feature.name.replace("90d", "30d"), feature)
    with pytest.raises(AssertionError):
        next(names[name] for name in names if name.startswith("test_"))(facts)
