"""What each group of features is worth: what is lost by leaving it out.

    python benchmarks/group_worth.py --ledger LEDGER --cutoffs 2019-04-01,2019-07-01,2019-10-01

Three questions, each with a plain boosted classifier, trained before a cutoff on outcomes known by
then and tested on what came after it, up to the next cutoff: an invoice 5 or more days late, at its
issue; an open invoice 30 or more days late, at landmarks while it is open; a customer in default
within 12 months. For each group: the log loss and the AUC without it, against all features, pooled
over cutoffs and seeds, and the AUC of the group alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.catalogue import CUSTOMER_FEATURES, GROUPS, INVOICE_FEATURES
from features.facts.book import Book
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from models.late_payment.dataset import issue_rows, training_rows
from models.snapshots import matured_snapshots

SEEDS = (0, 1)
_BOOSTING = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 31,
    "feature_fraction": 0.3,
    "extra_trees": True,
    "max_bin": 63,
    "num_threads": 1,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "verbosity": -1,
    "deterministic": True,
}
_TREES = 150
_MOST_ROWS = 15_000
"""Training rows of one fit, drawn at random where there are more."""

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def at_issue(book: Book, cutoff: int, until: int, end: int) -> Split:
    """Return training and test matrices and outcomes: 5 or more days late, at issue."""
    train = issue_rows(book, 0, cutoff, cutoff)
    test = issue_rows(book, cutoff, until, end)
    known, matured = train.observed >= 5, test.observed >= 5
    return (
        train.matrix[known],
        train.days_late[known] >= 5,
        test.matrix[matured],
        test.days_late[matured] >= 5,
    )


def while_open(book: Book, cutoff: int, until: int, end: int) -> Split:
    """Return the same for 30 or more days late, at landmarks while open and not yet so late."""
    parts = []
    for rows, first in (
        (training_rows(book, 0, cutoff, 0), 0),
        (training_rows(book, cutoff, end, 0), cutoff),
    ):
        chosen = (rows.start > -10_000) & (rows.start < 30) & (rows.observed >= 30)
        chosen &= rows.keys.as_of >= first
        chosen &= rows.keys.as_of < (until if first else cutoff)
        parts += [rows.matrix[chosen], rows.days_late[chosen] >= 30]
    return parts[0], parts[1], parts[2], parts[3]


def in_default(book: Book, cutoff: int, until: int, end: int) -> Split:
    """Return the same for customers in default within 12 months, at month starts."""
    settings = Settings().default
    train, all_of_it = (matured_snapshots(book, settings, moment) for moment in (cutoff, end))
    later = (all_of_it.as_of >= cutoff) & (all_of_it.as_of < until)
    return train.matrix, train.bad, all_of_it.matrix[later], all_of_it.bad[later]


QUESTIONS = {
    "5 or more days late, at issue": (at_issue, INVOICE_FEATURES),
    "30 or more days late, while open": (while_open, INVOICE_FEATURES),
    "in default within 12 months": (in_default, CUSTOMER_FEATURES),
}


def fitted(split: Split, columns: np.ndarray) -> np.ndarray:
    """Return the mean probability of classifiers of several seeds on the test rows."""
    train, outcome, test, _ = split
    drawn = np.random.default_rng(0).permutation(len(train))[:_MOST_ROWS]
    train, outcome = train[drawn], outcome[drawn]
    return np.mean(
        [
            lgb.train(
                {**_BOOSTING, "seed": seed}, lgb.Dataset(train[:, columns], outcome), _TREES
            ).predict(test[:, columns])
            for seed in SEEDS
        ],
        axis=0,
    )


def choices(features: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield each group's name, the columns without it, and its own."""
    for name, members in GROUPS.items():
        own = np.isin(features, [feature.name for feature in members])
        if own.any():
            yield name, np.flatnonzero(~own), np.flatnonzero(own)


def measured(book: Book, question: str, cutoffs: list[date]) -> pd.DataFrame:
    """Return one row per group."""
    rows_of, features = QUESTIONS[question]
    end = moment_in_microseconds(book.extract_date)
    edges = [*(moment_in_microseconds(cutoff) for cutoff in cutoffs), end]
    outcomes, found = [], {}
    for cutoff, until in zip(edges, edges[1:], strict=False):
        split = rows_of(book, cutoff, until, end)
        if not split[1].any() or not split[3].any():
            continue
        print(f"{question}: {date.fromtimestamp(cutoff / 1e6)}", file=sys.stderr)
        outcomes.append(split[3])
        asked = [("all", np.arange(len(features)), None), *choices(features)]
        for name, columns, own in asked:
            found.setdefault((name, "without"), []).append(fitted(split, columns))
            if own is not None:
                found.setdefault((name, "alone"), []).append(fitted(split, own))
    if not outcomes:
        return pd.DataFrame()
    outcome = np.concatenate(outcomes)
    everything = np.concatenate(found["all", "without"])
    table = [
        {
            "group": f"all ({len(features)} features)",
            "log loss": log_loss(outcome, everything),
            "AUC": roc_auc_score(outcome, everything),
        }
    ]
    for name, _, own in choices(features):
        without, alone = (np.concatenate(found[name, how]) for how in ("without", "alone"))
        table.append(
            {
                "group": f"{name} ({len(own)})",
                "log loss": log_loss(outcome, without) - table[0]["log loss"],
                "AUC": roc_auc_score(outcome, without) - table[0]["AUC"],
                "AUC alone": roc_auc_score(outcome, alone),
            }
        )
    print(f"\n{question}: {len(outcome):,} rows, {outcome.mean():.1%} of them\n")
    return pd.DataFrame(table)


def main(ledger: Path, cutoffs: list[date]) -> None:
    """Print a table per question; changes against all features below the first row."""
    book = load_book(Ledger.open(ledger))
    for question in QUESTIONS:
        sys.stdout.flush()
        table = measured(book, question, cutoffs)
        if table.empty:
            print(f"\n{question}: too few outcomes in this ledger")
            continue
        print("| group | log loss | AUC | AUC alone |\n| --- | ---: | ---: | ---: |")
        for row, (group, loss, auc, alone) in enumerate(table.itertuples(index=False)):
            sign = "" if row == 0 else "+"
            shown = "" if np.isnan(alone) else f"{alone:.3f}"
            print(f"| {group} | {loss:{sign}.4f} | {auc:{sign}.4f} | {shown} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--cutoffs", required=True, help="Days, commas between.")
    asked = parser.parse_args()
    main(asked.ledger, [date.fromisoformat(text) for text in asked.cutoffs.split(",")])
