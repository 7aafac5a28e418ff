"""How close the late-payment model comes to the simulator's own probabilities.

``python benchmarks/late_payment_oracle.py --customers 1000 --months 48 --seeds 1,2,3``

Each book is simulated, imported, and learnt from as of a day before its market shock and as of a
day two months after it; the invoices of the following months are predicted at their issue. Skill is
the share of the base rate's log loss that predictions save; the truth knows each customer's hidden
state and pay runs, so no model can save more in expectation.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.loading import load_book
from features.facts.versions import DAY
from features.intake import import_extract, load_source
from features.ledger.storage import Ledger
from features.simulator import simulate
from models.evaluation import classification_metrics
from models.evaluation.calibration import calibration_line
from models.late_payment.dataset import issue_rows
from models.late_payment.fitting import fit_late_payment
from models.late_payment.grid import HORIZONS

BEFORE, AFTER = timedelta(days=120), timedelta(days=61)
"""From training to the shock's begin, and from its end to the second training."""
TESTED = timedelta(days=120)


def main() -> None:
    """Print a table of one row per horizon and cutoff, pooled over the seeds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--customers", type=int, default=1_000)
    arguments.add_argument("--months", type=int, default=48)
    arguments.add_argument("--seeds", default="1,2,3")
    given = arguments.parse_args()
    parts = [
        part
        for seed in given.seeds.split(",")
        for part in _predictions(given.customers, given.months, int(seed))
    ]
    frame = pd.concat(parts, ignore_index=True)
    print("| trained | horizon | invoices | rate | skill | of true | slope | true AUC | AUC |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (trained, days), part in frame.groupby(["trained", "days"], sort=False):
        outcome = part["outcome"].to_numpy(bool)
        model, truth = (
            classification_metrics(outcome, part[name].to_numpy()) for name in ("model", "truth")
        )
        slope, _ = calibration_line(outcome, part["model"].to_numpy())
        share = model["log_loss_skill"] / truth["log_loss_skill"]
        print(
            f"| {trained} | {days} | {len(part):,} | {outcome.mean():.1%} "
            f"| {model['log_loss_skill']:.3f} | {share:.0%} | {slope:.2f} "
            f"| {truth['auc']:.3f} | {model['auc']:.3f} |"
        )


def _predictions(customers: int, months: int, seed: int) -> Iterator[pd.DataFrame]:
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
            model = fit_late_payment(book, first, Settings().late_payment).model
            last = min(moment_in_microseconds(cutoff + TESTED), end)
            rows = issue_rows(book, first, last, end)
            curve = model.curves(rows.matrix, rows.start, rows.keys.due_day)
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
                    }
                )


if __name__ == "__main__":
    main()
