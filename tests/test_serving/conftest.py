from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from configs.home import Home
from configs.settings import Settings

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from serving.outputs import ScoreOutputs
    from serving.store import RiskStore

KEY = "a-key-for-tests"
AS_OF = date(2026, 1, 1)
HOSTILE = "<script>alert('x')</script> & \"Söhne\""


def days(*offsets: int) -> list[pd.Timestamp]:
    return [pd.Timestamp(AS_OF + timedelta(days=offset)) for offset in offsets]


def make_customers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["C1", "C2", "C3", "US/4 4"],
            "as_of": days(0, 0, 0, 0),
            "currency": "EUR",
            "pd_12m": [0.01, 0.15, 0.5, None],
            "score": [650.0, 560.4, 480.0, None],
            "grade": ["C", "G", "I", None],
            "exposure": [4000.0, 9000.5, 50_000.0, 100.0],
            "overdue": [0.0, 1500.25, 50_000.0, 0.0],
            "lgd": 0.45,
            "expected_loss": [18.0, 607.53, 11_250.0, None],
            "current_limit": [10_000.0, None, 0.0, None],
            "suggested_limit": [12_000.0, 10_000.0, 0.0, None],
            "binding_cap": ["need", "loss_cap", "no_credit", None],
            "basis": ["own_history", "segment", "own_history", "portfolio"],
            "reason_1": ["Paid 3 of 4 late", "=HYPERLINK(1)", "Balance grows", None],
            "reason_2": [None, "Second reason", None, None],
            "reason_3": None,
            "reason_4": None,
        }
    )


def make_invoices() -> pd.DataFrame:
    n = 4
    probabilities = {f"p_late_{k}d": [0.5, 0.9, 0.2, None] for k in (1, 5, 15, 30, 60, 90)}
    return pd.DataFrame(
        {
            "invoice_id": ["I1", "I2", "I3", "I4"],
            "customer_id": ["C1", "C2", "C2", "C3"],
            "issued_on": days(-20, -60, -10, -120),
            "due_on": days(10, -40, 20, -90),
            "as_of": days(*[0] * n),
            **probabilities,
            "expected_days_late": [3.5, 60.0, 1.0, None],
            "expected_pay_date": [*days(13, 20, 21), None],
            "pay_date_p10": [*days(9, 5, 18), None],
            "pay_date_p50": [*days(12, 15, 20), None],
            "pay_date_p90": [*days(20, 60, 30), None],
            "open_amount": [4000.0, 1500.25, 7500.25, 50_000.0],
            "currency": "EUR",
            "reason_1": ["Usually pays 4 days late", None, "Large for this customer", None],
            "reason_2": None,
            "reason_3": None,
            "reason_4": None,
        }
    )


def make_worklist() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": [1, 2],
            "customer_id": ["C3", "C2"],
            "collector_id": ["anna", None],
            "currency": "EUR",
            "priority_value": [7500.0, 225.0],
            "cash_at_risk": [45_000.0, 1400.0],
            "overdue": [50_000.0, 1500.25],
            "expected_cash_30d": [5000.0, 900.0],
            "next_action": ["stop_delivery", "call"],
            "reason_1": ["Oldest invoice 90 days past due", "1 invoice overdue"],
            "reason_2": ["EUR 50,000 overdue", None],
            "reason_3": None,
            "reason_4": None,
        }
    )


def make_outputs(**changes: object) -> ScoreOutputs:
    from serving.outputs import ScoreOutputs

    values: dict = {
        "invoices": make_invoices(),
        "customers": make_customers(),
        "worklist": make_worklist(),
        "models": {"late_payment": "1", "default": "2"},
        "ledger": "/nowhere/ledger",
        "ledger_fingerprint": "f00d",
        "reporting_currency": "EUR",
        "names": {"C1": "Acme GmbH", "C2": HOSTILE, "C3": "@SUM(A1)"},
    }
    return ScoreOutputs(**{**values, **changes})


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def store(home) -> RiskStore:
    from serving.store import RiskStore

    return RiskStore(home.risk_store)


@pytest.fixture
def published(store) -> RiskStore:
    store.publish(AS_OF, make_outputs())
    return store


@pytest.fixture(scope="session")
def client_of() -> Callable[[Home], TestClient]:
    """Makes a client, with its key, of an app over a home."""
    from fastapi.testclient import TestClient

    from serving.app import create_app

    def call(home: Home) -> TestClient:
        app = create_app(home, Settings(), KEY)
        return TestClient(app, headers={"X-API-Key": KEY}, follow_redirects=False)

    return call


@pytest.fixture
def client(client_of, home, published) -> TestClient:
    return client_of(home)


@pytest.fixture
def stranger(client) -> TestClient:
    """The same app, without the key."""
    return type(client)(client.app, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def empty_client(client_of, tmp_path) -> TestClient:
    """An app over a home in which nothing was ever run."""
    return client_of(Home(tmp_path / "empty"))


@pytest.fixture
def outputs():
    """Makes a score set; keyword arguments replace parts of it."""
    return make_outputs


@pytest.fixture
def order():
    """Makes an order's body; keyword arguments replace or (None as value) add parts."""

    def make(**changes: object) -> dict:
        body = {"order_id": "O1", "customer_id": "C1", "amount": "1000.50", "currency": "EUR"}
        return {**body, **changes}

    return make
