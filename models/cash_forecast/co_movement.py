"""How strongly payment days move together: the correlations behind the forecast's intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CoMovement:
    """Correlations of being paid in a week, of two invoices open at its begin.

    An invoice is paid in a week where a normal draw falls below a threshold. The draw is the sum of
    independent parts: what lasts of the market's and of the customer's, theirs of that week, the
    pay run's and the invoice's own.

    Parameters
    ----------
    market : float
        Of two invoices of different customers, in [0, 1).
    customer : float
        Of two invoices of one customer, at least ``market``.
    pay_run : float
        Of two invoices of one customer that fall due on the same day, or are both overdue: one
        run usually pays them together. At least ``customer``.
    lasting_market, lasting_customer : float
        As ``market`` and ``customer``, of two invoices in different weeks: what is slow stays slow.
        Neither it nor the difference of the two exceeds that of the same week.
    forecasts : int
        Past (invoice, week) forecasts they were estimated from; 0: assumed, not estimated.

    Raises
    ------
    ValueError
        The correlations do not ascend within [0, 1), or more lasts than there is.
    """

    market: float = 0.01
    customer: float = 0.2
    pay_run: float = 0.6
    lasting_market: float = 0.0
    lasting_customer: float = 0.0
    forecasts: int = 0

    def __post_init__(self) -> None:
        if not 0.0 <= self.market <= self.customer <= self.pay_run < 1.0:
            raise ValueError(
                "cash forecast: correlations must ascend within [0, 1): market "
                f"{self.market}, customer {self.customer}, pay run {self.pay_run}"
            )
        lasting = self.lasting_customer - self.lasting_market
        if not (
            0.0 <= self.lasting_market <= self.market
            and 0.0 <= lasting <= self.customer - self.market + 1e-12
        ):
            raise ValueError(
                f"cash forecast: lasting correlations {self.lasting_market} (market) and "
                f"{self.lasting_customer} (customer) exceed those of the same week"
            )

    @property
    def loadings(self) -> tuple[float, float, float, float, float, float]:
        """Weights of the parts: lasting of market and customer, of the week, run, own.

        Examples
        --------
        >>> CoMovement(market=0.0, customer=0.36, pay_run=0.36).loadings
        (0.0, 0.0, 0.0, 0.6, 0.0, 0.8)
        """
        lasting = self.lasting_customer - self.lasting_market
        shares = [
            self.lasting_market,
            lasting,
            self.market - self.lasting_market,
            self.customer - self.market - lasting,
            self.pay_run - self.customer,
            1.0 - self.pay_run,
        ]
        first, second, third, fourth, fifth, sixth = np.sqrt(np.maximum(shares, 0.0)).tolist()
        return first, second, third, fourth, fifth, sixth

    def to_document(self) -> dict[str, Any]:
        """Return the correlations as plain data."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> CoMovement:
        """Rebuild the correlations; bundles from before they were kept take the assumed ones."""
        return cls() if document is None else cls(**document)
