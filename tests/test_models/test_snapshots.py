from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from configs.settings import DefaultSettings
from features.build import moment_in_microseconds
from features.catalogue import CUSTOMER_FEATURES
from features.facts.versions import DAY
from models.snapshots import (
    active,
    add_months,
    folds,
    in_default,
    later_half,
    learnable_months,
    matured_snapshots,
    month_starts,
    monthly_snapshots,
    require_defaults,
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


def test_every_snapshot_had_matured_at_the_cutoff(snapshots, as_of):
    last = pd.Timestamp(as_of) - pd.DateOffset(months=12)
    assert snapshots.as_of.max() <= moment_in_microseconds(last)
    assert (snapshots.as_of % DAY == 0).all()
    assert 0 < snapshots.bad.sum() < len(snapshots)
    assert snapshots.matrix.shape == (len(snapshots), len(CUSTOMER_FEATURES))


def test_a_later_cutoff_does_not_change_the_snapshots_that_had_matured(book, settings, snapshots):
    earlier = matured_snapshots(book, settings.default, moment_in_microseconds("2025-04-01"))
    same = snapshots.as_of <= earlier.as_of.max()
    assert (snapshots.customer[same] == earlier.customer).all()
    assert np.array_equal(snapshots.matrix[same], earlier.matrix, equal_nan=True)
    assert (snapshots.bad[same] == earlier.bad).all()


def test_shorter_windows_are_learnt_from_once_enough_of_them_has_passed(learnt, snapshots, as_of):
    last = pd.Timestamp(as_of) - pd.DateOffset(months=6)
    assert learnt.as_of.max() == moment_in_microseconds(last)
    assert (learnt.weight[learnt.matured] == 1).all() and (learnt.weight > 0).all()
    whole = learnt.whole
    assert (whole.customer == snapshots.customer).all() and (whole.bad == snapshots.bad).all()
    assert np.array_equal(whole.matrix, snapshots.matrix, equal_nan=True)
    young = learnt.take(~learnt.matured)
    # What has happened so far counts for more, what has not for less.
    assert (young.weight[young.bad] > 1).all() and (young.weight[~young.bad] < 1).all()


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


def test_a_default_lasts_until_its_cure_or_through_probation():
    register = pd.DataFrame(
        {
            "customer": [0, 1, 2],
            "day": [100, 100, 100],
            "cured_day": [150, -1, 465],
        }
    )
    held = {when: in_default(register, 3, when).tolist() for when in (100, 101, 150, 151, 466)}
    assert held[100] == [False] * 3
    assert held[101] == held[150] == [True] * 3
    assert held[151] == [False, True, True]
    assert held[466] == [False, True, False]


def test_materiality_is_in_major_units_of_the_reporting_currency(book, settings):
    """The yen has no minor unit: the same figures are a hundred times the amount."""
    cutoff = moment_in_microseconds("2025-10-01")
    yen = replace(book, reporting_currency="JPY")
    hundredth = settings.default.model_copy(
        update={"absolute_threshold": settings.default.absolute_threshold / 100}
    )
    in_yen = matured_snapshots(yen, settings.default, cutoff)
    in_euro = matured_snapshots(book, hundredth, cutoff)
    assert (in_yen.customer == in_euro.customer).all()
    assert (in_yen.bad == in_euro.bad).all()
    assert len(in_yen) != len(matured_snapshots(book, settings.default, cutoff))


def test_no_history_gives_no_snapshots(book, settings):
    none = matured_snapshots(book, settings.default, moment_in_microseconds("2022-06-01"))
    assert len(none) == 0
    assert none.matrix.shape == (0, len(CUSTOMER_FEATURES))
    assert len(later_half(none)) == 0


def test_too_few_defaults_are_refused_in_one_line(snapshots):
    needed = snapshots.bad_customers + 1
    definition = DefaultSettings(min_defaulted_customers=needed)
    with pytest.raises(ValueError, match=f"{needed - 1} customers .* {needed} are needed") as fault:
        require_defaults("default", snapshots, definition)
    assert "\n" not in str(fault.value)
    require_defaults("default", snapshots, DefaultSettings(min_defaulted_customers=needed - 1))


def test_folds_keep_customers_together_and_are_even(snapshots):
    fold = folds(snapshots.customer)
    for customer in np.unique(snapshots.customer):
        assert len(np.unique(fold[snapshots.customer == customer])) == 1
    shares = np.bincount(folds(np.arange(5000)), minlength=5) / 5000
    assert (np.abs(shares - 0.2) < 0.03).all()
