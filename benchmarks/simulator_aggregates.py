"""Aggregates of a simulated book beside those of a real ledger.

    python benchmarks/simulator_aggregates.py

simulates 1,000 customers over 48 months, imports them, and prints the table of
`docs/simulator.md`. With PAYRISK_REAL_DATA set to the folder that holds `datarisk_b2b/`, the same
figures of that ledger stand beside them.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from configs.settings import Settings
from features.facts.loading import load_book
from features.intake.importing import import_extract
from features.intake.source import load_source
from features.labels.default_register import default_register
from features.labels.payment_day import NEVER, outcomes
from features.ledger.storage import Ledger
from features.simulator import simulate

CUSTOMERS, MONTHS, SEED = 1000, 48, 1
LATE_DAYS = (1, 5, 15, 30, 60, 90)
DAY = pd.Timedelta(days=1)


def aggregates(source: str, extract: Path, ledger_folder: Path) -> dict[str, str]:
    """Import an extract and return its figures by name, as text."""
    report = import_extract(load_source(source), extract, ledger_folder, Settings())
    book = load_book(Ledger.open(ledger_folder))
    end = pd.Timestamp(report.extract_date)
    cutoff = end.value // 1000
    end_day = (end - pd.Timestamp(0)).days
    seen = outcomes(book, cutoff)
    issued, due = seen.issued_day, seen.due_day
    lateness, terms = seen.days_late, due - issued
    years = (end_day - issued.min()) / 365.25
    active = pd.Series(issued).groupby(seen.customer).agg(["min", "max", "size"])
    span = np.maximum((active["max"] - active["min"]) / 365.25, 0.25)
    figures = {
        "invoices": f"{len(seen):,}",
        "customers with invoices": f"{len(active):,}",
        "years": f"{years:.1f}",
        "invoices per customer and year, median / mean": (
            f"{(active['size'] / span).median():.0f} / {active['size'].sum() / span.sum():.0f}"
        ),
    }
    for days in LATE_DAYS:
        # Only invoices whose fate at this age is known, paid or not.
        matured = due + days <= end_day
        figures[f"late by {days} days or more"] = f"{(lateness[matured] >= days).mean():.1%}"
    old = (due + 90 <= end_day) & (lateness < NEVER)
    quantiles = np.percentile(np.minimum(lateness[old], 999), [5, 25, 50, 75, 95, 99])
    figures["days late, 5 / 25 / 50 / 75 / 95 / 99%"] = " / ".join(f"{q:.0f}" for q in quantiles)
    figures["terms, 10 / 50 / 90%"] = " / ".join(
        f"{q:.0f}" for q in np.percentile(terms, [10, 50, 90])
    )
    settled = (lateness < NEVER) & (seen.state == 2) & old
    weights = seen.amount[settled]
    figures["days from issue to payment, by amount"] = (
        f"{np.average(lateness[settled] + terms[settled], weights=weights):.0f}"
    )
    ratio = seen.amount / pd.Series(seen.amount).groupby(seen.customer).transform("median")
    figures["amount against the customer's median, 10 / 90%"] = " / ".join(
        f"{q:.2f}" for q in np.percentile(ratio, [10, 90])
    )
    dates = pd.to_datetime(issued, unit="D")
    figures["issued on a weekend"] = f"{(dates.weekday >= 5).mean():.1%}"
    figures["issued in the last 3 days of a month"] = (
        f"{(dates.day > dates.days_in_month - 3).mean():.1%}"
    )
    paid = pd.to_datetime(due[settled] + lateness[settled], unit="D")
    shares = np.bincount(paid.weekday, minlength=7) / len(paid)
    figures["paid on Mon / Tue / Wed / Thu / Fri / weekend"] = " / ".join(
        f"{s:.0%}" for s in (*shares[:5], shares[5:].sum())
    )
    figures["paid on exactly the due date"] = f"{(lateness[settled] == 0).mean():.1%}"
    register = default_register(book, Settings().default, cutoff)
    figures["customers ever in default"] = f"{register['customer'].nunique():,}"
    figures["... per customer-year"] = f"{register['customer'].nunique() / span.sum():.1%}"
    return figures


def oracle(extract: Path) -> dict[str, str]:
    """Return how well the true probabilities sort and hit what happened, the shock included."""
    months = pd.read_parquet(extract / "truth" / "customers.parquet")
    invoices = pd.read_parquet(extract / "truth" / "invoices.parquet")
    late = late_5d(extract, invoices["invoice_id"])
    known = late.notna().to_numpy()
    return {
        "true probability of default, mean": f"{months['true_pd_12m'].mean():.1%}",
        "month-ends in default": f"{months['in_default'].mean():.1%}",
        "true P(late by 5 days or more), mean": f"{invoices['p_late_5d'].mean():.1%}",
        "AUC of the true P(late by 5 days or more)": (
            f"{roc_auc_score(late[known].astype(bool), invoices['p_late_5d'][known]):.3f}"
        ),
    }


def late_5d(extract: Path, invoice_ids: pd.Series) -> pd.Series:
    """Return whether the last payment came 5 or more days after due; None where open too short."""
    invoices = pd.read_csv(extract / "invoices.csv", low_memory=False).set_index("invoice_id")
    payments = pd.read_csv(extract / "payments.csv", low_memory=False)
    payments = payments[payments["kind"] == "payment"]
    last = pd.to_datetime(payments.groupby("invoice_id")["paid_on"].max())
    due = pd.to_datetime(invoices["due_on"]).reindex(invoice_ids)
    settled = last.reindex(invoice_ids)
    late = ((settled - due) // DAY >= 5) | settled.isna()
    end = pd.to_datetime(invoices["recorded_at"]).max()
    return late.astype(object).where(due + 8 * DAY < end)


def oracle_auc(extract: Path, ledger_folder: Path) -> dict[str, str]:
    """Return the discrimination that no model can exceed in expectation."""
    ledger = Ledger.open(ledger_folder)
    book = load_book(ledger)
    end = pd.Timestamp(ledger.manifest.extract_date)
    register = default_register(book, Settings().default, end.value // 1000)
    ids = pd.Index(sorted(pd.read_csv(extract / "customers.csv")["customer_id"]))
    first = register.groupby("customer")["day"].min()
    months = pd.read_parquet(extract / "truth" / "customers.parquet")
    day = (pd.to_datetime(months["month_end"]) - pd.Timestamp(0)) // DAY
    default = first.reindex(ids.get_indexer(months["customer_id"])).to_numpy()
    last = (end - pd.Timestamp(0)).days - 365
    rows = (day <= last) & ~months["in_default"] & ~(default < day)
    bad = (default < day + 365)[rows]
    p = months.loc[rows, "true_pd_12m"]
    return {
        "default within 12 months, observed / true": f"{bad.mean():.1%} / {p.mean():.1%}",
        "AUC of the true probability of default": f"{roc_auc_score(bad, p):.3f}",
    }


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        simulate(CUSTOMERS, MONTHS, SEED, root / "book")
        columns = {"simulated": aggregates("canonical", root / "book", root / "ledger")}
        columns["simulated"] |= oracle(root / "book")
        columns["simulated"] |= oracle_auc(root / "book", root / "ledger")
        real = os.environ.get("PAYRISK_REAL_DATA")
        if real:
            columns["datarisk_b2b"] = aggregates(
                "datarisk", Path(real) / "datarisk_b2b", root / "real"
            )
        else:
            print("PAYRISK_REAL_DATA is not set: the real ledger's column is left out")
    print("| figure | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in columns["simulated"]:
        cells = [values.get(name, "") for values in columns.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
