from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.registry.store import Registered
from pipelines.summaries import show_training
from pipelines.training import TrainOutcome

MEASURES = {"rows": 200.0, "base_rate": 0.1, "auc": 0.8, "log_loss_skill": 0.2}


def told(capsys, **changed):
    metrics = {f"oot_late_5d_{name}": value for name, value in {**MEASURES, **changed}.items()}
    made = Registered("late_payment", "1", "champion", "f", new=True)
    show_training([TrainOutcome("late_payment", made, "", metrics, Path("plots"))])
    return " ".join(capsys.readouterr().out.split())


def test_how_many_rows_were_measured_is_said(capsys):
    text = told(capsys)
    assert "200" in text and "20" in text
    assert "no better than the base rate" not in text


@pytest.mark.parametrize(
    ("changed", "cases"),
    [
        ({"log_loss_skill": -0.1, "auc": 0.4}, "(200, 20 of them late or bad)"),
        ({"log_loss_skill": np.nan, "auc": np.nan, "base_rate": 0.0}, "(200, 0 of them"),
        ({"log_loss_skill": np.nan, "auc": np.nan, "rows": 0.0, "base_rate": np.nan}, "(0, 0 of"),
    ],
)
def test_a_model_that_measures_no_better_than_the_base_rate_is_said(capsys, changed, cases):
    text = told(capsys, **changed)
    assert "late_payment: no better than the base rate on the rows it was measured on" in text
    assert cases in text
