"""Amounts as requests bring them: exact, within bounds, in a currency that can be converted."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from features.ledger.money import to_minor
from serving.wording import major_units

LARGEST = Decimal(10) ** 12
"""Amounts are below this: up to here a JSON number carries every minor unit."""

_PLAIN = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")


def _decimal(value: Any) -> Decimal:
    # bool is an int to Python, and Decimal reads '1_000' and ' 1 ', which are errors of entry here.
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("write a number or decimal text such as '1234.50'")
    if isinstance(value, str):
        if not _PLAIN.fullmatch(value):
            raise ValueError("write a positive decimal number such as '1234.50'")
        return Decimal(value)
    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))


def _bounded(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("not a finite number; write it as in '1234.50'")
    if value <= 0:
        raise ValueError("must be greater than 0")
    if value >= LARGEST:
        raise ValueError(f"must be below {LARGEST:,}")
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    AfterValidator(_bounded),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}],
            "examples": ["1234.50"],
        }
    ),
]
"""A positive amount in major units: a JSON number, or decimal text where exactness matters."""


class Conversion:
    """From any currency that has a rate to the reporting currency.

    Parameters
    ----------
    reporting_currency : str
    rates : DataFrame, optional
        ``currency, rate_date, rate``: reporting units per one unit.
    max_age_days : int
        The last rate counts for this many days.
    """

    def __init__(
        self, reporting_currency: str, rates: pd.DataFrame | None, max_age_days: int
    ) -> None:
        self.reporting_currency = reporting_currency
        self._rates = rates
        self._max_age_days = max_age_days

    def rate(self, currency: str, on: date) -> tuple[Decimal, date]:
        """Return the last rate on or before a day, and its own day.

        Raises
        ------
        ValueError
            There is none, or it is too old: a missing rate is refused, not guessed.
        """
        if currency == self.reporting_currency:
            return Decimal(1), on
        rates = self._rates
        if rates is not None:
            dates = pd.to_datetime(rates["rate_date"])
            usable = rates[(rates["currency"] == currency) & (dates <= pd.Timestamp(on))]
            if len(usable):
                last = usable.sort_values("rate_date").iloc[-1]
                when = pd.Timestamp(last["rate_date"]).date()
                if (on - when).days <= self._max_age_days:
                    return Decimal(repr(float(last["rate"]))), when
                raise ValueError(
                    f"currency {currency}: the last rate to {self.reporting_currency} is of "
                    f"{when}, more than {self._max_age_days} days before {on}; "
                    "add a newer one to fx_rates and import again"
                )
        raise ValueError(
            f"currency {currency}: no rate to {self.reporting_currency} on or before {on}; "
            "add it to fx_rates and import again"
        )

    def convert(self, amount: Decimal, currency: str, on: date) -> tuple[Decimal, Decimal, date]:
        """Return an amount in the reporting currency, the rate and the rate's day.

        Raises
        ------
        ValueError
            No rate, a currency that ISO 4217 does not have, or more decimals than it has.

        Examples
        --------
        >>> Conversion("EUR", None, 7).convert(Decimal("12.5"), "EUR", date(2026, 1, 1))[0]
        Decimal('12.50')
        """
        to_minor(amount, currency)
        rate, when = self.rate(currency, on)
        return major_units(amount * rate, self.reporting_currency), rate, when


def check_amount(amount: Decimal, currency: str) -> None:
    """Refuse a currency that does not exist, and more decimals than it has.

    Raises
    ------
    ValueError
        Says which.

    Examples
    --------
    >>> check_amount(Decimal("10.5"), "JPY")
    Traceback (most recent call last):
    ValueError: amount '10.5' has more than the 0 decimals of JPY; round it first
    """
    to_minor(amount, currency)
