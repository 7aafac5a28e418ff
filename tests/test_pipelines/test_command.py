from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date

import click
import pandas as pd
import pytest

VERBS = ["simulate", "ingest", "features", "train", "backtest", "score", "promote", "serve", "demo"]


@pytest.fixture
def shell(tmp_path, empty_home):
    """Runs ``payrisk`` as a process of its own."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipelines.command", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=os.getcwd(),
            check=False,
        )

    return call


@pytest.mark.parametrize("verb", [[v] for v in VERBS] + [["features", "build"], []])
def test_every_command_explains_itself(run, capsys, verb):
    assert run(*verb, "--help") == 0
    page = capsys.readouterr().out
    assert page.startswith("Usage: ")
    if not verb:
        assert all(f"\n  {name} " in page for name in VERBS)
    elif verb != ["features"]:
        assert "--config" in page


def test_a_score_from_the_command_line(run, score_arguments, home, tmp_path, capsys):
    run(*score_arguments, "--csv")
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    frames = ["customers", "invoices", "worklist", "expected_loss"]
    frames += ["cash_forecast", "cash_forecast_customers", "customer_reasons", "invoice_reasons"]
    assert written == sorted(f"{n}.{s}" for n in frames for s in ("csv", "parquet"))
    text = capsys.readouterr().out
    assert "open invoices" in text and "expected loss" in text
    csv = pd.read_csv(tmp_path / "out" / "invoices.csv")
    assert len(csv) == len(pd.read_parquet(tmp_path / "out" / "invoices.parquet"))


def test_a_missing_model_is_said(run, score_arguments, empty_home, capsys):
    run(*score_arguments)
    assert "no late_payment, default, scorecard model" in capsys.readouterr().out


def test_proposed_invoices_of_which_none_can_be_scored_stop_the_run(
    run, score_arguments, home, tmp_path
):
    file = tmp_path / "p.csv"
    file.write_text(
        "invoice_id,customer_id,issued_on,due_on,amount,currency\n"
        "N1,K1,2020-01-01,2020-02-01,5,EUR\n"
    )
    with pytest.raises(ValueError, match="none of 1 rows can be scored"):
        run(*score_arguments, "--proposed", file)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("entity", ["customers", "invoices"])
def test_the_frame_of_features_is_written(run, trained, tmp_path, entity):
    out = tmp_path / "frame.parquet"
    run(
        *("features", "build", "--ledger", trained.ledger, "--as-of", "2025-12-01"),
        *("--out", out, "--entity", entity),
    )
    frame = pd.read_parquet(out)
    assert len(frame) > 50
    assert "customer_id" in frame.columns


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--as-of", "2025-13-01"], "is not a day; write YYYY-MM-DD"),
        (["--as-of", "yesterday"], "is not a day"),
        (["--model", "default"], "write NAME=VERSION"),
        (["--model", "default="], "write NAME=VERSION"),
        (["--ledger", "nowhere"], "nowhere"),
        (["--proposed", "nowhere.csv"], "no such file"),
        (["--config", "nowhere.yaml"], "cannot be read"),
        (["--config", "pyproject.toml"], "pyproject.toml: "),
    ],
)
def test_bad_arguments_of_score_are_named(run, score_arguments, home, arguments, fault):
    with pytest.raises((ValueError, OSError, click.ClickException), match=fault) as refusal:
        run(*score_arguments, *arguments)
    assert "\n" not in str(refusal.value).strip()


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["score", "--ledger", "none", "--as-of", "2025-01-01", "--out", "o"], 1, "none"),
        (["score", "--ledger", "none", "--as-of", "soon", "--out", "o"], 2, "YYYY-MM-DD"),
        (["ingest", "--source", "sap9", "--input", ".", "--ledger", "x"], 1, "sap9"),
        (["ingest", "--template", "/dev/null/x"], 1, "Not a directory"),
    ],
)
def test_a_fault_is_one_line_on_standard_error(shell, arguments, code, fault):
    done = shell(*arguments)
    lines = [line for line in done.stderr.splitlines() if " s  " not in line]
    assert done.returncode == code
    assert len(lines) == 1
    assert lines[0].startswith("payrisk: ") and fault in lines[0]
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("model", "cutoffs", "fault"),
    [
        ("late_payment", "2026-06-01", "leaves nothing to test"),
        ("default", "2025-09-01", "end after the ledger's extract"),
        ("late_payment", "2025-12-31", "nothing to test"),
    ],
)
def test_a_cutoff_that_leaves_nothing_to_test_is_refused(
    run, trained, tmp_path, model, cutoffs, fault
):
    config = tmp_path / "config.yaml"
    config.write_text("late_payment: {capacities: {lean: {trees: 3}}}\n")
    with pytest.raises(ValueError, match=fault):
        run(
            *("backtest", model, "--ledger", trained.ledger, "--cutoffs", cutoffs),
            *("--out", tmp_path / "out", "--config", config),
        )


def test_train_all_registers_what_it_can_and_names_the_rest(
    run, tiny_ledger, empty_home, tmp_path, capsys
):
    """The one run through Prefect: its server starts in the home."""
    config = tmp_path / "config.yaml"
    config.write_text("late_payment: {capacities: {lean: {trees: 5}}, min_settled_invoices: 50}\n")
    out = tmp_path / "result.json"
    run(
        *("train", "all", "--ledger", tiny_ledger, "--as-of", date(2025, 10, 1)),
        *("--config", config, "--out", out),
    )
    result = {entry["model"]: entry for entry in json.loads(out.read_text())}
    assert result["late_payment"]["version"] == "1"
    for name in ("default", "scorecard"):
        assert result[name]["version"] is None
        assert "are needed" in result[name]["refusal"]
    text = capsys.readouterr().out
    assert text.count("not registered: ") == 2
