from __future__ import annotations

from datetime import date

import pytest


def test_a_customer_with_everything(client, published, outputs):
    published.publish(date(2026, 2, 1), outputs())
    body = client.get("/v1/customers/C2/risk").json()
    assert body["pd_12m"] == 0.15 and body["grade"] == "G" and body["basis"] == "segment"
    assert body["current_limit"] is None and body["suggested_limit"] == 10_000.0
    assert body["reasons"] == ["=HYPERLINK(1)", "Second reason"]
    assert [run["as_of"] for run in body["history"]] == ["2026-01-01", "2026-02-01"]
    assert [row["invoice_id"] for row in body["open_invoices"]] == ["I2", "I3"]
    assert body["open_invoices"][0]["p_late_30d"] == 0.9
    assert body["open_invoices"][0]["as_of"] == body["as_of"] == "2026-02-01"
    assert body["worklist"]["rank"] == 2


def test_a_customer_no_model_could_score(client):
    body = client.get("/v1/customers/US%2F4%204/risk").json()
    assert body["customer_id"] == "US/4 4"
    assert body["pd_12m"] is None and body["reasons"] == [] and body["worklist"] is None


@pytest.mark.parametrize(
    "customer_id",
    ["nobody", "x" * 10_000, "' OR 1=1 --", "..%2F..%2Fetc%2Fpasswd", "%00", "%ff%fe", "%ED%A0%80"],
)
def test_unknown_customers_are_a_problem_of_their_own(client, customer_id):
    answer = client.get(f"/v1/customers/{customer_id}/risk")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Not Found"
    assert len(answer.content) < 500


def test_before_the_first_scores(empty_client):
    answer = empty_client.get("/v1/customers/C1/risk")
    assert answer.status_code == 404
    assert "payrisk score" in answer.json()["detail"]
