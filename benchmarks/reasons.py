"""Reasons of the late-payment model: do they add up, do they hold, what do they cost.

    python benchmarks/reasons.py --ledger LEDGER --as-of DATE

Trains two models that differ in the seed and explains the open and issued invoices of the last 200
days. Prints Markdown rows: the error of adding up, the rank correlation between a row's
contributions and the change of its log-odds when one characteristic is put at its usual values, the
share of first and of all four characteristics that both models name, and times on one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.loading import load_book
from features.facts.versions import DAY
from features.ledger.storage import Ledger
from models.characteristics import characteristic
from models.late_payment.dataset import Rows, training_rows
from models.late_payment.explanation import explained_edge
from models.late_payment.fitting import fit_late_payment
from models.late_payment.grid import EDGES
from models.late_payment.model import LatePaymentModel
from models.reasons import find_reasons

ROWS = 2000


def log_odds(model: LatePaymentModel, matrix: np.ndarray, rows: Rows) -> np.ndarray:
    """Return the explained log-odds of rows from the curves."""
    curve = model.curves(matrix, rows.start, rows.keys.due_day)
    late = curve.survival[np.arange(len(matrix)), explained_edge(rows.start)]
    return np.log(late / (1.0 - late))


def agreement(model: LatePaymentModel, rows: Rows, values: np.ndarray) -> np.ndarray:
    """Return each row's rank correlation with putting characteristics at their usual values."""
    whole = log_odds(model, rows.matrix, rows)
    topics = np.array([characteristic(name) for name in model.features])
    usual = np.array(model.usual, dtype=np.float64)
    shares, changes = [], []
    for topic in sorted(set(topics)):
        members = topics == topic
        reference = np.where(members, usual, rows.matrix)
        changes.append(whole - log_odds(model, reference, rows))
        shares.append(values[:, members].sum(axis=1))
    pairs = zip(np.array(shares).T, np.array(changes).T, strict=True)
    return np.array([spearmanr(share, change).statistic for share, change in pairs])


def best(call: Callable[[], object], rounds: int = 5) -> float:
    """Return the shortest time of a call, seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main(ledger: Path, as_of: date) -> None:
    """Print the measures."""
    settings = Settings()
    book = load_book(Ledger.open(ledger), settings.settlement)
    cutoff = moment_in_microseconds(as_of)
    models = [
        fit_late_payment(
            book, cutoff, settings.late_payment.model_copy(update={"seed": seed})
        ).model
        for seed in (7, 8)
    ]
    found = training_rows(book, cutoff - 200 * int(DAY), cutoff, seed=1)
    part = np.flatnonzero(found.start < EDGES[-1])
    some = part[:: max(len(part) // ROWS, 1)]
    rows = Rows(
        found.keys.take(some), found.matrix[some], found.start[some], found.days_late[some],
        found.closed[some], found.observed[some],
    )  # fmt: skip
    x, start = rows.matrix, rows.start
    explained = [model.explainer.explain(x, start) for model in models]
    base, values = explained[0]
    error = np.abs(base + values.sum(axis=1) - log_odds(models[0], x, rows))
    print(f"{len(x)} rows of {ledger} as of {as_of}")
    print(f"| adds up, error in log-odds | median {np.median(error):.1e}, "
          f"95% {np.quantile(error, 0.95):.1e}, largest {error.max():.1e} |")  # fmt: skip
    ranks = agreement(models[0], rows, values)
    print(f"| rank correlation with leave-one-characteristic | median {np.nanmedian(ranks):.2f}, "
          f"5% {np.nanquantile(ranks, 0.05):.2f} |")  # fmt: skip
    named = [
        [
            [reason.characteristic for reason in row]
            for row in find_reasons(model.features, x, v, model.usual)
        ]
        for model, (_, v) in zip(models, explained, strict=True)
    ]
    pairs = [(a, b) for a, b in zip(*named, strict=True) if a and b]
    first = np.mean([a[0] == b[0] for a, b in pairs])
    four = np.mean([len(set(a) & set(b)) / max(len(a), len(b)) for a, b in pairs])
    print(f"| another seed names the same | first {first:.2f}, of four {four:.2f} |")
    model = models[0]
    predict = best(lambda: model.hazards.predict(x, 1))
    shap = best(lambda: model.contributions(x, start, 1))
    words = best(lambda: find_reasons(model.features, x, values, model.usual))
    one = best(lambda: model.contributions(x[:1], start[:1], 1), 50)
    row = 1e6 / len(x)
    print(f"| one thread, us a row | predictions {predict * row:.0f}, contributions "
          f"{shap * row:.0f} ({shap / predict:.2f} times), words {words * row:.0f} |")  # fmt: skip
    print(f"| contributions of one row, ms | {one * 1e3:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    given = parser.parse_args()
    main(given.ledger, given.as_of)
