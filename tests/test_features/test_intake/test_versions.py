"""Importing again and later: idempotence, order of rows, new, corrected and vanished rows."""

from __future__ import annotations

import random
from datetime import date, datetime

import pytest

from features.intake import ImportRefused
from features.ledger.writing import exclusive


def test_the_same_extract_twice_changes_nothing(workplace):
    folder = workplace.extract()
    first = workplace.load(folder)
    manifest = (workplace.ledger_root / "manifest.json").read_bytes()
    second = workplace.load(folder)
    assert first.changed
    assert not second.changed
    assert second.fingerprint == first.fingerprint == workplace.ledger.fingerprint
    assert (workplace.ledger_root / "manifest.json").read_bytes() == manifest
    assert second.tables["invoices"].unchanged == 2


def test_quarantined_rows_do_not_double(workplace, make_invoice):
    folder = workplace.extract(
        invoices=[make_invoice(1), make_invoice(2, amount=""), make_invoice(3)]
    )
    workplace.load(folder)
    assert not workplace.load(folder).changed
    workplace.load(folder, "2024-04-01")
    assert workplace.ledger.quarantine.num_rows == 1


def test_the_order_of_rows_does_not_matter(
    workplace, make_customer, make_invoice, make_payment, lenient
):
    tables = {
        "customers": [make_customer(n % 20, name=f"N{n % 3}") for n in range(40)],
        "invoices": [
            make_invoice(n % 90, customer_id=f"C{n % 25}", amount=n % 7) for n in range(100)
        ],
        "payments": [make_payment(n % 95, amount=1 + n % 3) for n in range(100)],
    }
    fingerprints = set()
    for seed in range(3):
        for rows in tables.values():
            random.Random(seed).shuffle(rows)
        folder = workplace.extract(f"order{seed}", **tables)
        workplace.ledger_root = workplace.root / f"ledger{seed}"
        fingerprints.add(workplace.load(folder, settings=lenient).fingerprint)
        fingerprints.add(str(workplace.ledger.manifest.tables["quarantine"]))
    assert len(fingerprints) == 2


def test_a_later_payment_keeps_the_invoices_first_recorded_at(
    workplace, make_invoice, make_payment
):
    workplace.load(workplace.extract("one"), "2024-03-01")
    later = workplace.extract(
        "two", payments=[make_payment(1), make_payment(2, paid_on="2024-03-20")]
    )
    report = workplace.load(later, "2024-04-01")
    assert (report.tables["payments"].new, report.tables["payments"].unchanged) == (1, 1)
    assert report.tables["invoices"].unchanged == 2
    assert workplace.rows("invoices", "recorded_at", invoice_id="I2") == [(datetime(2024, 1, 10),)]
    # It happened after the first extract: its own day is when it became known.
    assert workplace.rows("payments", "recorded_at", payment_id="P2") == [(datetime(2024, 3, 20),)]


def test_what_an_earlier_extract_should_have_had_is_recorded_now(workplace, make_invoice):
    workplace.load(workplace.extract("one"), "2024-03-01")
    invoices = [
        make_invoice(1),
        make_invoice(2),
        make_invoice(3),
        make_invoice(4, recorded_at="2024-01-11"),
    ]
    workplace.load(workplace.extract("two", invoices=invoices), "2024-04-01")
    assert workplace.rows("invoices", "recorded_at", "known_at", invoice_id="I3") == [
        (datetime(2024, 4, 1), datetime(2024, 4, 1))
    ]
    assert workplace.rows("invoices", "recorded_at", invoice_id="I4") == [(datetime(2024, 1, 11),)]


def test_changed_content_is_a_new_version(workplace, make_invoice):
    workplace.load(workplace.extract("one"), "2024-03-01")
    changed = workplace.extract("two", invoices=[make_invoice(1, amount="5.00"), make_invoice(2)])
    report = workplace.load(changed, "2024-04-01")
    assert report.tables["invoices"].corrected == 1
    assert workplace.rows("invoices", "amount", "recorded_at", invoice_id="I1") == [
        (10150, datetime(2024, 1, 10)),
        (500, datetime(2024, 4, 1)),
    ]
    assert not workplace.load(changed, "2024-04-01").changed
    # A second correction on the same day comes after the first.
    workplace.load(workplace.extract("three"), "2024-04-01")
    versions = workplace.rows("invoices", "amount", "recorded_at", invoice_id="I1")
    assert [amount for amount, _ in versions] == [10150, 500, 10150]
    assert versions[2][1] > versions[1][1]


