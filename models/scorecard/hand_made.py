"""A card written by hand, as Dynamics 365's credit management scores: ranges, scores, their sum."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from configs.yaml_file import checked, read_yaml
from features.build import build_matrix
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from features.facts.book import Book
from features.facts.lookup import latest_row
from features.facts.versions import Int64
from models.snapshots import customer_keys

Float64 = npt.NDArray[np.float64]

ATTRIBUTES = ("segment", "country", "group")
"""Master data that a group may list values of; everything else is a customer feature."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ScoreRange(_Strict):
    """The score of values from ``low`` on and below ``high``."""

    low: float = Field(-np.inf, alias="from")
    high: float = Field(np.inf, alias="to")
    score: float


class ScoringGroup(_Strict):
    """One scoring group: a value, and the score of each range or of each listed value."""

    name: str
    value: str
    missing: float
    ranges: tuple[ScoreRange, ...] = ()
    values: dict[str, float] = {}
    other: float | None = None
    """Score of a value that is not listed."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        listed = self.value in ATTRIBUTES
        if not listed and self.value not in CUSTOMER_FEATURES:
            raise ValueError(
                f"{self.value!r} is neither a customer feature nor one of {', '.join(ATTRIBUTES)}"
            )
        if listed and (self.ranges or self.other is None):
            raise ValueError(f"{self.value} is text: give 'values' and 'other', not 'ranges'")
        if not listed and (not self.ranges or self.values or self.other is not None):
            raise ValueError(f"{self.value} is a number: give 'ranges' only")
        edges = [-np.inf, *(edge for r in self.ranges for edge in (r.low, r.high)), np.inf]
        joined = all(edges[i] == edges[i + 1] for i in range(0, len(edges), 2))
        if self.ranges and not (joined and all(r.low < r.high for r in self.ranges)):
            raise ValueError(
                "ranges must ascend and join: the first without 'from', the last without 'to'"
            )
        return self

    def score(self, column: pd.Series) -> Float64:
        """Return the score of each value."""
        if self.value in ATTRIBUTES:
            other = 0.0 if self.other is None else self.other
            found = column.map(self.values).fillna(other).to_numpy(dtype=np.float64)
        else:
            cuts = np.array([r.low for r in self.ranges[1:]])
            scores = np.array([r.score for r in self.ranges])
            found = scores[np.searchsorted(cuts, column.to_numpy(np.float64), side="right")]
        return np.where(column.isna(), self.missing, found)


class RiskGroup(_Strict):
    """A risk group: sums from ``low`` on, up to the next group's."""

    name: str
    low: float = Field(-np.inf, alias="from")


class HandMadeCard(_Strict):
    """Scoring groups and the risk groups of their sum; higher is safer."""

    groups: tuple[ScoringGroup, ...] = Field(min_length=1)
    risk_groups: tuple[RiskGroup, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        names = [group.name for group in self.groups]
        if len(set(names)) != len(names):
            raise ValueError("two scoring groups have one name")
        lows = [group.low for group in self.risk_groups]
        if lows[0] != -np.inf or not all(a < b for a, b in pairwise(lows)):
            raise ValueError("risk groups must ascend, the first without 'from'")
        return self

    def scores(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return each group's score, ``score`` (their sum) and ``risk_group``.

        Parameters
        ----------
        frame : DataFrame
            A column for each group's value; see `card_values`.
        """
        found = pd.DataFrame(
            {group.name: group.score(frame[group.value]) for group in self.groups},
            index=frame.index,
        )
        total = found.sum(axis=1)
        lows = np.array([group.low for group in self.risk_groups])
        names = np.array([group.name for group in self.risk_groups], dtype=object)
        risk_group = names[np.searchsorted(lows, total.to_numpy(), side="right") - 1]
        return found.assign(score=total, risk_group=risk_group)


def read_hand_made_card(path: Path) -> HandMadeCard:
    """Read a card from its YAML file.

    Raises
    ------
    ValueError
        One line with every fault and where it is.
    """
    return checked(HandMadeCard, read_yaml(path), str(path), "card")


def card_values(book: Book, customer: Int64, as_of: Int64, card: HandMadeCard) -> pd.DataFrame:
    """Return the values a card asks for, of customers at moments.

    Parameters
    ----------
    book : Book
    customer : int64 array of shape (n,)
        Positions in the book.
    as_of : int64 array of shape (n,)
        Microseconds since 1970.
    card : HandMadeCard
    """
    asked = {group.value for group in card.groups}
    features = [name for name in CATALOGUE if name in asked]
    matrix = build_matrix(book, customer_keys(customer, as_of), features)
    frame = pd.DataFrame(matrix, columns=features)
    masters = book.masters
    row = latest_row(masters.offsets, masters.known, masters.void, customer, as_of)
    names = np.array([*(name for _, name in book.places), None], dtype=object)
    for attribute in sorted(asked - set(features)):
        codes = np.append(masters.measures[attribute], -1)
        frame[attribute] = names[np.where(row >= 0, codes[row], -1)]
    return frame
