from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.bundle import load_champions
from pipelines.backtest.risk_tables import master_scale
from pipelines.backtest.summary import kept_word, summary
from pipelines.command import payrisk

CUTOFFS = {"default": ["2024-12-01"], "scorecard": ["2024-09-01", "2024-12-01"]}
CARDS = {
    "default": "{min_iv: 2.9}",  # Nothing tells so much: no card stands beside the default model.
    "scorecard": "{max_characteristics: 2, max_prebins: 5, max_bins: 3}",
}


@pytest.fixture(scope="module", params=["default", "scorecard"])
def made(request, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    config = folder / "config.yaml"
    config.write_text(
        "default_model: {trees: 3, seeds: 1}\ndefault: {min_defaulted_customers: 3}\n"
        f"scorecard: {CARDS[request.param]}\n"
    )
    arguments = ["backtest", request.param, "--ledger", str(trained.ledger), "--cutoffs"]
    arguments += [
        ",".join(CUTOFFS[request.param]),
        "--out",
        str(folder / "out"),
        "--config",
        str(config),
    ]
    payrisk(arguments, standalone_mode=False)
    return request.param, folder / "out"


@pytest.fixture(scope="module")
def tables(made):
    return {path.stem: pd.read_parquet(path) for path in made[1].glob("*.parquet")}


def test_the_tables_agree_with_each_other(made, tables):
    assert set(tables) == {
        *("metrics", "pooled", "comparisons", "grades", "migration", "stability", "predictions")
    }
    predictions, metrics = tables["predictions"], tables["metrics"]
    rows = predictions.groupby("cutoff").size()
    model = metrics[metrics["predictor"] == "model"].set_index("cutoff")
    assert (model["rows"] == rows).all()
    assert (tables["grades"].groupby("cutoff")["rows"].sum() == rows).all()
    bads = predictions.groupby("cutoff")["outcome"].sum()
    assert (tables["grades"].groupby("cutoff")["bads"].sum() == bads).all()
    assert not predictions.duplicated(["cutoff", "customer_id"]).any()
    both = predictions.groupby("customer_id").size() == 2
    assert tables["migration"]["customers"].sum() == both.sum()


def test_every_predictor_is_a_probability_beside_the_model(made, tables):
    others = set() if made[0] == "default" else {"default"}
    rules = {"base_rate", "worst_dpd", "overdue_share", "bureau_score", "lr_five", "hand_made"}
    pooled = tables["pooled"].set_index("predictor")
    assert set(pooled.index) == {"model"} | others | rules
    for name in pooled.index:
        assert tables["predictions"][name].between(0, 1).all()
    assert pooled.loc["model", "rank_correlation"] == pytest.approx(1)
    assert pooled.loc[list(others), "rank_correlation"].between(0, 1, inclusive="neither").all()
    for measure in ("auc", "log_loss", "brier"):
        pooled_gaps = tables["comparisons"].query("scope == 'pooled'")
        gaps = pooled_gaps[pooled_gaps["measure"] == measure]
        assert set(gaps["baseline"]) == others | rules
        assert (gaps["low"] <= gaps["high"]).all()


def test_the_base_rate_learnt_ranks_nobody(tables):
    base = tables["metrics"].query("predictor == 'base_rate'")
    assert (base["auc"] == 0.5).all()
    assert (tables["predictions"].groupby("cutoff")["base_rate"].nunique() == 1).all()


def test_the_report_is_one_page_with_what_a_committee_asks_for(made):
    name, out = made
    text = (out / "report.html").read_text()
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", text) == []
    asked = ["Validation", "Calibration by grade", "The master scale", "Limits of use"]
    card = ["The card", "Why these characteristics"]
    for title in asked:
        assert f">{title}</h2>" in text
    for title in card:
        assert (f">{title}</h2>" in text) == (name == "scorecard")
    moved = "2024-09-01 (rows) to 2024-12-01 (columns)"
    assert (moved in text) == (name == "scorecard")


def test_the_summary_holds_every_predictor_once(made):
    header, rows = summary(made[1])
    assert len(rows) == 7 + (made[0] == "scorecard") and all(
        len(row) == len(header) for row in rows
    )
    assert "grades by cutoff predict inside" in kept_word(made[1])


def test_the_scores_of_the_master_scale_give_its_grades(trained, tables, settings):
    card = load_champions(trained.home)["scorecard"].model
    # Slope and intercept as calibrated on later months: not those of the raw card.
    card = replace(card, slope=0.9, intercept=0.2)
    scale = master_scale(card.grades, card, tables["predictions"]).set_index("grade")
    score = np.arange(300.0, 900.0)
    grade = card.grade(card.pd_of(score))
    for name, row in scale.dropna(subset=["score_from"]).iterrows():
        assert score[grade == name].min() == max(row["score_from"], score[0])
    assert scale["customers"].sum() == len(tables["predictions"])


def test_too_few_defaults_are_named_with_their_cutoff(run, trained, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("default: {min_defaulted_customers: 1000}\n")
    with pytest.raises(ValueError, match=r"^--cutoffs: 2024-12-01: default: \d+ .* are needed"):
        run(
            *("backtest", "default", "--ledger", trained.ledger, "--cutoffs", "2024-12-01"),
            *("--out", tmp_path / "out", "--config", config),
        )
    assert not (tmp_path / "out").exists()


def test_a_hand_made_card_is_read_before_anything_is_fitted(run, trained, tmp_path):
    asked = ["--ledger", trained.ledger, "--cutoffs", "2024-12-01", "--out", tmp_path / "out"]
    asked += ["--hand-made-card", tmp_path / "none.yaml"]
    with pytest.raises(ValueError, match="none.yaml: cannot be read"):
        run("backtest", "default", *asked)
    with pytest.raises(ValueError, match="the default model's and the scorecard's"):
        run("backtest", "late_payment", *asked)


def test_a_window_that_has_not_passed_is_refused_before_anything_is_fitted(run, trained, tmp_path):
    with pytest.raises(ValueError, match="12 months after 2025-09-01 end after") as refusal:
        run(
            *("backtest", "scorecard", "--ledger", trained.ledger),
            *("--cutoffs", f"2024-12-01,{date(2025, 9, 1)}", "--out", tmp_path / "out"),
        )
    assert "\n" not in str(refusal.value)
