from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.build import build
from features.catalogue import CUSTOMER_FEATURES, INVOICE_FEATURES
from features.facts.loading import load_book
from features.facts.versions import FOREVER
from features.ledger.storage import Ledger
from features.table import build_table
from features.table.building import read_summary
from pipelines.spreading import over_processes

KINDS = ["invoices", "customers"]


@pytest.fixture(scope="module", params=KINDS)
def whole(request, ledger, tmp_path_factory):
    """A table of one bucket, and its kind."""
    out = tmp_path_factory.mktemp(request.param) / "table"
    build_table(ledger, out, request.param)
    return out, request.param


def bits(frame: pd.DataFrame) -> bytes:
    return np.ascontiguousarray(frame.to_numpy(dtype=np.float64)).tobytes()


@pytest.mark.parametrize("size", [1, 250, 450])
def test_the_size_of_buckets_does_not_matter(ledger, whole, content, size, tmp_path):
    out, kind = whole
    made = build_table(ledger, tmp_path / "t", kind, rows_per_bucket=size)
    assert len(made.parts) > 1
    assert content(tmp_path / "t") == content(out)


def test_processes_do_not_matter(ledger, whole, content, tmp_path):
    out, kind = whole
    build_table(ledger, tmp_path / "t", kind, rows_per_bucket=300, spread=over_processes(2))
    assert content(tmp_path / "t") == content(out)


def test_the_order_of_the_input_does_not_matter(ledger, whole, content, cutter, tmp_path):
    out, kind = whole
    rng = np.random.default_rng(9)
    shuffled = {
        name: ledger.table(name).take(rng.permutation(len(ledger.table(name))))
        for name in ledger.manifest.tables
    }
    build_table(cutter.of(ledger, shuffled), tmp_path / "t", kind, rows_per_bucket=300)
    assert content(tmp_path / "t") == content(out)


def standing_invoices(ledger: Ledger) -> pd.DataFrame:
    """Return the keys of the latest version of every invoice that was not withdrawn."""
    invoices = ledger.table("invoices").to_pandas()
    stands = invoices["void_at"].isna() & ~invoices["removed"] & (invoices["kind"] == "invoice")
    keys = invoices[stands].reset_index(drop=True)
    return keys.assign(as_of=pd.to_datetime(keys["issued_on"]), amount=keys["amount"] / 100)


def test_rows_about_invoices_are_those_of_the_one_path(ledger, frame, tmp_path):
    build_table(ledger, tmp_path / "t", "invoices", rows_per_bucket=300)
    found = frame(tmp_path / "t")
    keys = standing_invoices(ledger)
    assert sorted(found["invoice_id"]) == sorted(keys["invoice_id"])
    keys = keys.set_index("invoice_id", drop=False).loc[found["invoice_id"]]
    assert (found["as_of"].to_numpy() == keys["as_of"].to_numpy()).all()
    # The ledger's own amounts in the reporting currency need no rate.
    own = (keys["currency"] == "EUR").to_numpy()
    names = [name for name in INVOICE_FEATURES if name in found]
    assert tuple(names) == INVOICE_FEATURES
    assert bits(build(ledger, keys[own])) == bits(found.loc[own, names])


def test_rows_about_customers_are_those_of_the_one_path(ledger, frame, tmp_path):
    build_table(ledger, tmp_path / "t", "customers", rows_per_bucket=300)
    found = frame(tmp_path / "t")
    expected = build(ledger, found[["customer_id", "as_of"]])
    assert tuple(found.columns) == ("customer_id", "as_of", *CUSTOMER_FEATURES)
    assert bits(expected) == bits(found[list(CUSTOMER_FEATURES)])


def test_customers_have_rows_from_their_first_invoice_to_a_year_after_the_last(make_facts, frame):
    facts = make_facts().customer("A").customer("B").customer("C")
    facts.invoice("1", "A", 15, 45).invoice("2", "B", 31, 60, recorded=40.5)
    build_table(facts.ledger(), facts.root.parent / "t", "customers")
    found = frame(facts.root.parent / "t").groupby("customer_id")["as_of"].agg(["min", "max"])
    assert found.loc["A"].tolist() == [pd.Timestamp(2024, 2, 1), pd.Timestamp(2025, 1, 1)]
    # Issued on the 1st of February, known ten days later.
    assert found.loc["B"].tolist() == [pd.Timestamp(2024, 3, 1), pd.Timestamp(2025, 2, 1)]
    assert "C" not in found.index


