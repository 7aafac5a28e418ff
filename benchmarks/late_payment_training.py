"""How long the late-payment model trains beside LightGBM fitting the same matrix alone.

    python benchmarks/simulated_ledger.py --invoices 1000000 --out l1m
    python benchmarks/late_payment_training.py --ledger l1m

Ours: features, the choice of capacities and of the regression on later rows, calibration, and the
hazards of all rows. LightGBM alone: the boosters that were chosen, on the same rows of the same
matrix, with LightGBM's own threads. Seconds of one run; compare within it.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np

from configs.settings import LatePaymentSettings, TreeSettings, load_settings
from features.build import moment_in_microseconds
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from models.late_payment.capacity import booster_parameters
from models.late_payment.dataset import Rows, cases, training_rows
from models.late_payment.fitting import fit_late_payment
from models.late_payment.model import LatePaymentModel


def alone(rows: Rows, model: LatePaymentModel, settings: LatePaymentSettings) -> float:
    """Return the seconds LightGBM takes for the model's boosters."""
    by_leaves = {size.leaves: size for size in settings.capacities.values()}
    began = time.perf_counter()
    for interval, hazard in enumerate(model.hazards.of):
        chosen, paid = cases(rows, interval)
        for booster in hazard.boosters:
            size = by_leaves[int(booster.params["num_leaves"])]
            _train(rows.matrix[chosen], paid, size, settings)
    return time.perf_counter() - began


def _train(
    matrix: np.ndarray, paid: np.ndarray, size: TreeSettings, settings: LatePaymentSettings
) -> None:
    parameters = {
        **booster_parameters(size, settings),
        "objective": "binary",
        "max_bin": 63,
        "verbose": -1,
    }
    lgb.train(parameters, lgb.Dataset(matrix, paid.astype(np.int8)), num_boost_round=size.trees)


def main() -> None:
    """Print seconds and ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ledger", type=Path, required=True)
    arguments.add_argument("--config", type=Path, help="settings over the shipped ones")
    given = arguments.parse_args()
    ledger = Ledger.open(given.ledger)
    settings = load_settings(given.config).late_payment
    book = load_book(ledger)
    cutoff = moment_in_microseconds(ledger.extract_date)
    began = time.perf_counter()
    fitted = fit_late_payment(
        book,
        cutoff,
        settings,
        lambda message: print(f"{time.perf_counter() - began:7.1f} {message}"),
    )
    whole = time.perf_counter() - began
    began = time.perf_counter()
    rows = training_rows(book, 0, cutoff, settings.seed, most=settings.max_rows)
    features = time.perf_counter() - began
    reference = alone(rows, fitted.model, settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(book.invoice_ids):,} invoices, {len(rows):,} rows, peak {peak:.1f} GB")
    print("| | seconds | of LightGBM alone |\n| --- | ---: | ---: |")
    for what, seconds in (
        ("LightGBM alone", reference),
        ("training without its features", whole - features),
        ("training", whole),
    ):
        print(f"| {what} | {seconds:.0f} | {seconds / reference:.2f} |")


if __name__ == "__main__":
    main()
