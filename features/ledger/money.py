"""Money: the minor units of ISO 4217; decimal text to integers and back, exactly."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR
SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD
UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
"""

EXPONENTS: dict[str, int] = {
    code: exponent
    for codes, exponent in ((_TWO_DIGITS, 2), (_NO_MINOR_UNIT, 0), (_THREE_DIGITS, 3))
    for code in codes.split()
}
"""Digits after the decimal point by ISO 4217 code; recently retired codes are kept for history."""


def exponent_of(currency: str) -> int:
    """Return the number of decimals of a currency.

    Raises
    ------
    ValueError
        The code is not one of ISO 4217.

    Examples
    --------
    >>> exponent_of("JPY"), exponent_of("EUR"), exponent_of("KWD")
    (0, 2, 3)
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(
            f"currency '{currency}' is not a code of ISO 4217; write it as in 'EUR'"
        ) from None


def minor_units_per_major(currency: str) -> int:
    """Return how many minor units one unit of a currency has.

    Raises
    ------
    ValueError
        The code is not one of ISO 4217.

    Examples
    --------
    >>> minor_units_per_major("JPY"), minor_units_per_major("EUR")
    (1, 100)
    """
    return int(10 ** exponent_of(currency))


def to_minor(amount: str | int | Decimal, currency: str) -> int:
    """Turn decimal major units into integer minor units, exactly.

    Parameters
    ----------
    amount : str, int or Decimal
        Major units; never a float, which cannot hold most cents.
    currency : str
        ISO 4217 code.

    Raises
    ------
    ValueError
        The amount is not a finite decimal number, or has more decimals than the currency.

    Examples
    --------
    >>> to_minor("42072.5", "BRL"), to_minor("100", "JPY")
    (4207250, 100)
    >>> to_minor("0.125", "USD")
    Traceback (most recent call last):
    ValueError: amount '0.125' has more than the 2 decimals of USD; round it first
    """
    exponent = exponent_of(currency)
    try:
        minor = Decimal(amount).scaleb(exponent)
    except (InvalidOperation, TypeError):
        minor = Decimal("NaN")
    if not minor.is_finite():
        raise ValueError(f"amount '{amount}' is not a decimal number; write it as in '1234.50'")
    if minor != minor.to_integral_value():
        raise ValueError(
            f"amount '{amount}' has more than the {exponent} decimals of {currency}; round it first"
        )
    return int(minor)


def to_decimal(minor: int, currency: str) -> Decimal:
    """Turn integer minor units into decimal major units.

    Examples
    --------
    >>> to_decimal(4207250, "BRL"), to_decimal(-5, "KWD")
    (Decimal('42072.50'), Decimal('-0.005'))
    """
    # The tuple form builds the number digit by digit, free of any context's precision.
    digits = tuple(int(digit) for digit in str(abs(minor)))
    return Decimal((int(minor < 0), digits, -exponent_of(currency)))


def to_text(minor: int, currency: str) -> str:
    """Write integer minor units as plain decimal text, as extracts and answers show it.

    Examples
    --------
    >>> to_text(4207250, "BRL"), to_text(7, "USD"), to_text(7, "JPY")
    ('42072.50', '0.07', '7')
    """
    return f"{to_decimal(minor, currency):f}"
