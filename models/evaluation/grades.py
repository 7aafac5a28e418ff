"""Whether grades keep their word: defaults by grade against the predicted, moves between grades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta, binom, norm

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

ASSET_CORRELATION = 0.05
"""Of two customers, in Vasicek's one-factor model: the value Tasche ("A traffic lights approach to
PD validation", 2003) tests ratings with."""
_ECONOMIES = norm.ppf((np.arange(1000) + 0.5) / 1000)
"""States of the common factor, equally likely."""


def grades_table(
    outcome: Bool, probability: Float64, grade: npt.NDArray[np.object_], names: Sequence[str]
) -> pd.DataFrame:
    """Test the probability of every grade that has rows.

    Parameters
    ----------
    outcome : bool array of shape (n,)
        One row a customer: the test takes rows for independent.
    probability : float64 array of shape (n,)
    grade : array of shape (n,)
    names : sequence of str
        All grades, safest first.

    Returns
    -------
    DataFrame
        ``grade rows bads predicted observed low high p_value inside``: mean probability, share of
        bads, its exact 95% interval (Clopper and Pearson, Biometrika 1934), the two-sided p-value
        of the binomial test with tails of equal size, and whether ``predicted`` lies inside the
        interval, which it does where the p-value is above .05. ``p_value_together`` and
        ``inside_together``: the same where customers default together, good years and bad, with
        `ASSET_CORRELATION`.

    Examples
    --------
    >>> outcome, same = np.arange(100) < 3, np.full(100, "B", dtype=object)
    >>> table = grades_table(outcome, np.full(100, 0.02), same, ["A", "B"])
    >>> table[["grade", "bads", "inside"]].to_dict("records")
    [{'grade': 'B', 'bads': 3, 'inside': True}]
    """
    found = []
    for name in names:
        rows = grade == name
        n, bads = int(rows.sum()), int(outcome[rows].sum())
        if n == 0:
            continue
        predicted = float(probability[rows].mean())
        low = float(beta.ppf(0.025, bads, n - bads + 1)) if bads else 0.0
        high = float(beta.ppf(0.975, bads + 1, n - bads)) if bads < n else 1.0
        independent, together = (
            _two_sided(bads, n, chances)
            for chances in (np.array([predicted]), _by_economy(predicted))
        )
        found.append(
            {
                "grade": name,
                "rows": n,
                "bads": bads,
                "predicted": predicted,
                "observed": bads / n,
                "low": low,
                "high": high,
                "p_value": independent,
                "inside": low <= predicted <= high,
                "p_value_together": together,
                "inside_together": together >= 0.05,
            }
        )
    return pd.DataFrame(found)


def _by_economy(probability: float) -> Float64:
    """Return the probability of default in each state of the common factor."""
    shared = np.sqrt(ASSET_CORRELATION) * _ECONOMIES
    return np.asarray(norm.cdf((norm.ppf(probability) + shared) / np.sqrt(1 - ASSET_CORRELATION)))


def _two_sided(bads: int, rows: int, probabilities: Float64) -> float:
    """Return the p-value of so many bads, each of the probabilities being equally likely."""
    tails = binom.cdf(bads, rows, probabilities), binom.sf(bads - 1, rows, probabilities)
    return min(1.0, 2.0 * min(float(tail.mean()) for tail in tails))


def migration_table(before: pd.Series, after: pd.Series, names: Sequence[str]) -> pd.DataFrame:
    """Count the moves between grades of those that have both.

    Parameters
    ----------
    before, after : Series of str
        Grade by customer.
    names : sequence of str
        All grades, safest first.

    Returns
    -------
    DataFrame
        ``from to customers share``, the share of those that started in the grade; every pair of
        grades once.

    Examples
    --------
    >>> before, after = pd.Series({"x": "A", "y": "A"}), pd.Series({"x": "A", "y": "B", "z": "B"})
    >>> migration_table(before, after, ["A", "B"])["customers"].tolist()
    [1, 1, 0, 0]
    """
    both = before.index.intersection(after.index)
    counts = pd.crosstab(
        pd.Categorical(before[both], categories=names),
        pd.Categorical(after[both], categories=names),
        dropna=False,
    ).to_numpy()
    started = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, started, out=np.full(counts.shape, np.nan), where=started > 0)
    return pd.DataFrame(
        {
            "from": np.repeat(list(names), len(names)),
            "to": np.tile(list(names), len(names)),
            "customers": counts.ravel(),
            "share": share.ravel(),
        }
    )
