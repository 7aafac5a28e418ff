"""The one rule, over every feature: nothing known at or after ``as_of`` may move a value."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from configs.settings import DefaultSettings, ImportSettings, Settings
from features.build import build, build_matrix, make_keys, moment_in_microseconds
from features.catalogue import CATALOGUE, CUSTOMER_FEATURES, INVOICE_FEATURES, Feature
from features.facts.book import Book
from features.facts.loading import Range, load_book, load_customers
from features.facts.versions import DAY
from features.intake import import_extract, load_source
from features.labels.amount_at_default import amounts_at_default
from features.labels.default_register import default_register
from features.labels.payment_day import outcomes
from features.labels.recoveries import recovered, recovery_flows
from features.ledger.contract import TABLES, Column
from features.ledger.schema import reporting_column
from features.ledger.storage import Ledger
from features.ledger.writing import write_ledger

REAL_DATA = os.environ.get("PAYRISK_REAL_DATA")

Change = Callable[[Ledger, datetime, Path], Ledger]


def split(ledger: Ledger, name: str, as_of: datetime) -> tuple[pa.Table, pa.Table]:
    """Return the rows of a table known before a moment, and the others."""
    content = ledger.table(name)
    moment = pa.scalar(as_of, pa.timestamp("us"))
    column = "rate_date" if name == "fx_rates" else "known_at"
    late = pc.fill_null(pc.greater_equal(content[column].cast(pa.timestamp("us")), moment), False)
    return content.filter(pc.invert(late)), content.filter(late)


def rewritten(ledger: Ledger, tables: dict[str, pa.Table], root: Path) -> Ledger:
    return write_ledger(
        root,
        tables,
        reporting_currency=ledger.reporting_currency,
        extract_date=ledger.extract_date,
    )


def truncate(ledger: Ledger, as_of: datetime, root: Path) -> Ledger:
    """Delete everything known at or after a moment; older versions stand again."""
    return rewritten(ledger, {name: split(ledger, name, as_of)[0] for name in TABLES}, root)


def poison(ledger: Ledger, as_of: datetime, root: Path) -> Ledger:
    """Corrupt everything known at or after a moment, and add to it.

    Late rows get other contents; extra ones follow: new facts, and corrections and removals of
    what was known before.
    """
    rng = np.random.default_rng(5)
    tables = {}
    for name, table in TABLES.items():
        early, late = split(ledger, name, as_of)
        if name == "fx_rates":
            tables[name] = pa.concat_tables([early, corrupted(late, name, rng)])
            continue
        some = early.take(rng.permutation(early.num_rows)[: early.num_rows // 4])
        moments = moment_in_microseconds(as_of) + rng.integers(0, 3, some.num_rows) * (DAY // 2)
        corrections = some
        for column in ("known_at", "recorded_at"):
            corrections = corrections.set_column(
                corrections.schema.get_field_index(column),
                column,
                pa.array(moments).cast(pa.timestamp("us")),
            )
        key = late.schema.get_field_index(table.key[0])
        new = late.set_column(
            key, late.schema.names[key], pc.binary_join_element_wise(late[key], "new", "-")
        )
        parts = [corrupted(part, name, rng) for part in (late, new, corrections)]
        tables[name] = pa.concat_tables([early, *parts])
    return rewritten(ledger, tables, root)


def corrupted(rows: pa.Table, name: str, rng: np.random.Generator) -> pa.Table:
    n = rows.num_rows
    changed = dict(zip(rows.schema.names, rows.columns, strict=True))
    for column in TABLES[name].columns:
        if column.name in (*TABLES[name].key[:1], "recorded_at", "rate_date"):
            continue
        changed[column.name] = wrong(rows, column, rng)
        if column.type == "money":
            amount = pa.array(rng.integers(1, 10**8, n))
            changed[column.name] = changed[reporting_column(column.name)] = amount
    if name in ("invoices", "payments"):
        changed["removed"] = pa.array(rng.random(n) < 0.3)
    return pa.table(
        [pc.cast(values, rows.schema.field(k).type) for k, values in changed.items()],
        schema=rows.schema,
    )


def wrong(rows: pa.Table, column: Column, rng: np.random.Generator) -> pa.ChunkedArray | pa.Array:
    n = rows.num_rows
    values = rows[column.name]
    if column.type == "date":
        moved = pc.add(values.cast(pa.int32()), pa.array(rng.integers(-300, 300, n, np.int32)))
        return moved.cast(pa.date32())
    if column.type == "choice":
        return pa.array(rng.choice(np.array(column.choices, dtype=object), n), pa.string())
    if column.type == "number":
        return pa.array(rng.random(n) * 1000)
    if column.name == "currency":
        return values
    return values.take(rng.permutation(n))


def moved(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return the columns that are not the same bit for bit."""
    assert before.shape == after.shape
    bits = before.to_numpy().view(np.int64) != after.to_numpy().view(np.int64)
    return [name for name, moved in zip(before.columns, bits.any(axis=0), strict=True) if moved]


