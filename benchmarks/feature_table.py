"""The whole catalogue for every invoice of a ledger: time, memory, and the floor.

    python benchmarks/feature_table.py --ledger LEDGER --out DIR

Builds the table in a process of its own on one core, and then times the floor in another: reading
what is read of the ledger, and writing the table's own bytes, with nothing worked out in between.
``--processes 2`` builds on two cores. The report shows both, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Return the peak of resident memory so far."""
    return next(
        int(line.split()[1]) / 1024
        for line in STATUS.read_text().splitlines()
        if line.startswith("VmHWM")
    )


def build(ledger: Path, out: Path, processes: int) -> dict[str, float]:
    """Build the table; seconds do not count loading the compiled code."""
    import pyarrow

    from features.ledger.storage import Ledger
    from features.table import build_table
    from features.table.building import warm_up
    from pipelines.spreading import over_processes

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    warm_up()
    shutil.rmtree(out, ignore_errors=True)
    marks: dict[str, float] = {}
    start, cpu = time.perf_counter(), os.times()

    def mark(what: str, done: int, of: int) -> None:
        if done == of:
            marks[what] = time.perf_counter() - start

    opened = Ledger.open(ledger)
    made = build_table(opened, out, spread=over_processes(processes), progress=mark)
    end = os.times()
    return {
        "rows": made.rows,
        "features": len(made.features),
        "seconds": time.perf_counter() - start,
        "facts": marks["facts"],
        "cpu_seconds": sum(end[:4]) - sum(cpu[:4]),
        "peak_mb": peak_mb(),
    }


def floor(ledger: Path, out: Path) -> dict[str, float]:
    """Read the ledger's customers bucket by bucket and write the table's parts again."""
    import pyarrow
    import pyarrow.parquet as pq

    from features.facts.buckets import buckets
    from features.facts.loading import read_rows
    from features.facts.store import write_parquet
    from features.ledger.storage import Ledger
    from features.table.building import read_summary

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    opened = Ledger.open(ledger)
    divided = buckets(opened)
    start, cpu = time.perf_counter(), time.process_time()
    for bucket in divided:
        read_rows(opened, bucket.customers)
    seconds, spent = time.perf_counter() - start, time.process_time() - cpu
    for part in read_summary(out).parts:
        table = pq.read_table(out / part)
        start, cpu = time.perf_counter(), time.process_time()
        write_parquet(out.parent / "floor.parquet", table)
        seconds += time.perf_counter() - start
        spent += time.process_time() - cpu
    (out.parent / "floor.parquet").unlink()
    return {"seconds": seconds, "cpu_seconds": spent, "peak_mb": peak_mb()}


def apart(what: str, options: argparse.Namespace) -> dict[str, float]:
    """Run one of the measurements in a process of its own."""
    command = [sys.executable, __file__, "--ledger", str(options.ledger), "--out", str(options.out)]
    command += ["--processes", str(options.processes), "--only", what]
    # The last cores: the first is where a machine does everything else.
    used = sorted(os.sched_getaffinity(0))[-(options.processes if what == "build" else 1) :]
    cores = ",".join(str(core) for core in used)
    told = subprocess.run(
        ["taskset", "-c", cores, *command], check=True, capture_output=True, text=True
    )
    return dict(json.loads(told.stdout.splitlines()[-1]))


def main(options: argparse.Namespace) -> None:
    """Print one line of a table."""
    if options.only:
        made = (
            build(options.ledger, options.out, options.processes)
            if options.only == "build"
            else floor(options.ledger, options.out)
        )
        print(json.dumps(made))
        return
    table, least = apart("build", options), apart("floor", options)
    size = sum(path.stat().st_size for path in options.out.rglob("parts-*/*")) / 1e9
    print("| rows | features | processes | wall s | of it facts | CPU s | x floor | peak MB | GB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {table['rows']:,} | {table['features']} | {options.processes} | {table['seconds']:.1f} "
        f"| {table['facts']:.1f} | {table['cpu_seconds']:.1f} "
        f"| {table['seconds'] / least['seconds']:.2f} | {table['peak_mb']:.0f} | {size:.2f} |"
    )
    print(f"\nfloor: {least['seconds']:.1f} s, CPU {least['cpu_seconds']:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", choices=("build", "floor"), help=argparse.SUPPRESS)
    main(parser.parse_args())
