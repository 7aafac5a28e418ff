"""Feature tables on a real Dask cluster, under a real Prefect server of the tests' own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from prefect.testing.utilities import prefect_test_harness

from configs import Settings
from configs.settings import FeatureSettings
from features.ledger import Ledger
from features.table import build_table
from features.table.building import read_summary
from pipelines.cluster import SameCode, build_on_cluster, over_workers
from pipelines.dask_scheduler import require_scheduler

SETTINGS = Settings(features=FeatureSettings(rows_per_bucket=150))


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler that listens on a port, and two workers that are processes of their own."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def whole(tiny_ledger, tmp_path_factory) -> list[bytes]:
    """The parts that one process writes."""
    out = tmp_path_factory.mktemp("whole") / "t"
    build_table(Ledger.open(tiny_ledger), out, rows_per_bucket=150)
    return content(out)


def content(out: Path) -> list[bytes]:
    return [(out / part).read_bytes() for part in read_summary(out).parts]


def test_a_cluster_of_this_machine_builds_the_same_bytes(tiny_ledger, whole, tmp_path, capfd):
    build_on_cluster("local", 1, tiny_ledger, tmp_path / "t", "invoices", SETTINGS, None)
    assert content(tmp_path / "t") == whole
    assert "distributed" not in "".join(capfd.readouterr())


def test_a_cluster_that_is_joined_builds_the_same_bytes(
    cluster, tiny_ledger, whole, tmp_path, monkeypatch
):
    """Workers were started elsewhere, and yet find what relative paths mean to the command."""
    address = cluster.scheduler_address
    require_scheduler(address)
    monkeypatch.chdir(tmp_path)
    relative = Path(os.path.relpath(tiny_ledger, tmp_path))
    made = build_on_cluster(address, 1, relative, Path("t"), "invoices", SETTINGS, None)
    assert made.built == made.rows
    assert content(tmp_path / "t") == whole


def test_a_fault_of_a_task_is_what_it_says(cluster, tiny_ledger, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "thesis.docx").touch()
    with pytest.raises(ValueError, match=r"thesis\.docx, not a feature table"):
        build_on_cluster(
            cluster.scheduler_address, 1, tiny_ledger, tmp_path / "t", "invoices", SETTINGS, None
        )


def test_a_worker_with_other_code_builds_nothing(cluster):
    with (
        Client(cluster.scheduler_address, set_as_default=False) as client,
        pytest.raises(RuntimeError, match="has another version of payment-risk; install the same"),
    ):
        client.submit(SameCode(abs, "another"), -1).result()


def test_a_worker_that_is_killed_costs_time_and_no_result(cluster, tiny_ledger, whole, tmp_path):
    address = cluster.scheduler_address
    with Client(address, set_as_default=False) as client:
        victim = min(client.run(os.getpid).values())

    def kill_one(what: str, done: int, of: int) -> None:
        """Kill a worker when the first facts are there and the others are being derived."""
        if (what, done) == ("facts", 1):
            os.kill(victim, signal.SIGKILL)

    build_on_cluster(address, 1, tiny_ledger, tmp_path / "t", "invoices", SETTINGS, kill_one)
    assert content(tmp_path / "t") == whole
    with Client(address, set_as_default=False) as client:
        assert victim not in client.run(os.getpid).values()


def test_a_scheduler_without_workers_is_said(monkeypatch):
    monkeypatch.setattr("pipelines.dask_scheduler._WORKERS_SECONDS", 0.2)
    with LocalCluster(
        n_workers=0, processes=False, protocol="tcp", host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as idle:  # fmt: skip
        address = idle.scheduler_address
        with pytest.raises(ConnectionError, match=f"{address}: the scheduler has no workers"):
            require_scheduler(address)


def test_workers_are_those_of_a_flow():
    with pytest.raises(RuntimeError, match="only inside a flow that runs on a cluster"):
        next(over_workers()(abs, [1]))
