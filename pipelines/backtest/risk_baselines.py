"""What the default model and the scorecard are held against: rules of thumb as probabilities.

Each is a logistic regression on what the rule looks at, fitted on the snapshots the models learnt
from: the ranking stays the rule's, and its log loss can be compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

import configs
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from features.facts.book import Book
from models.logistic import fit_logistic
from models.scorecard.hand_made import HandMadeCard, card_values
from models.snapshots import Snapshots

Float64 = npt.NDArray[np.float64]

BASELINES = {
    "base_rate": (),
    "worst_dpd": ("customer_worst_dpd_max_now",),
    "overdue_share": ("customer_overdue_share_now",),
    "bureau_score": ("customer_bureau_score_value_now",),
    "lr_five": (
        "customer_worst_dpd_max_now",
        "customer_overdue_share_now",
        "customer_late_30d_shrunk_rate_365d",
        "customer_days_late_mean_365d",
        "customer_bureau_score_value_now",
    ),
}
"""Features of each baseline."""
HAND_MADE = "hand_made"
"""The sum of a card written by hand."""
SHIPPED_CARD = Path(configs.__file__).parent / "hand_made_card.yaml"

_LOGARITHMIC = ("days", "ratio", "count")
_RIDGE = 1.0


def predict_baselines(
    book: Book, learnt: Snapshots, asked: Snapshots, card: HandMadeCard
) -> dict[str, Float64]:
    """Return every baseline's probabilities, shape (asked,) each.

    A rule about a feature that no customer learnt from has is NaN: the ledger does not carry it.
    """

    def total(snapshots: Snapshots) -> Float64:
        values = card_values(book, snapshots.customer, snapshots.as_of, card)
        return np.asarray(card.scores(values)[["score"]], dtype=np.float64)

    found = {}
    for name, features in BASELINES.items():
        columns = [CUSTOMER_FEATURES.index(feature) for feature in features]
        logarithmic = np.array([CATALOGUE[f].unit in _LOGARITHMIC for f in features], dtype=bool)
        found[name] = fit_predict(
            _transformed(learnt.matrix[:, columns], logarithmic),
            learnt.bad,
            _transformed(asked.matrix[:, columns], logarithmic),
        )
    found[HAND_MADE] = fit_predict(total(learnt), learnt.bad, total(asked))
    return found


def fit_predict(learnt: Float64, bad: npt.NDArray[np.bool_], asked: Float64) -> Float64:
    """Predict by a logistic regression on standardised columns, what is missing told apart.

    Parameters
    ----------
    learnt, asked : float64 arrays of shape (n, columns) and (m, columns)
        Without columns the prediction is the base rate; with nothing known in any, NaN.
    bad : bool array of shape (n,)

    Examples
    --------
    >>> bad = np.arange(100) < 50
    >>> values = np.where(bad, 1.0, 0.0)[:, None]
    >>> low, high, neither = fit_predict(values, bad, np.array([[0.0], [1.0], [np.nan]]))
    >>> bool(low < neither < high)
    True
    """
    known = ~np.isnan(learnt)
    if learnt.shape[1] and not known.any():
        return np.full(len(asked), np.nan)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, learnt, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (learnt - mean) ** 2, 0.0).sum(axis=0) / count)
    spread[spread < 1e-9] = np.inf

    def design(values: Float64) -> Float64:
        ones = np.ones((len(values), 1))
        return np.hstack([ones, np.nan_to_num((values - mean) / spread), np.isnan(values)])

    penalty = np.append(1e-6, np.full(2 * learnt.shape[1], _RIDGE))
    weights = fit_logistic(design(learnt), bad, penalty)
    return np.asarray(1.0 / (1.0 + np.exp(-(design(asked) @ weights))))


def _transformed(values: Float64, logarithmic: npt.NDArray[np.bool_]) -> Float64:
    return np.where(logarithmic, np.sign(values) * np.log1p(np.abs(values)), values)
