from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from models.reports.charts import lines_figure, quality_figure
from models.reports.page import Fact, Picture, Section, Table, render_page

OUTCOME = np.arange(60) % 4 == 0
PROBABILITY = np.linspace(0.05, 0.6, 60)


def render() -> str:
    frame = pd.DataFrame({"predictor": ["model", "<b>"], "auc": [0.91234, np.nan], "rows": [7, 8]})
    over_time = pd.DataFrame({"cutoff": ["a", "b"], "predictor": "model", "auc": [0.8, 0.9]})
    pictures = [
        Picture(quality_figure(OUTCOME, {"model": PROBABILITY}), "How the model did"),
        Picture(lines_figure(over_time, ["auc"], ["model"]), "AUC by cutoff"),
    ]
    table = Table(frame, "Measures", {"auc": ".2f"}, marked="model")
    return render_page("T", "s", [Fact("AUC", ".91")], [Section("One", ["a"], pictures, [table])])


@pytest.fixture(scope="module")
def text() -> str:
    return render()


def test_a_page_loads_nothing_from_elsewhere(text):
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", text) == []
    assert "http://" not in text and "https://" not in text and "@import" not in text
    assert "<script" not in text


def test_a_page_can_be_read_without_seeing_it(text):
    assert text.count("<h1>") == 1 and "<h2" in text and 'lang="en"' in text
    assert len(re.findall(r'<img src="[^"]+" alt="[^"]+"', text)) == text.count("<img") == 2
    assert "<caption>Measures</caption>" in text and 'scope="col"' in text


def test_cells_are_formatted_escaped_and_empty_where_nothing_is_known(text):
    assert ">0.91<" in text and "nan" not in text and "&lt;b&gt;" in text


def test_the_same_content_is_the_same_page(text):
    assert render() == text
