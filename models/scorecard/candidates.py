"""What a card can be fitted on: a plain table of values with outcomes, whatever it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE, CUSTOMER_FEATURES
from features.facts.versions import Int64
from models.snapshots import Snapshots

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Candidates:
    """Candidate characteristics of some rows, and how the rows ended.

    Parameters
    ----------
    names : tuple of str
        Of the columns.
    directions : tuple of int
        +1: higher is riskier, -1: higher is safer, 0: not certain.
    matrix : float64 array of shape (n, columns)
        NaN is missing.
    bad : bool array of shape (n,)
    customer : int64 array of shape (n,)
        Rows of one customer are no independent evidence.
    when : int64 array of shape (n,)
        In any unit; all equal where rows have no time.
    weight : float64 array of shape (n,)
        What each row counts; not given: once.

    Raises
    ------
    ValueError
        Shapes do not agree, or a name is there twice.
    """

    names: tuple[str, ...]
    directions: tuple[int, ...]
    matrix: Float64
    bad: Bool
    customer: Int64
    when: Int64
    weight: Float64 = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        n, columns = self.matrix.shape
        if len(self.weight) != n:
            object.__setattr__(self, "weight", np.ones(n))
        lengths = {len(self.names), len(self.directions)} | {len(set(self.names))}
        if lengths != {columns} or {len(self.bad), len(self.customer), len(self.when)} != {n}:
            raise ValueError(
                f"candidates: {columns} columns of {n} rows need as many different names, "
                "directions and outcomes"
            )

    @classmethod
    def of(cls, snapshots: Snapshots) -> Candidates:
        """Return the customer features of the catalogue at snapshots."""
        directions = tuple(CATALOGUE[name].direction for name in CUSTOMER_FEATURES)
        return cls(
            CUSTOMER_FEATURES,
            directions,
            snapshots.matrix,
            snapshots.bad,
            snapshots.customer,
            snapshots.as_of,
            snapshots.weight,
        )

    @classmethod
    def of_table(
        cls, names: Sequence[str], directions: Sequence[int], matrix: Float64, bad: Bool
    ) -> Candidates:
        """Return a plain table: one row a customer, no time."""
        n = len(matrix)
        still = np.zeros(n, dtype=np.int64)
        return cls(tuple(names), tuple(directions), matrix, bad, np.arange(n), still)

    def __len__(self) -> int:
        return len(self.bad)

    def take(self, rows: npt.NDArray[np.generic]) -> Candidates:
        """Return some rows."""
        return Candidates(
            self.names,
            self.directions,
            self.matrix[rows],
            self.bad[rows],
            self.customer[rows],
            self.when[rows],
            self.weight[rows],
        )

    @property
    def bad_customers(self) -> int:
        """Number of distinct customers with a bad row."""
        return len(np.unique(self.customer[self.bad]))

    @property
    def rows_per_customer(self) -> float:
        """How many rows say what one customer says."""
        return len(self) / max(len(np.unique(self.customer)), 1)
