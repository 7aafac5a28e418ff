from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from datetime import date

import pandas as pd
import pytest

from serving import store as store_module
from serving.store import NOBODY, RiskStore, StoredDecision

AS_OF = date(2026, 1, 1)


def a_decision(number: int = 1, **changes) -> StoredDecision:
    values = {
        "decision_id": f"d{number}",
        "idempotency_key": None,
        "content": "c",
        "customer_id": "C1",
        "order_id": "O1",
        "outcome": "release",
        "decided_at": "2026-01-01T00:00:00Z",
        "record": "{}",
    }
    return StoredDecision(**{**values, **changes})


def test_an_empty_store_knows_nothing(store):
    assert store.current() is None
    assert store.customer("C1") is None
    assert store.worklist() == [] and store.collectors() == []
    assert store.worklist_totals().customers == 0
    assert store.customer_history("C1") == [] and store.invoices_of("C1") == []


def test_publishing_is_read_back(published):
    current = published.current()
    assert current.as_of == AS_OF
    assert current.models == {"late_payment": "1", "default": "2"}
    assert published.customer("C2")["exposure"] == 9000.5
    assert published.customer("US/4 4")["pd_12m"] is None
    assert [row["invoice_id"] for row in published.invoices_of("C2")] == ["I2", "I3"]
    assert published.invoices_of("C2")[0]["due_on"] == "2025-11-22"
    assert published.earliest_due("C2") == date(2025, 11, 22)
    assert published.earliest_due("nobody") is None


def test_publishing_again_changes_nothing(published, outputs):
    before = published.current(), published.customer_history("C1")
    assert published.publish(AS_OF, outputs()) == before[0]
    assert (published.current(), published.customer_history("C1")) == before


def test_other_numbers_of_the_same_run_replace_its_history(published, outputs):
    changed = outputs().customers.assign(score=700.0)
    published.publish(AS_OF, outputs(customers=changed))
    assert [run["score"] for run in published.customer_history("C1")] == [700.0]


def test_history_grows_by_moment_and_by_model(published, outputs):
    published.publish(date(2026, 2, 1), outputs())
    published.publish(date(2026, 2, 1), outputs(models={"default": "3"}))
    runs = published.customer_history("C1")
    assert [(run["as_of"], run["models"].get("default")) for run in runs] == [
        ("2026-01-01", "2"),
        ("2026-02-01", "2"),
        ("2026-02-01", "3"),
    ]


def test_a_customer_that_left_keeps_its_history(published, outputs):
    published.publish(date(2026, 2, 1), outputs(customers=outputs().customers.iloc[1:]))
    assert published.customer("C1") is None
    assert len(published.customer_history("C1")) == 1


def test_a_failure_in_the_middle_leaves_the_old_set(published, outputs, monkeypatch):
    insert = store_module._insert

    def failing(connection, table, columns, rows):
        if table == "worklist":
            raise RuntimeError("killed")
        insert(connection, table, columns, rows)

    before = published.current(), published.worklist(), published.customer_history("C1")
    monkeypatch.setattr(store_module, "_insert", failing)
    with pytest.raises(RuntimeError, match="killed"):
        published.publish(date(2026, 2, 1), outputs(names={}))
    assert (published.current(), published.worklist(), published.customer_history("C1")) == before


def _publish_for_ever(path, outputs):
    for month in range(1, 10_000):
        RiskStore(path).publish(date(2026, 1 + month % 12, 1), outputs)


def test_a_killed_process_leaves_a_whole_set(home, outputs):
    many = pd.concat([outputs().customers] * 500, ignore_index=True)
    many["customer_id"] = [f"K{i}" for i in range(len(many))]
    context = multiprocessing.get_context("fork")
    process = context.Process(
        target=_publish_for_ever, args=(home.risk_store, outputs(customers=many))
    )
    store = RiskStore(home.risk_store)
    process.start()
    deadline = time.monotonic() + 20
    while store.current() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert store.current() is not None
    with store.snapshot():
        last = store.customer_history("K0")[-1]
        assert store.customer(f"K{len(many) - 1}") is not None
        assert last["score"] == store.customer("K0")["score"]
    store.publish(date(2027, 1, 1), outputs())
    assert store.current().as_of == date(2027, 1, 1)