def test_rows_are_sorted_by_customer_and_moment(whole, frame):
    found = frame(whole[0])
    keys = pd.MultiIndex.from_frame(found[["customer_id", "as_of"]])
    assert keys.is_monotonic_increasing
    assert len(found) > 50


def test_chosen_features_are_the_same_columns(ledger, whole, frame, tmp_path):
    out, kind = whole
    names = CUSTOMER_FEATURES[::9]
    build_table(ledger, tmp_path / "t", kind, names)
    assert bits(frame(out)[list(names)]) == bits(frame(tmp_path / "t")[list(names)])


def test_a_table_says_what_it_holds(ledger, whole, rows):
    out, kind = whole
    made = read_summary(out)
    assert (made.kind, made.ledger) == (kind, ledger.fingerprint)
    assert made.rows == made.built == rows(out).num_rows
    assert rows(out).schema.names[-len(made.features) :] == list(made.features)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_without_rows_has_an_empty_table(kind, tmp_path):
    made = build_table(Ledger.empty(), tmp_path, kind)
    assert (made.rows, made.parts) == (0, ())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [97.0, 221.25, 300.0])
def test_tables_have_no_leak(ledger, cutter, microseconds, frame, kind, number, tmp_path):
    """What becomes known later changes no row of before, but for what an invoice is said to be."""
    moment = microseconds(number)
    cut = cutter.before(ledger, moment)
    build_table(ledger, tmp_path / "all", kind, rows_per_bucket=300)
    build_table(cut, tmp_path / "cut", kind, rows_per_bucket=200)
    full, early = (
        found[found["as_of"] <= pd.Timestamp(moment, unit="us")]
        for found in (frame(tmp_path / "all"), frame(tmp_path / "cut"))
    )
    if kind == "invoices":
        same = list(unchanged_invoices(ledger, moment))
        full, early = (rows[rows["invoice_id"].isin(same)] for rows in (full, early))
    identity = [name for name in ("customer_id", "invoice_id", "as_of") if name in full]
    assert len(full) > 20
    pd.testing.assert_frame_equal(
        full[identity].reset_index(drop=True), early[identity].reset_index(drop=True)
    )
    assert bits(full.drop(columns=identity)) == bits(early.drop(columns=identity))


def test_a_correction_moves_no_row_of_a_customer(make_facts, frame, tmp_path):
    facts = make_facts().customer().invoice("I", issued=10)
    build_table(facts.ledger(), tmp_path / "before", "customers")
    facts.invoice("I", issued=10, amount=300_000, recorded=200)
    build_table(facts.ledger(), tmp_path / "after", "customers")
    before, after = frame(tmp_path / "before"), frame(tmp_path / "after")
    same = after["as_of"].isin(before["as_of"]) & (after["as_of"] <= pd.Timestamp(2024, 7, 19))
    pd.testing.assert_frame_equal(after[same], before[before["as_of"] <= pd.Timestamp(2024, 7, 19)])


def unchanged_invoices(ledger: Ledger, moment: int) -> np.ndarray:
    """Return the invoices of which nothing was said at a moment or later."""
    issued = load_book(ledger).issued
    later = np.unique(issued.measures["invoice"][issued.known >= moment])
    withdrawn = (issued.void >= moment) & (issued.void < FOREVER)
    later = np.union1d(later, issued.measures["invoice"][withdrawn])
    everyone = np.unique(issued.measures["invoice"])
    return load_book(ledger).invoice_ids[np.setdiff1d(everyone, later)]


def test_what_is_foreign_is_left_alone(ledger, tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds thesis\.docx, not a feature table"):
        build_table(ledger, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '{"rows": 3}'])
def test_a_manifest_that_is_none_is_refused(ledger, text, tmp_path):
    (tmp_path / "table.json").write_text(text)
    with pytest.raises(ValueError, match=r"table\.json: not the manifest of a feature table"):
        build_table(ledger, tmp_path)


def test_an_unknown_kind_is_refused(ledger, tmp_path):
    with pytest.raises(ValueError, match="choose one of invoices, customers"):
        build_table(ledger, tmp_path / "t", "payments")
    assert not (tmp_path / "t").exists()


def test_an_unknown_feature_is_refused(ledger, tmp_path):
    with pytest.raises(KeyError, match="customer_mood_value_now"):
        build_table(ledger, tmp_path / "t", features=["customer_mood_value_now"])
    assert not (tmp_path / "t").exists()


def test_no_table_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="no feature table here"):
        read_summary(tmp_path)
