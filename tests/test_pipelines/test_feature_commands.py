from __future__ import annotations

import socket
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.table.building import read_summary
from pipelines import dask_scheduler
from pipelines.command import payrisk


@pytest.fixture
def settings_file(tmp_path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text("features:\n  rows_per_bucket: 300\n", encoding="utf-8")
    return path


@pytest.fixture
def table(run, tiny_ledger, settings_file, empty_home, tmp_path):
    """Builds a table of a small ledger by command, in several buckets."""

    def build(*more: object, out: str = "t", ledger: Path = tiny_ledger) -> Path:
        arguments = ["--ledger", ledger, "--out", tmp_path / out, "--config", settings_file, *more]
        run("features", "table", *arguments)
        return tmp_path / out

    return build


def content(out: Path) -> list[bytes]:
    return [(out / part).read_bytes() for part in read_summary(out).parts]


@pytest.mark.parametrize("kind", ["invoices", "customers"])
def test_a_table_is_built_and_said(table, kind, capsys):
    out = table("--rows", kind, "--processes", "1")
    said = capsys.readouterr()
    made = read_summary(out)
    assert f"{made.rows:,} rows x {len(made.features)} features in {out}" in said.out
    assert f"{made.rows:,} built now" in said.out
    parts = pa.concat_tables([pq.read_table(out / part) for part in made.parts])
    assert len(parts) == made.rows > 50
    assert len(made.parts) > 1
    assert f"features: {len(made.parts)} of {len(made.parts)} buckets" in said.err
    table("--rows", kind, "--processes", "1")
    assert " 0 built now" in capsys.readouterr().out


def test_the_number_of_processes_does_not_matter(table):
    one = content(table("--processes", "1", out="one"))
    assert content(table("--processes", "2", out="two")) == one


def test_a_table_is_read_as_one_data_set(table):
    out = table("--processes", "1")
    made = read_summary(out)
    assert pq.read_table((out / made.parts[0]).parent).num_rows == made.rows


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--processes", "0"], "0 is not in the range"),
        (["--processes", "many"], "'many' is not a valid integer"),
        (["--rows", "payments"], "'payments' is not one of"),
        (["--ledger", "nowhere"], "nowhere"),
        (["--config", "nowhere.yaml"], "cannot be read"),
        (["--cluster", "nonsense"], "--cluster nonsense: write 'local' or an address such as"),
        (["--cluster", "foo://host:1"], "--cluster foo://host:1: unknown address scheme"),
    ],
)
def test_bad_arguments_are_named(table, arguments, fault, tmp_path):
    with pytest.raises((ValueError, OSError, click.ClickException), match=fault) as refusal:
        table(*arguments)
    assert "\n" not in str(refusal.value).strip()
    assert not (tmp_path / "t").exists()


def test_a_folder_with_something_else_is_refused(table, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "thesis.docx").touch()
    with pytest.raises(ValueError, match=r"thesis\.docx, not a feature table"):
        table()


def test_a_file_in_place_of_the_folder_is_refused(table, tmp_path):
    (tmp_path / "t").touch()
    with pytest.raises(OSError, match="/t'"):
        table()


def test_an_address_where_nobody_listens_is_one_line_and_soon(table, tmp_path, monkeypatch, capfd):
    assert dask_scheduler._ANSWER_SECONDS <= 15
    monkeypatch.setattr(dask_scheduler, "_ANSWER_SECONDS", 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(
        ConnectionError, match=f"^--cluster {address}: no Dask scheduler answers there; start one"
    ) as refusal:
        table("--cluster", address)
    assert "\n" not in str(refusal.value)
    assert "".join(capfd.readouterr()) == ""
    assert not (tmp_path / "t").exists()


def test_the_command_explains_itself(capsys):
    payrisk(["features", "table", "--help"], standalone_mode=False)
    page = capsys.readouterr().out
    assert all(option in page for option in ("--rows", "--processes", "--cluster", "--out"))
