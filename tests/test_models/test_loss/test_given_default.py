from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import DefaultSettings, LossSettings, Settings
from features.build import moment_in_microseconds
from features.facts.loading import load_book
from features.intake import import_extract, load_source
from features.ledger.storage import Ledger
from models.loss.expected import SCENARIO_COLUMNS, book_scenarios, insurers_part
from models.loss.given_default import ASSUMED, learn_lgd
from models.loss.workouts import finished_workouts


def workouts(lgd, segment):
    return pd.DataFrame({"lgd": lgd, "segment": segment, "recovered": 1.0, "mean_days": 100.0})


def test_too_few_workouts_leave_the_assumption():
    learnt = learn_lgd(workouts([0.9] * 5, [0] * 5), LossSettings(), 0.45)
    lgd, basis = learnt.of(np.array([0, -1]))
    assert lgd.tolist() == [0.45, 0.45]
    assert basis.tolist() == [ASSUMED, ASSUMED]
    assert (learnt.low, learnt.high) == pytest.approx((0.30, 0.60))


def test_segments_are_drawn_towards_the_portfolio():
    frame = workouts([0.8] * 20 + [0.2] * 60, [0] * 20 + [1] * 60)
    learnt = learn_lgd(frame, LossSettings(prior_workouts=20), 0.45)
    assert learnt.mean == pytest.approx(0.35)
    lgd, basis = learnt.of(np.array([0, 1, 2, -1]))
    assert lgd == pytest.approx([(16 + 7) / 40, (12 + 7) / 80, 0.35, 0.35])
    assert basis[0] == "20 workouts of its segment, 80 of all"
    assert basis[2] == basis[3] == "80 workouts"
    assert learnt.low < learnt.mean < learnt.high


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Ledger:
    """1,000 owed at default, the 90th day-end from the due day on; 300 come, 200 too late."""
    root = tmp_path_factory.mktemp("workout")
    (root / "customers.csv").write_text("customer_id,name\nA,Acme\n")
    (root / "invoices.csv").write_text(
        "invoice_id,customer_id,issued_on,due_on,amount,currency\n"
        "I1,A,2024-01-01,2024-01-31,1000,EUR\n"
    )
    (root / "payments.csv").write_text(
        "payment_id,paid_on,amount,currency,invoice_id,customer_id\n"
        "P1,2025-04-01,300,EUR,I1,A\nP2,2027-01-04,200,EUR,I1,A\n"
    )
    import_extract(load_source("canonical"), root, root / "ledger", Settings())
    return Ledger.open(root / "ledger")


def test_a_workout_by_hand(ledger):
    book = load_book(ledger)
    settings = LossSettings(workout_months=24, discount_rate=0.10)
    late = moment_in_microseconds("2027-06-01")
    found = finished_workouts(ledger, book, DefaultSettings(), settings, late)
    assert found["day"].astype("datetime64[D]").astype(str).tolist() == ["2024-04-29"]
    assert found["claim"].tolist() == [100_000]
    waited = found["mean_days"].iloc[0]
    assert 337 <= waited <= 338
    assert found["recovered"].iloc[0] == pytest.approx(30_000 / 1.1 ** (waited / 365.25))
    assert found["lgd"].iloc[0] == pytest.approx(1 - found["recovered"].iloc[0] / 100_000)


def test_a_workout_younger_than_its_span_is_not_finished(ledger):
    early = moment_in_microseconds("2026-01-01")
    book = load_book(ledger)
    assert finished_workouts(ledger, book, DefaultSettings(), LossSettings(), early).empty


def test_insurers_bear_their_share_up_to_the_cover():
    exposure = np.array([50.0, 200.0, 100.0, -5.0])
    cover = np.array([100.0, 100.0, 0.0, 100.0])
    borne = np.array([90.0, 90.0, 0.0, 90.0])
    assert insurers_part(exposure, cover, borne).tolist() == [45.0, 90.0, 0.0, 0.0]


def test_scenarios_of_a_book_without_customers_are_empty_sums():
    columns = ["currency", "pd_12m", "pd_upper", "lgd", "exposure", "insured"]
    found = book_scenarios(pd.DataFrame(columns=columns, dtype=float), (0.3, 0.4, 0.5), 12, 80.0)
    assert list(found.columns) == SCENARIO_COLUMNS
    assert found["expected_loss"].isna().all()


def test_without_a_pd_of_everyone_exposure_is_said_and_loss_is_not():
    customers = pd.DataFrame(
        {
            "currency": "EUR",
            "pd_12m": [1.0, np.nan],
            "pd_upper": [1.0, np.nan],
            "lgd": 0.4,
            "exposure": [100.0, 900.0],
            "insured": [0.0, 300.0],
        }
    )
    found = book_scenarios(customers, (0.3, 0.4, 0.5), 12, 80.0)
    assert (found["currency"] == "EUR").all() and (found["exposure"] == 1000.0).all()
    assert found["insured"].iloc[0] == 300.0
    assert found[["pd_12m", "expected_loss"]].isna().all(axis=None)
