"""Late payment at one cutoff: the model and its baselines asked about what came after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import LatePaymentSettings
from features.facts.book import Book
from features.facts.versions import DAY
from models.evaluation.dates import SHARES, date_losses
from models.late_payment.baselines.cases import Asked, ask, learn
from models.late_payment.baselines.catalogue import AT_ISSUE, WHILE_OPEN, predict_all
from models.late_payment.baselines.pay_days import Portfolio, pay_day_rules
from models.late_payment.curve import Curves
from models.late_payment.dataset import Rows
from models.late_payment.fitting import fit_late_payment
from models.late_payment.grid import HORIZONS
from models.late_payment.tasks import Schedule, rows_at_issue, rows_while_open, undecided
from models.snapshot_months import month_starts
from pipelines.backtest.protocol import Protocol
from pipelines.backtest.row_facts import row_facts

Bool = npt.NDArray[np.bool_]

BOUND_DAYS = HORIZONS[-1]
"""Date errors stop counting here: one invoice three years late must not carry a mean."""
SEEN_DAYS = 30
"""Dates are judged on invoices due at least this long before the ledger's end."""


@dataclass(frozen=True)
class Span:
    """A cutoff and the stretch after it that is tested, microseconds since 1970."""

    cutoff: int
    until: int
    end: int


@dataclass(frozen=True)
class Answers:
    """What came of one cutoff: a row per invoice, moment and horizon; and one per pay day."""

    probabilities: pd.DataFrame
    dates: pd.DataFrame


def answers(
    book: Book,
    span: Span,
    protocol: Protocol,
    settings: LatePaymentSettings,
    progress: Callable[[str], None],
) -> Answers:
    """Train at a cutoff, and predict what came until the next one; empty with nothing to test.

    Everything that is fitted sees outcomes as known at the cutoff; the outcomes it is measured by
    are those known at the ledger's end.
    """
    schedule = Schedule(span.cutoff, protocol.rescore_days)
    past, coming = (_months(book, 0, span.cutoff), _months(book, span.cutoff, span.until))
    tasks = {
        "at_issue": (
            ask(book, rows_at_issue(book, 0, span.cutoff, span.cutoff, schedule, None)),
            ask(book, rows_at_issue(book, span.cutoff, span.until, span.end, schedule, None)),
            AT_ISSUE,
        ),
        "open": (
            ask(book, rows_while_open(book, past, span.cutoff)),
            ask(book, rows_while_open(book, coming, span.end)),
            WHILE_OPEN,
        ),
    }
    shortest = HORIZONS[0]
    if not any(undecided(after.rows, shortest).any() for _, after, _ in tasks.values()):
        return Answers(pd.DataFrame(), pd.DataFrame())
    probabilities, dates = [], []
    for number, (learnt_from, predicted) in enumerate(protocol.folds(book)):
        part = f" (fold {number + 1} of {protocol.customer_folds})" * bool(protocol.customer_folds)
        progress(f"late_payment: training{part}")
        model = fit_late_payment(book, span.cutoff, settings, customers=learnt_from).model
        portfolio = Portfolio.learn(_of(tasks["at_issue"][0], learnt_from).rows)
        progress(f"late_payment: baselines{part}")
        for task, (before, after, baselines) in tasks.items():
            known, asked = _of(before, learnt_from), _of(after, predicted)
            rows = asked.rows
            curve = model.curves(rows.matrix, rows.start, rows.keys.due_day)
            facts = row_facts(book, rows, span.cutoff).assign(task=task, fold=number)
            dates.append(_dates(facts, rows, curve, portfolio, asked))
            for days in HORIZONS:
                kept = undecided(rows, days)
                if not kept.any():
                    continue
                learnt = learn(known, days)
                columns = predict_all(baselines, learnt, asked.take(kept))
                probabilities.append(
                    facts[kept].assign(
                        horizon=days,
                        target=f"late_{days}d" if task == "at_issue" else f"open_late_{days}d",
                        outcome=rows.days_late[kept] >= days,
                        model=curve.late(days)[kept],
                        **columns,
                    )
                )
    return Answers(pd.concat(probabilities, ignore_index=True), pd.concat(dates, ignore_index=True))


def _of(asked: Asked, customers: Bool | None) -> Asked:
    return asked if customers is None else asked.take(customers[asked.rows.keys.customer])


def _months(book: Book, first: int, until: int) -> npt.NDArray[np.int64]:
    """Return the month starts in ``[first, until)``, and the cutoff itself."""
    known = book.issued.known
    earliest = max(first, int(known.min()) if len(known) else first)
    days = month_starts(earliest // int(DAY), until // int(DAY) - 1)
    also = [first // int(DAY)] if first > 0 else []
    return np.unique(np.concatenate([days, np.array(also, dtype=np.int64)])) * DAY


def _dates(
    facts: pd.DataFrame, rows: Rows, curve: Curves, portfolio: Portfolio, asked: Asked
) -> pd.DataFrame:
    """Return the losses of every predictor's pay day, one row per invoice, moment, predictor."""
    kept = rows.observed >= SEEN_DAYS
    own = {share: np.maximum(curve.quantile(share), rows.start) for share in SHARES}
    bound = np.minimum(rows.observed, BOUND_DAYS)
    settled = rows.closed & (rows.days_late < 10**5)
    parts = []
    for predictor, quantiles in {"model": own, **pay_day_rules(portfolio, asked)}.items():
        losses = date_losses(rows.days_late, settled, bound, quantiles)
        parts.append(facts.assign(predictor=predictor, **losses)[kept])
    return pd.concat(parts, ignore_index=True)
