"""Ledgers that lack what a model needs, small and by hand: what is trained, scored, refused."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from configs import Settings
from configs.settings import LatePaymentSettings, TreeSettings
from features.facts.loading import load_book
from features.intake import import_extract, load_source
from features.ledger.storage import Ledger
from models.bundle import LoadedModel
from models.late_payment.grid import HORIZONS
from models.scoring import open_invoices, score_invoices
from models.training import train

FIRST, AS_OF = date(2023, 1, 2), date(2024, 6, 1)
SMALL = Settings(
    late_payment=LatePaymentSettings(
        min_settled_invoices=100, capacities={"lean": TreeSettings(trees=5)}
    )
)
LATE = [f"p_late_{days}d" for days in HORIZONS]


def make_book(folder, invoices=200, paid_late=lambda n: 0, unpaid=(), settings=SMALL):
    """Five customers, an invoice every second day, 30 days' terms, paid so many days after due."""
    folder.mkdir()
    issued = [FIRST + timedelta(days=2 * n) for n in range(invoices)]
    due = [day + timedelta(days=30) for day in issued]
    ids = [f"I{n}" for n in range(invoices)]
    customers = [f"C{n % 5}" for n in range(invoices)]
    frame = pd.DataFrame({"invoice_id": ids, "customer_id": customers, "issued_on": issued})
    frame = frame.assign(due_on=due, amount=100.0, currency="EUR")
    frame.to_csv(folder / "invoices.csv", index=False)
    cash = frame[["invoice_id", "customer_id", "amount", "currency"]].assign(
        payment_id=[f"P{n}" for n in range(invoices)],
        paid_on=[day + timedelta(days=int(paid_late(n))) for n, day in enumerate(due)],
    )
    cash = cash[~cash["invoice_id"].isin([f"I{n}" for n in unpaid])]
    cash[cash["paid_on"] < AS_OF].to_csv(folder / "payments.csv", index=False)
    pd.DataFrame({"customer_id": [f"C{n}" for n in range(5)]}).to_csv(
        folder / "customers.csv", index=False
    )
    ledger = folder.with_name(f"{folder.name}-ledger")
    import_extract(load_source("canonical"), folder, ledger, settings)
    return load_book(Ledger.open(ledger), settings.settlement)


def loaded(book) -> LoadedModel:
    trained = train("late_payment", book, AS_OF, SMALL)
    return LoadedModel("late_payment", "1", "f", AS_OF, trained.model)


def proposed(**changes):
    row = {"invoice_id": "N", "customer_id": "C1", "issued_on": AS_OF, "amount": 50.0}
    row |= {"due_on": AS_OF + timedelta(days=30), "currency": "EUR", **changes}
    return pd.DataFrame([row])


@pytest.fixture(scope="module")
def punctual(tmp_path_factory):
    """Everybody pays on the due day: one class only, no horizon reached, nothing that varies."""
    book = make_book(tmp_path_factory.mktemp("punctual") / "extract")
    return book, loaded(book)


def test_too_little_history_is_refused_in_one_line(tmp_path):
    book = make_book(tmp_path / "extract", invoices=40)
    with pytest.raises(ValueError, match="40 settled invoices .* 100 are needed") as fault:
        train("late_payment", book, AS_OF, SMALL)
    assert "\n" not in str(fault.value)
    for name in ("default", "scorecard"):
        with pytest.raises(ValueError, match=f"^{name}: ") as fault:
            train(name, book, AS_OF, SMALL)
        assert "\n" not in str(fault.value)


def test_one_class_only_trains_to_pooled_rates_that_are_never_0_or_1(punctual):
    book, model = punctual
    assert sum(len(hazard.boosters) for hazard in model.model.hazards.of) == 0
    scored = score_invoices(model, book, proposed(), AS_OF)
    late = scored[LATE].to_numpy()[0]
    assert ((late > 0) & (late < 0.2)).all() and (np.diff(late) <= 0).all()
    assert scored["expected_pay_date"][0] >= AS_OF
    assert scored["basis"][0] == "own history"
    assert scored["reason_1"].isna().all(), "nothing speaks for or against anybody"


def test_a_horizon_nobody_reached_keeps_its_pooled_rate(tmp_path):
    book = make_book(tmp_path / "extract", invoices=320, paid_late=lambda n: 8 * (n % 5 == 3))
    model = loaded(book)
    bad, good = (
        score_invoices(model, book, proposed(customer_id=c), AS_OF).iloc[0] for c in ("C3", "C1")
    )
    assert bad["p_late_5d"] > 2 * good["p_late_5d"]
    for row in (bad, good):
        assert 0.0 < row["p_late_90d"] <= row["p_late_30d"] < 0.1


def test_no_open_invoices_give_an_empty_output_with_its_columns(punctual):
    book, model = punctual
    frame = open_invoices(book, AS_OF)
    assert len(frame) == 0
    scored = score_invoices(model, book, frame, AS_OF)
    assert len(scored) == 0 and {*LATE, "basis", "reason_1"} <= set(scored.columns)


def test_the_basis_says_whose_history_carries_a_score(punctual):
    book, model = punctual
    stranger = score_invoices(model, book, proposed(customer_id="nobody"), AS_OF).iloc[0]
    assert stranger["basis"] == "portfolio"
    assert np.isfinite(stranger[LATE].to_numpy(dtype=float)).all()
    assert score_invoices(None, book, proposed(), AS_OF)["basis"].tolist() == ["own history"]


def test_a_currency_never_seen_is_refused_in_one_line(punctual):
    book, model = punctual
    with pytest.raises(ValueError, match="JPY") as fault:
        score_invoices(model, book, proposed(currency="JPY"), AS_OF)
    assert "\n" not in str(fault.value)


def test_an_invoice_years_overdue_is_expected_within_a_year_and_says_why(tmp_path):
    book = make_book(tmp_path / "extract", unpaid=(0,))
    scored = score_invoices(loaded(book), book, open_invoices(book, AS_OF), AS_OF)
    assert scored["invoice_id"].tolist() == ["I0"]
    row = scored.iloc[0]
    assert (row[LATE].to_numpy(dtype=float) == 1.0).all()
    assert AS_OF <= row["pay_date_p50"] <= AS_OF + timedelta(days=366)
    assert "past due" in row["reason_1"] and row["reason_1"].endswith("raises the risk")
