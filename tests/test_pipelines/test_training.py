from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.bundle import champion_versions, load_champions
from models.registry import Registry
from pipelines.training import train_model


def test_every_model_is_registered_published_and_drawn(trained):
    champions = load_champions(trained.home)
    assert set(champions) == {"late_payment", "default", "scorecard"}
    for name, outcome in trained.outcomes.items():
        assert (outcome.registered.version, outcome.registered.alias) == ("1", "champion")
        assert champions[name].fingerprint == outcome.registered.fingerprint
        assert champions[name].trained_as_of == trained.as_of
        for plot in ("report", "importance", "dependence"):
            assert (outcome.plots / f"{plot}.png").stat().st_size > 1000
        page = (outcome.plots / "report.html").read_text(encoding="utf-8")
        assert outcome.registered.fingerprint in page
        assert 'src="http' not in page and 'href="http' not in page
    registry = Registry(trained.home)
    aliases = {name: registry.champion(name) for name in champions}
    assert aliases == champion_versions(trained.home)


def test_measures_are_out_of_time_and_within_bounds(trained):
    for name, prefix in (("late_payment", "oot_late_5d"), ("default", "oot"), ("scorecard", "oot")):
        metrics = trained.outcomes[name].metrics
        if name == "scorecard" and "oot_auc" not in metrics:
            # So few defaults carry no card as of the first test month: customers are held out.
            prefix = "unseen_customers"
        assert 0.6 < metrics[f"{prefix}_auc"] < 0.99, name
        assert 0 < metrics[f"{prefix}_brier"] < 0.25
        assert 0 <= metrics[f"{prefix}_ece"] < 0.3


@pytest.mark.parametrize("name", ["default", "scorecard"])
def test_too_few_defaults_are_a_refusal_in_one_line_and_leave_nothing(
    name, tiny_ledger, empty_home, settings
):
    outcome = train_model(name, tiny_ledger, date(2025, 10, 1), empty_home, settings, str)
    assert outcome.registered is None
    assert outcome.refusal.startswith(f"{name}: ")
    assert "are needed" in outcome.refusal and "\n" not in outcome.refusal
    assert not empty_home.root.exists()


def test_a_moment_before_all_facts_is_a_refusal(trained, empty_home, settings):
    outcome = train_model(
        "late_payment", trained.ledger, date(2022, 1, 1), empty_home, settings, str
    )
    assert "0 settled invoices" in outcome.refusal


def test_a_moment_the_ledger_does_not_reach_is_refused(trained, empty_home, settings):
    with pytest.raises(ValueError, match="ends with the extract of"):
        train_model("default", trained.ledger, date(2030, 1, 1), empty_home, settings, str)


def test_a_history_of_a_few_months_trains(trained, new_home, tmp_path, settings):
    """No invoice of the last slice can be 30 days late yet: nothing to measure there."""
    outcome = train_model(
        "late_payment", trained.ledger, date(2023, 6, 1), new_home(tmp_path / "h"), settings, str
    )
    assert outcome.registered is not None, outcome.refusal


_ELSEWHERE = """
import sys
import models, features  # other people's
import mlflow, pandas as pd
frame, out = pd.read_parquet(sys.argv[1]), sys.argv[2]
for name in sys.argv[3:]:
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    needed = model.metadata.get_input_schema().input_names()
    model.predict(frame[needed]).to_parquet(f"{out}/{name}.parquet")
assert models.MINE and features.MINE and sys.modules["models"] is models
"""


def test_a_champion_predicts_as_its_bundle_in_a_process_with_other_packages(trained, tmp_path):
    """Another process and folder, and packages called ``models`` and ``features`` of its own."""
    for name in ("models", "features"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("MINE = True\n")
    names = ("late_payment", "default", "scorecard")
    rng = np.random.default_rng(2)
    champions = load_champions(trained.home)
    columns = champions["late_payment"].model.features
    frame = pd.DataFrame(rng.integers(0, 7, (40, len(columns))).astype(float), columns=columns)
    frame.to_parquet(tmp_path / "rows.parquet")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "MLFLOW_TRACKING_URI": f"sqlite:///{trained.home.mlflow_store}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, "rows.parquet", str(tmp_path), *names],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for name in names:
        served = pd.read_parquet(tmp_path / f"{name}.parquet")
        expected = champions[name].model.predict_frame(frame)
        pd.testing.assert_frame_equal(served, expected, check_exact=True)
