from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation.slices import LARGEST, slice_labels

DRAW = np.random.default_rng(4)
ROWS = pd.DataFrame(
    {
        "customer_id": [f"c{n}" for n in DRAW.integers(0, 30, 500)],
        "invoice_id": [f"i{n}" for n in range(500)],
        "amount": DRAW.lognormal(5, 2, 500),
        "segment": DRAW.choice(["a", "b"], 500),
        "unseen": DRAW.random(500) < 0.1,
        "settled_invoices": DRAW.integers(0, 9, 500),
    }
)


def test_the_parts_of_every_slicing_hold_each_row_once():
    for labels in slice_labels(ROWS).values():
        assert (labels.index == ROWS.index).all() and labels.notna().all()
        assert labels.groupby(labels).size().sum() == len(ROWS)


def test_the_largest_customers_do_not_depend_on_the_order_of_rows():
    labels = slice_labels(ROWS)
    assert labels["customer"].nunique() == LARGEST + 1
    mixed = slice_labels(ROWS.sample(frac=1, random_state=1))
    assert (mixed["customer"].sort_index() == labels["customer"]).all()
