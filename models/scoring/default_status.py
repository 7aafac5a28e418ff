"""Who is in default at a moment, since when and why: their PD is 1, whatever a model would say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import DefaultSettings
from features.engine import Moment
from features.facts.versions import DAY
from features.labels.default_register import default_register, lasting_on
from features.ledger.money import minor_units_per_major
from models.reasons import COUNT, Reason

Bool = npt.NDArray[np.bool_]

GRADE = "default"
"""Beside the grades of the master scale."""
IN_DEFAULT, IN_PROBATION = "in default", "in probation"


@dataclass(frozen=True)
class DefaultStatus:
    """Customers in default: by position among the keys asked about.

    Parameters
    ----------
    defaulted : bool array of shape (n,)
        In default, probation included: a default lasts until its probation has passed.
    probation : bool array of shape (n,)
        Of these, those whose arrears are paid.
    sentences : mapping of int to str
        Of every row in default: since when and why.
    """

    defaulted: Bool
    probation: Bool
    sentences: dict[int, str]

    def basis(self, otherwise: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
        """Return what carries each score: the default itself, or what does without one."""
        said = np.where(self.probation, IN_PROBATION, IN_DEFAULT)
        return np.where(self.defaulted, said, otherwise).astype(object)

    def explain(self, found: list[tuple[Reason, ...]]) -> list[tuple[Reason, ...]]:
        """Return the reasons with the default first."""
        rows = list(found)
        for row, text in self.sentences.items():
            # The log-odds of a PD of 1.
            first = Reason("default", "", float("nan"), float("nan"), float("inf"), text)
            rows[row] = (first, *rows[row][: COUNT - 1])
        return rows


def default_status(moment: Moment, definition: DefaultSettings) -> DefaultStatus:
    """Look up who is in default at the one moment of some customers' keys.

    Parameters
    ----------
    moment : Moment
        Of keys that share one ``as_of``.
    definition : DefaultSettings
    """
    rows = len(moment.keys)
    defaulted, probation = np.zeros((2, rows), dtype=bool)
    if not rows:
        return DefaultStatus(defaulted, probation, {})
    book, as_of = moment.book, int(moment.keys.as_of[0])
    units = minor_units_per_major(book.reporting_currency)
    register = default_register(book, definition, as_of, units)
    current = lasting_on(register, as_of // int(DAY))
    latest = current.drop_duplicates("customer", keep="last").set_index("customer")
    listed = latest.reindex(moment.keys.customer)
    defaulted = listed["day"].notna().to_numpy()
    behind = _materially_overdue(moment, definition, units)
    paid = ~behind & listed["reason"].isin(["overdue", "write_off"]).to_numpy()
    sentences = {
        int(row): _sentence(listed["day"].iloc[row], listed["reasons"].iloc[row], bool(paid[row]))
        for row in np.flatnonzero(defaulted)
    }
    return DefaultStatus(defaulted, defaulted & paid, sentences)


def _materially_overdue(moment: Moment, definition: DefaultSettings, units: int) -> Bool:
    """Return whose overdue amount is above both thresholds, without what the definition excuses."""
    position = moment.position
    excused = {
        "all": position["disputed"],
        "seller_fault": position["disputed_seller_fault"],
        "none": np.zeros(len(moment.keys)),
    }[definition.exclude_disputes]
    if definition.exclude_unapplied_cash:
        excused = excused + np.maximum(moment.unapplied, 0.0)
    overdue = position["overdue"] - excused
    return np.asarray(
        (overdue > definition.absolute_threshold * units)
        & (overdue > definition.relative_threshold * position["balance"])
    )


def _sentence(day: float, reasons: str, paid: bool) -> str:
    since = pd.Timestamp(int(day), unit="D").date().isoformat()
    why = reasons.replace("_", " ")
    if paid:
        return f"in default since {since} ({why}), paid up since and in probation: raises the risk"
    return f"in default since {since} ({why}): raises the risk"
