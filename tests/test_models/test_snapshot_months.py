from __future__ import annotations

import numpy as np

from features.build import moment_in_microseconds
from models.snapshot_months import (
    active,
    add_months,
    learnable_months,
    month_starts,
    monthly_snapshots,
)


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(np.int64))


def test_month_starts_are_after_the_first_day_and_up_to_the_last():
    starts = month_starts(day("2024-01-01"), day("2024-03-01")).astype("datetime64[D]")
    assert starts.astype(str).tolist() == ["2024-02-01", "2024-03-01"]
    assert len(month_starts(day("2024-01-15"), day("2024-01-31"))) == 0


def test_months_are_added_on_the_calendar():
    assert add_months(day("2024-01-31"), 1) == day("2024-02-29")
    assert add_months(day("2025-03-01"), -12) == day("2024-03-01")


def test_as_many_months_as_the_window_has_means_whole_windows_only(book, settings, as_of):
    whole = settings.default.model_copy(update={"min_window_months": 12})
    months = monthly_snapshots(book, whole, moment_in_microseconds(as_of))
    kept = learnable_months(months, whole)
    assert kept["matured"].all() and (kept["weight"] == 1).all()
    assert len(kept) == (months["matured"].astype(bool) & (months["excluded"] == "")).sum()


def test_a_shorter_window_holds_what_was_known_at_the_cutoff_and_no_more(book, settings):
    """Half a year later the same months look the same as far as they had been seen."""
    early, late = (
        monthly_snapshots(book, settings.default, moment_in_microseconds(cutoff))
        for cutoff in ("2025-04-01", "2025-10-01")
    )
    both = early.merge(late, on=["customer", "day"], suffixes=("", "_late"))
    assert len(both) == len(early)
    had_passed = both["month_late"].where(both["month_late"] <= both["window"], 0)
    assert (both["month"] == had_passed).all()
    assert (both["month"] > 0).sum() < (both["month_late"] > 0).sum()
    assert both.loc[both["day"] == both["day"].max(), "window"].eq(0).all()
    assert (early["matured"] == (early["window"] == 12)).all()
    assert (early["bad"] == early["matured"] & (early["month"] > 0)).all()


def test_a_customer_is_active_with_a_recent_or_an_open_invoice(book):
    early, late = (active(book, moment_in_microseconds(d)) for d in ("2022-12-01", "2025-10-01"))
    assert not early.any()
    assert 0.5 < late.mean() <= 1.0
