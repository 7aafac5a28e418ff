from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from configs.settings import Settings
from serving import live_scoring
from serving.app import create_app
from serving.scoring_state import Loaded

PATH = "/v1/invoice-scores"


@dataclass
class BookStandIn:
    """Knows two customers."""

    customer_ids: np.ndarray = field(default_factory=lambda: np.array(["C1", "C2"], dtype=object))
    extract_date: date = date(2026, 1, 1)
    rates: pd.DataFrame | None = None

    def part(self, customer_ids: np.ndarray) -> BookStandIn:
        return self


@dataclass
class ChampionStandIn:
    name: str = "late_payment"
    version: str = "7"
    fingerprint: str = "abcd"
    trained_as_of: date = date(2025, 12, 1)


def score_by_amount(model, book, frame, as_of, **_):
    """A scorer whose answer depends on the row alone, and lists rows in another order."""
    if (frame["currency"] != "EUR").any():
        raise ValueError("currency USD: no rate to EUR; add it to fx_rates and import again")
    known = set(book.customer_ids)
    return pd.DataFrame(
        {
            "invoice_id": frame["invoice_id"],
            "customer_id": frame["customer_id"],
            "issued_on": frame["issued_on"],
            "due_on": frame["due_on"],
            "p_late_5d": frame["amount"] / 1000,
            "currency": frame["currency"],
            "reason_1": ["known" if c in known else "cold" for c in frame["customer_id"]],
        }
    ).iloc[::-1]


@pytest.fixture
def scoring_client(client, monkeypatch):
    loaded = Loaded(book=BookStandIn(), models={"late_payment": ChampionStandIn()})
    monkeypatch.setattr(client.app.state.context.scoring, "current", lambda: loaded)
    monkeypatch.setattr(live_scoring, "score_invoices", score_by_amount)
    return client


def invoice(**changes) -> dict:
    return {
        "customer_id": "C1",
        "issued_on": "2026-01-01",
        "due_on": "2026-01-31",
        "amount": 100,
        "currency": "EUR",
        **changes,
    }


def test_proposed_invoices_come_back_in_their_order(scoring_client):
    rows = [invoice(amount=a, customer_id=c) for a, c in ((100, "C1"), (200, "C2"), (300, "C1"))]
    answer = scoring_client.post(PATH, json={"invoices": rows})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["as_of"], body["models"]) == ("2026-01-01", {"late_payment": "7"})
    assert [row["p_late_5d"] for row in body["invoices"]] == [0.1, 0.2, 0.3]
    assert [row["basis"] for row in body["invoices"]] == ["own_history", "segment", "own_history"]
    assert {row["reason_1"] for row in body["invoices"]} == {"known"}
    assert body["invoices"][0]["open_amount"] == 100.0
    assert body["invoices"][0]["p_late_30d"] is None
    assert body["invoices"][0]["model_version"] == "7"


def test_unknown_customers_are_cold_starts(scoring_client):
    rows = [invoice(customer_id=f"new {i}", invoice_id="same") for i in range(3)]
    scored = scoring_client.post(PATH, json={"invoices": rows}).json()["invoices"]
    assert {row["basis"] for row in scored} == {"portfolio"}
    assert {row["reason_1"] for row in scored} == {"cold"}
    assert {row["invoice_id"] for row in scored} == {"same"}


def test_open_invoices_come_as_published(scoring_client):
    body = scoring_client.post(PATH, json={"invoice_ids": ["I3", "I1", "I3"]}).json()
    assert [row["invoice_id"] for row in body["invoices"]] == ["I3", "I1", "I3"]
    assert body["invoices"][1]["p_late_5d"] == 0.5
    assert body["invoices"][1]["model_version"] == "1"
    absent = scoring_client.post(PATH, json={"invoice_ids": ["I1", "nope"]})
    assert absent.status_code == 422
    assert absent.json()["invoice_ids"] == ["nope"]
    elsewhen = scoring_client.post(PATH, json={"invoice_ids": ["I1"], "as_of": "2025-01-01"})
    assert "scored as of 2026-01-01" in elsewhen.json()["detail"]


def test_both_kinds_in_one_request(scoring_client):
    body = scoring_client.post(PATH, json={"invoices": [invoice()], "invoice_ids": ["I2"]}).json()
    assert [row["model_version"] for row in body["invoices"]] == ["7", "1"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({}, "nothing to score"),
        ({"invoices": "all"}, "list"),
        ({"invoices": [invoice(amount=0)]}, "greater than 0"),
        ({"invoices": [invoice(due_on="2025-12-31")]}, "before issued_on"),
        ({"invoices": [invoice(due_on="2099-12-31")]}, "days away"),
        ({"invoices": [invoice(issued_on="0001-01-01")]}, "not between"),
        ({"invoices": [invoice(issued_on="2025-12-31")]}, "before as_of 2026-01-01"),
        ({"invoices": [invoice()], "as_of": "2025-11-30"}, "trained as of 2025-12-01"),
        (
            {
                "invoices": [invoice(issued_on="2026-03-01", due_on="2026-04-01")],
                "as_of": "2026-02-02",
            },
            "the ledger ends with the extract of 2026-01-01",
        ),
        ({"invoices": [invoice(currency="USD")]}, "no rate to EUR"),
        ({"invoices": [invoice(currency="JPY", amount=1.5)]}, "decimals of JPY"),
        ({"invoices": [invoice(customer_id="")]}, "at least 1"),
        ({"invoices": [invoice(p_late_5d=0)]}, "the keys are invoice_id, customer_id, issued_on"),
        ({"invoice_ids": ["x" * 1000]}, "at most 200"),
    ],
)
def test_nonsense_is_refused(scoring_client, body, what):
    answer = scoring_client.post(PATH, json=body)
    assert answer.status_code == 422
    assert what in answer.json()["detail"]


def test_too_many_rows(home, published):
    settings = Settings.model_validate({"serving": {"max_batch_rows": 2}})
    client = TestClient(create_app(home, settings, "k"), headers={"X-API-Key": "k"})
    answer = client.post(PATH, json={"invoices": [invoice()] * 3})
    assert (answer.status_code, answer.json()["title"]) == (413, "Content Too Large")
    assert client.post(PATH, content=b" " * 100_000).status_code == 413
    chunks = (b" " * 10_000 for _ in range(20))
    assert client.post(PATH, content=chunks).status_code == 413


def test_without_models_it_says_so(client, empty_client):
    answer = client.post(PATH, json={"invoices": [invoice()]})
    assert answer.status_code == 503
    assert "no ledger here" in answer.json()["detail"]
    assert empty_client.post(PATH, json={"invoices": [invoice()]}).status_code == 503
    assert empty_client.post(PATH, json={"invoice_ids": ["I1"]}).status_code == 503
