"""Tables that are built again: after more facts, other settings, or half of a build."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from configs.settings import SettlementSettings
from features.catalogue import CUSTOMER_FEATURES
from features.ledger.contract import TABLES
from features.ledger.schema import physical_schema
from features.ledger.storage import Ledger
from features.ledger.writing import exclusive
from features.table import TableSummary, build_table
from features.table.building import read_summary

SIZE = 300
KINDS = ["invoices", "customers"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, content) -> Callable[..., bytes]:
    """Return the bytes of a table built from nothing; each is built once."""
    made: dict[str, bytes] = {}

    def build(ledger: Ledger, kind: str, **more: object) -> bytes:
        name = repr((ledger.fingerprint, ledger.extract_date, kind, more))
        if name not in made:
            out = tmp_path_factory.mktemp("fresh") / "t"
            build_table(ledger, out, kind, rows_per_bucket=SIZE, **more)
            made[name] = content(out)
        return made[name]

    return build


@pytest.fixture(scope="module")
def earlier(tmp_path_factory, ledger, cutter, microseconds) -> Callable[[str, Path], Ledger]:
    """Puts a table of an earlier ledger into a folder, in five buckets; each is built once."""
    early = cutter.before(ledger, microseconds(150))
    root = tmp_path_factory.mktemp("earlier")

    def put(kind: str, out: Path) -> Ledger:
        if not (root / kind).exists():
            build_table(early, root / kind, kind, rows_per_bucket=1)
        shutil.copytree(root / kind, out)
        return early

    return put


def files(out: Path) -> dict[str, int]:
    """Return when each file was written, but for those that say what was done last."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in out.rglob("*")
        if path.is_file() and path.name not in (".lock", "table.json")
    }


def again(ledger: Ledger, out: Path, kind: str, **more: object) -> TableSummary:
    return build_table(ledger, out, kind, rows_per_bucket=SIZE, **more)


def with_rows(cutter, ledger: Ledger, name: str, *rows: dict[str, object]) -> Ledger:
    schema = physical_schema(TABLES[name])
    new = pa.Table.from_pylist(list(rows), schema=schema)
    return cutter.of(
        ledger, {name: pa.concat_tables([ledger.table(name).select(schema.names), new])}
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [50, 180.5, 290])
def test_after_more_facts_a_table_is_as_if_built_anew(
    ledger, cutter, microseconds, fresh, content, kind, number, tmp_path
):
    early = cutter.before(ledger, microseconds(number))
    again(early, tmp_path / "t", kind)
    made = again(ledger, tmp_path / "t", kind)
    assert content(tmp_path / "t") == fresh(ledger, kind)
    assert 0 < made.built < made.rows