def leaking(ledger: Ledger, keys: pd.DataFrame, as_of: datetime, change: Change, root: Path):
    """Return the features of the catalogue that see the change of what comes after a moment."""
    other = change(ledger, as_of, root)
    names = tuple(CATALOGUE)
    return moved(build(ledger, keys, as_of, names), build(other, keys, as_of, names))


def labels(ledger: Ledger, as_of: datetime) -> list[pd.DataFrame]:
    """Return the default register with all amounts, and the outcomes at a cutoff, by id."""
    book = load_book(ledger)
    cutoff = moment_in_microseconds(as_of)
    lenient = DefaultSettings(
        consecutive_days=20, probation_days=5, exclude_disputes="seller_fault", group_contagion=True
    )
    tables = []
    for settings in (DefaultSettings(), lenient):
        register = default_register(book, settings, cutoff)
        flows = recovery_flows(ledger, book, register, cutoff)
        amounts = amounts_at_default(book, register, settings)
        later = recovered(book, register, flows, cutoff)
        register["customer"] = book.customer_ids[register["customer"]]
        flows["invoice"] = book.invoice_ids[flows["invoice"]]
        flows = flows.sort_values(list(flows), ignore_index=True)
        tables += [pd.concat([register, amounts, later], axis=1), flows]
    found = pd.DataFrame(vars(outcomes(book, cutoff))).drop(columns="row")
    found["customer"] = book.customer_ids[found["customer"]]
    found["invoice"] = book.invoice_ids[found["invoice"]]
    return [*tables, found.sort_values("invoice", ignore_index=True)]


SAMPLE_MOMENTS = [datetime(2023, 7, 1), datetime(2024, 11, 5, 15, 30), datetime(2025, 6, 30)]
BUSY_MOMENTS = [40.0, 97.0, 130.5, 180.0, 221.25, 300.0]


@pytest.mark.parametrize("change", [truncate, poison])
@pytest.mark.parametrize("as_of", SAMPLE_MOMENTS, ids=str)
def test_sample_has_no_leak(sample_ledger, invoice_keys, change, as_of, tmp_path):
    keys = invoice_keys(sample_ledger)
    keys = keys.sample(4000, random_state=1)
    assert leaking(sample_ledger, keys, as_of, change, tmp_path / "changed") == []


@pytest.mark.parametrize("change", [truncate, poison])
@pytest.mark.parametrize("number", BUSY_MOMENTS)
def test_busy_ledger_has_no_leak(busy_ledger, invoice_keys, moment, change, number, tmp_path):
    keys = invoice_keys(busy_ledger)
    assert leaking(busy_ledger, keys, moment(number), change, tmp_path / "changed") == []


