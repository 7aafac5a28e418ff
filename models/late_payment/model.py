"""The late-payment model: trained at a cutoff, calibrated on a later slice, read as curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import LatePaymentSettings
from features.catalogue import CATALOGUE, INVOICE_FEATURES
from features.engine import Keys
from features.facts.book import Book
from features.facts.settlement import PAID
from features.facts.versions import DAY, Int64
from features.labels.payment_day import outcomes
from models.calibration import Calibration, fit_calibration
from models.cash_forecast.co_movement import CoMovement
from models.late_payment.curve import Curves, columns, curves, day_weights
from models.late_payment.dataset import Rows, rows_at, training_rows
from models.late_payment.explanation import HazardExplainer
from models.late_payment.grid import EDGES, INTERVALS, LAST_DAY
from models.late_payment.hazard import Hazard, cases, fit_hazards
from models.usual import Usual, usual_of, usual_values

Float64 = npt.NDArray[np.float64]


def silent(message: str) -> None:
    """Report no progress."""
    del message


@dataclass(frozen=True)
class LatePaymentModel:
    """Hazards per interval, how payments spread over the days of each, and the tail.

    Parameters
    ----------
    features : tuple of str
        Columns of the matrices it reads.
    hazards : tuple of Hazard
    weights : float64 array of shape (7, days)
        See `curve.day_weights`.
    never : float
        Share of invoices still open at the last edge that is not paid within a year.
    usual : tuple of float or None
        Medians of the rows learnt from, for the reasons.
    co_movement : CoMovement
        How payment days move together; the cash forecast reads it.
    """

    features: tuple[str, ...]
    hazards: tuple[Hazard, ...]
    weights: Float64
    never: float
    usual: Usual
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
        hazards = np.column_stack([hazard.predict(matrix, threads) for hazard in self.hazards])
        return curves(hazards, self.weights, start, (due_day + 3) % 7, self.never)

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
        boosters = {
            f"interval_{i:02d}_{k}": booster.model_to_string()
            for i, hazard in enumerate(self.hazards)
            for k, booster in enumerate(hazard.boosters)
        }
        document = {
            "features": list(self.features),
            "edges": EDGES.tolist(),
            "hazards": [
                {
                    "boosters": [f"interval_{i:02d}_{k}" for k in range(len(hazard.boosters))],
                    "constant": hazard.constant,
                    "slope": hazard.slope,
                    "intercept": hazard.intercept,
                }
                for i, hazard in enumerate(self.hazards)
            ],
            "weights": self.weights.tolist(),
            "never": self.never,
            "usual": list(self.usual),
            "co_movement": self.co_movement.to_document(),
            "reason_texts": {name: CATALOGUE[name].sentence for name in self.features},
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
            The bundle was trained on other intervals than this version's.
        """
        if document["edges"] != EDGES.tolist():
            raise ValueError("late_payment: the bundle has other intervals; train again")
        hazards = tuple(
            Hazard(
                tuple(lgb.Booster(model_str=boosters[name]) for name in entry["boosters"]),
                entry["constant"],
                entry["slope"],
                entry["intercept"],
            )
            for entry in document["hazards"]
        )
        weights = np.array(document["weights"])
        features = tuple(document["features"])
        movement = CoMovement.from_document(document.get("co_movement"))
        return cls(features, hazards, weights, document["never"], usual_of(document), movement)


@dataclass(frozen=True)
class Fitted:
    """A trained model and how its earlier self did on later invoices.

    ``evaluated`` are the invoices issued in the last slice, at issue, and ``curves`` their curves
    from hazards fitted and calibrated before that slice with what was known by then. ``earlier``
    is the model of those hazards, ``evaluated_from`` the slice's begin in microseconds since 1970.
    """

    model: LatePaymentModel
    evaluated: Rows
    curves: Curves
    earlier: LatePaymentModel
    evaluated_from: int


