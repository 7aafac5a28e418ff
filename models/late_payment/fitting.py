"""Training the late-payment model at a cutoff: early hazards choose, calibrate and evaluate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from models.late_payment.blend import Regressions, blended, choose_blend
from models.late_payment.capacity import Boosters, Choice, boosted, choose
from models.late_payment.curve import Curves, day_weights
from models.late_payment.dataset import (
    Rows,
    as_known_at,
    cases,
    issue_rows,
    thinned,
    training_rows,
)
from models.late_payment.day_choice import fit_day_choice
from models.late_payment.grid import EDGES, INTERVALS, LAST_DAY
from models.late_payment.hazard import Hazards
from models.late_payment.model import LatePaymentModel
from models.late_payment.own_record import NOT_FOR_HAZARDS, OwnRecord, fit_own_record
from models.usual import usual_values

_Choice = tuple[list[Choice], tuple[float, float]]
"""The capacities of every interval's boosters, and the ridge and share of the regression."""


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

    Time is cut into an early part and two slices. How large the boosters of the early part may be,
    and how much of the hazards is regression, is chosen on the first slice, where they are also
    calibrated and held against the customers' own records, and the second evaluates them. Then both
    slices choose and calibrate; hazards fitted on everything take the choice over, and as much of
    the calibration as the settings say, by default nothing: they have seen the slices themselves.

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
    most = settings.max_rows_to_choose
    later = thinned(rows.take(rows.keys.as_of >= first_slice), most, settings.seed)
    between = as_known_at(later, book, second_slice)
    progress("late_payment: hazards of the early part")
    known_first = as_known_at(rows, book, first_slice)
    early = _Contenders(thinned(known_first, most, settings.seed), settings, directions)
    progress("late_payment: choice, calibration and evaluation on the later slices")
    then = early.as_chosen(early.choose(between))
    then = _calibrated(then, _calibrations(then, between))
    evaluated = issue_rows(book, second_slice, cutoff, cutoff, customers)
    earlier = _assemble(
        book,
        then,
        fit_own_record(then.predict, INVOICE_FEATURES, between, settings),
        second_slice,
        customers,
        between,
        settings.seed,
    )
    choice = early.choose(later)
    chosen = early.as_chosen(choice)
    calibrations = _calibrations(chosen, later)
    record = fit_own_record(
        _calibrated(chosen, calibrations).predict, INVOICE_FEATURES, later, settings
    )
    progress("late_payment: hazards of all rows")
    final = _Contenders(rows, settings, directions).as_chosen(choice)
    model = _assemble(
        book,
        _calibrated(final, calibrations, settings.calibration_weight),
        record,
        cutoff,
        customers,
        rows,
        settings.seed,
    )
    return Fitted(
        model,
        evaluated,
        earlier.curves(evaluated.matrix, evaluated.start, evaluated.keys.due_day),
        earlier,
        second_slice,
    )


class _Contenders:
    """What hazards of the same rows may be made of."""

    def __init__(
        self, rows: Rows, settings: LatePaymentSettings, directions: Sequence[int]
    ) -> None:
        self._settings = settings
        unused = [INVOICE_FEATURES.index(name) for name in NOT_FOR_HAZARDS]
        self._boosters = Boosters(rows, settings, directions, unused)
        self._regressions = Regressions(rows, settings)

    def choose(self, later: Rows) -> _Choice:
        """Choose by later rows."""
        capacities = choose(self._boosters, later, self._settings)
        trees = boosted(self._boosters, capacities)
        return capacities, choose_blend(trees, self._regressions, later, self._settings)

    def as_chosen(self, choice: _Choice) -> Hazards:
        """Return hazards, not calibrated yet."""
        capacities, blend = choice
        return blended(boosted(self._boosters, capacities), self._regressions, blend)


def _assemble(
    book: Book,
    hazards: Hazards,
    record: OwnRecord,
    cutoff: int,
    customers: npt.NDArray[np.bool_] | None,
    rows: Rows,
    seed: int,
) -> LatePaymentModel:
    known = outcomes(book, cutoff, customers)
    paid = known.take(np.flatnonzero(known.state == PAID))
    in_tail = (known.days_late >= EDGES[INTERVALS]) & (cutoff // DAY - known.due_day > LAST_DAY)
    paid_in_tail = int((in_tail & (known.state == PAID) & (known.days_late < LAST_DAY)).sum())
    return LatePaymentModel(
        features=INVOICE_FEATURES,
        hazards=hazards,
        days=fit_day_choice(
            rows, INVOICE_FEATURES, day_weights(paid.days_late, (paid.due_day + 3) % 7), seed
        ),
        # Half of those so late are taken to be lost until the ledger shows otherwise.
        never=1.0 - (paid_in_tail + 5.0) / (int(in_tail.sum()) + 10.0),
        usual=usual_values(rows.matrix),
        record=record,
    )


def _calibrated(hazards: Hazards, calibrations: list[Calibration], weight: float = 1.0) -> Hazards:
    """Give hazards their calibrations; a weight below 1 moves them towards the identity."""
    return replace(
        hazards,
        of=tuple(
            replace(hazard, slope=c.slope**weight, intercept=c.intercept * weight)
            if hazard.boosters
            else hazard
            for hazard, c in zip(hazards.of, calibrations, strict=True)
        ),
    )


def _calibrations(hazards: Hazards, rows: Rows) -> list[Calibration]:
    found = []
    linear = hazards.linear_log_odds(rows.matrix)
    for interval in range(INTERVALS):
        chosen, paid = cases(rows, interval)
        by_time = np.argsort(rows.keys.as_of[chosen], kind="stable")
        of_rows = None if linear is None else linear[chosen]
        logit = hazards.raw(rows.matrix[chosen], interval, of_rows)
        found.append(fit_calibration(paid[by_time], logit[by_time]))
    return found