def test_a_correction_with_the_sources_own_date_keeps_it(workplace, make_customer):
    first = [make_customer(1, segment="Retail", recorded_at="2023-01-01"), make_customer(2)]
    workplace.load(workplace.extract("one", customers=first), "2024-03-01")
    second = [
        make_customer(1, segment="Trade", recorded_at="2024-03-15T10:30:00+02:00"),
        make_customer(2),
    ]
    workplace.load(workplace.extract("two", customers=second), "2024-04-01")
    assert workplace.rows("customers", "segment", "recorded_at", "known_at", customer_id="C1") == [
        ("Retail", datetime(2023, 1, 1), datetime(2023, 1, 1)),
        ("Trade", datetime(2024, 3, 15, 8, 30), datetime(2024, 3, 15, 8, 30)),
    ]
    # Without dates: known from the start, changed at the extract that shows it.
    third = [second[0], make_customer(2, segment="Trade")]
    workplace.load(workplace.extract("three", customers=third), "2024-05-01")
    assert workplace.rows("customers", "segment", "known_at", customer_id="C2") == [
        (None, None),
        ("Trade", datetime(2024, 5, 1)),
    ]


def test_several_versions_in_one_extract_are_all_kept(workplace):
    def order(status, recorded):
        return {
            "order_id": "O1",
            "customer_id": "C1",
            "ordered_on": "2024-01-02",
            "amount": "10",
            "currency": "EUR",
            "status": status,
            "recorded_at": recorded,
        }

    first = [order("open", "2024-01-02"), order("delivered", "2024-02-01")]
    report = workplace.load(workplace.extract("one", orders=first))
    assert report.tables["orders"].new == 2
    more = [*first, order("invoiced", "2024-03-03"), order("cancelled", "2024-03-09")]
    folder = workplace.extract("two", orders=more)
    report = workplace.load(folder, "2024-04-01")
    assert (report.tables["orders"].unchanged, report.tables["orders"].corrected) == (2, 2)
    statuses = [status for (status,) in workplace.rows("orders", "status")]
    assert statuses == ["open", "delivered", "invoiced", "cancelled"]
    assert not workplace.load(folder, "2024-04-01").changed


def test_a_row_that_a_full_extract_lacks_has_vanished_and_may_come_back(workplace, make_invoice):
    invoices = [make_invoice(n) for n in range(1, 11)]
    workplace.load(workplace.extract("one", invoices=invoices), "2024-03-01")
    less = workplace.extract("two", invoices=invoices[:-1])
    report = workplace.load(less, "2024-04-01")
    assert report.tables["invoices"].vanished == 1
    assert workplace.rows("invoices", "removed", "known_at", invoice_id="I10") == [
        (False, datetime(2024, 1, 10)),
        (True, datetime(2024, 4, 1)),
    ]
    assert not workplace.load(less, "2024-04-01").changed
    workplace.load(workplace.extract("three", invoices=invoices), "2024-05-01")
    removed = [row for (row,) in workplace.rows("invoices", "removed", invoice_id="I10")]
    assert removed == [False, True, False]


def test_a_quarantined_row_has_not_vanished(workplace, make_invoice):
    workplace.load(workplace.extract("one"), "2024-03-01")
    folder = workplace.extract("two", invoices=[make_invoice(1, amount=""), make_invoice(2)])
    report = workplace.load(folder, "2024-04-01")
    assert report.tables["invoices"].vanished == 0
    # The payment of the invoice resolves against the version that the ledger has.
    assert report.tables["payments"].unchanged == 1


def test_too_many_vanished_rows_are_taken_for_a_partial_extract(workplace, make_invoice):
    invoices = [make_invoice(n) for n in range(1, 31)]
    workplace.load(workplace.extract("one", invoices=invoices), "2024-03-01")
    part = workplace.extract("two", invoices=invoices[:10])
    with pytest.raises(ImportRefused, match=r"20 of 30 known rows.*--partial") as caught:
        workplace.load(part, "2024-04-01")
    assert caught.value.report.tables["invoices"].vanished == 20
    assert workplace.ledger.extract_date == date(2024, 3, 1)
    report = workplace.load(part, "2024-04-01", partial=True)
    assert report.tables["invoices"].vanished == 0


