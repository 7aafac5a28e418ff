"""The labels as files, by command."""

from __future__ import annotations

import pandas as pd
import pytest

REGISTER, SENSITIVITY, SNAPSHOTS = "default_register", "default_sensitivity", "snapshots"
FILES = (REGISTER, SENSITIVITY, SNAPSHOTS)


@pytest.fixture
def labels(run, tiny_ledger, tmp_path):
    """Runs the command and returns the tables."""

    # A week of arrears and a month of probation: a small ledger has something to say.
    config = tmp_path / "settings.yaml"
    config.write_text("default: {consecutive_days: 7, probation_days: 30}\n", encoding="utf-8")

    def labels(as_of: str = "2025-12-01", out: str = "out"):
        folder = tmp_path / out
        arguments = ["--ledger", tiny_ledger, "--as-of", as_of, "--out", folder]
        run("features", "labels", *arguments, "--config", config)
        return {name: pd.read_parquet(folder / f"{name}.parquet") for name in FILES}

    return labels


def test_the_tables_agree_with_each_other(labels, capsys):
    tables = labels()
    said = capsys.readouterr()
    register, snapshots = tables[REGISTER], tables[SNAPSHOTS]
    in_force = tables[SENSITIVITY].query("in_force")
    assert in_force["defaults"].tolist() == [len(register)]
    assert in_force["customers"].tolist() == [register["customer_id"].nunique()]
    assert in_force["overlap"].tolist() == [1.0]
    assert len(register) > 0
    assert (snapshots["excluded"].isna() == snapshots["eligible"]).all()
    assert (snapshots["bad"].isna() == ~snapshots["matured"]).all()
    bad = snapshots[snapshots["bad"].fillna(False)]
    assert set(bad["customer_id"]) <= set(register["customer_id"])
    assert f"{len(snapshots):,} snapshots" in said.out
    assert "sensitivity: 7 days" in said.err


def test_amounts_add_up_to_what_was_owed(labels):
    register = labels()[REGISTER]
    found = register["recovered"] - register["recovered_after_write_off"] + register["credited"]
    found += register["written_off"] + register["still_open"]
    # A payment short by up to the tolerance of settlement pays an invoice.
    assert (abs(found - register["balance_at_default"]) < 10).all()
    assert (register["counted_overdue"] <= register["overdue_at_default"]).all()
    assert (register["overdue_at_default"] <= register["balance_at_default"]).all()
    assert (register["balance_at_default"] <= register["exposure_at_default"]).all()
    came = register["first_recovery_on"].notna()
    assert (register.loc[~came, "recovered"] == 0).all()
    late = register["first_recovery_on"] < register["defaulted_on"]
    assert not late[came].any()


def test_the_csv_says_the_same_and_the_same_again(labels, tmp_path):
    labels()
    labels(out="again")
    for name in FILES:
        for suffix in ("csv", "parquet"):
            first = (tmp_path / "out" / f"{name}.{suffix}").read_bytes()
            assert first == (tmp_path / "again" / f"{name}.{suffix}").read_bytes()
    as_text = pd.read_csv(tmp_path / "out" / f"{REGISTER}.csv")
    assert len(as_text) == len(pd.read_parquet(tmp_path / "out" / f"{REGISTER}.parquet"))


def test_a_moment_before_all_history_gives_empty_tables(labels):
    tables = labels(as_of="2015-01-01")
    assert len(tables[REGISTER]) == len(tables[SNAPSHOTS]) == 0
    assert (tables[SENSITIVITY]["defaults"] == 0).all()


def test_a_ledger_that_ends_before_is_refused(labels, tmp_path):
    with pytest.raises(ValueError, match="as_of 2030-01-01: the ledger .* ends with the extract"):
        labels(as_of="2030-01-01")
    assert not (tmp_path / "out").exists()
