from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from configs.settings import LatePaymentSettings, TreeSettings
from features.build import moment_in_microseconds
from features.facts.versions import DAY
from models.evaluation import classification_metrics
from models.late_payment.capacity import Boosters, choose
from models.late_payment.dataset import as_known_at, cases, issue_rows, training_rows
from models.late_payment.fitting import fit_late_payment
from models.late_payment.grid import EDGES, HORIZONS, INTERVALS
from models.late_payment.model import LatePaymentModel
from models.late_payment.own_record import NOT_FOR_HAZARDS, OwnRecord


@pytest.fixture(scope="module")
def rows(book, as_of):
    """Training rows of the last year: before issue, at issue and while open."""
    return training_rows(
        book, moment_in_microseconds("2025-03-01"), moment_in_microseconds(as_of), seed=1
    )


def test_survival_falls_with_the_horizon_in_every_row(late_payment, rows):
    curve = late_payment.model.curves(rows.matrix, rows.start, rows.keys.due_day)
    assert (np.diff(curve.survival, axis=1) <= 0).all()
    assert np.isfinite(curve.daily).all()
    total = curve.daily.sum(axis=1)
    assert (total <= 1 + 1e-9).all()
    for days in HORIZONS:
        assert (curve.late(days)[rows.start >= days] == 1.0).all()


def test_late_payment_is_told_from_payment_on_time_out_of_time(late_payment):
    evaluated = late_payment.evaluated
    matured = evaluated.observed >= 5
    measured = classification_metrics(
        evaluated.days_late[matured] >= 5, late_payment.curves.late(5)[matured]
    )
    assert measured["auc"] > 0.7
    assert measured["average_precision"] > 2 * measured["base_rate"]


def test_a_customer_that_was_always_late_is_expected_later(late_payment, rows):
    column = late_payment.model.features.index("customer_late_5d_shrunk_rate_365d")
    at_issue = rows.start < -5000
    rate = rows.matrix[:, column]
    curve = late_payment.model.curves(rows.matrix, rows.start, rows.keys.due_day)
    late = curve.late(5)
    top = at_issue & (rate >= np.nanquantile(rate[at_issue], 0.9))
    bottom = at_issue & (rate <= np.nanquantile(rate[at_issue], 0.1))
    assert late[top].mean() > 1.5 * late[bottom].mean()


def test_the_record_divides_the_early_payments_and_says_nothing_of_lateness(late_payment, rows):
    model = replace(late_payment.model, record=OwnRecord(30.0))
    curve = model.curves(rows.matrix, rows.start, rows.keys.due_day)
    alone = replace(model, record=OwnRecord()).curves(rows.matrix, rows.start, rows.keys.due_day)
    of_horizons = [np.searchsorted(EDGES, days) for days in HORIZONS]
    np.testing.assert_allclose(
        curve.survival[:, of_horizons], alone.survival[:, of_horizons], atol=1e-12
    )
    assert not np.allclose(curve.survival, alone.survival, atol=0.01)
    hidden = [model.features.index(name) for name in NOT_FOR_HAZARDS]
    assert not model.contributions(rows.matrix[:300], rows.start[:300])[:, hidden].any()


