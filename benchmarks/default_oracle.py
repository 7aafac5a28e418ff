"""The risk models against the hidden state: how much of what can be known they know.

    python benchmarks/default_oracle.py --customers 5000 --months 48 --seeds 1,2,3

For each seed a book is simulated and imported. As of each cutoff the models are fitted on outcomes
known by then, and judged on the customers of the three month starts from it on, whose year has
passed since. The oracle is the true probability of the same customer-months, from the hidden
state. The first cutoff's test outcomes end before the market-wide shock (month 29 of 48), the
second's meet it, the third lies after it.

Printed per cutoff and model: AUC, share of the oracle's Gini, Brier against the oracle's, slope of
the calibration, AUC less each baseline's with its 95% interval (customers drawn with replacement),
and cells of grade, one row a customer, whose mean PD lies in the 95% interval of the observed rate,
beside the cells of the true probability; "together" allows for good and bad years. ``--config``
names a settings file, as ``payrisk`` takes.
Of the upper bound: the customers whose true probability it holds, all and those of thin history.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from simulated_ledger import ledger_from_extract

from configs.settings import Settings, load_settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.loading import load_book
from features.facts.versions import DAY
from features.simulator import simulate
from models.default.model import DefaultModel
from models.evaluation import classification_metrics
from models.evaluation.bootstrap import ClusterBootstrap, interval
from models.evaluation.grades import grades_table
from models.logistic import fit_logistic
from models.scorecard.master_scale import grade_of
from models.snapshot_months import add_months, learnable_months, monthly_snapshots
from models.snapshots import Snapshots, matured_snapshots
from models.training import fit_risk

CUTOFF_MONTHS = (14, 24, 33)
"""Months from the start of the book, of 48."""
TEST_MONTHS = 3
THIN = 3
FIVE = (
    "customer_bureau_score_value_now",
    "customer_worst_dpd_max_now",
    "customer_overdue_share_now",
    "customer_late_30d_shrunk_rate_365d",
    "customer_days_since_payment_value_now",
)
RULES = {"worst dpd": 1, "overdue share": 2, "bureau score": 0}
"""Places in `FIVE`; their catalogue's direction is how they rank."""
_SIGNS = np.array([-1.0, 1.0, 1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Split:
    """What a model may learn as of a cutoff, and what it is judged on."""

    months: int
    train: Snapshots
    test: Snapshots
    truth: np.ndarray


def splits(book: Book, truth: pd.DataFrame, settings: Settings) -> Iterator[Split]:
    """Yield the cutoffs' splits; features are built once, outcomes as known at each cutoff."""
    end = moment_in_microseconds(book.extract_date)
    first = int(book.issued.known.min() // DAY)
    every = matured_snapshots(book, settings.default, end)
    index = pd.MultiIndex.from_arrays([every.customer, every.as_of // DAY])
    place = pd.Series(np.arange(len(every)), index=index)
    moments = every.as_of.astype("datetime64[us]").astype("datetime64[D]")
    keys = pd.MultiIndex.from_arrays([book.customer_ids[every.customer], pd.to_datetime(moments)])
    month = pd.to_datetime(truth["month_end"]).astype(keys.levels[1].dtype)
    true_pd = pd.Series(
        truth["true_pd_12m"].to_numpy(),
        index=pd.MultiIndex.from_arrays([truth["customer_id"], month]),
    ).reindex(keys)
    known = true_pd.notna().to_numpy()
    for months in CUTOFF_MONTHS:
        start = add_months(first - pd.Timestamp(first, unit="D").day + 1, months)
        seen = monthly_snapshots(book, settings.default, int(start * DAY))
        seen = learnable_months(seen, settings.default)
        at = pd.MultiIndex.from_arrays([seen["customer"], seen["day"].astype(np.int64)])
        rows = place.reindex(at).to_numpy()
        kept = ~np.isnan(rows)
        taken = every.take(rows[kept].astype(np.int64))
        train = Snapshots(
            taken.customer, taken.as_of, taken.matrix,
            seen["bad"].to_numpy(dtype=bool)[kept], taken.settled,
            seen["matured"].to_numpy(dtype=bool)[kept], seen["weight"].to_numpy()[kept],
        )  # fmt: skip
        day = every.as_of // DAY
        tested = (day >= start) & (day < add_months(start, TEST_MONTHS)) & known
        yield Split(months, train, every.take(tested), true_pd.to_numpy()[tested])


def five_features(split: Split, features: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the test rows' five features, signed, and a logistic regression on them."""
    columns = [features.index(name) for name in FIVE]
    learnt = split.train.whole
    train, test = (rows.matrix[:, columns] * _SIGNS for rows in (learnt, split.test))
    middle = np.nan_to_num(np.nanmedian(train, axis=0))
    train, test = (np.where(np.isnan(rows), middle, rows) for rows in (train, test))
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    designs = [
        np.column_stack([np.ones(len(rows)), np.clip((rows - mean) / spread, -4, 4)])
        for rows in (train, test)
    ]
    weights = fit_logistic(designs[0], learnt.bad, 1.0)
    return test, 1 / (1 + np.exp(-designs[1] @ weights))


def grade_cells(split: Split, probability: np.ndarray, grades: dict[str, float]) -> pd.DataFrame:
    """Test the grades of the first month's customers, one row each."""
    first = split.test.as_of == split.test.as_of.min()
    chance = probability[first]
    return grades_table(split.test.bad[first], chance, grade_of(chance, grades), list(grades))


def _held(cells: pd.DataFrame, inside: str = "inside") -> str:
    return f"{cells[inside].sum()} of {len(cells)}"


def judged(split: Split, name: str, settings: Settings) -> tuple[dict[str, object], pd.DataFrame]:
    """Return one row of the table and the grade cells."""
    model = fit_risk(name, split.train, settings)
    bad = split.test.bad
    chance = model.predict(split.test.matrix)
    own, oracle = (classification_metrics(bad, p) for p in (chance, split.truth))
    values, regression = five_features(split, model.features)
    others = {rule: values[:, column] for rule, column in RULES.items()}
    drawn = ClusterBootstrap(split.test.customer, draws=200)
    auc = drawn.measures(bad, chance)["auc"]
    grades = settings.scorecard.grades
    cells = grade_cells(split, chance, grades)
    row: dict[str, object] = {
        "model": name,
        "month": split.months,
        "bad customers learnt": split.train.bad_customers,
        "rows": len(bad),
        "bad": int(bad.sum()),
        "AUC": own["auc"],
        "oracle": oracle["auc"],
        "share of Gini": own["gini"] / oracle["gini"],
        "Brier": own["brier"],
        "oracle's": oracle["brier"],
        "base rate's": float(np.mean((split.train.whole.bad.mean() - bad) ** 2)),
        "slope": own["calibration_slope"],
        "oracle's slope": oracle["calibration_slope"],
        "predicted / bad": own["mean_probability"] / own["base_rate"],
        "oracle's predicted / bad": oracle["mean_probability"] / oracle["base_rate"],
        "cells": _held(cells),
        "oracle's cells": _held(grade_cells(split, split.truth, grades)),
        "cells, together": _held(cells, "inside_together"),
    }
    for rule, ranking in {**others, "LR on five": regression}.items():
        unit = (ranking - ranking.min()) / max(np.ptp(ranking), 1e-9)
        low, high = interval(auc - drawn.measures(bad, unit)["auc"])
        row[rule] = f"{low:+.3f} to {high:+.3f}"
    if isinstance(model, DefaultModel):
        holds = split.truth <= model.predict_upper(chance, split.test.settled)
        thin = split.test.settled < THIN
        row["upper holds"] = holds.mean()
        row["upper holds, thin"] = holds[thin].mean() if thin.any() else np.nan
    return row, cells


def main(
    customers: int, months: int, seeds: list[int], models: list[str], settings: Settings
) -> None:
    """Print the table of all seeds, and the grade cells below."""
    table, cells = [], []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            extract = Path(scratch) / "extract"
            made = simulate(customers, months, seed, extract, file_format="parquet")
            ledger = ledger_from_extract(extract, Path(scratch) / "ledger", made.extract_date)
            truth = pd.read_parquet(extract / "truth" / "customers.parquet")
            book = load_book(ledger, settings.settlement)
            for split in splits(book, truth, settings):
                for name in models:
                    row, found = judged(split, name, settings)
                    table.append({"seed": seed, **row})
                    cells.append(found.assign(model=name, seed=seed, month=split.months))
                    print(pd.Series(table[-1]).to_string(), file=sys.stderr, flush=True)
    frame = pd.DataFrame(table)
    print(frame.round(3).to_string(index=False))
    print(frame.groupby("model")[["share of Gini", "slope"]].mean().round(3).to_string())
    every = pd.concat(cells, ignore_index=True).set_index(["model", "seed", "month", "grade"])
    print(every.round(4).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--months", type=int, default=48)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--models", default="default,scorecard")
    parser.add_argument("--config", type=Path)
    asked = parser.parse_args()
    numbers = [int(seed) for seed in asked.seeds.split(",")]
    settings = load_settings(asked.config)
    main(asked.customers, asked.months, numbers, asked.models.split(","), settings)
