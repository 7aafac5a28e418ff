"""What holds for every address: one form of error, headers, measures, nonsense."""

from __future__ import annotations

import sqlite3

import pytest

from configs.settings import Settings
from serving.app import create_app


def test_problems_have_one_form(client):
    for method, path, status in [
        ("GET", "/nowhere", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/%2e%2e/app.py", 404),
        ("DELETE", "/v1/worklist", 405),
        ("GET", "/v1/order-decisions", 405),
        ("GET", "/v1/customers/C1", 404),
    ]:
        answer = client.request(method, path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}
        assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"5",
        b"\xff\xfe\x00",
        b'{"order_id": "\\ud800", "customer_id": "C1", "amount": 1, "currency": "EUR"}',
        b'{"order_id": "O", "customer_id": "C1", "amount": NaN, "currency": "EUR"}',
        b'{"order_id": "O", "customer_id": "C1", "amount": Infinity, "currency": "EUR"}',
        b'{"order_id": "O", "customer_id": "C1", "amount": 1e999, "currency": "EUR"}',
        b'{"order_id": "O", "customer_id": "C1", "amount": 1' + b"0" * 5000 + b', "currency": 1}',
        b"[" * 50_000,
    ],
)
def test_unreadable_bodies_are_refused(stranger, body):
    answer = stranger.post(
        "/v1/order-decisions",
        content=body,
        headers={"X-API-Key": "a-key-for-tests", "Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_content_type_is_no_json(client):
    answer = client.post("/v1/order-decisions", content=b"a=b")
    assert answer.status_code == 422


def test_a_fault_of_the_server_shows_no_traceback(stranger, monkeypatch):
    def failing(*_):
        raise sqlite3.OperationalError("disk I/O error at /secret/place")

    monkeypatch.setattr(type(stranger.app.state.context.store), "customer", failing)
    answer = stranger.get("/v1/customers/C1/risk", headers={"X-API-Key": "a-key-for-tests"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


def test_every_answer_carries_the_security_headers(client):
    for path in ("/worklist", "/v1/worklist", "/healthz", "/nowhere", "/static/style.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_ready_or_what_is_missing(empty_client, client, monkeypatch):
    answer = empty_client.get("/readyz")
    assert answer.status_code == 503
    assert "No scores are published yet" in " ".join(answer.json()["missing"])
    monkeypatch.setattr(type(client.app.state.context), "missing", lambda self: [])
    assert client.get("/readyz").json() == {"status": "ready", "as_of": "2026-01-01"}
    assert client.get("/healthz").json() == {"status": "ok"}


def test_metrics_count_by_route_not_by_address(client):
    for customer in ("C1", "C2", "nobody"):
        client.get(f"/v1/customers/{customer}/risk")
    client.get("/some/where")
    text = client.get("/metrics").text
    route = 'route="/v1/customers/{customer_id:path}/risk"'
    assert f'payrisk_http_requests_total{{method="GET",{route},status="200"}} 2' in text
    assert f'payrisk_http_requests_total{{method="GET",{route},status="404"}} 1' in text
    assert 'route="unmatched",status="404"} 1' in text
    assert "nobody" not in text and "where" not in text


def test_models_names_what_scores(client):
    body = client.get("/v1/models").json()
    assert body["champions"] == []
    assert body["published"]["models"] == {"late_payment": "1", "default": "2"}


def test_the_reference_shows_every_operation(client):
    page = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert "invoices[].due_on" in page
    assert "https://" not in page


def test_the_app_starts_in_any_home(home):
    assert create_app(home, Settings(), "k")
    assert not home.root.exists()