@pytest.mark.parametrize("change", [truncate, poison])
@pytest.mark.parametrize("number", BUSY_MOMENTS)
def test_labels_have_no_leak(busy_ledger, moment, change, number, tmp_path):
    changed = change(busy_ledger, moment(number), tmp_path / "changed")
    for before, after in zip(
        labels(busy_ledger, moment(number)), labels(changed, moment(number)), strict=True
    ):
        pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_busy_ledger_exercises_every_feature(busy_ledger, busy_book, invoice_keys, moment):
    keys = invoice_keys(busy_ledger)
    rows = pd.concat(build(busy_book, keys, moment(n)) for n in BUSY_MOMENTS)
    silent = [name for name in rows if rows[name].nunique() < 2]
    assert silent == []


@pytest.mark.parametrize("change", [truncate, poison])
def test_a_leaky_feature_is_caught(
    busy_ledger, invoice_keys, moment, monkeypatch, change, tmp_path
):
    def later_settlements(m):
        settled = np.append(np.diff(m.book.settled.offsets), 0)
        return settled[m.keys.customer].astype(np.float64)

    def known_today(m):
        """Take facts known at the moment itself for known."""
        last = np.maximum(m.book.issued.offsets[1:] - 1, 0)
        on_time = m.book.issued.known[last][m.keys.customer] <= m.keys.as_of
        return on_time.astype(np.float64)

    for name, compute in (("settled", later_settlements), ("today", known_today)):
        leaky = Feature(f"customer_{name}_count_all", "count", 0, "{value}", "", compute)
        monkeypatch.setitem(CATALOGUE, leaky.name, leaky)
    keys = invoice_keys(busy_ledger)
    found = {
        name
        for i, number in enumerate(BUSY_MOMENTS)
        for name in leaking(busy_ledger, keys, moment(number), change, tmp_path / str(i))
    }
    assert found == {"customer_settled_count_all", "customer_today_count_all"}


@pytest.mark.real_data
@pytest.mark.parametrize("change", [truncate, poison])
def test_real_ledger_has_no_leak(real_ledger, invoice_keys, change, tmp_path):
    keys = invoice_keys(real_ledger).sample(5000, random_state=1)
    for i, as_of in enumerate([datetime(2019, 9, 2), datetime(2020, 11, 17, 11)]):
        assert leaking(real_ledger, keys, as_of, change, tmp_path / str(i)) == []


@pytest.fixture(scope="module")
def real_ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    if not REAL_DATA:
        pytest.skip("PAYRISK_REAL_DATA names no folder with the real ledgers")
    root = tmp_path_factory.mktemp("real") / "ledger"
    lenient = Settings(intake=ImportSettings(quarantine_share_limit=1.0))
    import_extract(load_source("datarisk"), Path(REAL_DATA) / "datarisk_b2b", root, lenient)
    return Ledger.open(root)


@pytest.fixture(scope="module")
def mixed_keys(busy_ledger, invoice_keys, moment) -> pd.DataFrame:
    """Return keys of all invoices at moments of their own."""
    keys = invoice_keys(busy_ledger)
    rng = np.random.default_rng(3)
    return keys.assign(as_of=[moment(n) for n in rng.integers(20, 1600, len(keys)) / 4])


def test_row_order_does_not_matter(busy_book, mixed_keys):
    shuffled = mixed_keys.sample(frac=1.0, random_state=2)
    expected = build(busy_book, mixed_keys)
    found = build(busy_book, shuffled)
    assert list(found.index) == list(shuffled.index)
    assert moved(expected, found.sort_index()) == []


def test_duplicate_keys_get_the_same_row(busy_book, mixed_keys):
    twice = pd.concat([mixed_keys, mixed_keys], ignore_index=True)
    found = build(busy_book, twice)
    n = len(mixed_keys)
    assert moved(found[:n], found[n:]) == []


def test_one_by_one_equals_all_at_once(busy_book, mixed_keys):
    expected = build(busy_book, mixed_keys)
    rows = [build(busy_book, mixed_keys.iloc[[i]]) for i in range(len(mixed_keys))]
    assert moved(expected, pd.concat(rows)) == []


