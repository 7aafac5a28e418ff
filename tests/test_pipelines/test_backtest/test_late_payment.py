from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from features.facts.loading import load_book
from features.ledger.storage import Ledger
from pipelines.backtest.protocol import Protocol
from pipelines.command import payrisk


@pytest.fixture(scope="module")
def out(run_backtest):
    return run_backtest("--customer-folds", "2", "--rescore-days", "7")


@pytest.fixture(scope="module")
def run_backtest(trained, tmp_path_factory):
    def call(*options: str):
        folder = tmp_path_factory.mktemp("backtest")
        config = folder / "config.yaml"
        config.write_text(
            "late_payment: {capacities: {lean: {trees: 3}}, min_settled_invoices: 50}\n"
        )
        arguments = ["backtest", "late_payment", "--ledger", str(trained.ledger)]
        arguments += ["--cutoffs", "2025-10-01", "--out", str(folder / "out")]
        payrisk([*arguments, "--config", str(config), *options], standalone_mode=False)
        return folder / "out"

    return call


def test_the_tables_agree_with_each_other(out):
    tables = {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}
    assert set(tables) == {
        *("metrics", "pooled", "comparisons", "slices", "calibration", "dates", "predictions")
    }
    predictions, metrics = tables["predictions"], tables["metrics"]
    rows = predictions.groupby("target").size()
    model = metrics[metrics["predictor"] == "model"].set_index("target")
    assert (model["rows"].reindex(rows.index) == rows).all()
    parts = tables["slices"].query("predictor == 'model'").groupby(["target", "slice"])["rows"]
    for (target, _), total in parts.sum().items():
        assert total == rows[target]
    key = ["target", "invoice_id", "as_of"]
    assert not predictions.duplicated(key).any()
    assert predictions["model"].between(0, 1).all()
    # One cutoff: pooled is the same, intervals included.
    both = ["auc", "log_loss", "ece_low", "cash_ratio"]
    np.testing.assert_array_equal(metrics[both], tables["pooled"][both])


def test_proposals_are_as_old_as_the_last_weekly_scoring(out):
    rows = pd.read_parquet(out / "predictions.parquet").query("task == 'at_issue'")
    ahead = (pd.to_datetime(rows["issued_on"]) - pd.to_datetime(rows["as_of"])).dt.days
    assert ahead.between(0, 6).all() and ahead.nunique() > 1


def test_the_report_is_one_page_that_loads_nothing(out):
    text = (out / "report.html").read_text()
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", text) == []
    assert "2 folds" in text and "every 7 days" in text and "lr_history" in text


def test_folds_hold_every_customer_out_once(trained, settings):
    book = load_book(Ledger.open(trained.ledger), settings.settlement)
    predicted = np.zeros(len(book.customer_ids), dtype=int)
    for learnt_from, held_out in Protocol(customer_folds=3).folds(book):
        assert not (learnt_from & held_out).any()
        predicted += held_out
    assert (predicted == 1).all()


@pytest.mark.parametrize("options", [{"customer_folds": 1}, {"rescore_days": -7}])
def test_a_protocol_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError, match="--"):
        Protocol(**options)


def test_options_of_late_payment_are_refused_for_other_models(run, trained, tmp_path):
    with pytest.raises(ValueError, match="late_payment's"):
        run(
            *("backtest", "default", "--ledger", trained.ledger, "--cutoffs", "2024-12-01"),
            *("--out", tmp_path / "out", "--rescore-days", 7),
        )
