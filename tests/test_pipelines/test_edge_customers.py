"""Customers at the edges of what is known: scored by the command, and answered by the API."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from features.intake import import_extract, load_source
from pipelines.scoring import score_ledger
from serving.app import create_app

AS_OF = date(2025, 12, 1)
KEY = "a-key-for-tests"
REASONS = [f"reason_{number}" for number in range(1, 5)]


def day(before: int) -> date:
    return AS_OF - timedelta(days=before)


@pytest.fixture(scope="module")
def edges(tmp_path_factory, settings):
    """A ledger of one customer of each kind; invoices are (days ago due, days ago paid)."""
    cases = {
        "single": [(-20, None)],
        "rated": [(-20, None)],
        "in default": [(300, 300), (260, 258), (130, None), (40, None)],
        "cured": [(400, 398), (370, 372), (250, 30), (60, 58), (20, 20), (-10, None)],
        "released": [(600, 598), (500, 300), (200, 199), (100, 98), (50, 49), (-5, None)],
    }
    invoices, payments = [], []
    for customer, items in cases.items():
        for number, (due, paid) in enumerate(items):
            about = {"customer_id": customer, "amount": 4000, "currency": "EUR"}
            name = {"invoice_id": f"{customer} {number}"}
            invoices.append({**about, **name, "issued_on": day(due + 30), "due_on": day(due)})
            if paid is not None:
                payment = {"payment_id": f"P {customer} {number}", "paid_on": day(paid)}
                payments.append({**about, **name, **payment})
    root = tmp_path_factory.mktemp("edges")
    tables = {
        "customers": [
            {"customer_id": name, "segment": "retail", "country": "DE"} for name in cases
        ],
        "invoices": invoices,
        "payments": payments,
        "bureau_scores": [
            {"customer_id": "rated", "provider": "b", "scored_on": day(40), "score": 480}
        ],
    }
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(root / f"{name}.csv", index=False)
    import_extract(load_source("canonical"), root, root / "ledger", settings)
    return root / "ledger"


@pytest.fixture
def scored(edges, home, tmp_path, settings):
    score_ledger(edges, AS_OF, tmp_path / "out", home, settings, progress=str)
    return pd.read_parquet(tmp_path / "out" / "customers.parquet").set_index("customer_id")


def test_each_is_answered_with_what_carries_it_and_four_reasons(scored):
    assert scored["basis"].to_dict() == {
        "single": "segment",
        "rated": "bureau",
        "in default": "in default",
        "cured": "in probation",
        "released": "own history",
    }
    assert scored[REASONS].notna().all(axis=None)
    assert scored[[f"card_{name}" for name in REASONS[:1]]].notna().all(axis=None)
    assert (scored["pd_upper"] >= scored["pd_12m"]).all()


def test_who_is_in_default_has_a_pd_of_one_until_the_probation_has_passed(scored):
    held = scored.loc[["in default", "cured"]]
    assert (held[["pd_12m", "pd_upper"]] == 1.0).all(axis=None)
    assert (held["grade"] == "default").all() and held["score"].isna().all()
    assert (held["suggested_limit"] == 0).all() and (held["binding_cap"] == "no_credit").all()
    # The 90th day-end in a row, of which that of the due day is the first.
    since = AS_OF - timedelta(days=130) + timedelta(days=89)
    expected = f"in default since {since} (overdue): raises the risk"
    assert scored.loc["in default", "reason_1"] == expected
    assert "paid up since and in probation" in scored.loc["cured", "reason_1"]
    owed = held["exposure"] - held["insured"]
    assert held["expected_loss"].tolist() == pytest.approx((held["lgd"] * owed).tolist(), abs=0.01)
    others = scored.drop(held.index)
    assert (others["pd_12m"] < 0.5).all() and others["score"].notna().all()


def test_a_thin_history_widens_the_bound(scored):
    def odds(p):
        return p / (1 - p)

    wider = odds(scored["pd_upper"]) / odds(scored["pd_12m"])
    assert wider["single"] > wider["released"]


def test_the_api_answers_the_same(scored, home, settings):
    with TestClient(create_app(home, settings, KEY), headers={"X-API-Key": KEY}) as client:
        for customer_id, row in scored.iterrows():
            answer = client.get(f"/v1/customers/{customer_id}/risk").json()
            assert answer["basis"] == row["basis"] and answer["grade"] == row["grade"]
            assert answer["pd_12m"] == row["pd_12m"] and answer["pd_upper"] == row["pd_upper"]
            assert answer["reasons"] == row[REASONS].tolist()
        assert client.get("/v1/customers/absent/risk").status_code == 404