def alone(ledger: Ledger, customer: str, whole: Book) -> Book:
    """Load one customer's rows by themselves, in the surroundings of the whole ledger."""
    part = load_customers(ledger, Range(customer, customer))
    return replace(part, surroundings=whole.surroundings)


def test_one_customers_slice_equals_the_whole_book(sample_ledger, sample_book, invoice_keys):
    keys = invoice_keys(sample_ledger)
    for customer in sample_book.customer_ids[::40]:
        own = keys[keys["customer_id"] == customer]
        part = alone(sample_ledger, customer, sample_book)
        for as_of in SAMPLE_MOMENTS:
            assert moved(build(sample_book, own, as_of), build(part, own, as_of)) == []


def test_slice_of_a_busy_book_equals_the_whole(busy_ledger, busy_book, mixed_keys):
    for customer, own in mixed_keys.groupby("customer_id"):
        part = alone(busy_ledger, str(customer), busy_book)
        assert moved(build(busy_book, own), build(part, own)) == []


def test_customer_keys_give_the_customer_part_of_invoice_rows(busy_book, mixed_keys):
    customers = mixed_keys[["customer_id", "as_of"]]
    found = build(busy_book, customers)
    assert tuple(found.columns) == CUSTOMER_FEATURES
    whole = build(busy_book, mixed_keys)
    assert tuple(whole.columns) == INVOICE_FEATURES
    assert moved(whole[list(CUSTOMER_FEATURES)], found) == []


def test_chosen_features_equal_the_same_columns_of_all(busy_book, mixed_keys):
    names = INVOICE_FEATURES[::-7]
    found = build(busy_book, mixed_keys, features=names)
    assert tuple(found.columns) == names
    assert moved(build(busy_book, mixed_keys)[list(names)], found) == []


def test_ledger_and_book_give_the_same(busy_ledger, busy_book, mixed_keys):
    assert moved(build(busy_ledger, mixed_keys), build(busy_book, mixed_keys)) == []


@pytest.mark.parametrize("as_of", [date(2024, 6, 1), datetime(2024, 6, 1), "2024-06-01"])
def test_a_date_is_its_first_moment(as_of):
    assert moment_in_microseconds(as_of) == 19_875 * DAY


def test_keys_need_a_moment(busy_book):
    with pytest.raises(ValueError, match="as_of"):
        build(busy_book, pd.DataFrame({"customer_id": ["A"]}))


def test_unknown_feature_is_named(busy_book):
    keys = make_keys(busy_book, pd.DataFrame({"customer_id": ["A"]}), "2024-06-01")
    with pytest.raises(KeyError, match="customer_mood_value_now"):
        build_matrix(busy_book, keys, ["customer_mood_value_now"])


def priced(book: Book, as_of: datetime, currency: str = "USD") -> int:
    frame = pd.DataFrame(
        {
            "customer_id": ["A"],
            "issued_on": [date(2024, 1, 11)],
            "due_on": [date(2024, 2, 11)],
            "amount": [100.0],
            "currency": [currency],
        }
    )
    return int(make_keys(book, frame, as_of).amount[0])


def test_foreign_amounts_use_the_rate_of_the_issue_day(facts, moment):
    facts.customer().rate("USD", 0, 0.5).rate("USD", 10, 0.8).rate("USD", 11, 0.9)
    assert priced(facts.book(), moment(30)) == 8000


def test_foreign_amounts_never_use_a_rate_of_the_future(facts, moment):
    facts.customer().rate("USD", 0, 0.5).rate("USD", 3, 0.7).rate("USD", 10, 0.8)
    book = facts.book()
    assert priced(book, moment(3)) == 5000
    assert priced(book, moment(3.5)) == 7000


def test_a_missing_rate_is_refused(facts, moment):
    book = facts.customer().rate("USD", 5, 0.5).book()
    assert priced(book, moment(6)) == 5000
    for as_of, currency in ((5, "USD"), (30, "GBP")):
        with pytest.raises(ValueError, match=f"{currency}: no rate"):
            priced(book, moment(as_of), currency)
