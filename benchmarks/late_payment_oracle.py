"""How close the late-payment model comes to the simulator's own probabilities.

``python benchmarks/late_payment_oracle.py --customers 1000 --months 48 --seeds 1,2,3``

Each book is simulated, imported, and learnt from as of a day before its market shock and as of a
day two months after it; the invoices of the following months are predicted at their issue. Skill is
the share of the base rate's log loss that predictions save; the truth knows each customer's hidden
state and pay runs, so no model can save more in expectation. ``--config`` names settings to try.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import LatePaymentSettings, Settings, load_settings
from features.build import moment_in_microseconds
from features.facts.loading import load_book
from features.facts.versions import DAY
from features.intake import import_extract, load_source
from features.ledger.storage import Ledger
from features.simulator import simulate
from models.boosting import mean_log_odds, side_by_side, train_booster
from models.evaluation import classification_metrics
from models.evaluation.calibration import calibration_line
from models.late_payment.capacity import booster_parameters
from models.late_payment.dataset import Rows, cases, issue_rows, thinned, training_rows
from models.late_payment.fitting import fit_late_payment
from models.late_payment.grid import EDGES, HORIZONS, INTERVALS, horizon_position

BEFORE, AFTER = timedelta(days=120), timedelta(days=61)
"""From training to the shock's begin, and from its end to the second training."""
TESTED = timedelta(days=120)
TOLD_ROWS = 60_000
"""Rows that the boosters learn from that are told the hidden state."""


def main() -> None:
    """Print a table of one row per horizon and cutoff, pooled over the seeds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--customers", type=int, default=1_000)
    arguments.add_argument("--months", type=int, default=48)
    arguments.add_argument("--seeds", default="1,2,3")
    arguments.add_argument("--config", type=Path, help="settings over the shipped ones")
    given = arguments.parse_args()
    settings = load_settings(given.config).late_payment
    parts = [
        part
        for seed in given.seeds.split(",")
        for part in _predictions(given.customers, given.months, int(seed), settings)
    ]
    frame = pd.concat(parts, ignore_index=True)
    print(
        "| trained | horizon | invoices | rate | skill | of true | told | slope | true AUC | AUC |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (trained, days), part in frame.groupby(["trained", "days"], sort=False):
        outcome = part["outcome"].to_numpy(bool)
        model, truth, told, untold = (
            classification_metrics(outcome, part[name].to_numpy())
            for name in ("model", "truth", "told", "untold")
        )
        slope, _ = calibration_line(outcome, part["model"].to_numpy())
        share = model["log_loss_skill"] / truth["log_loss_skill"]
        gained = (told["log_loss_skill"] - untold["log_loss_skill"]) / truth["log_loss_skill"]
        print(
            f"| {trained} | {days} | {len(part):,} | {outcome.mean():.1%} "
            f"| {model['log_loss_skill']:.3f} | {share:.0%} | {gained:+.0%} | {slope:.2f} "
            f"| {truth['auc']:.3f} | {model['auc']:.3f} |"
        )


def _predictions(
    customers: int, months: int, seed: int, settings: LatePaymentSettings
) -> Iterator[pd.DataFrame]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        simulate(customers, months, seed, root / "book", file_format="parquet")
        import_extract(load_source("canonical"), root / "book", root / "ledger", Settings())
        holds = json.loads((root / "book" / "simulation.json").read_text())["holds"]
        truth = pd.read_parquet(root / "book" / "truth" / "invoices.parquet")
        truth = truth.set_index("invoice_id")
        ledger = Ledger.open(root / "ledger")
        book = load_book(ledger)
        end = moment_in_microseconds(ledger.extract_date)
        for trained, cutoff in (
            ("before the shock", date.fromisoformat(holds["shock_from"]) - BEFORE),
            ("two months after", date.fromisoformat(holds["shock_until"]) + AFTER),
        ):
            first = moment_in_microseconds(cutoff)
            print(f"seed {seed}, {trained}: training as of {cutoff}", file=sys.stderr, flush=True)
            model = fit_late_payment(book, first, settings).model
            last = min(moment_in_microseconds(cutoff + TESTED), end)
            rows = issue_rows(book, first, last, end)
            curve = model.curves(rows.matrix, rows.start, rows.keys.due_day)
            learnt = thinned(training_rows(book, 0, first, 7), TOLD_ROWS, 7)
            states = [_states(root / "book", book.customer_ids, some) for some in (learnt, rows)]
            untold = _survival(learnt, learnt.matrix, rows, rows.matrix)
            told = _survival(
                learnt,
                np.column_stack([learnt.matrix, states[0]]),
                rows,
                np.column_stack([rows.matrix, states[1]]),
            )
            known = truth.reindex(book.invoice_ids[rows.keys.invoice])
            for days in HORIZONS:
                matured = (rows.observed >= days) & known[f"p_late_{days}d"].notna().to_numpy()
                # Before the shock: only what had been decided before it began.
                if trained.startswith("before"):
                    begin = moment_in_microseconds(date.fromisoformat(holds["shock_from"])) // DAY
                    matured &= rows.keys.due_day + days < begin
                yield pd.DataFrame(
                    {
                        "trained": trained,
                        "days": days,
                        "outcome": np.asarray(rows.days_late[matured] >= days),
                        "model": curve.late(days)[matured],
                        "truth": known[f"p_late_{days}d"].to_numpy()[matured],
                        "told": told[matured, horizon_position(days)],
                        "untold": untold[matured, horizon_position(days)],
                    }
                )


def _states(book: Path, customer_ids: np.ndarray, rows: Rows) -> np.ndarray:
    """Return each row's customer's hidden state at the month's start, NaN before the first."""
    truth = pd.read_parquet(book / "truth" / "customers.parquet")
    month = pd.to_datetime(truth["month_end"]).to_numpy().astype("datetime64[M]").astype(np.int64)
    key = pd.MultiIndex.from_arrays([truth["customer_id"], month])
    code = pd.Series(pd.factorize(truth["state"], sort=True)[0].astype(float), index=key)
    own = (rows.keys.as_of // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    asked = pd.MultiIndex.from_arrays([customer_ids[rows.keys.customer], own])
    return np.asarray(code.reindex(asked))


def _survival(learnt: Rows, matrix: np.ndarray, rows: Rows, asked: np.ndarray) -> np.ndarray:
    """Return P(open at each edge), shape (n, edges), by boosters of one capacity."""
    settings = Settings().late_payment
    size = settings.capacities["standard"]
    parameters = booster_parameters(size, settings) | {"seed": 7}

    def train(interval: int) -> np.ndarray:
        chosen, paid = cases(learnt, interval)
        booster = train_booster(matrix[chosen], paid, parameters, size.trees)
        return mean_log_odds((booster,), asked, threads=1)

    alive = [np.ones(len(rows))]
    for interval, odds in enumerate(side_by_side(partial(train, i) for i in range(INTERVALS))):
        past = rows.start >= EDGES[interval + 1]
        alive.append(alive[-1] * np.where(past, 1.0, 1.0 / (1.0 + np.exp(odds))))
    return np.column_stack(alive)


if __name__ == "__main__":
    main()
