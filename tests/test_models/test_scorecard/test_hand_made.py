from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import moment_in_microseconds
from models.scorecard.hand_made import card_values, read_hand_made_card

SHIPPED = Path(__file__).parents[3] / "configs" / "hand_made_card.yaml"
TEXT = """
groups:
  - name: dso
    value: customer_sales_days_value_now
    missing: 5
    ranges: [{to: 30, score: 10}, {from: 30, to: 60, score: 4}, {from: 60, score: 0}]
  - name: country
    value: country
    missing: 1
    values: {DE: 3}
    other: 2
risk_groups: [{name: high}, {name: low, from: 8}]
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "card.yaml"
        path.write_text(text)
        return path

    return write


def test_ranges_values_and_the_sum(written):
    frame = pd.DataFrame(
        {
            "customer_sales_days_value_now": [29.9, 30.0, 60.0, np.nan],
            "country": ["DE", "FR", None, "DE"],
        }
    )
    found = read_hand_made_card(written(TEXT)).scores(frame)
    assert found["dso"].tolist() == [10, 4, 0, 5]
    assert found["country"].tolist() == [3, 2, 1, 3]
    assert found["score"].tolist() == [13, 6, 1, 8]
    assert found["risk_group"].tolist() == ["low", "high", "high", "low"]


def test_the_shipped_card_scores_the_customers_of_a_book_at_a_past_moment(book, as_of):
    card = read_hand_made_card(SHIPPED)
    customers = np.arange(len(book.customer_ids))
    moments = np.full(len(customers), moment_in_microseconds(as_of))
    values = card_values(book, customers, moments, card)
    found = card.scores(values)
    assert len(card.groups) == 8
    assert found.notna().all().all()
    assert found["score"].nunique() > 5
    assert set(found["risk_group"]) <= {group.name for group in card.risk_groups}
    assert values["country"].notna().any() and values["segment"].notna().any()
    # Before anything was known every group scores as missing.
    early = card.scores(card_values(book, customers[:3], np.zeros(3, dtype=np.int64), card))
    assert (
        (early[[g.name for g in card.groups if g.value not in ("segment", "country")]].notna())
        .all()
        .all()
    )


def test_all_faults_are_said_at_once(written):
    broken = TEXT.replace("customer_sales_days_value_now", "customer_moon").replace(
        "other: 2", "colour: red"
    )
    with pytest.raises(ValueError) as fault:
        read_hand_made_card(written(broken))
    for part in (
        "groups.0",
        "customer_moon",
        "groups.1.colour",
        "the keys are name, value, missing",
    ):
        assert part in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("from: 30, to: 60", "from: 31, to: 60", "ascend and join"),
        ("{from: 60, score: 0}", "{from: 60, to: 90, score: 0}", "ascend and join"),
        ("other: 2", "", "give 'values' and 'other'"),
        ("{name: high}", "{name: high, from: 3}", "the first without 'from'"),
        ("name: country", "name: dso", "two scoring groups have one name"),
        ("groups:", "groups: [", "not a YAML file"),
    ],
)
def test_what_is_no_card_is_refused(written, old, new, message):
    with pytest.raises(ValueError, match=message):
        read_hand_made_card(written(TEXT.replace(old, new, 1)))
    with pytest.raises(ValueError, match="cannot be read"):
        read_hand_made_card(Path("/nowhere/card.yaml"))
