"""Default and scorecard at rolling cutoffs: customers at the cutoff, and their following year."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from features.facts.versions import DAY
from models.snapshots import add_months, matured_snapshots, month_starts
from models.training import fit_risk


def risk(name: str, book: Book, cutoff: date, end: date, settings: Settings) -> pd.DataFrame:
    """Return predictions of the customers at a cutoff, of what the following year brought."""
    window = settings.default.window_months
    edge = moment_in_microseconds(cutoff)
    # The first monthly snapshot that the model has not learnt from.
    tested = int(month_starts(edge // int(DAY) - 1, edge // int(DAY) + 31)[0])
    matured = add_months(tested, window) * int(DAY)
    if matured > moment_in_microseconds(end):
        raise ValueError(
            f"--cutoffs: the {window} months after {cutoff} end after the ledger's extract of "
            f"{end}; choose earlier dates"
        )
    model = fit_risk(name, matured_snapshots(book, settings.default, edge), settings)
    snapshots = matured_snapshots(book, settings.default, matured)
    test = snapshots.take(snapshots.as_of == tested * DAY)
    frame = pd.DataFrame(
        {
            "cutoff": cutoff,
            "target": "default_12m",
            "customer_id": book.customer_ids[test.customer],
            "outcome": test.bad,
            "model": model.predict(test.matrix),
        }
    )
    # Rules of thumb as rankings: a larger value is riskier.
    for rule, feature, sign in (
        ("worst_dpd", "customer_worst_dpd_max_now", 1.0),
        ("overdue_share", "customer_overdue_share_now", 1.0),
        ("bureau_score", "customer_bureau_score_value_now", -1.0),
    ):
        values = sign * test.matrix[:, model.features.index(feature)]
        lowest = np.nanmin(values) if np.isfinite(values).any() else 0.0
        frame[rule] = pd.Series(np.nan_to_num(values, nan=lowest)).rank(pct=True)
    return frame
