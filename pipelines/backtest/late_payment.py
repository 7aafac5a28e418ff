"""Late payment at rolling cutoffs: invoices at issue, scored by a model of the cutoff."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.book import Book
from models.late_payment.grid import HORIZONS
from models.late_payment.model import fit_late_payment, issue_rows


def late_payment(
    book: Book, cutoff: date, until: date, end: date, settings: Settings
) -> pd.DataFrame:
    """Return predictions of the invoices issued from a cutoff on, at their issue."""
    edge = moment_in_microseconds(cutoff)
    model = fit_late_payment(book, edge, settings.late_payment).model
    rows = issue_rows(book, edge, moment_in_microseconds(until), moment_in_microseconds(end))
    curve = model.curves(rows.matrix, rows.start, rows.keys.due_day)
    parts = []
    for days in HORIZONS:
        matured = rows.observed >= days
        own = f"customer_late_{days}d_shrunk_rate_365d"
        parts.append(
            pd.DataFrame(
                {
                    "cutoff": cutoff,
                    "target": f"late_{days}d",
                    "customer_id": book.customer_ids[rows.keys.customer[matured]],
                    "invoice_id": book.invoice_ids[rows.keys.invoice[matured]],
                    "outcome": rows.days_late[matured] >= days,
                    "model": curve.late(days)[matured],
                    "own_late_rate": rows.matrix[matured, model.features.index(own)]
                    if own in model.features
                    else np.nan,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
