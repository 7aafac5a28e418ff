"""Training the late-payment model at a cutoff: early hazards choose, calibrate and evaluate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from configs.settings import LatePaymentSettings
from features.catalogue import CATALOGUE, INVOICE_FEATURES
from features.facts.book import Book
from features.facts.settlement import PAID
from features.facts.versions import DAY
from features.labels.payment_day import outcomes
from models.calibration import Calibration, fit_calibration
from models.late_payment.capacity import Boosters, choose, hazards
from models.late_payment.curve import Curves, day_weights
from models.late_payment.dataset import Rows, as_known_at, issue_rows, training_rows
from models.late_payment.grid import EDGES, INTERVALS, LAST_DAY
from models.late_payment.hazard import Hazard, cases
from models.late_payment.model import LatePaymentModel
from models.usual import usual_values

Float64 = npt.NDArray[np.float64]


def silent(message: str) -> None:
    """Report no progress."""
    del message


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

    Time is cut into an early part and two slices. How large the boosters of the early part may be
    is chosen on the first slice, where they are also calibrated, and the second evaluates them.
    Then both slices choose and calibrate; hazards fitted on everything take the choice over, and
    the calibration in part: they have seen the slices, and a slice's peculiarities need not last.

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
    directions = [
        CATALOGUE[name].direction if settings.monotone else 0 for name in INVOICE_FEATURES
    ]
    share = settings.calibration_share
    first_slice, second_slice = (
        int(np.quantile(known.issued_day, 1.0 - part * share)) * int(DAY) for part in (1.0, 0.5)
    )
    progress("late_payment: features")
    rows = training_rows(book, 0, cutoff, settings.seed, customers, settings.max_rows)
    later = rows.take(rows.keys.as_of >= first_slice)
    between = as_known_at(later, book, second_slice)
    progress("late_payment: hazards of the early part")
    early = Boosters(_thinned(as_known_at(rows, book, first_slice), settings), settings, directions)
    progress("late_payment: choice, calibration and evaluation on the later slices")
    then = hazards(early, choose(early, between, settings))
    evaluated = issue_rows(book, second_slice, cutoff, cutoff, customers)
    earlier = _assemble(
        book, _apply(then, _calibrations(then, between)), second_slice, customers, between.matrix
    )
    choices = choose(early, later, settings)
    calibrations = _calibrations(hazards(early, choices), later)
    progress("late_payment: hazards of all rows")
    final = hazards(Boosters(rows, settings, directions), choices)
    model = _assemble(
        book,
        _apply(final, calibrations, settings.calibration_weight),
        cutoff,
        customers,
        rows.matrix,
    )
    return Fitted(
        model,
        evaluated,
        earlier.curves(evaluated.matrix, evaluated.start, evaluated.keys.due_day),
        earlier,
        second_slice,
    )


def _assemble(
    book: Book,
    fitted: list[Hazard],
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
        hazards=tuple(fitted),
        weights=day_weights(paid.days_late, (paid.due_day + 3) % 7),
        # Half of those so late are taken to be lost until the ledger shows otherwise.
        never=1.0 - (paid_in_tail + 5.0) / (int(in_tail.sum()) + 10.0),
        usual=usual_values(matrix),
    )


def _apply(
    fitted: list[Hazard], calibrations: list[Calibration], weight: float = 1.0
) -> list[Hazard]:
    """Give hazards their calibrations; a weight below 1 moves them towards the identity."""
    return [
        replace(hazard, slope=c.slope**weight, intercept=c.intercept * weight)
        if hazard.boosters
        else hazard
        for hazard, c in zip(fitted, calibrations, strict=True)
    ]


def _calibrations(fitted: list[Hazard], rows: Rows) -> list[Calibration]:
    found = []
    for interval, hazard in enumerate(fitted):
        chosen, paid = cases(rows, interval)
        by_time = np.argsort(rows.keys.as_of[chosen], kind="stable")
        logit = hazard.raw(rows.matrix[chosen])
        found.append(fit_calibration(paid[by_time], logit[by_time]))
    return found


def _thinned(rows: Rows, settings: LatePaymentSettings) -> Rows:
    """Return at most as many rows as choosing and calibrating are worth."""
    if len(rows) <= settings.max_rows_to_choose:
        return rows
    drawn = np.random.default_rng(settings.seed).random(len(rows))
    return rows.take(drawn < settings.max_rows_to_choose / len(rows))
