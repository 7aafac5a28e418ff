"""What baselines learn from and are asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.catalogue import INVOICE_FEATURES
from features.engine.states import LatestStates
from features.facts.book import Book
from features.facts.versions import Int64
from models.late_payment.dataset import Rows
from models.late_payment.tasks import undecided

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

MASTER = ("segment", "country", "terms")
"""Master data as it stood at each row's moment: codes of places, agreed days."""
NEVER_ISSUED = -10_000
"""``Rows.start`` of an invoice not issued before its row's moment."""


@dataclass(frozen=True)
class Asked:
    """Rows to predict for; ``master`` has the columns `MASTER`."""

    rows: Rows
    master: Float64

    def __len__(self) -> int:
        return len(self.rows)

    def feature(self, name: str) -> Float64:
        """Return a column of the matrix."""
        return np.asarray(self.rows.matrix[:, INVOICE_FEATURES.index(name)])

    @property
    def while_open(self) -> Bool:
        """Whether the invoice was out at the row's moment."""
        return np.asarray(self.rows.start > NEVER_ISSUED)

    def take(self, chosen: Int64 | Bool) -> Asked:
        """Return some rows, by position or mask."""
        return Asked(self.rows.take(chosen), self.master[chosen])


@dataclass(frozen=True)
class Learnt:
    """Rows whose answer to "``days`` or more late?" was known at the cutoff, and the answer."""

    asked: Asked
    days: int
    late: Bool

    @property
    def rate(self) -> float:
        """Share late, half a case on either side."""
        return float((self.late.sum() + 0.5) / (len(self.late) + 1.0))


def ask(book: Book, rows: Rows) -> Asked:
    """Add the master data as known at each row's moment."""
    states = LatestStates(rows.keys)
    columns = [states(book.masters, name) for name in MASTER]
    return Asked(rows, np.column_stack(columns))


def learn(asked: Asked, days: int) -> Learnt:
    """Keep the rows that the horizon is a question for and whose answer is known."""
    rows = asked.take(undecided(asked.rows, days))
    return Learnt(rows, days, rows.rows.days_late >= days)
