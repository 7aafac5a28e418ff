"""Reason codes: which characteristics moved a score, in the catalogue's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE
from models.characteristics import characteristic, is_spoken
from models.usual import Usual

Float64 = npt.NDArray[np.float64]

COUNT = 4
"""Reasons per score."""
REASON_COLUMNS = tuple(f"reason_{number}" for number in range(1, COUNT + 1))
DETAIL_COLUMNS = (
    "position",
    "characteristic",
    "feature",
    "value",
    "usual",
    "contribution",
    "direction",
    "reason",
)
"""The machine-readable form, after the key of what is scored."""
_NOTHING = 1e-6
"""A smaller contribution is none."""
_WEAK = 0.1
"""Of the strongest characteristic of a row: what is smaller comes last."""


@dataclass(frozen=True)
class Reason:
    """One characteristic that moved a score, named by the feature that says it best.

    Parameters
    ----------
    characteristic, feature : str
    value, usual : float
        Of the feature, NaN where missing. Usual is the median of the training rows, NaN where
        most of them have none.
    contribution : float
        Of the whole characteristic: log-odds of the risk, or points lost.
    text : str
        The sentence a person reads.
    """

    characteristic: str
    feature: str
    value: float
    usual: float
    contribution: float
    text: str

    @property
    def direction(self) -> Literal["raises", "lowers"]:
        """What it does to the risk."""
        return "raises" if self.contribution > 0 else "lowers"

    @property
    def details(self) -> tuple[object, ...]:
        """The values of `DETAIL_COLUMNS` but for the position."""
        what = (self.characteristic, self.feature, self.value, self.usual)
        return (*what, self.contribution, self.direction, self.text)


def find_reasons(
    features: Sequence[str], matrix: Float64, contributions: Float64, usual: Usual
) -> list[tuple[Reason, ...]]:
    """Return up to `COUNT` reasons per row.

    First what raises the risk, the strongest first; then, if places are left, what lowers it; then
    what is weak beside the strongest of either.

    Parameters
    ----------
    features : sequence of str
        Names of the columns.
    matrix : float64 array of shape (n, features)
        Their values.
    contributions : float64 array of shape (n, features)
        Each feature's share of the risk explained.
    usual : tuple of float or None
        Their usual values, None where missing is usual.

    Notes
    -----
    Contributions are added up by `characteristic`. A characteristic is named by its strongest
    feature among those whose value speaks for what it did: a rate below the usual one is no reason
    for more risk, whatever the trees made of it beside other values. One without such a feature,
    and the calendar, move scores but explain nothing to a person: they are not named.
    """
    characteristics = _characteristics(tuple(features))
    names = list(characteristics)
    total, best = np.zeros((2, len(names), len(matrix)))
    normal = np.array(usual, dtype=np.float64)
    speaks = _speaks(features, matrix, contributions, normal)
    for group, members in enumerate(characteristics.values()):
        # One after the other: the last digit of numpy's sum depends on the number of rows.
        for column in members:
            total[group] += contributions[:, column]
        own = np.where(speaks[:, members], contributions[:, members], 0.0)
        own *= np.sign(total[group])[:, None]
        strongest = np.argmax(own, axis=1)
        found = own[np.arange(len(own)), strongest] > _NOTHING
        best[group] = np.where(found, members[strongest], -1)
    strength = np.abs(total)
    weak = strength < _WEAK * strength.max(axis=0, initial=0.0)
    order = np.lexsort((-strength, np.where(weak, 2, total < 0), best < 0), axis=0)
    chosen = best.astype(np.int64)
    return [
        _first(features, matrix[row], normal, names, total[:, row], chosen[:, row], order[:, row])
        for row in range(len(matrix))
    ]


@lru_cache(maxsize=16)
def _characteristics(features: tuple[str, ...]) -> dict[str, npt.NDArray[np.int64]]:
    """Return the columns of each characteristic."""
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(features):
        columns.setdefault(characteristic(name), []).append(column)
    return {name: np.array(columns[name]) for name in sorted(columns)}


@lru_cache(maxsize=16)
def _declared(features: tuple[str, ...]) -> tuple[npt.NDArray[np.bool_], Float64]:
    """Return which features are spoken of, and their directions."""
    spoken = np.array([is_spoken(name) for name in features])
    return spoken, np.array([CATALOGUE[name].direction for name in features], dtype=np.float64)


def _speaks(
    features: Sequence[str], matrix: Float64, contributions: Float64, usual: Float64
) -> npt.NDArray[np.bool_]:
    """Tell which values speak for what they did to the score."""
    spoken, direction = _declared(tuple(features))
    with np.errstate(invalid="ignore"):
        away = matrix - usual
        riskier = away * direction
    # At the usual value most are safer than average, since few are far riskier.
    nothing_new = (away == 0) | (np.isnan(matrix) & np.isnan(usual))
    against = (direction != 0) & np.where(contributions > 0, riskier < 0, riskier > 0)
    return np.asarray(spoken & ~against & ~(nothing_new & (contributions > 0)))


def _first(
    features: Sequence[str],
    values: Float64,
    usual: Float64,
    names: Sequence[str],
    total: Float64,
    best: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
) -> tuple[Reason, ...]:
    """Put the first characteristics of one row, in order, into words."""
    found: list[Reason] = []
    said: set[str] = set()
    for group in order.tolist():
        column = best[group]
        if column < 0 or len(found) == COUNT:
            break
        value, normal, moved = float(values[column]), float(usual[column]), float(total[group])
        sentence, is_usual = _sentence(features[column], value, normal)
        # What is missing is missing for several characteristics: say it once. And what looks as
        # usual once rounded is no reason for more risk.
        if sentence in said or (is_usual and moved > 0):
            continue
        said.add(sentence)
        text = f"{sentence}: {'raises' if moved > 0 else 'lowers'} the risk"
        found.append(Reason(names[group], features[column], value, normal, moved, text))
    return tuple(found)


def _sentence(feature: str, value: float, usual: float) -> tuple[str, bool]:
    """Return the sentence for a value and whether the usual one would read the same."""
    declared = CATALOGUE[feature]
    sentence = declared.describe(value)
    if value != value or usual != usual:
        return sentence, False
    own, normal = declared.shown(value), declared.shown(usual)
    if own == normal:
        return f"{sentence} (as usual)", True
    return f"{sentence} (usually {normal})", False


def sentences(rows: Sequence[Sequence[Reason]]) -> pd.DataFrame:
    """Return the texts as the columns `REASON_COLUMNS`; missing reasons are None."""
    texts = [[reason.text for reason in row] + [None] * (COUNT - len(row)) for row in rows]
    return pd.DataFrame(texts, columns=list(REASON_COLUMNS), dtype=object)


def details(keys: pd.Series, rows: Iterable[Sequence[Reason]]) -> pd.DataFrame:
    """Return reasons as a table, one row a reason.

    Parameters
    ----------
    keys : Series
        What was scored, such as the invoices' ids; names the first column.
    rows : iterable of sequences of Reason
        Of each key; anything else for one that has none.

    Returns
    -------
    DataFrame
        The key and `DETAIL_COLUMNS`; ``position`` counts from 1.
    """
    table = [
        (key, position, *reason.details)
        for key, row in zip(keys, rows, strict=True)
        if isinstance(row, tuple)
        for position, reason in enumerate(row, start=1)
    ]
    frame = pd.DataFrame(table, columns=[str(keys.name), *DETAIL_COLUMNS])
    numbers = dict.fromkeys(("value", "usual", "contribution"), np.float64)
    return frame.astype({"position": np.int64, **numbers})
