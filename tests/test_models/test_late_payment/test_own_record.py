"""How early the early pay: hazards corrected by the customer's own record, P(late) untouched."""

from dataclasses import replace

import numpy as np
import pytest

from configs.settings import LatePaymentSettings
from features.build import moment_in_microseconds
from features.catalogue import INVOICE_FEATURES
from models.late_payment.curve import DAYS
from models.late_payment.dataset import training_rows
from models.late_payment.grid import EDGES, INTERVALS
from models.late_payment.own_record import OwnRecord, fit_own_record

EARLY = 5
NAMES = (
    "invoice_paid_15d_early_share_last60",
    "invoice_paid_6d_early_share_last60",
    "invoice_paid_2d_early_share_last60",
    "customer_early_share_last60",
)
MEDIAN = INVOICE_FEATURES.index("customer_days_late_median_last20")
SPREAD = INVOICE_FEATURES.index("customer_days_late_spread_value_last20")
NOT_ISSUED = -10_000


def matrix_of(records, later_than_now=1.0, terms=200):
    """Return feature rows of records: invoices paid in each of the early intervals, and later."""
    matrix = np.full((len(records), len(INVOICE_FEATURES)), np.nan)
    for row, record in zip(matrix, np.asarray(records, dtype=float), strict=True):
        count = record.sum()
        row[INVOICE_FEATURES.index("invoice_paid_count_last60")] = count
        if count:
            for name, paid in zip(NAMES, record.cumsum() / count, strict=False):
                row[INVOICE_FEATURES.index(name)] = paid
            row[INVOICE_FEATURES.index("customer_on_due_share_last60")] = record[4] / count
    matrix[:, INVOICE_FEATURES.index("invoice_paid_later_than_now_share_last60")] = later_than_now
    matrix[:, INVOICE_FEATURES.index("invoice_terms_value_now")] = terms
    return matrix


def masses(hazards):
    """Return P(paid in each of the early intervals), and P(late)."""
    survival = np.cumprod(1.0 - hazards[:, :EARLY], axis=1)
    before = np.column_stack([np.ones(len(hazards)), survival[:, :-1]])
    return before * hazards[:, :EARLY], survival[:, -1]


@pytest.fixture
def some():
    rng = np.random.default_rng(5)
    records = rng.integers(0, 12, (400, EARLY + 1))
    records[:20] = 0
    hazards = rng.uniform(0.02, 0.6, (400, INTERVALS))
    hazards[30, 1], hazards[31, :EARLY], hazards[32, 3] = 1.0, 0.0, 0.0
    return hazards, matrix_of(records), records


def test_a_posterior_by_hand():
    # P(paid by due) = .1 + .9 * (.2 + .8 * .5) = .64, parted .1 : .18 : .36 : 0 : 0
    hazards = np.array([[0.1, 0.2, 0.5, 0.0, 0.0, *[0.3] * 6]])
    matrix = matrix_of([[6, 0, 0, 2, 0, 4]])
    found = OwnRecord(8.0).applied(hazards, matrix, INVOICE_FEATURES, np.array([NOT_ISSUED]))
    mass, late = masses(found)
    expected = 0.64 * (8 * np.array([0.1, 0.18, 0.36, 0, 0]) / 0.64 + [6, 0, 0, 2, 0]) / (8 + 8)
    np.testing.assert_allclose(mass[0], expected)
    assert late[0] == pytest.approx(0.36)


def test_what_is_said_of_lateness_stays(some):
    hazards, matrix, _ = some
    start = np.full(400, NOT_ISSUED)
    found = OwnRecord(20.0).applied(hazards, matrix, INVOICE_FEATURES, start)
    np.testing.assert_allclose(masses(found)[1], masses(hazards)[1], atol=1e-14)
    np.testing.assert_array_equal(found[:, EARLY:], hazards[:, EARLY:])
    assert (found >= 0).all() and (found <= 1).all()
    assert not np.allclose(found[20:], hazards[20:])
    none = OwnRecord(20.0).applied(hazards[:0], matrix[:0], INVOICE_FEATURES, start[:0])
    assert none.shape == (0, INTERVALS)


