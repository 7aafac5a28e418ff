from __future__ import annotations

import functools
import os
import signal
import time
from pathlib import Path

import pytest

from features.table import build_table
from features.table.building import build_part, read_summary
from features.table.facts_folder import Derive, derive, one_by_one
from pipelines.spreading import over_processes


def squared(task: int) -> int:
    return task * task


def dies_once(marker: Path, task: int) -> int:
    """Die at one task the first time, as where memory runs out."""
    if task == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def dies(task: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return task


def fails_or_marks(folder: Path, task: int) -> None:
    if task == 0:
        raise ValueError("a damaged bucket")
    time.sleep(0.05)
    (folder / str(task)).touch()


def dies_at_the_second_part(marker: Path, task: object) -> object:
    """Build a part or derive facts; die once, with the bucket's work half done."""
    result = derive(task) if isinstance(task, Derive) else build_part(task)
    number = task.bucket.number if isinstance(task, Derive) else task.number
    own = marker.with_name(f"died-{type(task).__name__}")
    if number == 1 and not own.exists():
        own.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(processes):
    assert list(over_processes(processes)(squared, range(9))) == [n * n for n in range(9)]


def test_one_process_is_this_one():
    assert over_processes(1) is one_by_one


@pytest.mark.parametrize("processes", [0, -2])
def test_less_than_one_process_is_refused(processes):
    with pytest.raises(ValueError, match=f"--processes {processes}: give 1 or more"):
        over_processes(processes)


def test_a_process_that_is_killed_costs_time_and_no_result(tmp_path):
    work = functools.partial(dies_once, tmp_path / "died")
    assert list(over_processes(2)(work, range(9))) == [n * n for n in range(9)]
    assert (tmp_path / "died").exists()


def test_processes_that_die_every_time_are_given_up():
    with pytest.raises(RuntimeError, match="processes died 3 times, most likely for want of mem"):
        list(over_processes(2)(dies, range(4)))


def test_after_a_fault_no_further_task_is_begun(tmp_path):
    with pytest.raises(ValueError, match="a damaged bucket"):
        list(over_processes(2)(functools.partial(fails_or_marks, tmp_path), range(200)))
    assert len(list(tmp_path.iterdir())) < 100


def test_a_table_is_the_same_when_processes_are_killed(tiny, whole_table, tmp_path):
    spread = over_processes(2)
    work = functools.partial(dies_at_the_second_part, tmp_path / "died")
    build_table(
        tiny, tmp_path / "t", rows_per_bucket=150, spread=lambda _, tasks: spread(work, tasks)
    )
    assert len(list(tmp_path.glob("died*"))) == 2
    made = read_summary(tmp_path / "t")
    assert [(tmp_path / "t" / part).read_bytes() for part in made.parts] == whole_table


@pytest.fixture(scope="module")
def tiny(tiny_ledger):
    from features.ledger import Ledger

    return Ledger.open(tiny_ledger)


@pytest.fixture(scope="module")
def whole_table(tiny, tmp_path_factory) -> list[bytes]:
    out = tmp_path_factory.mktemp("whole") / "t"
    made = build_table(tiny, out, rows_per_bucket=150)
    assert len(made.parts) > 3
    return [(out / part).read_bytes() for part in made.parts]
