"""Minor units, rounding, exchange rates, the reporting currency."""

from __future__ import annotations

from decimal import Decimal

import pytest

from configs import Settings
from features.ledger.money import EXPONENTS, to_decimal, to_minor, to_text


def test_amounts_are_stored_in_the_minor_units_of_their_currency(workplace, make_invoice):
    rates = [
        {"currency": "JPY", "rate_date": "2024-01-10", "rate": "0.006"},
        {"currency": "KWD", "rate_date": "2024-01-05", "rate": "3"},
        {"currency": "KWD", "rate_date": "2024-01-11", "rate": "9"},
    ]
    amounts = [
        ("EUR", "42072.0", 4207200, 4207200),
        ("EUR", "20122.879999999997", 2012288, 2012288),
        ("EUR", "0.125", 12, 12),
        ("EUR", "0.135", 14, 14),
        ("EUR", "0.1250000001", 13, 13),
        ("EUR", "1.5E3", 150000, 150000),
        ("EUR", "999999999999.99", 99999999999999, 99999999999999),
        ("JPY", "1000", 1000, 600),
        ("JPY", "1000.5", 1000, 600),
        # The rate of the fifth is the last before the tenth, that of the eleventh comes later.
        ("KWD", "1.234", 1234, 370),
    ]
    invoices = [
        make_invoice(n, amount=text, currency=currency)
        for n, (currency, text, _, _) in enumerate(amounts)
    ]
    folder = workplace.extract(invoices=invoices, fx_rates=rates, payments=[_paid()])
    workplace.load(folder)
    for number, (_, _, minor, reporting) in enumerate(amounts):
        found = workplace.rows("invoices", "amount", "amount_reporting", invoice_id=f"I{number}")
        assert found == [(minor, reporting)]
    assert workplace.ledger.reporting_currency == "EUR"


def _paid():
    return {
        "payment_id": "P1",
        "paid_on": "2024-02-12",
        "amount": "1",
        "currency": "EUR",
        "invoice_id": "I0",
    }


def test_a_rate_in_the_ledger_stays_and_serves_later_extracts(workplace, make_invoice, lenient):
    rate = {"currency": "USD", "rate_date": "2024-01-10", "rate": "0.9"}
    workplace.load(workplace.extract("one", fx_rates=[rate]))
    folder = workplace.extract(
        "two",
        invoices=[make_invoice(1), make_invoice(2), make_invoice(3, currency="USD", amount="100")],
        fx_rates=[{**rate, "rate": "0.8"}],
    )
    report = workplace.load(folder, "2024-03-05", settings=lenient)
    assert [line.rule for line in report.rules] == ["fx_rate_changed"]
    assert workplace.rows("invoices", "amount_reporting", invoice_id="I3") == [(9000,)]


def test_the_reporting_currency_is_that_of_most_invoices_and_then_fixed(
    workplace, make_invoice, lenient
):
    invoices = [make_invoice(n, currency="USD" if n else "EUR") for n in range(3)]
    folder = workplace.extract(
        invoices=invoices, payments=[{**_paid(), "invoice_id": "I1", "currency": "USD"}]
    )
    assert workplace.load(folder, settings=lenient).reporting_currency == "USD"
    with pytest.raises(ValueError, match="the ledger reports in USD, the settings say EUR"):
        workplace.load(folder, settings=Settings(reporting_currency="EUR"))


def test_adding_the_missing_rates_does_not_make_the_invoices_late(workplace, make_invoice):
    invoices = [make_invoice(1), make_invoice(2), make_invoice(3, currency="USD")]
    workplace.load(workplace.extract(invoices=invoices))
    rate = {"currency": "USD", "rate_date": "2024-01-10", "rate": "0.9"}
    report = workplace.load(workplace.extract(invoices=invoices, fx_rates=[rate]))
    assert report.tables["invoices"].new == 1
    ((recorded,),) = workplace.rows("invoices", "recorded_at", invoice_id="I3")
    assert str(recorded) == "2024-01-10 00:00:00"


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
def test_text_and_minor_units_round_trip(currency):
    for minor in (0, 1, -1, 10, 99999, 123456789012345678):
        assert to_minor(to_text(minor, currency), currency) == minor
        assert to_decimal(minor, currency) == Decimal(minor).scaleb(-EXPONENTS[currency])


@pytest.mark.parametrize("text", ["", "1,5", "nan", "inf", "1.005"])
def test_money_that_is_no_exact_amount_is_refused(text):
    with pytest.raises(ValueError, match="amount"):
        to_minor(text, "EUR")


def test_an_unknown_currency_is_refused():
    with pytest.raises(ValueError, match="'XYZ' is not a code of ISO 4217"):
        to_minor("1", "XYZ")
