"""The sources of real systems: small extracts in their form, and the real files where there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from configs import Settings
from features.intake import import_extract, load_source

DATARISK_HEADER = (
    "ID_CLIENTE;SAFRA_REF;DATA_EMISSAO_DOCUMENTO;DATA_PAGAMENTO;DATA_VENCIMENTO;VALOR_A_PAGAR;TAXA"
)


def datarisk_folder(root: Path, lines: list[str]) -> Path:
    root.mkdir()
    (root / "base_pagamentos.csv").write_text("\n".join([DATARISK_HEADER, *lines]) + "\n")
    (root / "base_cadastral.csv").write_text(
        "ID_CLIENTE;DATA_CADASTRO;SEGMENTO_INDUSTRIAL;PORTE\n"
        "9000000000000000001;2001-02-03;Comércio;MEDIO\n9000000000000000002;2024-05-01;;\n"
    )
    return root


def line(paid="", amount="10.0", rate="5.99", customer="9000000000000000001"):
    return f"{customer};2024-01;2024-01-02;{paid};2024-02-01;{amount};{rate}"


def test_datarisk_ids_depend_on_content_only(workplace):
    lines = [line(), line("2024-02-05", "20.0"), line("2024-02-06", "20.0"), line(amount="30.0")]
    first = workplace.load(
        datarisk_folder(workplace.root / "a", [*lines, line(amount="30.0")]), source="datarisk"
    )
    counts = first.tables["invoices"]
    assert (counts.read, counts.new, counts.duplicates) == (5, 4, 1)
    assert first.tables["customers"].quarantined == 1
    assert {rule.rule for rule in first.rules} == {"after_extract_date"}
    before = set(workplace.rows("invoices", "invoice_id"))
    # Later one more is paid, and the export writes numbers in another way and order.
    paid = [line("2024-03-03", "10.00", "5.990"), *reversed(lines[1:])]
    second = workplace.load(
        datarisk_folder(workplace.root / "b", paid), "2024-04-01", source="datarisk"
    )
    assert set(workplace.rows("invoices", "invoice_id")) == before
    assert second.tables["invoices"].unchanged == 4
    assert second.tables["payments"].new == 1
    assert workplace.rows("customers", "segment", "credit_group", "country") == [
        ("Comércio", "MEDIO", "BR")
    ]


def test_watson_dates_and_unreadable_ones(workplace):
    header = (
        "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,"
        "Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate"
    )
    rows = [
        "391,0379-ABCDE,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0",
        "391,0379-ABCDE,4/6/2013,611366,13/2/2013,2/1/2013,55.94,No,,Paper,13,0",
    ]
    folder = workplace.root / "watson"
    folder.mkdir()
    (folder / "WA_Fn-UseC_-Accounts-Receivable.csv").write_text("\n".join([header, *rows]))
    report = workplace.load(folder, None, source="ibm_watson")
    assert report.extract_date.isoformat() == "2013-01-16"
    assert report.rules[0].example == "issued_on '13/2/2013' is not a date"
    assert workplace.rows("customers", "country") == [("391",)]
    assert "Disputed, PaperlessBill: undated" in report.to_text()


def test_open_items_in_two_currencies(workplace):
    header = (
        "business_code,cust_number,name_customer,doc_id,document_create_date,"
        "document_create_date.1,due_in_date,invoice_currency,total_open_amount"
    )
    rows = [
        "U001,0200706844,ABC co,1930571429.0,2020-02-28,2020-02-27,2020-03-13,USD,8734.71",
        "U001,200706844,ABC corp,1930571430.0,2020-02-26,2020-02-27,2020-03-13,USD,10.00",
        "U001,200706844,ABC corp,1930571431.0,2020-02-26,2020-02-27,2020-03-13,USD,11.00",
        "CA02,140106181,XYZ,1930571429.0,2020-02-26,2020-02-27,2020-03-08,CAD,20.00",
    ]
    folder = workplace.root / "items"
    folder.mkdir()
    (folder / "open_items.csv").write_text("\n".join([header, *rows]))
    report = workplace.load(folder, None, source="highradius_open_items")
    assert [rule.rule for rule in report.rules] == ["fx_rate_missing"]
    assert workplace.rows("customers", "name", customer_id="0200706844") == [("ABC corp",)]
    (folder / "fx_rates.csv").write_text("currency,rate_date,rate\nCAD,2020-02-25,0.75\n")
    workplace.load(folder, None, source="highradius_open_items")
    assert workplace.rows("invoices", "amount_reporting", invoice_id="CA02-1930571429") == [(1500,)]
    # Entered a day after the document's date: known only then.
    ((known,),) = workplace.rows("invoices", "known_at", invoice_id="U001-1930571429")
    assert str(known) == "2020-02-28 00:00:00"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("datarisk", "datarisk_b2b"),
        ("ibm_watson", "ibm_watson_simulated"),
        ("highradius_open_items", "highradius_open_items"),
    ],
)
def test_every_row_of_the_real_files_is_accounted_for(tmp_path, source, folder):
    root = os.environ.get("PAYRISK_REAL_DATA")
    if not root:
        pytest.skip("PAYRISK_REAL_DATA does not name the folder of the real files")
    real = Path(root) / folder
    report = import_extract(load_source(source), real, tmp_path / "ledger", Settings())
    for name, counts in report.tables.items():
        rest = counts.quarantined + counts.duplicates + counts.merged
        assert counts.read == counts.accepted + rest, name
    assert report.tables["invoices"].accepted > 2000
    again = import_extract(load_source(source), real, tmp_path / "ledger", Settings())
    assert not again.changed
    assert again.fingerprint == report.fingerprint
