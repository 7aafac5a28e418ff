from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.simulator.business_days import build_calendar
from features.simulator.documents import ledger_tables
from features.simulator.simulate import histories


@pytest.fixture(scope="module")
def payments():
    chunk = histories(np.arange(200), 3, build_calendar(date(2021, 1, 1), 48))
    return ledger_tables(chunk.people, chunk.calendar, chunk.records)["payments"].to_pandas()


def test_what_comes_back_comes_after_the_write_off_and_is_part_of_it(payments):
    is_recovery = payments["payment_id"].str.startswith("R")
    recovered = payments[is_recovery]
    lost = payments[payments["kind"] == "write_off"].set_index("invoice_id")
    assert len(recovered) > 30
    assert (recovered["kind"] == "payment").all()
    written_off_on = pd.to_datetime(recovered["invoice_id"].map(lost["paid_on"]))
    assert (pd.to_datetime(recovered["paid_on"]) > written_off_on).all()
    share = recovered.groupby("invoice_id")["amount"].sum() / lost["amount"]
    assert share.max() <= 0.6
    assert share.isna().any()


def test_every_claim_of_a_customer_gets_the_same_quota(payments):
    recovered = payments[payments["payment_id"].str.startswith("R")]
    lost = payments[payments["kind"] == "write_off"].set_index("invoice_id")
    # Rounding an instalment down to the cent shows on what is nearly paid.
    claims = lost["amount"][lost["amount"] > 100]
    share = (recovered.groupby("invoice_id")["amount"].sum() / claims).dropna()
    of = lost.loc[share.index, "customer_id"]
    spread = share.astype(float).groupby(of).agg(np.ptp)
    assert (spread < 5e-4).all()


def test_ids_are_unique_and_a_customers_rows_stay_together(payments):
    rows = payments[~payments.duplicated(["payment_id", "recorded_at"])]
    assert len(rows) == len(payments)
    owner = payments["customer_id"].to_numpy()
    assert (owner[1:] >= owner[:-1]).all()
