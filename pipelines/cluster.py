"""Feature tables built on a Dask cluster: the tasks of one process, run by workers.

Workers need this package at the same version and the same paths for the ledger and the table.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow
from prefect.context import FlowRunContext
from prefect_dask import DaskTaskRunner

from configs.settings import Settings
from features.ledger.storage import Ledger
from features.table import TableSummary, build_table
from features.table.building import Progress, code_fingerprint
from features.table.facts_folder import Spread
from pipelines.dask_scheduler import LOCAL, quiet

Task = TypeVar("Task")
Result = TypeVar("Result")

_LOST_WORKERS = 5
"""How many workers a task may lose before it counts as what killed them."""


def runner(cluster: str, processes: int) -> DaskTaskRunner:
    """Return what starts a cluster on this machine, or joins one.

    Parameters
    ----------
    cluster : str
        ``local``, or the address of a scheduler.
    processes : int
        Workers of a local cluster.
    """
    if cluster == LOCAL:
        return DaskTaskRunner(
            cluster_kwargs={
                "n_workers": processes,
                "threads_per_worker": 1,
                # Without a dashboard, Dask would still want its usual port.
                "dashboard_address": "127.0.0.1:0",
                "scheduler_kwargs": {"dashboard": False},
                "host": "127.0.0.1",
                "silence_logs": logging.CRITICAL,
            }
        )
    return DaskTaskRunner(address=cluster)


@dataclass(frozen=True)
class SameCode:
    """A function that runs only where the code is that of whoever asks for it.

    Parameters
    ----------
    function : callable
    code : str
        See `code_fingerprint`.
    """

    function: Callable[[Any], Any]
    code: str

    def __call__(self, task: Any) -> Any:
        """Run it.

        Raises
        ------
        RuntimeError
            This worker would work out other values.
        """
        if code_fingerprint() != self.code:
            raise RuntimeError(
                f"the worker on {socket.gethostname()} has another version of payment-risk; "
                "install the same one on every machine and restart the workers"
            )
        return self.function(task)


def over_workers() -> Spread[Task, Result]:
    """Return what runs tasks on the workers of the flow's cluster.

    A task whose worker is gone is run again on another: tasks leave files, and none depends on
    what was in a worker's memory.
    """

    def spread(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        run = FlowRunContext.get()
        if run is None or not isinstance(run.task_runner, DaskTaskRunner):
            raise RuntimeError("tasks go to workers only inside a flow that runs on a cluster")
        # Results are files, so a key that ran in an earlier flow must not be taken as done.
        there = SameCode(function, code_fingerprint())
        futures = run.task_runner.client.map(there, tasks, pure=False, retries=1)
        for future in futures:
            yield future.result()

    return spread


@flow(name="feature table", validate_parameters=False)
def table_flow(
    ledger: Path, out: Path, kind: str, settings: Settings, progress: Progress | None
) -> TableSummary:
    """Build a feature table on the cluster of this flow's task runner."""
    return build_table(
        Ledger.open(ledger),
        out,
        kind,
        settlement=settings.settlement,
        rows_per_bucket=settings.features.rows_per_bucket,
        spread=over_workers(),
        progress=progress,
    )


def build_on_cluster(
    cluster: str,
    processes: int,
    ledger: Path,
    out: Path,
    kind: str,
    settings: Settings,
    progress: Progress | None,
) -> TableSummary:
    """Build a feature table on a cluster, which is started for it or joined.

    `require_scheduler` says beforehand whether it can be.
    """
    import dask

    quiet()
    dask.config.set({"distributed.scheduler.allowed-failures": _LOST_WORKERS})
    on_cluster = table_flow.with_options(task_runner=runner(cluster, processes))
    # A worker opens the files, so it needs paths that do not depend on where it was started.
    return on_cluster(ledger.resolve(), out.resolve(), kind, settings, progress)
