"""From the cutoffs of a default model or scorecard to tables: grades, moves, stability."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from models.evaluation import kolmogorov_smirnov, population_stability_index
from models.evaluation.grades import grades_table, migration_table
from models.evaluation.stability import stability_by_chance, stability_note
from models.scorecard.card import Scorecard
from models.scorecard.master_scale import grade_of
from pipelines.backtest.risk import Judged

_BINS = 10


def ranking_measures(rows: pd.DataFrame, predictor: str) -> dict[str, object]:
    """Return KS, and Spearman's correlation with the model's ranking; NaN without a ranking."""
    probability = rows[predictor].to_numpy(dtype=np.float64)
    ranked = np.ptp(probability) > 0 and rows["model"].nunique() > 1
    return {
        "ks": kolmogorov_smirnov(rows["outcome"].to_numpy(dtype=bool), probability),
        "rank_correlation": float(spearmanr(rows["model"], probability).statistic)
        if ranked
        else np.nan,
    }


def graded(predictions: pd.DataFrame, grades: Mapping[str, float]) -> pd.DataFrame:
    """Return predictions with the model's ``grade``."""
    return predictions.assign(grade=grade_of(predictions["model"].to_numpy(), grades))


def grades_by_cutoff(predictions: pd.DataFrame, grades: Mapping[str, float]) -> pd.DataFrame:
    """Test every grade of every cutoff; see `models.evaluation.grades.grades_table`."""
    parts = []
    for cutoff, rows in predictions.groupby("cutoff", sort=True):
        table = grades_table(
            rows["outcome"].to_numpy(dtype=bool),
            rows["model"].to_numpy(),
            rows["grade"].to_numpy(dtype=object),
            list(grades),
        )
        table.insert(0, "cutoff", cutoff)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def migration_by_cutoff(predictions: pd.DataFrame, grades: Mapping[str, float]) -> pd.DataFrame:
    """Count moves from each cutoff to the next: ``cutoff next_cutoff from to customers share``."""
    by_cutoff = {
        cutoff: rows.set_index("customer_id")["grade"]
        for cutoff, rows in predictions.groupby("cutoff", sort=True)
    }
    parts = []
    for before, after in pairwise(by_cutoff):
        table = migration_table(by_cutoff[before], by_cutoff[after], list(grades))
        table.insert(0, "cutoff", before)
        table.insert(1, "next_cutoff", after)
        parts.append(table)
    header = ["cutoff", "next_cutoff", "from", "to", "customers", "share"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=header)


def stability_table(judged: Mapping[date, Judged]) -> pd.DataFrame:
    """Compare the score of the customers tested with that of the snapshots learnt from.

    Returns
    -------
    DataFrame
        ``cutoff subject learnt_customers tested_customers psi by_chance note``: the index over
        tenths of the snapshots learnt from; what it stays below in 95% of cases where nothing
        moves, a customer's many months counted as one case.
    """
    rows = []
    for cutoff, one in judged.items():
        learnt = len(np.unique(one.learnt.customer))
        tested = len(one.predictions)
        psi = population_stability_index(one.learnt_pd, one.predictions["model"].to_numpy(), _BINS)
        by_chance = stability_by_chance(learnt, tested, min(_BINS, len(np.unique(one.learnt_pd))))
        rows.append(
            {
                "cutoff": cutoff,
                "subject": "score",
                "learnt_customers": learnt,
                "tested_customers": tested,
                "psi": psi,
                "by_chance": by_chance,
                "note": stability_note(psi, by_chance),
            }
        )
    return pd.DataFrame(rows)


def master_scale(
    grades: Mapping[str, float], card: Scorecard | None, predictions: pd.DataFrame
) -> pd.DataFrame:
    """Return the grades with their probabilities, scores (of a card) and customers tested.

    A grade holds the scores from ``score_from`` on that are below the one above.
    """
    upper = np.array(list(grades.values()))
    lower = np.append(0.0, upper[:-1])
    scale = pd.DataFrame({"grade": list(grades), "pd_above": lower, "pd_up_to": upper})
    if card is not None:
        # The highest probability of a grade is its lowest score; beyond the last there is none.
        odds = np.log((1 - upper[:-1]) / upper[:-1])
        scores = card.offset + card.factor * (odds - card.intercept) / card.slope
        scale["score_from"] = [*np.ceil(scores), np.nan]
    counts = predictions["grade"].value_counts()
    scale["customers"] = scale["grade"].map(counts).fillna(0).astype(np.int64)
    return scale.assign(share=scale["customers"] / max(len(predictions), 1))
