"""The scorecard's and the default model's method on a public table: default of credit-card clients.

    PAYRISK_REAL_DATA=DIR python benchmarks/uci_credit_default.py [--seeds 0,1,2,3,4]

Reads ``uci_credit_default/UCI_Credit_Card.csv`` (Yeh and Lien 2009, 30,000 clients, UCI 350). Each
seed holds out a stratified 30%. The settings of both methods are chosen from the few listed here by
three-fold cross-validation inside the other 70%; the held-out clients are predicted once. Beside
them, in the same run and on the raw columns: `optbinning.Scorecard` and LightGBM as they come.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split

from configs.settings import DefaultModelSettings, ScorecardSettings
from models.boosting import mean_log_odds, train_booster
from models.scorecard.candidates import Candidates
from models.scorecard.fit import fit_card

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Predict = Callable[[Candidates, Float64], Float64]

OUTCOME = "default.payment.next.month"
STATUS = [f"PAY_{k}" for k in (0, 2, 3, 4, 5, 6)]
CODES = [-2.0, -1.0, 0.0]
"""Values of a status that are no numbers of months."""
CARDS = {
    "as shipped": ScorecardSettings(),
    "long": ScorecardSettings(
        max_characteristics=30,
        min_gain=0.0,
        min_iv=0.005,
        max_correlation=0.95,
        ridge_customers=1.0,
        max_bins=8,
        max_prebins=14,
        special_values=dict.fromkeys([*STATUS, "worst_status", "worst_status_latest_3"], CODES),
    ),
}
BOOSTERS = {
    "as shipped": DefaultModelSettings(),
    "larger": DefaultModelSettings(trees=300, leaves=15, feature_fraction=0.3),
}


def payment_history(table: pd.DataFrame) -> dict[str, tuple[Float64, int]]:
    """Derive what six months of statements say; each column with its direction against risk.

    ``PAY``: -2 nothing to pay, -1 paid in full, 0 the minimum paid, k > 0 months behind.
    """
    status = table[STATUS].to_numpy(np.float64)
    bill = table[[f"BILL_AMT{k}" for k in range(1, 7)]].to_numpy(np.float64)
    paid = table[[f"PAY_AMT{k}" for k in range(1, 7)]].to_numpy(np.float64)
    limit = table["LIMIT_BAL"].to_numpy(np.float64)
    behind, use = np.maximum(status, 0), bill / limit[:, None]
    billed = bill[:, 1:]
    part = np.where(billed > 0, paid[:, :5] / np.maximum(billed, 1), np.nan)
    all_billed, all_paid = billed.sum(axis=1), paid[:, :5].sum(axis=1)
    found: dict[str, tuple[Float64, int]] = {
        "months_behind_now_and_worst_before": (
            (np.clip(status[:, 0], -2, 3) + 2) * 3 + np.clip(behind[:, 1:].max(axis=1), 0, 2),
            1,
        ),
        "months_behind_weighted": (behind @ np.array([0.35, 0.25, 0.15, 0.1, 0.1, 0.05]), 1),
        "months_behind_sum": (behind.sum(axis=1), 1),
        "months_behind_latest_3": (behind[:, :3].sum(axis=1), 1),
        "months_behind_first_3": (behind[:, 3:].sum(axis=1), 1),
        "worst_status": (status.max(axis=1), 1),
        "worst_status_latest_3": (status[:, :3].max(axis=1), 0),
        "status_mean": (status.mean(axis=1), 0),
        "status_change_1": (status[:, 0] - status[:, 1], 0),
        "status_change_2": (status[:, 0] - status[:, 2], 0),
        "times_behind": ((status > 0).sum(axis=1), 1),
        "times_two_behind": ((status >= 2).sum(axis=1), 1),
        "times_minimum_paid": ((status == 0).sum(axis=1), 0),
        "times_paid_in_full": ((status == -1).sum(axis=1), 0),
        "times_nothing_to_pay": ((status == -2).sum(axis=1), 0),
        "months_since_behind": (
            np.where((status > 0).any(axis=1), (status > 0).argmax(axis=1), 6),
            -1,
        ),
        "limit_use_mean": (use.mean(axis=1), 1),
        "limit_use_max": (use.max(axis=1), 1),
        "limit_use_change_5": (use[:, 0] - use[:, 5], 0),
        "limit_use_change_2": (use[:, 0] - use[:, 2], 0),
        "limit_use_std": (use.std(axis=1), 0),
        "paid_sum": (paid.sum(axis=1), -1),
        "paid_least": (paid.min(axis=1), -1),
        "paid_most": (paid.max(axis=1), -1),
        "times_nothing_paid": ((paid == 0).sum(axis=1), 0),
        "paid_to_limit": (paid.sum(axis=1) / limit, -1),
        "paid_latest_3_to_limit": (paid[:, :3].sum(axis=1) / limit, -1),
        "paid_to_billed": (
            np.where(all_billed > 0, all_paid / np.maximum(all_billed, 1), np.nan),
            -1,
        ),
        "bill_to_paid": (
            np.log1p(np.maximum(bill[:, 0], 0)) - np.log1p(paid[:, :3].mean(axis=1)),
            1,
        ),
    }
    found |= {f"limit_use_{k + 1}": (use[:, k], 0) for k in range(6)}
    found |= {f"paid_share_{k + 1}": (part[:, k], -1) for k in range(5)}
    return found


def candidates_of(table: pd.DataFrame, bad: Bool) -> Candidates:
    """Return the raw columns and the payment history as candidates."""
    directions = {"LIMIT_BAL": -1} | {f"PAY_AMT{k}": -1 for k in range(1, 7)}
    columns = {
        name: (table[name].to_numpy(np.float64), directions.get(name, 0)) for name in table.columns
    } | payment_history(table)
    matrix = np.column_stack([values for values, _ in columns.values()]).astype(np.float64)
    return Candidates.of_table(list(columns), [d for _, d in columns.values()], matrix, bad)


def card(settings: ScorecardSettings) -> Predict:
    """Predict by a scorecard."""
    return lambda train, matrix: -fit_card(train, settings).raw(matrix)


def boosted(settings: DefaultModelSettings) -> Predict:
    """Predict by boosters trained as the default model's are."""

    def predict(train: Candidates, matrix: Float64) -> Float64:
        boosters = tuple(
            train_booster(
                train.matrix,
                train.bad,
                {
                    "learning_rate": settings.learning_rate,
                    "num_leaves": settings.leaves,
                    "min_data_in_leaf": settings.min_rows_in_leaf,
                    "feature_fraction": settings.feature_fraction,
                    "extra_trees": True,
                    "lambda_l2": settings.lambda_l2,
                    "monotone_constraints": list(train.directions),
                    "seed": settings.seed + number,
                },
                settings.trees,
            )
            for number in range(settings.seeds)
        )
        return mean_log_odds(boosters, matrix, threads=1)

    return predict


