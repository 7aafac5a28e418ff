"""Every rule: one bad row each, all in one extract, and what became of each of them."""

from __future__ import annotations

import json

import pytest

# table, the row's key, its changes to a good row, the rule that must catch it
CASES = [
    ("invoices", "missing-id", {"invoice_id": ""}, "missing_value"),
    ("invoices", "blank-customer", {"customer_id": "   "}, "missing_value"),
    ("invoices", "no-issue", {"issued_on": ""}, "missing_value"),
    ("invoices", "no-currency", {"currency": ""}, "missing_value"),
    ("invoices", "no-amount", {"amount": ""}, "amount_missing"),
    ("invoices", "bad-date", {"issued_on": "10.01.2024"}, "unreadable_date"),
    ("invoices", "no-such-day", {"due_on": "2024-02-30"}, "unreadable_date"),
    ("invoices", "magic-date", {"due_on": "infinity"}, "unreadable_date"),
    ("invoices", "bad-time", {"recorded_at": "yesterday"}, "unreadable_date"),
    ("invoices", "comma-amount", {"amount": "1.234,50"}, "unreadable_number"),
    ("invoices", "nan-amount", {"amount": "nan"}, "unreadable_number"),
    ("invoices", "huge-amount", {"amount": "1e30"}, "amount_too_large"),
    ("invoices", "bad-kind", {"kind": "proforma"}, "unknown_choice"),
    ("invoices", "bad-currency", {"currency": "EURO"}, "unknown_currency"),
    ("invoices", "zero", {"amount": "0"}, "amount_not_positive"),
    ("invoices", "negative", {"amount": "-5.00"}, "amount_not_positive"),
    ("invoices", "below-a-cent", {"amount": "0.001"}, "amount_not_positive"),
    ("invoices", "due-first", {"due_on": "2024-01-09"}, "due_before_issued"),
    ("invoices", "absurd-terms", {"due_on": "2027-01-09"}, "terms_too_long"),
    ("invoices", "year-24", {"issued_on": "0024-01-10"}, "date_out_of_range"),
    ("invoices", "year-2201", {"due_on": "2201-01-10"}, "date_out_of_range"),
    (
        "invoices",
        "tomorrow",
        {"issued_on": "2024-03-01", "due_on": "2024-03-31"},
        "after_extract_date",
    ),
    ("invoices", "known-later", {"recorded_at": "2024-03-01T08:00:00"}, "after_extract_date"),
    ("invoices", "1.93E+09", {"invoice_id": "1.93E+09"}, "id_digits_lost"),
    ("invoices", "long-float", {"invoice_id": "3249167569722360083.0"}, "id_digits_lost"),
    ("invoices", "customer-float", {"customer_id": "3.24916756972236e+17"}, "id_digits_lost"),
    ("invoices", "no-rate", {"currency": "CAD"}, "fx_rate_missing"),
    ("invoices", "old-rate", {"currency": "GBP"}, "fx_rate_missing"),
    ("payments", "no-invoice", {"invoice_id": "I999"}, "invoice_unknown"),
    ("payments", "of-quarantined", {"invoice_id": "zero"}, "invoice_quarantined"),
    ("payments", "other-currency", {"currency": "USD"}, "currency_mismatch"),
    ("payments", "nobody", {"invoice_id": ""}, "payer_unknown"),
    ("payments", "paid-tomorrow", {"paid_on": "2024-03-01"}, "after_extract_date"),
    ("payments", "paid-nothing", {"amount": "0.00"}, "amount_not_positive"),
    ("orders", "bad-status", {"status": "lost"}, "unknown_choice"),
    ("orders", "negative-open", {"open_amount": "-1"}, "amount_not_positive"),
    ("orders", "half-days", {"terms_days": "30.5"}, "unreadable_number"),
    ("credit_limits", "CL-negative", {"amount": "-1"}, "amount_not_positive"),
    ("credit_limits", "CL-ends-first", {"valid_to": "2023-01-01"}, "ends_before_start"),
    ("disputes", "D-unknown", {"invoice_id": "I999"}, "invoice_unknown"),
    ("disputes", "D-bool", {"seller_fault": "perhaps"}, "unknown_choice"),
    ("promises", "PR-back", {"promised_on": "2024-01-01"}, "promised_before_made"),
    ("promises", "PR-bare", {"amount": "5", "invoice_id": ""}, "currency_missing"),
    ("activities", "A-kind", {"kind": "fax"}, "unknown_choice"),
    ("bureau_scores", "B-score", {"score": "inf"}, "unreadable_number"),
    ("insurance", "N-percent", {"percent": "120"}, "percent_out_of_range"),
    ("customer_events", "E-late", {"happened_on": "2024-03-02"}, "after_extract_date"),
    ("customers", "X-late", {"recorded_at": "2024-03-02"}, "after_extract_date"),
    ("fx_rates", "XAF", {"rate": "0"}, "rate_not_positive"),
    ("fx_rates", "EUR", {"rate": "1.1"}, "fx_rate_of_reporting"),
]
GOOD = {
    "customers": {"customer_id": "C1"},
    "invoices": {
        "customer_id": "C1",
        "issued_on": "2024-01-10",
        "due_on": "2024-02-09",
        "amount": "10.00",
        "currency": "EUR",
    },
    "payments": {
        "invoice_id": "I1",
        "paid_on": "2024-02-12",
        "amount": "10.00",
        "currency": "EUR",
    },
    "orders": {
        "customer_id": "C1",
        "ordered_on": "2024-01-02",
        "amount": "10",
        "currency": "EUR",
    },
    "credit_limits": {
        "customer_id": "C1",
        "amount": "0",
        "currency": "EUR",
        "valid_from": "2024-06-01",
    },
    "disputes": {"invoice_id": "I1", "event_on": "2024-02-20", "status": "open"},
    "promises": {
        "customer_id": "C1",
        "made_on": "2024-02-20",
        "promised_on": "2024-03-20",
        "invoice_id": "I1",
    },
    "activities": {"customer_id": "C1", "happened_on": "2024-02-20", "kind": "Call"},
    "bureau_scores": {
        "customer_id": "C1",
        "provider": "Bureau",
        "scored_on": "2024-01-01",
        "score": "71.5",
    },
    "insurance": {
        "customer_id": "C1",
        "cover_amount": "0",
        "currency": "EUR",
        "valid_from": "2024-01-01",
    },
    "customer_events": {"customer_id": "C1", "kind": "left", "happened_on": "2024-01-01"},
    "fx_rates": {"rate_date": "2024-01-10", "rate": "0.9"},
}
# The column by which a case's row is found again in the quarantine.
MARKS = {
    "credit_limits": "customer_id",
    "bureau_scores": "customer_id",
    "insurance": "customer_id",
    "customer_events": "customer_id",
    "customers": "customer_id",
    "fx_rates": "currency",
    "invoices": "order_id",
    "activities": "activity_id",
}


