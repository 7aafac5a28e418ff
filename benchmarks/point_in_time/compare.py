"""Compare ways to compute point-in-time windowed features: time, memory, and the same numbers.

    python benchmarks/point_in_time/compare.py --facts facts/ \
        --engines payrisk,duckdb_sql,polars_asof,pandas_asof --repeat 3 --out results.json

Every run is a fresh process on one core that imports and warms up before its clock starts. The
contenders take turns. First all are checked against the slow truth on a sample; after the runs,
their full results against each other. `--python duckdb_sql=/path/to/python` runs a contender in
another environment; it needs numpy and pyarrow there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy_reference
import pyarrow.parquet as pq
from equality import differences, sample

HERE = Path(__file__).parent
MODULES = {"payrisk": "payrisk_engine"}
ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "ARROW_NUM_THREADS",
)
POLL_SECONDS = 0.2


def resident_mb(process: int) -> float:
    """Return a process's resident memory, 0 once it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def launch(engine: str, out: Path, facts: Path, extra: list[str], args: argparse.Namespace) -> dict:
    """Run a contender once; return its figures, or `failed` and why."""
    command = [args.pythons.get(engine, sys.executable), str(HERE / "child.py")]
    command += ["--engine", MODULES.get(engine, engine), "--core", str(args.core)]
    command += ["--facts", str(facts), "--out", str(out), *extra]
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    out.unlink(missing_ok=True)
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(command, stdout=told, stderr=errors, env=environment)
        failed, end = "", time.monotonic() + args.limit
        while child.poll() is None:
            time.sleep(POLL_SECONDS)
            if time.monotonic() > end:
                failed = f"over {args.limit:g} s"
            elif args.memory and resident_mb(child.pid) > args.memory * 1024:
                failed = f"over {args.memory:g} GB"
            if failed:
                child.kill()
                child.wait()
        told.seek(0)
        errors.seek(0)
        if not failed and child.returncode:
            last = (errors.read().strip().splitlines() or ["no message"])[-1]
            memory = child.returncode == -9 or "MemoryError" in last or "Out of Memory" in last
            failed = "out of memory" if memory else f"error: {last[:200]}"
        return {"failed": failed} if failed else json.loads(told.read().strip().splitlines()[-1])


def check(engines: list[str], args: argparse.Namespace, folder: Path) -> dict[str, str]:
    """Return the contenders that differ from the truth on a sample, and how."""
    facts, truth = folder / "sample", folder / "truth.parquet"
    sample(args.facts, args.sample, facts)
    numpy_reference.run(facts, truth)
    print(f"checking on {pq.read_metadata(truth).num_rows:,} keys", flush=True)
    wrong = {}
    for engine in engines:
        out = folder / f"{engine}.parquet"
        told = launch(engine, out, facts, [], args)
        found = [told["failed"]] if "failed" in told else differences(truth, out)
        if found:
            wrong[engine] = "differs: " + found[0] if "failed" not in told else found[0]
        print(f"  {engine}: {'; '.join(found) or 'equal'}", flush=True)
    return wrong


def contest(engines: list[str], args: argparse.Namespace, folder: Path) -> dict[str, list[dict]]:
    """Run everyone in turn, the floor after the first that left a result."""
    runs: dict[str, list[dict]] = {engine: [] for engine in [*engines, "floor"]}
    for _ in range(args.repeat):
        for engine in engines:
            if not any("failed" in run for run in runs[engine]):
                told = launch(engine, folder / f"{engine}.parquet", args.facts, [], args)
                runs[engine].append(told)
                print(engine, told.get("failed") or f"{told['seconds']:.2f} s", flush=True)
        results = [folder / f"{e}.parquet" for e in engines if "failed" not in runs[e][-1]]
        if results:
            extra = ["--result", str(results[0])]
            runs["floor"].append(launch("floor", folder / "floor.parquet", args.facts, extra, args))
    finished = [e for e in engines if runs[e] and "failed" not in runs[e][-1]]
    for engine in finished[1:]:
        first, second = (folder / f"{e}.parquet" for e in (finished[0], engine))
        if found := differences(first, second):
            runs[engine].append({"failed": f"differs from {finished[0]}: {found[0]}"})
    return runs


def table(runs: dict[str, list[dict]], wrong: dict[str, str], keys: int) -> str:
    """Return the medians as a markdown table, the fastest first."""

    def median(engine: str, figure: str) -> float:
        told = runs.get(engine, [])
        failed = not told or any("failed" in run for run in told)
        return float("nan") if failed else statistics.median(run[figure] for run in told)

    def times(seconds: float, base: str) -> str:
        ratio = seconds / median(base, "seconds")
        return f"{ratio:.1f}" if ratio == ratio else ""

    lines = [
        f"{keys:,} keys",
        "",
        "| contender | wall s | CPU s | peak MB | x floor | x payrisk |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    seconds = {engine: median(engine, "seconds") for engine in runs}
    for engine in sorted(runs, key=lambda e: (seconds[e] != seconds[e], seconds[e])):
        if seconds[engine] == seconds[engine]:
            cells = [f"{seconds[engine]:.2f}", f"{median(engine, 'cpu_seconds'):.2f}"]
            cells += [f"{median(engine, 'peak_mb'):,.0f}"]
            cells += [times(seconds[engine], "floor"), times(seconds[engine], "payrisk")]
        else:
            reasons = [run["failed"] for run in runs[engine] if "failed" in run]
            cells = [(reasons or [wrong.get(engine, "not run")])[0], "", "", "", ""]
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--engines", required=True, help="names, comma between")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600, help="seconds a run, import included")
    parser.add_argument("--memory", type=float, default=0, help="GB a run; 0 for no limit")
    parser.add_argument("--sample", type=int, default=1000, help="invoices of the check")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--python", action="append", default=[], metavar="ENGINE=PATH")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.pythons = dict(pair.split("=", 1) for pair in args.python)
    return args


def main() -> None:
    """Check, run, print the table, keep every figure."""
    args = arguments()
    engines = [name for name in args.engines.split(",") if name != "floor"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrong = check(engines, args, folder)
        runs = contest([e for e in engines if e not in wrong], args, folder)
    runs |= {engine: [] for engine in wrong}
    keys = sum(pq.read_metadata(p).num_rows for p in (args.facts / "issued").glob("*.parquet"))
    args.out.write_text(json.dumps({"keys": keys, "wrong": wrong, "runs": runs}, indent=1) + "\n")
    print("\n" + table(runs, wrong, keys))


if __name__ == "__main__":
    main()
