from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from features.ledger.storage import Ledger
from pipelines.proposals import COLUMNS, doubts, read_proposals

AS_OF = date(2025, 12, 1)


def row(number: int = 1, **changes: object) -> dict[str, object]:
    return {
        "invoice_id": f"N{number}",
        "customer_id": "K000000",
        "issued_on": "2025-12-01",
        "due_on": "2025-12-31",
        "amount": "100.00",
        "currency": "EUR",
        **changes,
    }


def read(folder, *rows: dict[str, object]):
    path = folder / "proposed.csv"
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    return read_proposals(path, AS_OF)


def test_good_rows_are_accepted_in_their_order(tmp_path):
    accepted, refused = read(tmp_path, row(2), row(1, issued_on="2025-12-07"))
    assert accepted["invoice_id"].tolist() == ["N2", "N1"]
    assert accepted["amount"].tolist() == [100.0, 100.0]
    assert len(refused) == 0


def test_a_currency_is_read_in_either_case_as_at_import(tmp_path):
    assert read(tmp_path, row(1, currency=" eur "))[0]["currency"].tolist() == ["EUR"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"invoice_id": ""}, "invoice_id is empty"),
        ({"customer_id": "  "}, "customer_id is empty"),
        ({"due_on": ""}, "a date is empty"),
        ({"issued_on": "01.12.2025"}, "a date is empty or not"),
        ({"issued_on": "2025-02-30"}, "a date is empty or not"),
        ({"due_on": "9999-12-31"}, "a date is empty or not"),
        ({"issued_on": "2025-11-30"}, "issued before as_of"),
        ({"due_on": "2025-11-30"}, "due before issued"),
        ({"due_on": "2099-12-31"}, "due more than 730 days after issue"),
        ({"amount": "0"}, "not a number above zero"),
        ({"amount": "-5"}, "not a number above zero"),
        ({"amount": "inf"}, "not a number above zero"),
        ({"amount": "1,000"}, "not a number above zero"),
        ({"currency": "EURO"}, "not an ISO 4217"),
        ({"currency": ""}, "not an ISO 4217"),
        ({"invoice_id": "N1"}, "stands twice"),
    ],
)
def test_a_row_that_cannot_be_scored_is_refused_with_its_rule(tmp_path, changes, rule):
    accepted, refused = read(tmp_path, row(1), row(2, **changes))
    assert accepted["invoice_id"].tolist() == ["N1"]
    assert len(refused) == 1
    assert rule in refused["rule"].iloc[0]
    assert list(refused.columns) == [*COLUMNS, "rule"]


def test_no_row_that_can_be_scored_is_refused_as_a_whole(tmp_path):
    with pytest.raises(ValueError, match="none of 2 rows can be scored .*issued before"):
        read(tmp_path, row(1, issued_on="2020-01-01"), row(2, amount="x"))


def test_a_file_with_a_header_only_holds_nothing_to_score(tmp_path):
    accepted, refused = read(tmp_path)
    assert len(accepted) == len(refused) == 0


def test_parquet_with_typed_columns_reads_as_csv_does(tmp_path):
    path = tmp_path / "proposed.parquet"
    typed = row(1, issued_on=date(2025, 12, 1), due_on=pd.Timestamp("2025-12-31"), amount=100.0)
    pd.DataFrame([typed]).to_parquet(path)
    accepted, _ = read_proposals(path, AS_OF)
    pd.testing.assert_frame_equal(accepted, read(tmp_path, row(1))[0])


@pytest.mark.parametrize("stamp", ["2025-12-02T10:00:00Z", "2025-12-02T10:00:00+01:00"])
@pytest.mark.parametrize("others", ["2025-12-02", "2025-12-02T10:00:00Z"])
def test_dates_with_a_time_zone_are_read_or_refused_never_a_crash(tmp_path, stamp, others):
    first = row(1, issued_on=stamp, due_on="2025-12-31T00:00:00Z")
    accepted, refused = read(tmp_path, first, row(2, issued_on=others), row(3))
    assert len(accepted) + len(refused) == 3
    assert "N3" in accepted["invoice_id"].tolist()


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.csv", b"", "is empty; name a CSV or Parquet file of invoices"),
        ("a.csv", b"\xff\xfe\x00\x81", "cannot be read as CSV .*; name a CSV or Parquet file"),
        ("a.csv", b"invoice_id;customer_id\n1;2\n", "no column invoice_id, customer_id"),
        ("a.parquet", b"PAR1 cut off", "cannot be read"),
        ("a.csv", b"invoice_id,customer_id,issued_on,due_on,amount\n", "no column currency"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=fault) as refusal:
        read_proposals(tmp_path / name, AS_OF)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_proposals(tmp_path / "absent.csv", AS_OF)
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_proposals(tmp_path, AS_OF)


@pytest.fixture(scope="module")
def ledger(tiny_ledger) -> Ledger:
    return Ledger.open(tiny_ledger)


@pytest.fixture(scope="module")
def known(ledger) -> pd.DataFrame:
    table = ledger.table("invoices", ["invoice_id", "known_at"]).to_pandas()
    return table.sort_values("known_at")


def test_what_is_plausible_raises_no_doubt(tmp_path, ledger):
    accepted, _ = read(tmp_path, row(1, issued_on="2025-12-08"))
    assert doubts(accepted, AS_OF, ledger) == []


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"issued_on": "2025-12-09"}, "issued more than 7 days after as_of"),
        ({"amount": "1e15"}, "above 10 times the ledger's largest invoice"),
    ],
)
def test_what_may_not_be_meant_is_noted_and_scored(tmp_path, ledger, changes, note):
    accepted, _ = read(tmp_path, row(1), row(2, **changes))
    (doubt,) = doubts(accepted, AS_OF, ledger)
    assert doubt.startswith("proposed: 1 " + note)
    assert doubt.endswith("e.g. N2")
    assert len(accepted) == 2


def test_an_id_of_the_ledger_is_noted_once_it_is_known(tmp_path, ledger, known):
    first, last = known["invoice_id"].iloc[0], known["invoice_id"].iloc[-1]
    accepted, _ = read(tmp_path, row(1, invoice_id=first), row(2, invoice_id=last))
    assert known["known_at"].iloc[-1] >= pd.Timestamp(AS_OF)
    (doubt,) = doubts(accepted, AS_OF, ledger)
    assert doubt.startswith("proposed: 1 with the id of an invoice in the ledger")
    assert doubt.endswith(f"e.g. {first}")
