"""Reason codes: which characteristics moved a score towards risk, in the catalogue's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE

Float64 = npt.NDArray[np.float64]

COUNT = 4
"""Reasons per score."""
REASON_COLUMNS = tuple(f"reason_{number}" for number in range(1, COUNT + 1))


def characteristic(feature: str) -> str:
    """Return what a feature is about, whatever its threshold, statistic and window.

    Examples
    --------
    >>> characteristic("customer_late_5d_rate_365d"), characteristic("customer_late_1d_rate_last10")
    ('customer_late', 'customer_late')
    """
    measure = feature.rsplit("_", 2)[0]
    return re.sub(r"(_\d+d|_shrunk|_by_amount|_trend)+$", "", measure)


def reasons(
    features: Sequence[str], matrix: Float64, contributions: Float64
) -> list[tuple[str | None, ...]]:
    """Return up to `COUNT` sentences per row, the strongest first.

    Parameters
    ----------
    features : sequence of str
        Names of the columns.
    matrix : float64 array of shape (n, features)
        Their values.
    contributions : float64 array of shape (n, features)
        Each feature's share of the log-odds of the risk explained.

    Returns
    -------
    list of tuple of str or None
        Contributions are added up by `characteristic`; only those towards risk are named, each by
        its strongest feature. Features without a certain direction against risk (the weekday on
        which an invoice is due, say) move scores but explain nothing to a person: they are not
        named. Missing reasons are None.
    """
    certain = np.array([CATALOGUE[name].direction != 0 for name in features])
    contributions = np.where(certain, contributions, 0.0)
    topics = [characteristic(name) for name in features]
    names = sorted(set(topics))
    member = np.array([[topic == name for name in names] for topic in topics], dtype=np.float64)
    grouped = contributions @ member
    rows: list[tuple[str | None, ...]] = []
    for row in range(len(matrix)):
        sentences: list[str | None] = []
        for group in np.argsort(-grouped[row], kind="stable"):
            if grouped[row, group] <= 1e-6 or len(sentences) == COUNT:
                break
            own = np.where(member[:, group] > 0, contributions[row], -np.inf)
            strongest = int(np.argmax(own))
            sentence = CATALOGUE[features[strongest]].describe(matrix[row, strongest])
            # What is missing is missing for several characteristics: say it once.
            if sentence not in sentences:
                sentences.append(sentence)
        rows.append(tuple(sentences + [None] * (COUNT - len(sentences))))
    return rows