def chosen(train: Candidates, offered: dict[str, Predict], seed: int) -> str:
    """Return the name with the highest AUC in three folds of the training part."""
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    inner = list(folds.split(train.matrix, train.bad))
    found = {
        name: np.mean(
            [
                roc_auc_score(train.bad[out], predict(train.take(inside), train.matrix[out]))
                for inside, out in inner
            ]
        )
        for name, predict in offered.items()
    }
    return max(found, key=lambda name: found[name])


def optbinning_scorecard(table: pd.DataFrame, bad: Bool, asked: pd.DataFrame) -> Float64:
    """Predict by `optbinning.Scorecard` as it comes, on the raw columns."""
    from optbinning import BinningProcess, Scorecard

    names = list(table.columns)
    found = Scorecard(
        binning_process=BinningProcess(names), estimator=LogisticRegression(max_iter=1000)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.fit(table, bad.astype(int))
        return np.asarray(found.predict_proba(asked)[:, 1])


def plain_lightgbm(table: pd.DataFrame, bad: Bool, asked: pd.DataFrame) -> Float64:
    """Predict by LightGBM as it comes, on the raw columns."""
    model = lgb.LGBMClassifier(n_jobs=1, random_state=0, verbose=-1)
    return np.asarray(model.fit(table, bad).predict_proba(asked)[:, 1])


def main() -> None:
    """Print one line per hold-out and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    seeds = [int(seed) for seed in parser.parse_args().seeds.split(",")]
    folder = os.environ.get("PAYRISK_REAL_DATA")
    if not folder:
        parser.error("set PAYRISK_REAL_DATA to the folder with uci_credit_default")
    frame = pd.read_csv(Path(folder) / "uci_credit_default" / "UCI_Credit_Card.csv")
    bad = frame[OUTCOME].to_numpy() == 1
    raw = frame.drop(columns=["ID", OUTCOME])
    table = candidates_of(raw, bad)
    cards = {name: card(settings) for name, settings in CARDS.items()}
    boosters = {name: boosted(settings) for name, settings in BOOSTERS.items()}
    rows = []
    for seed in seeds:
        started = time.perf_counter()
        inside, out = train_test_split(
            np.arange(len(bad)), test_size=0.3, stratify=bad, random_state=seed
        )
        train = table.take(inside)
        its_card, its_boosters = chosen(train, cards, seed), chosen(train, boosters, seed)
        predictions = {
            "optbinning.Scorecard": optbinning_scorecard(
                raw.iloc[inside], bad[inside], raw.iloc[out]
            ),
            "scorecard": cards[its_card](train, table.matrix[out]),
            "plain LightGBM": plain_lightgbm(raw.iloc[inside], bad[inside], raw.iloc[out]),
            "boosted": boosters[its_boosters](train, table.matrix[out]),
        }
        row = {name: float(roc_auc_score(bad[out], p)) for name, p in predictions.items()}
        rows.append(row)
        figures = "  ".join(f"{name} {auc:.4f}" for name, auc in row.items())
        seconds = time.perf_counter() - started
        settings = f"(card: {its_card}, boosters: {its_boosters}, {seconds:.0f} s)"
        print(f"seed {seed}: {figures}  {settings}", flush=True)
    means = pd.DataFrame(rows).mean()
    print("mean:   " + "  ".join(f"{name} {auc:.4f}" for name, auc in means.items()))


if __name__ == "__main__":
    main()
