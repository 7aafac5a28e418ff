"""Tasks spread over this machine's processes; one that dies costs time, not results."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from features.table.building import warm_up
from features.table.facts_folder import Spread, one_by_one

Task = TypeVar("Task")
Result = TypeVar("Result")

_ATTEMPTS = 3
"""How often the tasks that are left are tried when a process dies."""


def over_processes(processes: int) -> Spread[Task, Result]:
    """Return what runs tasks in so many processes of this machine, or here where it is one.

    Parameters
    ----------
    processes : int
        1 or more.

    Raises
    ------
    ValueError
        Fewer than one.
    """
    if processes < 1:
        raise ValueError(f"--processes {processes}: give 1 or more")
    if processes == 1:
        return one_by_one
    warm_up()
    # A forked process has everything imported; elsewhere than on Linux forking is not safe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")

    def spread(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        left = list(tasks)
        for attempt in range(1, _ATTEMPTS + 1):
            with ProcessPoolExecutor(processes, mp_context=context) as pool:
                futures = [pool.submit(function, task) for task in left]
                try:
                    while futures:
                        result = futures[0].result()
                        futures.pop(0)
                        left.pop(0)
                        yield result
                    return
                except BrokenProcessPool:
                    if attempt == _ATTEMPTS:
                        raise RuntimeError(
                            f"processes died {_ATTEMPTS} times, most likely for want of memory; "
                            "use fewer --processes or a lower features.rows_per_bucket"
                        ) from None
                finally:
                    # After a fault, or when nobody wants the rest, what has not begun does not.
                    pool.shutdown(cancel_futures=True)

    return spread
