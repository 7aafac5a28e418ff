"""How often a customer's pay runs are found: the feature beside the simulator's own calendars.

    python benchmarks/pay_runs.py --customers 1000 --months 36 --seed 1

A book is simulated and imported. For the invoices of its last year, each at its issue, the run that
would pay it is read off the features and off the customer's true calendar. Customers that pay item
by item around the due date, or ahead of their runs for a discount, are left out.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from simulated_ledger import ledger_from_extract

from features.build import moment_in_microseconds
from features.catalogue import INVOICE_FEATURES
from features.facts.loading import load_book
from features.facts.versions import DAY
from features.simulator import simulate
from features.simulator.business_days import Calendar, build_calendar, pay_calendars
from features.simulator.population import Population, draw_population
from models.late_payment.dataset import Rows, issue_rows

START = date(2022, 1, 1)
PREDICTED = "invoice_days_late_by_pay_runs_median_like"
KINDS = ("weekly", "fortnightly", "twice a month", "month-end", "monthly")


def true_runs(rows: Rows, who: np.ndarray, people: Population, calendar: Calendar) -> np.ndarray:
    """Return by how many days after due the first run that could pays each invoice, shape (n,)."""
    first = moment_in_microseconds(START) // DAY
    due, issued = rows.keys.due_day - first, rows.keys.issued_day - first
    late = np.empty(len(rows))
    for row, customer in enumerate(who):
        runs = calendar.runs[people.calendar[customer]]
        # A run pays what was issued before its day.
        from_day = max(due[row] - people.lead[customer], issued[row] + 1)
        late[row] = runs[np.searchsorted(runs, from_day)] - due[row]
    return late


def main(customers: int, months: int, seed: int) -> None:
    """Print one row per kind of calendar."""
    with tempfile.TemporaryDirectory() as scratch:
        extract = Path(scratch) / "extract"
        made = simulate(customers, months, seed, extract, start=START, file_format="parquet")
        book = load_book(ledger_from_extract(extract, Path(scratch) / "ledger", made.extract_date))
    end = moment_in_microseconds(book.extract_date)
    rows = issue_rows(book, end - 365 * DAY, end, end)
    calendar = build_calendar(START, months)
    people = draw_population(seed, np.arange(customers), calendar)
    who = np.array([int(name[1:]) for name in book.customer_ids])[rows.keys.customer]
    truth = true_runs(rows, who, people, calendar)
    found = rows.matrix[:, INVOICE_FEATURES.index(PREDICTED)]
    frame = pd.DataFrame(
        {
            "kind": np.array([KINDS[kind] for kind, _ in pay_calendars()])[people.calendar[who]],
            "invoices": 1,
            "the run's day": found == truth,
            "within a day": np.abs(found - truth) <= 1,
            "paid on the run's day": rows.days_late == truth,
            "paid on the day found": rows.days_late == found,
        }
    )[(people.item_by_item[who] == 0) & (people.discount_days[who] == 0)]
    table = frame.groupby("kind").agg(
        {"invoices": "sum", **dict.fromkeys(frame.columns[2:], "mean")}
    )
    print(table.loc[list(KINDS)].round(3).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    main(given.customers, given.months, given.seed)
