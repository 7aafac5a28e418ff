"""A fitted scorecard as plain data, and how it scores: a sum of points looked up in tables.

Sign convention, once: ``woe = ln(share of goods / share of bads)``; the log-odds are of good
against bad; higher scores are safer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE
from models.scorecard.bins import Bin, Characteristic
from models.scorecard.master_scale import grade_of
from models.scorecard.record import Considered, Edit
from models.usual import Usual, usual_of

Float64 = npt.NDArray[np.float64]

_PLAIN = (
    *("base_points", "factor", "offset", "slope", "intercept", "grades", "rows_per_customer"),
)


@dataclass(frozen=True)
class Scorecard:
    """Points per bin, how they turn into a probability of default, and the master scale.

    Parameters
    ----------
    features : tuple of str
        Columns of the matrices it reads.
    characteristics : tuple of Characteristic
    base_points : int
        Every customer's points before its bins'.
    factor, offset : float
        ``score = offset + factor * ln(odds of good)``.
    slope, intercept : float
        Calibration of those log-odds on later months: ``ln(odds) = intercept + slope * raw``.
    grades : dict of str to float
        Upper PD of each grade.
    usual : tuple of float or None
        Medians of the rows learnt from, for the reasons.
    rows_per_customer : float
        Training rows that say what one customer says: scales the priors of the WOE.
    selection : tuple of Considered
        Why each candidate was taken or left out.
    edits : tuple of Edit
        What people changed since the card was fitted, oldest first.
    """

    features: tuple[str, ...]
    characteristics: tuple[Characteristic, ...]
    base_points: int
    factor: float
    offset: float
    slope: float
    intercept: float
    grades: dict[str, float]
    usual: Usual
    rows_per_customer: float = 1.0
    selection: tuple[Considered, ...] = ()
    edits: tuple[Edit, ...] = ()

    def score(self, matrix: Float64) -> Float64:
        """Return the score, points; shape (n,)."""
        return np.asarray(self.base_points + self.points(matrix).sum(axis=1))

    def points(self, matrix: Float64) -> Float64:
        """Return the points of each characteristic, shape (n, characteristics)."""
        column = {name: i for i, name in enumerate(self.features)}
        return np.column_stack(
            [c.points[c.bin_of(matrix[:, column[c.feature]])] for c in self.characteristics]
        )

    def raw(self, matrix: Float64) -> Float64:
        """Return the log-odds of good before calibration, shape (n,)."""
        return np.asarray((self.score(matrix) - self.offset) / self.factor)

    def predict(self, matrix: Float64) -> Float64:
        """Return the calibrated probability of default, shape (n,)."""
        return self.pd_of(self.score(matrix))

    def pd_of(self, score: Float64) -> Float64:
        """Return the probability of default of a score."""
        log_odds = self.intercept + self.slope * (score - self.offset) / self.factor
        return np.asarray(1.0 / (1.0 + np.exp(log_odds)))

    def grade(self, pd_12m: Float64) -> npt.NDArray[np.object_]:
        """Return the grade of each probability of default."""
        return grade_of(pd_12m, self.grades)

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return ``score`` and ``pd_12m`` from a frame of features."""
        score = self.score(frame[list(self.features)].to_numpy(dtype=np.float64))
        return pd.DataFrame({"score": score, "pd_12m": self.pd_of(score)}, index=frame.index)

    def contributions(self, matrix: Float64) -> Float64:
        """Return the points each feature loses against the average customer; (n, features)."""
        lost = np.zeros(matrix.shape)
        column = {name: i for i, name in enumerate(self.features)}
        points = self.points(matrix)
        for i, c in enumerate(self.characteristics):
            lost[:, column[c.feature]] = c.neutral_points - points[:, i]
        return lost

    def table(self) -> list[dict[str, Any]]:
        """Return the card as rows to print: characteristic, bin, counts, woe, points."""
        return [
            {
                "characteristic": c.feature,
                "bin": b.label,
                "goods": b.goods,
                "bads": b.bads,
                "woe": round(b.woe, 4),
                "points": b.points,
                "iv": round(c.iv, 4),
            }
            for c in self.characteristics
            for b in c.bins
        ]

    def to_document(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the card as plain data; it has no boosters."""
        return {
            "features": list(self.features),
            "characteristics": [
                {
                    "feature": c.feature,
                    "iv": c.iv,
                    "weight": c.weight,
                    "direction": c.direction,
                    "bins": [
                        asdict(b) | {"low": _text(b.low), "high": _text(b.high)} for b in c.bins
                    ],
                }
                for c in self.characteristics
            ],
            **{name: getattr(self, name) for name in _PLAIN},
            "usual": list(self.usual),
            "selection": [asdict(line) for line in self.selection],
            "edits": [
                asdict(e) | {"changes": list(e.changes), "warnings": list(e.warnings)}
                for e in self.edits
            ],
            "reason_texts": {
                name: CATALOGUE[name].meaning for name in self.features if name in CATALOGUE
            },
        }, {}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], boosters: Mapping[str, str]) -> Scorecard:
        """Rebuild the card; ``boosters`` is empty.

        Raises
        ------
        ValueError
            It is not a scorecard's document, or one of an earlier kind.
        """
        if boosters:
            raise ValueError("scorecard: its bundle holds boosters; it is not a scorecard's")
        if "selection" not in document:
            raise ValueError("scorecard: the bundle is of an earlier version; train again")
        characteristics = tuple(
            Characteristic(
                **{key: entry[key] for key in ("feature", "iv", "weight", "direction")},
                bins=tuple(
                    Bin(**b | {"low": _number(b["low"]), "high": _number(b["high"])})
                    for b in entry["bins"]
                ),
            )
            for entry in document["characteristics"]
        )
        return cls(
            tuple(document["features"]),
            characteristics,
            **{name: document[name] for name in _PLAIN},
            usual=usual_of(document),
            selection=tuple(Considered(**line) for line in document["selection"]),
            edits=tuple(
                Edit(**e | {"changes": tuple(e["changes"]), "warnings": tuple(e["warnings"])})
                for e in document["edits"]
            ),
        )


def _text(bound: float | None) -> float | str | None:
    """JSON has no infinity."""
    return str(bound) if bound is not None and np.isinf(bound) else bound


def _number(bound: float | str | None) -> float | None:
    return None if bound is None else float(bound)
