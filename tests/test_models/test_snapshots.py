from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from configs.settings import DefaultSettings
from features.build import moment_in_microseconds
from features.catalogue import CUSTOMER_FEATURES
from features.facts.versions import DAY
from models.snapshots import folds, later_half, matured_snapshots, require_defaults


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