def fit_late_payment(
    book: Book,
    cutoff: int,
    settings: LatePaymentSettings,
    progress: Callable[[str], None] = silent,
    customers: npt.NDArray[np.bool_] | None = None,
) -> Fitted:
    """Train with what was known before a cutoff.

    Time is cut into an early part and two slices. Hazards of the early part are calibrated on the
    first slice and evaluated on the second; then they are calibrated on both, and hazards fitted
    on everything take that calibration over in part: they have seen the slices, and a slice's
    peculiarities need not last.

    Parameters
    ----------
    book : Book
    cutoff : int
        Microseconds since 1970.
    settings : LatePaymentSettings
    progress : callable
        Told what is being done.
    customers : bool array of shape (customers,), optional
        Whose invoices to learn from and evaluate on; by default everyone's.

    Raises
    ------
    ValueError
        Too few settled invoices; the message says how many there are.
    """
    known = outcomes(book, cutoff, customers)
    settled = int((known.state == PAID).sum())
    if settled < settings.min_settled_invoices:
        raise ValueError(
            f"late_payment: {settled} settled invoices before the cutoff, "
            f"{settings.min_settled_invoices} are needed; import more history"
        )
    constraints = [
        CATALOGUE[name].direction if settings.monotone else 0 for name in INVOICE_FEATURES
    ]
    share = settings.calibration_share
    first_slice, second_slice = (
        int(np.quantile(known.issued_day, 1.0 - part * share)) * int(DAY) for part in (1.0, 0.5)
    )
    seed = settings.seed

    def rows(first: int, last: int) -> Rows:
        return training_rows(book, first, last, seed, customers)

    progress("late_payment: hazards of the early part")
    early = fit_hazards(rows(0, first_slice), settings, constraints)
    progress("late_payment: calibration and evaluation on the later slices")
    then = _calibrated(early, rows(first_slice, second_slice))
    evaluated = issue_rows(book, second_slice, cutoff, cutoff, customers)
    earlier = _assemble(book, then, second_slice, customers, evaluated.matrix)
    calibrations = _calibrations(early, rows(first_slice, cutoff))
    progress("late_payment: hazards of all rows")
    everything = rows(0, cutoff)
    final = fit_hazards(everything, settings, constraints)
    hazards = _apply(final, calibrations, settings.calibration_weight)
    model = _assemble(book, hazards, cutoff, customers, everything.matrix)
    return Fitted(
        model,
        evaluated,
        earlier.curves(evaluated.matrix, evaluated.start, evaluated.keys.due_day),
        earlier,
        second_slice,
    )


def issue_rows(
    book: Book,
    first: int,
    last: int,
    cutoff: int,
    customers: npt.NDArray[np.bool_] | None = None,
) -> Rows:
    """Return the invoices issued in ``[first, last)``, each at its issue, as known at a cutoff."""
    known = outcomes(book, cutoff, customers)
    issued = known.issued_day * DAY
    chosen = np.flatnonzero((issued >= first) & (issued < last))
    return rows_at(book, known.take(chosen), issued[chosen], cutoff)


def _assemble(
    book: Book,
    hazards: list[Hazard],
    cutoff: int,
    customers: npt.NDArray[np.bool_] | None,
    matrix: Float64,
) -> LatePaymentModel:
    known = outcomes(book, cutoff, customers)
    paid = known.take(np.flatnonzero(known.state == PAID))
    in_tail = (known.days_late >= EDGES[INTERVALS]) & (cutoff // DAY - known.due_day > LAST_DAY)
    paid_in_tail = int((in_tail & (known.state == PAID) & (known.days_late < LAST_DAY)).sum())
    return LatePaymentModel(
        features=INVOICE_FEATURES,
        hazards=tuple(hazards),
        weights=day_weights(paid.days_late, (paid.due_day + 3) % 7),
        # Half of those so late are taken to be lost until the ledger shows otherwise.
        never=1.0 - (paid_in_tail + 5.0) / (int(in_tail.sum()) + 10.0),
        usual=usual_values(matrix),
    )


def _calibrated(hazards: list[Hazard], rows: Rows) -> list[Hazard]:
    return _apply(hazards, _calibrations(hazards, rows))


def _apply(
    hazards: list[Hazard], calibrations: list[Calibration], weight: float = 1.0
) -> list[Hazard]:
    """Give hazards their calibrations; a weight below 1 moves them towards the identity."""
    return [
        replace(hazard, slope=c.slope**weight, intercept=c.intercept * weight)
        if hazard.boosters
        else hazard
        for hazard, c in zip(hazards, calibrations, strict=True)
    ]


def _calibrations(hazards: list[Hazard], rows: Rows) -> list[Calibration]:
    fitted = []
    for interval, hazard in enumerate(hazards):
        chosen, paid = cases(rows, interval)
        by_time = np.argsort(rows.keys.as_of[chosen], kind="stable")
        logit = hazard.raw(rows.matrix[chosen])
        fitted.append(fit_calibration(paid[by_time], logit[by_time]))
    return fitted


def start_of(keys: Keys) -> Int64:
    """Return the first day late still possible for each key at its moment."""
    day = keys.as_of // DAY
    return np.where(day > keys.issued_day, day - keys.due_day, -10_000)
