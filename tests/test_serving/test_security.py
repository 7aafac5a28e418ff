from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from configs.settings import Settings
from serving.app import create_app
from serving.security import COOKIE, Access, check_binding, ensure_api_key

KEY = "a-key-for-tests"
GUARDED = ["/v1/worklist", "/v1/models", "/v1/customers/C1/risk", "/metrics"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong"},
        {"X-API-Key": "ü".encode()},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"Cookie": f"{COOKIE}=9999999999.00"},
    ],
)
def test_without_the_key_nobody_gets_in(stranger, path, headers):
    answer = stranger.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize("path", ["/v1/order-decisions", "/v1/invoice-scores"])
def test_posting_needs_the_key_before_anything_is_read(stranger, path):
    assert stranger.post(path, json={}).status_code == 401


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("headers", [{"X-API-Key": KEY}, {"Authorization": f"bearer {KEY}"}])
def test_with_the_key_everybody_gets_in(stranger, path, headers):
    assert stranger.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/login"])
def test_open_addresses(stranger, path):
    assert stranger.get(path).status_code in (200, 503)


def test_a_session_reads_but_does_not_write(stranger, order):
    stranger.cookies.set(COOKIE, Access(KEY).new_session())
    assert stranger.get("/v1/worklist").status_code == 200
    assert stranger.post("/v1/order-decisions", json=order()).status_code == 401


def test_sessions_end_and_belong_to_their_key():
    cookie = Access(KEY).new_session(now=0.0)
    assert Access(KEY).is_session(cookie, now=12 * 3600 - 1.0)
    assert not Access(KEY).is_session(cookie, now=12 * 3600 + 1.0)
    assert not Access("other").is_session(cookie, now=0.0)
    assert not Access(KEY).is_session(cookie.replace("43200", "99999"), now=0.0)
    for nonsense in (None, "", ".", "1", "٣.x", "\udc80.x", "a.b.c"):
        assert not Access(KEY).is_session(nonsense)
    with pytest.raises(ValueError, match="empty"):
        Access("")


def test_signing_in_and_out(stranger):
    assert stranger.get("/worklist").headers["location"] == "/login?next=%2Fworklist"
    wrong = stranger.post("/login", data={"key": "wrong"})
    assert wrong.status_code == 401 and "not the key" in wrong.text
    right = stranger.post("/login", data={"key": KEY, "next": "/customers/C1"})
    assert (right.status_code, right.headers["location"]) == (303, "/customers/C1")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and KEY not in cookie
    assert stranger.get("/worklist").status_code == 200
    stranger.post("/logout")
    assert stranger.get("/worklist").status_code == 303


def test_a_link_with_the_key_signs_in_and_forgets_it(stranger):
    answer = stranger.get("/worklist", params={"key": KEY, "collector": "anna"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklist?collector=anna")
    assert stranger.get("/worklist").status_code == 200


def test_a_link_with_a_wrong_key_does_not(stranger):
    answer = stranger.get("/worklist", params={"key": "wrong"})
    assert answer.status_code == 401 and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
def test_signing_in_leads_nowhere_else(stranger, target):
    answer = stranger.post("/login", data={"key": KEY, "next": target})
    assert answer.headers["location"] == "/worklist"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"key", b"&" * 5000, b"key=" + b"x" * 9000])
def test_odd_forms_are_just_wrong(stranger, body):
    assert stranger.post("/login", content=body).status_code == 401


def test_a_generated_key_is_kept_for_its_owner_alone(home, monkeypatch):
    monkeypatch.delenv("PAYRISK_API_KEY", raising=False)
    key, path = ensure_api_key(home)
    assert path == home.root / "api_key" and len(key) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_api_key(home) == (key, path)
    assert [entry.name for entry in home.root.iterdir()] == ["api_key"]
    client = TestClient(create_app(home, Settings()))
    assert client.get("/v1/worklist", headers={"X-API-Key": key}).status_code == 200


def test_servers_that_start_at_once_agree_on_the_key(home, monkeypatch):
    monkeypatch.delenv("PAYRISK_API_KEY", raising=False)
    with ThreadPoolExecutor(8) as pool:
        assert len({key for key, _ in pool.map(lambda _: ensure_api_key(home), range(16))}) == 1


def test_an_empty_key_file_is_replaced(home, monkeypatch):
    monkeypatch.delenv("PAYRISK_API_KEY", raising=False)
    home.root.mkdir()
    (home.root / "api_key").write_text("\n")
    assert len(ensure_api_key(home)[0]) >= 32


def test_the_environment_sets_the_key(home, monkeypatch):
    monkeypatch.setenv("PAYRISK_API_KEY", "chosen")
    assert ensure_api_key(home) == ("chosen", None)
    assert not home.root.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "example.com"])
def test_listening_to_other_machines_needs_a_chosen_key(host):
    for key in (None, "", " "):
        with pytest.raises(ValueError, match="set PAYRISK_API_KEY"):
            check_binding(host, key)
    check_binding(host, "chosen")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_listening_to_this_machine_does_not(host):
    check_binding(host, None)
