"""Numbers as people read them: one way for reasons, pages and messages."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from features.ledger.money import EXPONENTS

NOT_AVAILABLE = "n/a"


def major_units(value: float | str | Decimal, currency: str) -> Decimal:
    """Return an amount as a decimal with the currency's number of decimals.

    Examples
    --------
    >>> major_units(1234.5, "EUR"), major_units(99.6, "JPY")
    (Decimal('1234.50'), Decimal('100'))
    """
    step = Decimal(1).scaleb(-EXPONENTS.get(currency, 2))
    return Decimal(str(value)).quantize(step, rounding=ROUND_HALF_EVEN)


def money(value: float | Decimal | None, currency: str | None, *, cents: bool = True) -> str:
    """Write an amount with its currency and thousands separators.

    Parameters
    ----------
    value : float or Decimal or None
        Major units; None = not available.
    currency : str or None
    cents : bool
        False rounds to whole units, for tables that are read at a glance.

    Examples
    --------
    >>> money(1234567.891, "EUR"), money(-0.4, "EUR", cents=False), money(None, "EUR")
    ('EUR 1,234,567.89', 'EUR 0', 'n/a')
    """
    if value is None:
        return NOT_AVAILABLE
    decimals = EXPONENTS.get(currency or "", 2) if cents else 0
    # Adding zero turns "-0" into "0".
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals)) + 0
    return f"{currency or ''} {rounded:,.{decimals}f}".strip()


def percent(share: float | None) -> str:
    """Write a share as a percentage, with more digits where it is small.

    Examples
    --------
    >>> percent(0.1234), percent(0.0004), percent(1.0), percent(None)
    ('12.3%', '0.04%', '100%', 'n/a')
    """
    if share is None:
        return NOT_AVAILABLE
    value = share * 100
    digits = 0 if value >= 99.95 or value == 0 else 2 if abs(value) < 1 else 1
    return f"{value:.{digits}f}%"


def number(value: float | None, digits: int = 0) -> str:
    """Write a plain number with thousands separators.

    Examples
    --------
    >>> number(12345.6), number(0.5, 1), number(None)
    ('12,346', '0.5', 'n/a')
    """
    return NOT_AVAILABLE if value is None else f"{value:,.{digits}f}"


def day(value: date | str | None) -> str:
    """Write a date so that no reader takes the month for the day.

    Examples
    --------
    >>> day("2026-11-03"), day(None)
    ('3 Nov 2026', 'n/a')
    """
    if value is None:
        return NOT_AVAILABLE
    when = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{when.day} {when:%b %Y}"


def count(n: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> count(1, "customer"), count(1200, "customer")
    ('1 customer', '1,200 customers')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def shown(text: str, length: int = 60) -> str:
    """Shorten text that came from outside before a message repeats it.

    Examples
    --------
    >>> shown("abc"), shown("x" * 10, 4)
    ('abc', 'xxxx…')
    """
    return text if len(text) <= length else f"{text[:length]}…"