def mark(table: str) -> str:
    return MARKS.get(table, f"{table.removesuffix('s')}_id")


@pytest.fixture(scope="module")
def imported(module_workplace, make_invoice, lenient):
    tables: dict[str, list[dict[str, object]]] = {
        "invoices": [make_invoice(number) for number in range(1, 4)],
        "fx_rates": [
            {"currency": "USD", "rate_date": "2024-01-09", "rate": "0.9"},
            {"currency": "GBP", "rate_date": "2024-01-02", "rate": "1.15"},
        ],
    }
    for table, key, changes, _ in CASES:
        row = dict(GOOD[table])
        if table == "invoices":
            row["invoice_id"] = key
        row[mark(table)] = key
        row.update(changes)
        tables.setdefault(table, []).append(row)
    for table, row in GOOD.items():
        if table not in ("invoices", "fx_rates"):
            tables.setdefault(table, []).append({mark(table): f"good-{table}", **row})
    folder = module_workplace.extract(**tables)
    report = module_workplace.load(folder, settings=lenient)
    return module_workplace, report


@pytest.mark.parametrize(
    ("table", "key", "changes", "rule"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES]
)
def test_a_row_that_breaks_a_rule_is_quarantined_under_it(imported, table, key, changes, rule):
    workplace, report = imported
    found = [
        row
        for row in workplace.ledger.quarantine.to_pylist()
        if row["table"] == table and json.loads(row["source_row"])[mark(table)] == key
    ]
    assert [row["rule"] for row in found] == [rule]
    assert found[0]["reason"]
    counted = [line for line in report.rules if line.table == table and line.rule == rule]
    assert len(counted) == 1
    assert counted[0].sentence.endswith(".")
    assert counted[0].example


def test_good_rows_beside_them_are_accepted(imported):
    workplace, report = imported
    for table, counts in report.tables.items():
        if table == "customers":
            continue
        bad = sum(case[0] == table for case in CASES)
        assert counts.quarantined == bad, table
        assert counts.accepted == counts.read - bad, table
        assert counts.accepted > 0, table


def test_defaults_are_stored_explicitly(imported):
    workplace, _ = imported
    assert set(workplace.rows("invoices", "kind")) == {("invoice",)}
    assert set(workplace.rows("payments", "kind")) == {("payment",)}
    assert set(workplace.rows("orders", "status")) == {("open",)}
    assert set(workplace.rows("credit_limits", "kind")) == {("normal",)}
    assert workplace.rows("activities", "kind") == [("call",)]


def test_a_limit_may_start_after_the_extract(imported):
    workplace, _ = imported
    (row,) = workplace.rows("credit_limits", "amount", "known_at")
    assert row[0] == 0
    assert str(row[1]) == "2024-06-01 00:00:00"


def test_the_sentence_on_a_missing_rate_names_currency_day_and_file(imported):
    _, report = imported
    (line,) = [line for line in report.rules if line.rule == "fx_rate_missing"]
    assert "fx_rates.csv" in line.sentence
    assert "no rate for CAD on 2024-01-10" in line.example


def test_disputes_and_promises_take_over_from_their_invoice(imported):
    workplace, _ = imported
    assert workplace.rows("disputes", "customer_id", "currency") == [("C1", "EUR")]


def test_the_report_says_everything_as_json_and_as_text(imported):
    _, report = imported
    content = json.loads(json.dumps(report.to_dict()))
    assert content["tables"]["invoices"]["read"] == report.tables["invoices"].read
    text = report.to_text()
    assert "due_before_issued" not in text
    assert "cannot be due before it is issued" in text
    assert "quarantined" in report.summary_rows()[0]