def test_a_snapshot_sees_one_set(published, outputs):
    with published.snapshot():
        first = published.current()
        thread = threading.Thread(
            target=lambda: published.publish(
                date(2026, 2, 1), outputs(customers=outputs().customers.iloc[1:])
            )
        )
        thread.start()
        thread.join()
        assert published.current() == first
        assert published.customer("C1") is not None
    assert published.current().as_of == date(2026, 2, 1)
    assert published.customer("C1") is None


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("customers", lambda f: f.drop(columns="customer_id"), "'customer_id' is missing"),
        ("customers", lambda f: pd.concat([f, f]), "more than once"),
        ("invoices", lambda f: f.assign(invoice_id=None), "empty in some rows"),
        ("worklist", lambda f: f.assign(rank=1), "more than once"),
    ],
)
def test_frames_without_a_key_are_refused(published, outputs, part, change, message):
    before = published.current()
    with pytest.raises(ValueError, match=message):
        published.publish(date(2026, 2, 1), outputs(**{part: change(getattr(outputs(), part))}))
    assert published.current() == before


def test_columns_of_a_missing_model_may_be_absent(store, outputs):
    customers = outputs().customers[["customer_id", "currency", "exposure"]]
    worklist = outputs().worklist.drop(columns=["priority_value", "reason_1"])
    store.publish(AS_OF, outputs(customers=customers, worklist=worklist, models={}))
    assert store.customer("C1")["pd_12m"] is None
    assert store.worklist()[0]["reason_1"] is None


def test_empty_frames_are_a_set_too(store, outputs):
    store.publish(AS_OF, outputs(**{p: pd.DataFrame(columns=c) for p, c in EMPTY.items()}))
    assert store.current() is not None and store.worklist() == []


EMPTY = {"customers": ["customer_id"], "invoices": ["invoice_id"], "worklist": ["rank"]}


def test_infinite_numbers_are_not_kept(store, outputs):
    store.publish(AS_OF, outputs(customers=outputs().customers.assign(score=float("inf"))))
    assert store.customer("C1")["score"] is None


def test_worklist_filters(published):
    assert [row["rank"] for row in published.worklist()] == [1, 2]
    assert [row["customer_id"] for row in published.worklist(collector="anna")] == ["C3"]
    assert [row["customer_id"] for row in published.worklist(collector=NOBODY)] == ["C2"]
    assert published.worklist(collector="anna' OR '1'='1") == []
    assert [row["rank"] for row in published.worklist(limit=1, offset=1)] == [2]
    assert [row["customer_id"] for row in published.worklist(search="sÖHne".lower())] == ["C2"]
    assert [row["customer_id"] for row in published.worklist(search="c3")] == ["C3"]
    assert published.worklist(search="%") == [] and published.worklist(search="_") == []
    assert published.worklist_totals(collector="anna").overdue == 50_000.0
    assert [row["collector_id"] for row in published.collectors()] == ["anna", None]


def test_decisions_cannot_be_changed(store, home):
    store.save_decision(a_decision())
    with sqlite3.connect(home.risk_store) as connection:
        for statement in ("UPDATE decisions SET outcome = 'hold'", "DELETE FROM decisions"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
        # A conflict must not be a way around: REPLACE removes a row without any trigger on it.
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute("INSERT OR REPLACE INTO decisions SELECT * FROM decisions")
    assert store.decision("d1") == a_decision()


def test_one_key_keeps_one_decision(store):
    first = store.save_decision(a_decision(1, idempotency_key="k"))
    assert store.save_decision(a_decision(2, idempotency_key="k")) == first
    assert store.decision("d2") is None
    assert store.decision_of_key("k") == first
    assert store.decision_of_key("other") is None


def test_a_replaced_file_is_opened_anew(published, home, outputs):
    assert published.current() is not None
    for path in home.root.glob("risk.db*"):
        path.unlink()
    assert published.current() is None
    published.publish(AS_OF, outputs())
    assert published.customer("C1") is not None


def test_a_file_that_is_no_store_is_refused(home):
    home.root.mkdir()
    home.risk_store.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(ValueError, match="not a risk store"):
        RiskStore(home.risk_store).current()


def test_an_earlier_format_gets_what_it_lacks(store, home, outputs):
    store.publish(date(2026, 1, 1), outputs())
    with sqlite3.connect(home.risk_store) as connection:
        connection.execute("ALTER TABLE customers DROP COLUMN pd_upper")
        connection.execute("PRAGMA user_version = 1")
    later = RiskStore(home.risk_store)
    assert later.customer("C1")["pd_upper"] is None
    later.publish(date(2026, 1, 2), outputs(customers=outputs().customers.assign(pd_upper=0.2)))
    assert later.customer("C1")["pd_upper"] == 0.2


def test_a_later_format_is_refused(store, home):
    store.current()
    with sqlite3.connect(home.risk_store) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="format 99"):
        RiskStore(home.risk_store).current()