def test_too_many_bad_rows_stop_the_import(workplace, make_invoice):
    invoices = [make_invoice(n, amount="" if n < 8 else "1") for n in range(1, 21)]
    with pytest.raises(
        ImportRefused, match=r"invoices: 7 of 20 rows .* 7 of them 'amount_missing'"
    ) as caught:
        workplace.load(workplace.extract(invoices=invoices))
    assert caught.value.report.rules[0].count == 7
    assert "\n" not in str(caught.value)
    assert not (workplace.ledger_root / "manifest.json").exists()


def test_an_extract_without_a_good_invoice_is_refused_with_its_report(workplace, make_invoice):
    folder = workplace.extract(invoices=[make_invoice(1, amount="")], payments=[make_invoice(1)])
    (folder / "payments.csv").write_text("payment_id,paid_on,amount,currency\nP1,,1,EUR\n")
    with pytest.raises(ImportRefused, match="invoices: 1 of 1 rows") as caught:
        workplace.load(folder)
    assert caught.value.report.rules


def test_single_bad_rows_of_a_small_table_do_not_stop_it(workplace, make_invoice):
    invoices = [make_invoice(1), make_invoice(2, amount="")]
    assert workplace.load(workplace.extract(invoices=invoices)).tables["invoices"].new == 1


def test_a_dry_run_reports_and_writes_nothing(workplace):
    folder = workplace.extract()
    report = workplace.load(folder, dry_run=True)
    assert report.changed
    assert report.tables["invoices"].new == 2
    assert not workplace.ledger_root.exists()
    assert "would be changed" in report.to_text()


def test_an_older_extract_is_refused(workplace):
    folder = workplace.extract()
    workplace.load(folder, "2024-04-01")
    with pytest.raises(ValueError, match="2024-03-01 is older than the ledger's of 2024-04-01"):
        workplace.load(folder, "2024-03-01")


def test_a_later_extract_without_news_moves_the_date_only(workplace):
    folder = workplace.extract()
    first = workplace.load(folder, "2024-03-01")
    second = workplace.load(folder, "2024-04-01")
    assert second.changed
    assert second.fingerprint == first.fingerprint
    assert workplace.ledger.extract_date == date(2024, 4, 1)


def test_the_extract_date_comes_from_the_data(workplace, make_invoice):
    invoices = [make_invoice(1), make_invoice(2, issued_on="2031-05-01", due_on="2031-06-01")]
    report = workplace.load(workplace.extract(invoices=invoices), None)
    assert report.extract_date == date(2024, 2, 13)
    assert [rule.rule for rule in report.rules] == ["after_extract_date"]


def test_an_invoice_due_before_it_was_issued_does_not_date_the_extract(workplace, make_invoice):
    swapped = make_invoice(2, issued_on="2024-03-20", due_on="2024-02-20")
    report = workplace.load(workplace.extract(invoices=[make_invoice(1), swapped]), None)
    assert report.extract_date == date(2024, 2, 13)


def test_an_extract_dated_long_after_its_last_fact_is_noted(workplace):
    def kinds(report):
        return [note.kind for note in report.notes]

    assert "extract_date" not in kinds(workplace.load(workplace.extract(), "2025-02-12"))
    report = workplace.load(workplace.extract(), "2060-01-01")
    (note,) = (note for note in report.notes if note.kind == "extract_date")
    assert "2060-01-01, 13,107 days after the last invoice or payment" in note.sentence


def test_a_full_extract_of_another_source_is_refused(workplace):
    folder = workplace.extract()
    workplace.load(folder)
    source = workplace.root / "other.yaml"
    source.write_text(
        "name: other\ndescription: x\nfiles:\n  customers: {path: customers.csv}\n"
        "tables:\n  customers: FROM customers\n"
    )
    with pytest.raises(ValueError, match="comes from 'canonical'.*--partial"):
        workplace.load(folder, source=source)
    assert not workplace.load(folder, source=source, partial=True).changed


def test_one_writer_at_a_time(workplace):
    folder = workplace.extract()
    with exclusive(workplace.ledger_root), pytest.raises(RuntimeError, match="another import"):
        workplace.load(folder)
