"""Ids, duplicates, contradictions and names."""

from __future__ import annotations

import pytest


def notes_of(report):
    return {note.kind: note for note in report.notes}


def test_float_ids_are_repaired_and_leading_zeros_merged(
    workplace, make_customer, make_invoice, make_payment
):
    folder = workplace.extract(
        customers=[make_customer(1, customer_id="0200706844"), make_customer(2)],
        invoices=[
            make_invoice(1, invoice_id="1930571429.0", customer_id="200706844"),
            make_invoice(2, invoice_id="U001-1930571430.0", customer_id="0200706844"),
            make_invoice(3, invoice_id="INV-1.0", customer_id="200706844.0"),
        ],
        payments=[make_payment(1, invoice_id="1930571429")],
    )
    report = workplace.load(folder)
    assert sorted(workplace.rows("invoices", "invoice_id", "customer_id")) == [
        ("1930571429", "0200706844"),
        ("INV-1.0", "0200706844"),
        ("U001-1930571430", "0200706844"),
    ]
    assert workplace.rows("payments", "customer_id") == [("0200706844",)]
    assert notes_of(report)["leading_zeros"].count == 1
    assert [n.count for n in report.notes if n.kind == "float_ids"] == [2, 1]


def test_the_ledgers_form_of_an_id_wins(workplace, make_customer, make_invoice, make_payment):
    def extract(name, customer_id):
        return workplace.extract(
            name,
            customers=[make_customer(1, customer_id=customer_id)],
            invoices=[make_invoice(1, customer_id=customer_id)],
            payments=[make_payment(1)],
        )

    first = workplace.load(extract("one", "77"))
    second = workplace.load(extract("two", "0077"))
    assert second.fingerprint == first.fingerprint
    assert workplace.rows("customers", "customer_id") == [("77",)]


def test_nineteen_digits_and_leading_zeros_survive(
    workplace, make_customer, make_invoice, make_payment
):
    ids = ["1007951122586612702", "1007951122586612703", "00123"]
    folder = workplace.extract(
        customers=[make_customer(0, customer_id=value) for value in ids],
        invoices=[make_invoice(n, customer_id=value) for n, value in enumerate(ids)],
        payments=[make_payment(1)],
    )
    workplace.load(folder)
    assert sorted(workplace.rows("invoices", "customer_id")) == sorted((value,) for value in ids)


def test_merging_and_repairing_can_be_switched_off(
    workplace, make_customer, make_invoice, make_payment
):
    folder = workplace.extract(
        customers=[make_customer(1, customer_id="7"), make_customer(2, customer_id="07")],
        invoices=[make_invoice(1, invoice_id="11.0", customer_id="7")],
        payments=[make_payment(1, invoice_id="11.0")],
    )
    source = workplace.root / "plain.yaml"
    source.write_text(
        "name: plain\ndescription: x\n"
        "ids: {repair_floats: false, merge_leading_zeros: false}\nfiles:\n"
        + "".join(f"  {n}: {{path: {n}.csv}}\n" for n in ("customers", "invoices", "payments"))
        + "tables:\n"
        + "".join(f"  {n}: FROM {n}\n" for n in ("customers", "invoices", "payments"))
    )
    workplace.load(folder, source=source)
    assert len(workplace.rows("customers", "customer_id")) == 2
    assert workplace.rows("invoices", "invoice_id") == [("11.0",)]


def test_the_most_frequent_name_is_kept(workplace, make_customer):
    names = ["WINC co", "WINC corp", "WINC corp ", "", "ABC"]
    folder = workplace.extract(customers=[make_customer(1, name=name) for name in names])
    report = workplace.load(folder)
    assert workplace.rows("customers", "name", customer_id="C1") == [("WINC corp",)]
    counts = report.tables["customers"]
    assert (counts.read, counts.new, counts.merged, counts.quarantined) == (5, 1, 4, 0)
    assert notes_of(report)["several_names"].count == 1


def test_exact_duplicates_are_dropped_near_ones_kept(workplace, make_invoice):
    folder = workplace.extract(
        invoices=[
            make_invoice(1),
            make_invoice(1),
            make_invoice(2),
            make_invoice(3, amount="102.50"),
        ]
    )
    report = workplace.load(folder)
    counts = report.tables["invoices"]
    assert (counts.read, counts.new, counts.duplicates, counts.quarantined) == (4, 3, 1, 0)
    assert notes_of(report)["exact_duplicates"].count == 1
    assert notes_of(report)["near_duplicates"].count == 2


def test_contradicting_rows_keep_one_whatever_their_order(workplace, make_invoice):
    rows = [make_invoice(1, amount=amount) for amount in ("30.00", "20.00", "20.0")]
    first = workplace.load(workplace.extract("one", invoices=[*rows, make_invoice(2)]))
    # Two of the rows say the same in other words and so outvote the third.
    assert workplace.rows("invoices", "amount", invoice_id="I1") == [(2000,)]
    counts = first.tables["invoices"]
    assert (counts.new, counts.merged, counts.quarantined) == (2, 1, 1)
    assert [rule.rule for rule in first.rules] == ["conflicting_rows"]
    second = workplace.load(workplace.extract("two", invoices=[make_invoice(2), *reversed(rows)]))
    assert not second.changed


def test_a_customer_missing_from_the_master_gets_a_placeholder(workplace, make_invoice):
    folder = workplace.extract(invoices=[make_invoice(1), make_invoice(2, customer_id="C9")])
    report = workplace.load(folder)
    assert report.tables["customers"].placeholders == 1
    assert workplace.rows("customers", "name", "known_at", customer_id="C9") == [(None, None)]
    assert notes_of(report)["customer_not_in_master"].example == "customer_id C9"


@pytest.mark.parametrize(
    ("kind", "tables"),
    [
        ("payer_differs", {"payments": {"customer_id": "C2"}}),
        ("paid_before_issued", {"payments": {"paid_on": "2024-01-02"}}),
        ("reference_unknown", {"payments": {"reverses_payment_id": "P9"}}),
        ("rounded_amounts", {"payments": {"amount": "10.005"}}),
    ],
)
def test_suspicions_are_noted_and_the_row_is_kept(workplace, make_payment, kind, tables):
    folder = workplace.extract(payments=[make_payment(1, **tables["payments"])])
    report = workplace.load(folder)
    assert notes_of(report)[kind].count == 1
    assert report.tables["payments"].new == 1
    assert workplace.rows("payments", "customer_id") == [("C1",)]
