from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from models.scorecard.workbook import write_workbook

PAGE = Path(__file__).parents[3] / "docs" / "scorecard.md"


def test_the_lines_of_the_page_score_as_the_card(scorecard, snapshots, tmp_path, monkeypatch):
    card = scorecard.model
    write_workbook(card, tmp_path / "card.xlsx", "scorecard=1", "f00d")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    names: dict = {}
    exec(code, names)
    column = [card.features.index(c.feature) for c in card.characteristics]
    matrix = np.vstack([snapshots.matrix[::20], np.full((1, len(card.features)), 1e9)])
    for row, expected, risk in zip(matrix, card.score(matrix), card.predict(matrix), strict=True):
        values = [None if np.isnan(v) else float(v) for v in row[column]]
        customer = dict(zip([c.feature for c in card.characteristics], values, strict=True))
        assert names["score"](customer) == expected
        assert names["pd_12m"](expected) == pytest.approx(risk, rel=1e-12)
