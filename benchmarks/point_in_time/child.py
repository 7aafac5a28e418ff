"""One run of one contender in a process of its own: pin, import, warm up, run, tell.

Started by `compare.py`. Prints one line of JSON: `seconds`, `cpu_seconds`, `peak_mb`, `versions`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

WARM_UP_INVOICES = 200
PACKAGES = ("duckdb", "featuretools", "numba", "numpy", "pandas", "polars", "pyarrow")


def reset_peak() -> bool:
    """Forget the peak of memory so far; return whether the system allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_mb() -> float:
    """Return the peak of resident memory since the start, or since it was last forgotten."""
    try:
        status = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def measure(engine: str, facts: Path, out: Path, result: Path | None) -> dict[str, object]:
    """Warm a contender up on facts made here, then run it by the clock."""
    import pyarrow
    import standin

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    contender = importlib.import_module(engine)
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder)
        standin.make(WARM_UP_INVOICES, tiny / "facts", parts=2)
        if result is None:
            contender.run(tiny / "facts", tiny / "out.parquet")
        else:
            contender.run(tiny / "facts", tiny / "out.parquet", result)
    reset_peak()
    cpu, start = time.process_time(), time.perf_counter()
    if result is None:
        contender.run(facts, out)
        seconds = time.perf_counter() - start
        spent = time.process_time() - cpu
    else:
        seconds, spent = contender.run(facts, out, result)
    present = {d.metadata["Name"] for d in importlib.metadata.distributions()}
    return {
        "seconds": seconds,
        "cpu_seconds": spent,
        "peak_mb": peak_mb(),
        "versions": {p: importlib.metadata.version(p) for p in PACKAGES if p in present},
    }


def main() -> None:
    """Read the command line, run, print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True)
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--result", type=Path, help="for the floor: the bytes to write")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    warnings.filterwarnings("ignore")
    told = measure(options.engine, options.facts, options.out, options.result)
    sys.stdout.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
