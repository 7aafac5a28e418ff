"""How strongly payment days move together: the correlations behind the forecast's intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CoMovement:
    """Correlations of being paid in a week, of two invoices open at its begin.

    An invoice is paid in a week where a normal draw falls below a limit. The draw is the sum of
    four independent parts: the market's of that week, the customer's, the pay run's and its own.

    Parameters
    ----------
    market : float
        Of two invoices of different customers, in [0, 1).
    customer : float
        Of two invoices of one customer, at least ``market``.
    pay_run : float
        Of two invoices of one customer that fall due on the same day, or are both overdue: one
        run usually pays them together. At least ``customer``.
    forecasts : int
        Past (invoice, week) forecasts they were estimated from; 0: assumed, not estimated.

    Raises
    ------
    ValueError
        The correlations do not ascend within [0, 1).
    """

    market: float = 0.01
    customer: float = 0.2
    pay_run: float = 0.6
    forecasts: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.market <= self.customer <= self.pay_run < 1.0:
            raise ValueError(
                "cash forecast: correlations must ascend within [0, 1): market "
                f"{self.market}, customer {self.customer}, pay run {self.pay_run}"
            )

    @property
    def loadings(self) -> tuple[float, float, float, float]:
        """Weights of the market's, the customer's, the pay run's and the invoice's own part.

        Examples
        --------
        >>> CoMovement(market=0.0, customer=0.36, pay_run=0.36).loadings
        (0.0, 0.6, 0.0, 0.8)
        """
        steps = np.diff([0.0, self.market, self.customer, self.pay_run, 1.0])
        market, customer, pay_run, own = np.sqrt(steps).tolist()
        return market, customer, pay_run, own

    def to_document(self) -> dict[str, Any]:
        """Return the correlations as plain data."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> CoMovement:
        """Rebuild the correlations; bundles from before they were kept take the assumed ones."""
        return cls() if document is None else cls(**document)
