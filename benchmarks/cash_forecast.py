"""How well cash per week is forecast on simulated ledgers, and how honest the intervals are.

    python benchmarks/cash_forecast.py --customers 400 --months 48 --seeds 11,12,13

Simulates a ledger per seed, imports it, and backtests the cash forecast: a model trained every half
year of the second half of the horizon forecasts every seven days up to the next. Prints the
measures of every ledger and of all pooled.
Nothing is set from these outcomes: the correlations are estimated before each cutoff.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from configs.settings import load_settings
from features.intake import import_extract, load_source
from features.simulator import simulate
from models.cash_forecast.measures import cash_metrics
from models.snapshot_months import add_months
from pipelines.backtest.cash_forecast import SHOWN, backtest_cash

START = date(2023, 1, 1)


def forecasts_of(
    folder: Path, seed: int, customers: int, months: int, config: Path | None
) -> pd.DataFrame:
    """Return the forecasts of one simulated ledger."""
    settings = load_settings(config)
    simulate(customers, months, seed, folder / "extract", start=START)
    import_extract(load_source("canonical"), folder / "extract", folder / "ledger", settings)
    first = (START - date(1970, 1, 1)).days
    cutoffs = [
        date(1970, 1, 1) + timedelta(days=int(add_months(first, month)))
        for month in range(months // 2, months - 1, 6)
    ]
    backtest_cash(folder / "ledger", cutoffs, folder / "out", settings, _progress)
    return pd.read_parquet(folder / "out" / "forecasts.parquet").assign(seed=seed)


def _progress(message: str) -> None:
    print(message, file=sys.stderr)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--months", type=int, default=48)
    parser.add_argument("--seeds", default="11,12,13")
    parser.add_argument("--config", type=Path)
    arguments = parser.parse_args()
    parts = []
    for seed in (int(text) for text in arguments.seeds.split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            parts.append(
                forecasts_of(
                    Path(scratch), seed, arguments.customers, arguments.months, arguments.config
                )
            )
        print(f"\nseed {seed}\n{_table(parts[-1])}", flush=True)
    pooled = pd.concat(parts, ignore_index=True)
    weeks = pooled.loc[pooled["horizon"] == 1, ["seed", "week_start"]].drop_duplicates()
    print(f"\nall ledgers, {len(weeks)} distinct weeks\n{_table(pooled)}")


def _table(forecasts: pd.DataFrame) -> str:
    return cash_metrics(forecasts)[list(SHOWN)].round(3).to_string(index=False)


if __name__ == "__main__":
    main()