def test_without_a_record_or_a_choice_nothing_changes(some):
    hazards, matrix, _ = some
    start = np.full(400, NOT_ISSUED)
    found = OwnRecord(20.0).applied(hazards, matrix, INVOICE_FEATURES, start)
    np.testing.assert_allclose(found[:20], hazards[:20], rtol=1e-12)
    np.testing.assert_array_equal(
        OwnRecord().applied(hazards, matrix, INVOICE_FEATURES, start), hazards
    )


def test_days_gone_by_do_not_count():
    hazards = np.full((2, INTERVALS), 0.3)
    # Of 51 invoices 50 were paid more than 5 days early, and this one is 5 days before due; the
    # other is late.
    matrix = matrix_of([[50, 0, 0, 1, 0, 0], [50, 0, 0, 0, 0, 0]], later_than_now=[1 / 51, 0])
    found = OwnRecord(1.0).applied(hazards, matrix, INVOICE_FEATURES, np.array([-5, 3]))
    ahead = np.array([0.3, 0.7 * 0.3, 0.49 * 0.3])
    total = ahead.sum()
    expected = total * (ahead / total + [0, 1, 0]) / 2
    hazard_3 = expected[1] / (1 - expected[0])
    np.testing.assert_allclose(found[0, 2:4], [expected[0], hazard_3])
    np.testing.assert_array_equal(found[0, :2], hazards[0, :2])
    np.testing.assert_array_equal(found[1], hazards[1])


@pytest.mark.parametrize("start", [-16, -6])
def test_nor_do_they_within_the_interval_that_is_running(start):
    """All were paid just before; what is left of the running interval is not likelier for it."""
    record = [60, 0, 0, 0, 0, 0] if start == -16 else [0, 60, 0, 0, 0, 0]
    hazards = np.full((1, INTERVALS), 0.2)
    found = OwnRecord(50.0).applied(
        hazards, matrix_of([record], later_than_now=0.0), INVOICE_FEATURES, np.array([start])
    )
    np.testing.assert_allclose(found, hazards)


def test_nothing_is_expected_before_the_day_of_issue():
    """A customer that pays long terms 90 days early has an invoice with a week to pay."""
    matrix = matrix_of([[60, 0, 0, 0, 0, 0]], later_than_now=0.0, terms=7)
    matrix[:, MEDIAN] = -90
    start = np.array([NOT_ISSUED])
    hazards, weights = np.full((1, INTERVALS), 0.2), np.ones((1, len(DAYS)))
    record = OwnRecord(50.0)
    np.testing.assert_allclose(
        record.applied(hazards, matrix, INVOICE_FEATURES, start), hazards, rtol=1e-12
    )
    np.testing.assert_array_equal(record.spread(weights, matrix, INVOICE_FEATURES, start), weights)


def test_a_matrix_without_the_features_of_the_record_will_do_where_it_does_not_count():
    few = np.ones((2, 1))
    hazards, weights = np.full((2, INTERVALS), 0.2), np.ones((2, len(DAYS)))
    start = np.zeros(2, dtype=int)
    assert OwnRecord().applied(hazards, few, ("any",), start) is hazards
    assert OwnRecord().spread(weights, few, ("any",), start) is weights


def test_a_row_is_the_same_alone_and_among_others_to_the_bit(some):
    hazards, matrix, _ = some
    start = np.tile([NOT_ISSUED, -7, -1, 0], 100)
    record = OwnRecord(30.0)
    together = record.applied(hazards, matrix, INVOICE_FEATURES, start)
    rng = np.random.default_rng(6)
    weights = rng.random((400, len(DAYS)))
    matrix[:, MEDIAN] = rng.integers(-100, 5, 400)
    matrix[:, SPREAD] = rng.integers(0, 90, 400)
    spread = record.spread(weights, matrix, INVOICE_FEATURES, start)
    assert not np.array_equal(spread, weights)
    for at in range(0, 400, 37):
        one = slice(at, at + 1)
        alone = record.applied(hazards[one], matrix[one], INVOICE_FEATURES, start[one])
        np.testing.assert_array_equal(alone[0], together[at])
        alone = record.spread(weights[one], matrix[one], INVOICE_FEATURES, start[one])
        np.testing.assert_array_equal(alone[0], spread[at])