def test_rows_hold_nothing_from_the_cutoff_on(book, as_of, rows):
    cutoff = moment_in_microseconds(as_of)
    assert (rows.keys.as_of < cutoff).all()
    assert (rows.observed == cutoff // DAY - rows.keys.due_day).all()
    assert (rows.days_late[~rows.closed] == rows.observed[~rows.closed]).all()


def test_a_row_is_at_risk_only_where_the_whole_interval_could_be_seen(rows):
    for interval in range(INTERVALS):
        chosen, paid = cases(rows, interval)
        assert (rows.observed[chosen] >= EDGES[interval + 1]).all()
        assert (rows.start[chosen] < EDGES[interval + 1]).all()
        assert rows.closed[chosen][paid].all()
        late = rows.days_late[chosen][paid]
        assert ((late >= EDGES[interval]) & (late < EDGES[interval + 1])).all()


def test_few_rows_were_paid_before_a_moment_at_which_the_ledger_still_had_them_open(rows):
    """Payments are recorded days after they are made; hazards leave such rows out."""
    open_then = rows.start > -5000
    before = rows.closed & (rows.days_late < rows.start)
    assert (before & ~open_then).sum() == 0
    assert before.sum() < 0.05 * open_then.sum()


def test_the_document_predicts_bit_for_bit_as_the_model(late_payment, rows):
    document, boosters = late_payment.model.to_document()
    text = json.dumps(document, allow_nan=False)
    again = LatePaymentModel.from_document(json.loads(text), boosters)
    part = slice(0, 300)
    given = (rows.matrix[part], rows.start[part], rows.keys.due_day[part])
    first, second = late_payment.model.curves(*given), again.curves(*given)
    assert (first.survival == second.survival).all()
    assert (first.daily == second.daily).all()
    assert (first.expected_days_late() == second.expected_days_late()).all()


def test_a_document_with_other_intervals_is_refused(late_payment):
    document, boosters = late_payment.model.to_document()
    with pytest.raises(ValueError, match="other intervals"):
        LatePaymentModel.from_document({**document, "edges": [0, 1]}, boosters)


def test_a_frame_of_features_predicts_as_the_keys_do(late_payment, rows):
    model = late_payment.model
    part = np.arange(len(rows)) % 11 == 0
    frame = pd.DataFrame(rows.matrix[part], columns=model.features)
    predicted = model.predict_frame(frame[frame.columns[::-1]])
    curve = model.curves(rows.matrix[part], rows.start[part], rows.keys.due_day[part])
    for days in HORIZONS:
        assert np.array_equal(predicted[f"p_late_{days}d"], curve.late(days))
    assert np.array_equal(predicted["expected_days_late"], curve.expected_days_late())


def test_issue_rows_are_the_invoices_of_the_span(book):
    first, last = (moment_in_microseconds(d) for d in ("2025-01-01", "2025-02-01"))
    made = issue_rows(book, first, last, last)
    assert ((made.keys.as_of >= first) & (made.keys.as_of < last)).all()
    assert len(np.unique(made.keys.invoice)) == len(made)


def test_too_few_settled_invoices_are_refused_in_one_line(book, as_of):
    settings = LatePaymentSettings(min_settled_invoices=10**6)
    with pytest.raises(ValueError, match="late_payment: .* 1000000 are needed") as fault:
        fit_late_payment(book, moment_in_microseconds(as_of), settings)
    assert "\n" not in str(fault.value)


def test_rows_of_customers_held_out_are_not_learnt_from(book, as_of):
    cutoff = moment_in_microseconds(as_of)
    kept = np.arange(len(book.customer_ids)) % 2 == 0
    everyone = training_rows(book, 0, cutoff, seed=1)
    rows = training_rows(book, 0, cutoff, seed=1, customers=kept)
    assert 0 < len(rows) < len(everyone)
    assert set(rows.keys.customer) <= set(np.flatnonzero(kept))
    issued = issue_rows(book, 0, cutoff, cutoff, ~kept)
    assert set(issued.keys.customer) <= set(np.flatnonzero(~kept))


def test_what_was_known_at_an_earlier_cutoff_is_what_training_then_would_have_seen(book, as_of):
    """The rows of the early part need no features of their own."""
    cutoff, earlier = moment_in_microseconds(as_of), moment_in_microseconds("2025-06-01")
    first = moment_in_microseconds("2025-02-01")
    again = as_known_at(training_rows(book, first, cutoff, seed=1), book, earlier)
    then = training_rows(book, first, earlier, seed=1)
    moments = [list(zip(r.keys.invoice, r.keys.as_of, strict=True)) for r in (again, then)]
    # Invoices that were corrected since are left out.
    assert len(then) - 20 <= len(again) <= len(then)
    place = {moment: row for row, moment in enumerate(moments[1])}
    rows = np.array([place[moment] for moment in moments[0]])
    assert np.array_equal(again.matrix, then.matrix[rows], equal_nan=True)
    for name in ("start", "days_late", "closed", "observed"):
        assert np.array_equal(getattr(again, name), getattr(then, name)[rows]), name


def test_a_longer_history_is_thinned_by_whole_invoices(book, as_of):
    cutoff = moment_in_microseconds(as_of)
    first = moment_in_microseconds("2025-06-01")
    everything = training_rows(book, first, cutoff, seed=1)
    thinned = training_rows(book, first, cutoff, seed=1, most=2_000)
    assert 1_700 < len(thinned) < 2_300
    kept = np.isin(everything.keys.invoice, thinned.keys.invoice)
    assert kept.sum() == len(thinned)


def test_capacity_follows_what_later_rows_say(late_payment, rows):
    """Noise is best learnt by few leaves, a rule of many steps by many."""
    draw = np.random.default_rng(0)
    settings = LatePaymentSettings(
        capacities={
            "small": TreeSettings(trees=5, leaves=2, learning_rate=0.3),
            "big": TreeSettings(trees=60, leaves=31, learning_rate=0.3, feature_fraction=1.0),
        },
        extra_trees=False,
    )
    matrix = draw.random((4_000, 3))
    steps = (np.floor(matrix[:, 0] * 8) + np.floor(matrix[:, 1] * 8)) % 2 == 0
    for label, wanted in ((steps, "big"), (draw.random(4_000) < 0.5, "small")):
        # Paid before the first edge or much later, by the label.
        made = replace(
            rows.take(np.zeros(4_000, dtype=np.int64)),
            matrix=matrix,
            start=np.full(4_000, -10_000),
            days_late=np.where(label, -20, 400),
            closed=np.ones(4_000, dtype=bool),
            observed=np.full(4_000, 1_000),
        )
        early, later = made.take(np.arange(3_000)), made.take(np.arange(3_000, 4_000))
        chosen = choose(Boosters(early, settings, [0, 0, 0]), later, settings)
        assert chosen[0] == (wanted,)
