from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import PrioritySettings
from models.priority import next_action, rank_worklist


def customers(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    values = {
        "customer_id": [f"C{i}" for i in range(n)],
        "collector_id": None,
        "currency": "EUR",
        "cash_at_risk": 100.0,
        "overdue": 1000.0,
        "expected_cash_30d": 900.0,
        "worst_dpd": 10.0,
        **{f"reason_{k}": None for k in range(1, 5)},
        **columns,
    }
    return pd.DataFrame(values)


def test_the_most_valuable_contact_comes_first():
    ranked = rank_worklist(customers(cash_at_risk=[10.0, 500.0, 40.0]), PrioritySettings())
    assert ranked["customer_id"].tolist() == ["C1", "C2", "C0"]
    assert ranked["rank"].tolist() == [1, 2, 3]
    assert ranked["priority_value"].tolist() == [75.0, 6.0, 1.5]


def test_ties_go_by_overdue_then_customer_whatever_the_order_of_rows():
    frame = customers(overdue=[70.0, 80.0, 80.0, 90.0], customer_id=["D", "C", "B", "A"])
    ranked = rank_worklist(frame, PrioritySettings())
    assert ranked["customer_id"].tolist() == ["A", "B", "C", "D"]
    shuffled = frame.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(rank_worklist(shuffled, PrioritySettings()), ranked)


def test_the_list_ends_at_capacity():
    frame = customers(cash_at_risk=np.arange(20.0))
    ranked = rank_worklist(frame, PrioritySettings(capacity=3))
    assert ranked["customer_id"].tolist() == ["C19", "C18", "C17"]


def test_small_amounts_are_not_worth_a_contact():
    frame = customers(overdue=[49.99, 50.0, 0.0, np.nan])
    ranked = rank_worklist(frame, PrioritySettings(min_overdue=50.0))
    assert ranked["customer_id"].tolist() == ["C1"]


def test_nobody_overdue_gives_an_empty_list_with_its_columns():
    ranked = rank_worklist(customers(overdue=[0.0]), PrioritySettings())
    assert len(ranked) == 0
    assert "next_action" in ranked.columns


@pytest.mark.parametrize(
    ("dpd", "action"),
    [
        (0, "reminder"),
        (4, "reminder"),
        (5, "call"),
        (29, "call"),
        (30, "letter"),
        (59, "letter"),
        (60, "stop_delivery"),
        (500, "stop_delivery"),
        (np.nan, "reminder"),
    ],
)
def test_the_next_action_follows_the_oldest_invoice(dpd, action):
    assert next_action(np.array([dpd], dtype=float), PrioritySettings())[0] == action