def test_days_of_the_first_interval_follow_the_customers_median():
    matrix = matrix_of([[30, 0, 0, 0, 0, 0], [0, 0, 0, 0, 30, 0], [30, 0, 0, 0, 0, 0]])
    matrix[:, MEDIAN] = [-90, 0, -90]
    matrix[:, SPREAD] = 10
    ledgers = np.zeros((3, len(DAYS)))
    ledgers[:, (DAYS >= -20) & (DAYS <= 5)] = 1.0
    start = np.array([NOT_ISSUED, NOT_ISSUED, -60])
    ledgers[2, start[2] > DAYS] = 0.0
    found = OwnRecord(50.0).spread(ledgers, matrix, INVOICE_FEATURES, start)
    first = DAYS < -14
    at_home = np.abs(DAYS + 90) <= 10
    np.testing.assert_allclose(found[[0, 2]][:, first].sum(axis=1), 1.0)
    assert found[0, at_home].sum() > 0.5 > found[0, (DAYS >= -20) & first].sum()
    assert not found[2, start[2] > DAYS].any()
    np.testing.assert_array_equal(found[1], ledgers[1])
    np.testing.assert_array_equal(found[:, ~first], ledgers[:, ~first])
    np.testing.assert_array_equal(
        OwnRecord().spread(ledgers, matrix, INVOICE_FEATURES, start), ledgers
    )


def rows_of(records, paid_in, rows):
    """Return rows of new invoices whose customers have records, paid in given intervals."""
    n = len(records)
    few = rows.take(np.arange(n) % len(rows))
    return replace(
        few,
        matrix=matrix_of(records),
        start=np.full(n, NOT_ISSUED),
        days_late=np.array([-20, -10, -3, -1, 0, 10])[paid_in],
        closed=np.ones(n, dtype=bool),
        observed=np.full(n, 400),
    )


@pytest.fixture(scope="module")
def rows(book, as_of):
    return training_rows(book, 0, moment_in_microseconds(as_of), seed=3, most=4_000)


@pytest.mark.parametrize("differ", [True, False])
def test_the_record_counts_unless_later_payments_speak_against_it(rows, differ):
    """Customers differ in how early they pay, or none does and the records are noise."""
    rng = np.random.default_rng(11)
    mean = np.array([0.1, 0.2, 0.1, 0.2, 0.4])
    n = 3_000
    own = rng.dirichlet(20 * mean, n) if differ else np.tile(mean, (n, 1))
    records = np.array([rng.multinomial(10, p) for p in own])
    paid_in = np.array([rng.choice(EARLY, p=p) for p in own])
    hazards = np.full(INTERVALS, 0.2)
    hazards[:EARLY] = mean / (1.0 - np.append(0.0, mean[:-1].cumsum())) * 0.999
    later = rows_of(np.column_stack([records, np.zeros(n)]), paid_in, rows)
    found = fit_own_record(
        lambda matrix: np.tile(hazards, (len(matrix), 1)),
        INVOICE_FEATURES,
        later,
        LatePaymentSettings(record_prior=20.0),
    )
    assert found == (OwnRecord(20.0) if differ else OwnRecord())


def test_without_the_setting_the_hazards_stay_alone(rows):
    early = rows_of(np.ones((5, EARLY + 1)), np.zeros(5, dtype=int), rows)
    settings = LatePaymentSettings(record_prior=None)
    assert fit_own_record(None, INVOICE_FEATURES, early, settings) == OwnRecord()


def test_no_payment_up_to_the_due_day_leaves_the_hazards_alone(rows):
    late = rows_of(np.ones((5, EARLY + 1)), np.full(5, 5), rows)
    assert fit_own_record(None, INVOICE_FEATURES, late, LatePaymentSettings()) == OwnRecord()


def test_the_intervals_are_those_the_features_tell():
    assert EDGES[1 : EARLY + 1].tolist() == [-14, -5, -1, 0, 1]
