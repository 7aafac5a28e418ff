"""The floor: read what the task reads and write what it writes, and compute nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow.parquet as pq
from task import read, write


def run(facts: Path, out: Path, result: Path) -> tuple[float, float]:
    """Read both streams, then write a result that is in memory already.

    Parameters
    ----------
    facts
        Folder of the streams.
    out
        File to write.
    result
        Result of any contender over the same facts; reading it is not timed.

    Returns
    -------
    seconds, cpu_seconds
        Of reading and writing.
    """
    table = pq.read_table(result)
    cpu, start = time.process_time(), time.perf_counter()
    read(facts, "settled")
    read(facts, "issued")
    write(table, out)
    return time.perf_counter() - start, time.process_time() - cpu
