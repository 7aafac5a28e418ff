"""How features become the columns of a logistic regression.

Made as well as the form allows: days, ratios and counts on a logarithmic scale, outliers drawn in,
columns standardised, what is missing told apart, weekdays and the age of open invoices as steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE
from features.facts.versions import Int64

Float64 = npt.NDArray[np.float64]

_LOGARITHMIC = ("days", "ratio", "count", "spreads")
_AGE_STEPS = np.array([-10_000, -30, -15, -7, -3, 0, 1, 3, 5, 10, 15, 22, 30, 45, 60, 90])
"""Days past due from which an open invoice counts as one step older; the first: open at all."""
_WEEKDAY = "invoice_due_weekday_value_now"
_PAST_DUE = "invoice_days_past_due_value_now"
_TERMS = "invoice_terms_value_now"


@dataclass(frozen=True)
class Design:
    """The columns of features, as learnt from the rows trained on.

    Parameters
    ----------
    features : tuple of str
        Columns of the matrices it reads; among them due weekday, days past due and terms.
    low, high, mean, spread : float64 arrays of shape (features,)
        Of the values on their scales; the spread is 0 where nothing varies.
    flagged : tuple of int
        Features with an indicator of what is missing.
    """

    features: tuple[str, ...]
    low: Float64
    high: Float64
    mean: Float64
    spread: Float64
    flagged: tuple[int, ...]

    @classmethod
    def learn(cls, features: Sequence[str], matrix: Float64, unused: Sequence[str] = ()) -> Design:
        """Take ranges, means and spreads from rows, shape (n, features); leave some out."""
        columns = _on_scales(features, matrix)
        low, high, mean, spread = np.zeros((4, len(features)))
        flagged: dict[bytes, int] = {}
        for at, name in enumerate(features):
            if name in unused:
                continue
            missing = np.isnan(columns[:, at])
            if 0.002 < missing.mean() < 0.998:
                # Features of one source are missing together: one indicator tells it.
                flagged.setdefault(missing.tobytes(), at)
            known = columns[~missing, at]
            if len(known):
                low[at], high[at] = np.quantile(known, [0.005, 0.995])
                kept = np.clip(known, low[at], high[at])
                mean[at], spread[at] = kept.mean(), kept.std()
        spread[spread < 1e-9] = 0.0
        return cls(tuple(features), low, high, mean, spread, tuple(flagged.values()))

    @property
    def owners(self) -> Int64:
        """The feature that each column but the intercept tells of, by its place."""
        weekday, past_due = (self.features.index(name) for name in (_WEEKDAY, _PAST_DUE))
        return np.concatenate(
            [
                np.flatnonzero(self.spread > 0),
                np.array(self.flagged, dtype=np.int64),
                np.full(6, weekday),
                np.full(len(_AGE_STEPS), past_due),
            ]
        )

    def columns(self, matrix: Float64) -> Float64:
        """Return the design matrix, the intercept first; what is missing stands at the mean."""
        scaled = _on_scales(self.features, matrix)
        varies = self.spread > 0
        kept = np.clip(scaled[:, varies], self.low[varies], self.high[varies])
        weekday, past_due, terms = (
            matrix[:, self.features.index(name), None] for name in (_WEEKDAY, _PAST_DUE, _TERMS)
        )
        return np.column_stack(
            [
                np.ones(len(matrix)),
                np.nan_to_num((kept - self.mean[varies]) / self.spread[varies]),
                np.isnan(matrix[:, list(self.flagged)]),
                weekday == np.arange(6),
                (past_due >= _AGE_STEPS) & (past_due + terms > 0),
            ]
        ).astype(np.float64)

    def to_document(self) -> dict[str, Any]:
        """Return the design as plain data, its features aside."""
        arrays = {name: getattr(self, name).tolist() for name in ("low", "high", "mean", "spread")}
        return {**arrays, "flagged": list(self.flagged)}

    @classmethod
    def from_document(cls, features: Sequence[str], document: Mapping[str, Any]) -> Design:
        """Rebuild the design of features."""
        low, high, mean, spread = (
            np.array(document[name]) for name in ("low", "high", "mean", "spread")
        )
        return cls(tuple(features), low, high, mean, spread, tuple(document["flagged"]))


def _on_scales(features: Sequence[str], matrix: Float64) -> Float64:
    logarithmic = np.array([CATALOGUE[name].unit in _LOGARITHMIC for name in features])
    values = matrix[:, logarithmic]
    out = matrix.copy()
    out[:, logarithmic] = np.sign(values) * np.log1p(np.abs(values))
    return out
