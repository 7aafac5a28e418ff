from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from configs.settings import Settings
from serving.app import create_app
from serving.scoring_state import Loaded

PATH = "/v1/order-decisions"


def test_a_good_order_is_released_with_everything_an_auditor_needs(client, order):
    answer = client.post(PATH, json=order(terms_days=30))
    assert answer.status_code == 200
    body = answer.json()
    assert body["outcome"] == "release"
    assert body["exposure"] == {"before": 4000.0, "order": 1000.5, "after": 5000.5}
    assert body["limit"]["basis"] == "current_limit"
    assert body["limit"]["headroom"] == 4999.5
    assert body["risk"]["grade"] == "C" and body["risk"]["pd_12m"] == 0.01
    assert body["risk"]["worst_days_past_due"] == 0
    assert body["versions"]["models"] == {"late_payment": "1", "default": "2"}
    assert body["versions"]["policy"] == "2026-11"
    assert body["as_of"] == "2026-01-01"
    assert "EUR 5,000.50" in body["reasons"][0]["text"]


def test_the_record_is_found_again_byte_for_byte(client, order):
    answer = client.post(PATH, json=order())
    again = client.get(f"{PATH}/{answer.json()['decision_id']}")
    assert again.content == answer.content
    assert client.get(f"{PATH}/none").status_code == 404


def test_an_overdue_and_risky_customer_is_held(client, order):
    body = client.post(PATH, json=order(customer_id="C3", amount=1)).json()
    assert body["outcome"] == "hold"
    assert {reason["code"] for reason in body["reasons"] if reason["calls_for"] == "hold"} == {
        "no_credit",
        "pd_high",
        "overdue",
    }


def test_unknown_customers_are_reviewed_with_their_basis_said(client, order):
    body = client.post(PATH, json=order(customer_id="nobody")).json()
    assert body["outcome"] == "review"
    assert body["risk"]["basis"] == "none"
    assert body["reasons"][0]["code"] == "unknown_customer"


def test_without_scores_a_person_decides(empty_client, order):
    body = empty_client.post(PATH, json=order()).json()
    assert body["outcome"] == "review"
    assert body["reasons"][0]["code"] == "no_scores"
    assert body["exposure"]["after"] is None


def test_without_a_policy_nothing_is_decided(home, published, order):
    client = TestClient(create_app(home, None, "k"), headers={"X-API-Key": "k"})
    answer = client.post(PATH, json=order())
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "No order policy" in client.get("/readyz").json()["detail"]


def test_the_same_key_repeats_the_same_answer(client, order, published, outputs):
    header = {"Idempotency-Key": "abc"}
    first = client.post(PATH, json=order(amount="1000.50"), headers=header)
    # The content counts, not how it is written, nor what was scored since.
    published.publish(date(2026, 2, 1), outputs(customers=outputs().customers.iloc[1:]))
    again = client.post(PATH, json=order(amount=1000.5, terms_days=None), headers=header)
    assert again.content == first.content
    other = client.post(PATH, json=order(amount="1000.51"), headers=header)
    assert other.status_code == 422
    assert other.json()["decision_id"] == first.json()["decision_id"]


def test_without_a_key_each_call_decides(client, order):
    ids = {client.post(PATH, json=order()).json()["decision_id"] for _ in range(3)}
    assert len(ids) == 3


def test_the_same_key_at_once_makes_one_decision(client, order):
    def ask(_):
        return client.post(PATH, json=order(), headers={"Idempotency-Key": "at once"[:2]}).content

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(40)))
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"amount": 0}, "greater than 0"),
        ({"amount": -5}, "greater than 0"),
        ({"amount": "-5"}, "positive decimal"),
        ({"amount": "1.005"}, "more than the 2 decimals"),
        ({"amount": "1e5"}, "positive decimal"),
        ({"amount": "1_000"}, "positive decimal"),
        ({"amount": "NaN"}, "positive decimal"),
        ({"amount": "٣"}, "positive decimal"),
        ({"amount": True}, "number or decimal text"),
        ({"amount": None}, "number or decimal text"),
        ({"amount": [1]}, "number or decimal text"),
        ({"amount": 10**12}, "below"),
        ({"amount": 1e300}, "below"),
        ({"amount": "9" * 10_000}, "positive decimal"),
        ({"currency": "EURO"}, "pattern"),
        ({"currency": "eur"}, "pattern"),
        ({"currency": "XYZ"}, "ISO 4217"),
        ({"currency": None}, "string"),
        ({"customer_id": ""}, "at least 1"),
        ({"customer_id": "x" * 10_000}, "at most 200"),
        ({"customer_id": 5}, "string"),
        ({"customer_id": "a\x00b"}, "pattern"),
        ({"order_id": {"a": 1}}, "string"),
        ({"terms_days": -1}, "greater than or equal to 0"),
        ({"terms_days": "30"}, "integer"),
        ({"ordered_on": "yesterday"}, "date"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted; the keys are order_id, cust"),
    ],
)
def test_nonsense_is_refused_with_its_place(client, order, change, what):
    answer = client.post(PATH, json=order(**change))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert what in body["detail"]
    assert body["errors"]
    assert len(answer.content) < 3000


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ümlaut".encode("latin-1")])
def test_odd_idempotency_keys_are_refused(client, order, key):
    answer = client.post(PATH, json=order(), headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_all_faults_come_at_once(client):
    body = client.post(PATH, json={"amount": "x"}).json()
    assert {fault["where"] for fault in body["errors"]} == {
        "order_id",
        "customer_id",
        "amount",
        "currency",
    }


def test_a_foreign_currency_needs_a_rate(client, order, monkeypatch):
    refused = client.post(PATH, json=order(currency="USD", amount="100"))
    assert refused.status_code == 422
    assert "currency USD: no rate to EUR" in refused.json()["detail"]

    class Book:
        rates = pd.DataFrame(
            {
                "currency": ["USD", "USD", "GBP"],
                "rate_date": [date(2025, 12, 31), date(2026, 2, 1), date(2025, 6, 1)],
                "rate": [0.9, 5.0, 1.2],
            }
        )

    scoring = client.app.state.context.scoring
    monkeypatch.setattr(scoring, "current", lambda: Loaded(book=Book()))
    body = client.post(PATH, json=order(currency="USD", amount="100")).json()
    assert body["exposure"]["order"] == 90.0
    assert body["conversion"] == {"currency": "EUR", "rate": 0.9, "rate_date": "2025-12-31"}
    too_old = client.post(PATH, json=order(currency="GBP", amount="100"))
    assert "more than 7 days before" in too_old.json()["detail"]


def test_decisions_are_counted(client, order):
    for _ in range(2):
        client.post(PATH, json=order(), headers={"Idempotency-Key": "once"})
    assert 'payrisk_order_decisions_total{outcome="release"} 1' in client.get("/metrics").text


def test_the_policy_of_the_settings_counts(home, published, order):
    settings = Settings.model_validate({"orders": {"review_pd": 0.005, "version": "strict"}})
    client = TestClient(create_app(home, settings, "k"), headers={"X-API-Key": "k"})
    body = client.post(PATH, json=order()).json()
    assert (body["outcome"], body["versions"]["policy"]) == ("review", "strict")
