import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.ledger.contract import TABLES
from features.simulator import simulate
from features.simulator.extract import WRITTEN

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated") / "book"
    summary = simulate(60, 24, 3, out)
    return out, summary


def read(folder, name):
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)


def test_the_sample_is_what_its_command_makes(tmp_path):
    asked = json.loads((SAMPLE / "simulation.json").read_text())["asked"]
    simulate(
        asked["customers"],
        asked["months"],
        asked["seed"],
        tmp_path / "again",
        start=date.fromisoformat(asked["start"]),
    )
    for name in [*(f"{table}.csv" for table in WRITTEN), "simulation.json"]:
        assert (tmp_path / "again" / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_the_sample_is_small_and_has_enough_defaults():
    holds = json.loads((SAMPLE / "simulation.json").read_text())["holds"]
    assert 40 <= holds["defaulted_customers"] <= 60
    assert all(len(read(SAMPLE, name)) > 50 for name in WRITTEN)
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.csv")) < 5_000_000


def test_files_have_the_columns_of_the_contract(book):
    out, _ = book
    for name in WRITTEN:
        columns = [column.name for column in TABLES[name].columns]
        assert read(out, name).columns.tolist() == columns


def test_every_fact_is_known_before_the_extract_is_taken(book):
    out, summary = book
    end = summary.extract_date.isoformat()
    for name in WRITTEN:
        rows = read(out, name)
        assert (rows["recorded_at"] < end).all(), name
        event = TABLES[name].event
        if event:
            assert (rows[event] <= rows["recorded_at"]).all() or name == "orders", name


def test_counts_of_the_summary_are_those_of_the_files(book):
    out, summary = book
    kinds = read(out, "invoices")["kind"]
    assert summary.invoices == (kinds == "invoice").sum()
    assert summary.credit_notes == (kinds == "credit_note").sum()
    assert summary.payments == len(read(out, "payments"))
    assert summary.customers == len(read(out, "customers")) == 60
    truth = pq.read_table(out / "truth" / "invoices.parquet")
    assert truth.num_rows == summary.invoices


def test_ids_are_unique_and_references_resolve(book):
    out, _ = book
    invoices, payments, orders = (read(out, n) for n in ("invoices", "payments", "orders"))
    assert invoices["invoice_id"].is_unique
    known = set(invoices["invoice_id"])
    assert set(payments["invoice_id"]) - {""} <= known
    assert set(invoices["credited_invoice_id"]) - {""} <= known
    assert set(invoices["order_id"]) - {""} <= set(orders["order_id"])
    assert set(payments["reverses_payment_id"]) - {""} <= set(payments["payment_id"])
    twice = payments[payments.duplicated("payment_id", keep=False)]
    for _, rows in twice.groupby("payment_id"):
        assert rows["invoice_id"].tolist()[0] == "" and rows["invoice_id"].tolist()[1] != ""


def test_no_invoice_is_paid_more_than_its_amount(book):
    out, _ = book
    invoices, payments = read(out, "invoices"), read(out, "payments")
    due = invoices.set_index("invoice_id")["amount"].astype(float)
    notes = invoices[invoices["kind"] == "credit_note"]
    # What a recovery brings back was settled by the write-off before.
    payments = payments[~payments["payment_id"].str.startswith("R")]
    less = notes["amount"].astype(float).groupby(notes["credited_invoice_id"]).sum()
    due = due.sub(less, fill_value=0)
    sign = payments["kind"].map({"payment": 1, "discount": 1, "write_off": 1, "reversal": -1})
    paid = (sign * payments["amount"].astype(float)).groupby(payments["invoice_id"]).sum()
    paid = paid.drop("", errors="ignore")
    assert (paid <= due.reindex(paid.index) + 0.005).all()


def test_invoices_pass_the_absolute_threshold_of_default(book):
    out, _ = book
    invoices = read(out, "invoices")
    amounts = invoices.loc[invoices["kind"] == "invoice", "amount"].astype(float)
    assert amounts.min() >= 600


def test_a_history_does_not_depend_on_how_many_customers_there_are(book, tmp_path):
    out, _ = book
    simulate(7, 24, 3, tmp_path / "few")
    for name in WRITTEN:
        many = read(out, name)
        few = read(tmp_path / "few", name)
        ids = set(read(tmp_path / "few", "customers")["customer_id"])
        kept = many[many["customer_id"].isin(ids)].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, few)


def test_another_seed_makes_another_book(book, tmp_path):
    out, _ = book
    simulate(60, 24, 4, tmp_path / "other")
    assert read(out, "payments").shape != read(tmp_path / "other", "payments").shape


def test_parquet_holds_the_same_as_csv(book, tmp_path):
    out, _ = book
    simulate(60, 24, 3, tmp_path / "book", file_format="parquet")
    stored = pq.read_table(tmp_path / "book" / "invoices.parquet").to_pandas()
    text = read(out, "invoices")
    assert stored["invoice_id"].tolist() == text["invoice_id"].tolist()
    assert stored["amount"].astype(str).tolist() == text["amount"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customers": 0}, "customers 0: simulate at least 1"),
        ({"months": 0}, "months 0: simulate at least 1"),
        ({"seed": -1}, "seed -1: give 0 or more"),
        ({"file_format": "xlsx"}, "file_format 'xlsx'"),
        ({"start": date(2021, 1, 2)}, "first day of a month"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(tmp_path, change, message):
    asked = {"customers": 2, "months": 3, "seed": 1, "out": tmp_path / "x"} | change
    with pytest.raises(ValueError, match=message):
        simulate(**asked)
    assert not (tmp_path / "x").exists()


def test_a_folder_of_someone_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds thesis\.txt"):
        simulate(2, 3, 1, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_earlier_simulation_is_replaced_and_its_readme_stays(tmp_path):
    out = tmp_path / "book"
    simulate(3, 6, 1, out)
    (out / "README.md").write_text("mine")
    simulate(2, 6, 1, out)
    assert len(read(out, "customers")) == 2
    assert (out / "README.md").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


def test_an_interrupted_run_leaves_the_earlier_one(tmp_path):
    out = tmp_path / "book"
    simulate(3, 6, 1, out)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(2, 6, 1, out, progress=stop)
    assert len(read(out, "customers")) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


def test_progress_ends_at_the_total(tmp_path):
    seen = []
    simulate(3, 3, 1, tmp_path / "x", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_customers_join_over_the_whole_horizon(book):
    out, summary = book
    since = pd.to_datetime(read(out, "customers")["customer_since"])
    assert (since < pd.Timestamp(summary.first_day)).any()
    assert (since > pd.Timestamp(summary.first_day) + pd.Timedelta(days=365)).any()
    assert np.issubdtype(since.dtype, np.datetime64)