@pytest.mark.parametrize("kind", KINDS)
def test_day_by_day_a_table_grows_as_if_built_anew(
    ledger, cutter, microseconds, fresh, content, kind, tmp_path
):
    out = tmp_path / "t"
    for number in range(210, 330, 45):
        day = cutter.before(ledger, microseconds(number), date.fromordinal(738_886 + number))
        made = again(day, out, kind)
        assert content(out) == fresh(day, kind), number
    assert made.built < made.rows / 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_older_ledger_gives_the_older_table(
    ledger, cutter, microseconds, fresh, content, kind, tmp_path
):
    early = cutter.before(ledger, microseconds(200))
    again(ledger, tmp_path / "t", kind)
    again(early, tmp_path / "t", kind)
    assert content(tmp_path / "t") == fresh(early, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_time_there_is_nothing_to_do(ledger, kind, watched, tmp_path):
    first = again(ledger, tmp_path / "t", kind)
    assert first.built == first.rows
    before = files(tmp_path / "t")
    spread = watched()
    second = again(ledger, tmp_path / "t", kind, spread=spread)
    assert (second.built, second.rows, second.parts) == (0, first.rows, first.parts)
    assert files(tmp_path / "t") == before


def test_a_late_correction_of_an_old_fact(
    ledger, cutter, moment, fresh, content, watched, tmp_path
):
    """Due later and worth more, as is said long after the invoice was issued."""
    invoices = ledger.table("invoices").to_pylist()
    old = min(
        (r for r in invoices if r["kind"] == "invoice" and r["customer_id"] == "C"),
        key=lambda r: r["known_at"],
    )
    del old["void_at"]
    said = moment(310)
    correction = {
        **old, "amount": old["amount"] * 3, "amount_reporting": old["amount_reporting"] * 3,
        "due_on": date(2025, 3, 1), "known_at": said, "recorded_at": said,
    }  # fmt: skip
    corrected = with_rows(cutter, ledger, "invoices", correction)
    again(ledger, tmp_path / "t", "invoices")
    spread = watched()
    made = again(corrected, tmp_path / "t", "invoices", spread=spread)
    assert content(tmp_path / "t") == fresh(corrected, "invoices")
    assert 0 < made.built < made.rows
    assert spread.derived == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_customer(ledger, cutter, moment, fresh, content, kind, tmp_path):
    base = {
        **ledger.table("invoices").slice(0, 1).to_pylist()[0],
        "issued_on": date(2024, 5, 1), "due_on": date(2024, 6, 1), "kind": "invoice",
        "known_at": moment(121), "recorded_at": moment(121), "removed": False,
    }  # fmt: skip
    del base["void_at"]
    names = ("", "BB", "X", "Y")
    new = [{**base, "customer_id": c, "invoice_id": f"new{c}"} for c in names]
    grown = with_rows(cutter, ledger, "invoices", *new)
    again(ledger, tmp_path / "t", kind)
    made = again(grown, tmp_path / "t", kind)
    assert content(tmp_path / "t") == fresh(grown, kind)
    assert 0 < made.built < made.rows


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_customers_of_an_empty_ledger(ledger, cutter, fresh, content, kind, tmp_path):
    nothing = cutter.of(ledger, {name: ledger.table(name).slice(0, 0) for name in TABLES})
    assert again(nothing, tmp_path / "t", kind).rows == 0
    again(ledger, tmp_path / "t", kind)
    assert content(tmp_path / "t") == fresh(ledger, kind)
    assert again(nothing, tmp_path / "t", kind).rows == 0


def test_a_later_extract_of_the_same_facts_adds_months(
    ledger, cutter, fresh, content, watched, tmp_path
):
    later = cutter.of(ledger, {}, date(2025, 6, 15))
    first = again(ledger, tmp_path / "t", "customers")
    spread = watched()
    made = again(later, tmp_path / "t", "customers", spread=spread)
    assert content(tmp_path / "t") == fresh(later, "customers")
    assert spread.derived == 0
    assert made.built == made.rows - first.rows > 0


def test_other_settlement_rules_build_everything(ledger, fresh, content, tmp_path):
    strict = SettlementSettings(tolerance=0, relative_tolerance=0)
    lenient = SettlementSettings(tolerance=10_000, relative_tolerance=0.9)
    again(ledger, tmp_path / "t", "invoices", settlement=strict)
    made = again(ledger, tmp_path / "t", "invoices", settlement=lenient)
    assert made.built == made.rows
    assert content(tmp_path / "t") == fresh(ledger, "invoices", settlement=lenient)


def test_other_features_build_everything(ledger, fresh, content, watched, tmp_path):
    again(ledger, tmp_path / "t", "invoices", features=CUSTOMER_FEATURES[:5])
    spread = watched()
    made = again(ledger, tmp_path / "t", "invoices", features=CUSTOMER_FEATURES[3:9], spread=spread)
    assert made.built == made.rows
    # The facts are those that are there already.
    assert spread.results["derive"] == []
    assert content(tmp_path / "t") == fresh(ledger, "invoices", features=CUSTOMER_FEATURES[3:9])


def test_other_rows_build_everything(ledger, fresh, content, tmp_path):
    again(ledger, tmp_path / "t", "invoices")
    made = again(ledger, tmp_path / "t", "customers")
    assert made.built == made.rows
    assert content(tmp_path / "t") == fresh(ledger, "customers")


def test_other_code_builds_everything(
    ledger, cutter, microseconds, fresh, content, monkeypatch, tmp_path
):
    again(cutter.before(ledger, microseconds(200)), tmp_path / "t", "invoices")
    monkeypatch.setattr("features.table.building.code_fingerprint", lambda: "other")
    made = again(ledger, tmp_path / "t", "invoices")
    assert made.built == made.rows
    assert content(tmp_path / "t") == fresh(ledger, "invoices")


def test_buckets_of_which_nothing_changed_are_not_derived_again(
    ledger, cutter, moment, microseconds, watched, fresh, content, tmp_path
):
    """One customer pays: its facts change, the others' rows up to then stay as they are."""
    payment = {
        **ledger.table("payments").slice(0, 1).to_pylist()[0],
        "customer_id": "B", "payment_id": "new", "invoice_id": None, "kind": "payment",
        "paid_on": date(2024, 10, 20), "known_at": moment(293), "recorded_at": moment(293),
        "removed": False, "reverses_payment_id": None,
    }  # fmt: skip
    del payment["void_at"]
    after = with_rows(cutter, ledger, "payments", payment)
    build_table(ledger, tmp_path / "t", "customers", rows_per_bucket=1)
    spread = watched()
    build_table(after, tmp_path / "t", "customers", rows_per_bucket=1, spread=spread)
    assert spread.derived == 1
    assert [built > 0 for built in spread.built] == [False, True, False, False, False]
    assert content(tmp_path / "t") == fresh(after, "customers")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop_after", [0, 2, 5, 8])
def test_a_build_that_was_stopped_goes_on_where_it_was(
    ledger, earlier, fresh, content, watched, kind, stop_after, tmp_path
):
    """Five buckets: facts first, then features; at all times the earlier table can be read."""
    out = tmp_path / "t"
    early = earlier(kind, out)
    before = content(out)
    with pytest.raises(KeyboardInterrupt):
        build_table(ledger, out, kind, rows_per_bucket=1, spread=watched(stop_after))
    assert content(out) == before
    assert read_summary(out).ledger == early.fingerprint
    rest = watched()
    build_table(ledger, out, kind, rows_per_bucket=1, spread=rest)
    assert content(out) == fresh(ledger, kind)
    assert rest.derived == max(5 - stop_after, 0)
    assert rest.built[: max(stop_after - 5, 0)] == [0] * max(stop_after - 5, 0)
    assert all(rest.built[max(stop_after - 5, 0) :])
    assert {path.name for path in out.iterdir()} - {".lock"} == {
        "table.json", read_summary(out).facts, read_summary(out).parts[0].split("/")[0]
    }  # fmt: skip


def test_a_second_builder_of_a_folder_is_refused(ledger, tmp_path):
    with (
        exclusive(tmp_path / "t"),
        pytest.raises(RuntimeError, match="another process is writing to this table; wait for it"),
    ):
        again(ledger, tmp_path / "t", "invoices")


def test_no_row_of_an_earlier_table_is_written_over(
    ledger, cutter, microseconds, content, tmp_path
):
    """Parts are shared between tables by links; a reader of the older one must not notice."""
    early = cutter.before(ledger, microseconds(280))
    again(early, tmp_path / "t", "customers")
    mine = tmp_path / "mine"
    mine.mkdir()
    kept = {}
    for part in read_summary(tmp_path / "t").parts:
        path = mine / part.replace("/", "-")
        path.hardlink_to(tmp_path / "t" / part)
        kept[path] = path.read_bytes()
    again(ledger, tmp_path / "t", "customers")
    assert all(path.read_bytes() == before for path, before in kept.items())


def test_columns_of_the_ledger_that_no_fact_needs_change_nothing(
    ledger, cutter, watched, content, tmp_path
):
    """A collector takes over a customer: another ledger, the same facts."""
    customers = ledger.table("customers")
    at = customers.schema.get_field_index("collector_id")
    named = pa.array(["ann"] * len(customers), pa.string())
    other = cutter.of(ledger, {"customers": customers.set_column(at, "collector_id", named)})
    assert other.fingerprint != ledger.fingerprint
    again(ledger, tmp_path / "t", "customers")
    before = content(tmp_path / "t")
    spread = watched()
    made = again(other, tmp_path / "t", "customers", spread=spread)
    assert (made.built, spread.derived, made.ledger) == (0, 0, other.fingerprint)
    assert content(tmp_path / "t") == before
    assert pc.sum(pc.equal(other.table("customers")["collector_id"], "ann")).as_py() > 0
