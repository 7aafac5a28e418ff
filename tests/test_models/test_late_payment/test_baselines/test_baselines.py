from __future__ import annotations

import numpy as np
import pytest

from features.build import moment_in_microseconds
from features.facts.versions import DAY
from models.late_payment.baselines.cases import ask, learn
from models.late_payment.baselines.catalogue import AT_ISSUE, NAMES, WHILE_OPEN, predict_all
from models.late_payment.baselines.pay_days import Portfolio, pay_day_rules
from models.late_payment.tasks import Schedule, rows_at_issue, rows_while_open, undecided

CUTOFF = moment_in_microseconds("2025-06-01")
END = moment_in_microseconds("2025-10-01")


@pytest.fixture(scope="module")
def at_issue(book):
    schedule = Schedule(CUTOFF, 7)
    known = ask(book, rows_at_issue(book, 0, CUTOFF, CUTOFF, schedule, None))
    coming = ask(book, rows_at_issue(book, CUTOFF, END, END, schedule, None))
    return known, coming


@pytest.fixture(scope="module")
def while_open(book):
    months = [moment_in_microseconds(f"2025-{month:02d}-01") for month in range(1, 6)]
    known = ask(book, rows_while_open(book, np.array(months), CUTOFF))
    coming = ask(book, rows_while_open(book, np.array([CUTOFF]), END))
    return known, coming


@pytest.mark.parametrize("days", [5, 30])
def test_every_baseline_gives_probabilities_for_every_row(at_issue, while_open, days):
    for (known, coming), baselines in ((at_issue, AT_ISSUE), (while_open, WHILE_OPEN)):
        asked = coming.take(undecided(coming.rows, days))
        found = predict_all(baselines, learn(known, days), asked)
        assert set(found) <= set(NAMES)
        for probability in found.values():
            assert len(probability) == len(asked)
            assert ((probability >= 0) & (probability <= 1)).all()


def test_the_regression_with_history_beats_the_simpler_ones(at_issue):
    known, coming = at_issue
    asked = coming.take(undecided(coming.rows, 5))
    late = asked.rows.days_late >= 5
    found = predict_all(AT_ISSUE, learn(known, 5), asked)

    def loss(name: str) -> float:
        p = np.clip(found[name], 1e-6, 1 - 1e-6)
        return float(-np.log(np.where(late, p, 1 - p)).mean())

    simple = min(loss(name) for name in ("base_rate", "lr_invoice", "last_invoice"))
    assert loss("lr_history") < loss("lr_record") < simple


def test_baselines_learn_only_answers_that_the_cutoff_knew(at_issue, while_open):
    for known, _ in (at_issue, while_open):
        rows = learn(known, 30).asked.rows
        assert (rows.keys.as_of < CUTOFF).all()
        assert (rows.keys.due_day + 30 <= CUTOFF // DAY).all()


def test_open_rows_are_asked_only_what_is_still_a_question(while_open):
    _, coming = while_open
    past_due = coming.rows.keys.as_of // DAY - coming.rows.keys.due_day
    kept = undecided(coming.rows, 30)
    assert (past_due[kept] < 30).all()
    assert (coming.rows.days_late >= past_due).all()


def test_proposals_are_never_scored_after_issue_nor_more_than_a_week_before(at_issue):
    for asked in at_issue:
        ahead = asked.rows.keys.issued_day - asked.rows.keys.as_of // DAY
        assert ahead.min() >= 0 and ahead.max() <= 6


def test_the_portfolios_quantiles_ascend_and_never_lie_before_today(while_open, at_issue):
    portfolio = Portfolio.learn(at_issue[0].rows)
    rules = pay_day_rules(portfolio, while_open[1])
    start = while_open[1].rows.start
    low, middle, high = (rules["portfolio"][share] for share in (0.1, 0.5, 0.9))
    assert (low <= middle).all() and (middle <= high).all() and (low >= start).all()
    for rule in rules.values():
        assert (rule[0.5] >= start).all()
    assert (rules["own_median_mended"][0.5] >= rules["own_median"][0.5]).all()
