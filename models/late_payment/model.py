"""The late-payment model: trained at a cutoff, calibrated on a later slice, read as curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CATALOGUE
from features.facts.versions import Int64
from models.cash_forecast.co_movement import CoMovement
from models.late_payment.curve import Curves, columns, curves
from models.late_payment.day_choice import DayChoice
from models.late_payment.explanation import HazardExplainer
from models.late_payment.grid import EDGES
from models.late_payment.hazard import Hazards
from models.late_payment.own_record import OwnRecord
from models.usual import Usual, usual_of

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LatePaymentModel:
    """Hazards per interval, how payments spread over the days of each, and the tail.

    Parameters
    ----------
    features : tuple of str
        Columns of the matrices it reads.
    hazards : Hazards
    days : DayChoice
        How payments spread over the days of each interval.
    never : float
        Share of invoices still open at the last edge that is not paid within a year.
    usual : tuple of float or None
        Medians of the rows learnt from, for the reasons.
    record : OwnRecord
        How much the customer's own record says of how early it pays.
    co_movement : CoMovement
        How payment days move together; the cash forecast reads it.
    """

    features: tuple[str, ...]
    hazards: Hazards
    days: DayChoice
    never: float
    usual: Usual
    record: OwnRecord = OwnRecord()
    co_movement: CoMovement = CoMovement()

    def curves(self, matrix: Float64, start: Int64, due_day: Int64, threads: int = 0) -> Curves:
        """Return the curves of invoices.

        Parameters
        ----------
        matrix : float64 array of shape (n, features)
        start : int64 array of shape (n,)
            First day late still possible; very negative for invoices not yet issued.
        due_day : int64 array of shape (n,)
            Days since 1970.
        threads : int
            0: all cores.
        """
        hazards = self.hazards.predict(matrix, threads)
        hazards = self.record.applied(hazards, matrix, self.features, start)
        weights = self.days.weights(matrix, self.features, start, (due_day + 3) % 7)
        weights = self.record.spread(weights, matrix, self.features, start)
        return curves(hazards, weights, start, self.never)

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return ``p_late_kd`` and the expected days late from a frame of features.

        Where each row stands is read off its own features: terms, days to issue and past due.
        """
        matrix = frame[list(self.features)].to_numpy(dtype=np.float64)
        column = self.features.index
        past_due = matrix[:, column("invoice_days_past_due_value_now")]
        age = past_due + matrix[:, column("invoice_terms_value_now")]
        start = np.where(age > 0, past_due, -10_000.0).astype(np.int64)
        weekday = matrix[:, column("invoice_due_weekday_value_now")].astype(np.int64)
        # Any day with that weekday: 1970-01-05 was a Monday.
        return pd.DataFrame(columns(self.curves(matrix, start, weekday + 4)), index=frame.index)

    @cached_property
    def explainer(self) -> HazardExplainer:
        """The hazards' trees, laid out once: asked for ahead of time by who must not wait."""
        past_due = self.features.index("invoice_days_past_due_value_now")
        return HazardExplainer.of(self.hazards, self.never, past_due)

    def contributions(self, matrix: Float64, start: Int64, threads: int = 0) -> Float64:
        """Return each feature's part in the log-odds of P(late), as `explanation` defines it."""
        return self.explainer.explain(matrix, start, threads)[1]

    def to_document(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the model as plain data and booster texts."""
        hazards, boosters = self.hazards.to_document()
        document = {
            "features": list(self.features),
            "edges": EDGES.tolist(),
            **hazards,
            "days": self.days.to_document(),
            "never": self.never,
            "usual": list(self.usual),
            "record_prior_invoices": self.record.prior_invoices,
            "co_movement": self.co_movement.to_document(),
            "reason_texts": {name: CATALOGUE[name].meaning for name in self.features},
        }
        return document, boosters

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], boosters: Mapping[str, str]
    ) -> LatePaymentModel:
        """Rebuild the model.

        Raises
        ------
        ValueError
            The bundle is of an earlier version, or was trained on other intervals.
        """
        if document["edges"] != EDGES.tolist():
            raise ValueError("late_payment: the bundle has other intervals; train again")
        if "days" not in document:
            raise ValueError("late_payment: the bundle is of an earlier version; train again")
        days = DayChoice.from_document(document["days"])
        features = tuple(document["features"])
        hazards = Hazards.from_document(features, document, boosters)
        record = OwnRecord(document.get("record_prior_invoices"))
        movement = CoMovement.from_document(document.get("co_movement"))
        return cls(features, hazards, days, document["never"], usual_of(document), record, movement)
