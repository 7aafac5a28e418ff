"""Scores for invoices that are about to be issued, from the book and the champion in memory."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from features.facts.book import Book
from models.bundle import LoadedModel
from models.scoring import score_invoices
from serving.outputs import INVOICE_COLUMNS, plain_rows

Record = dict[str, Any]

THREADS = 1
"""More stall a single row for milliseconds when the cores are busy."""
SLICES_UP_TO = 20
"""A batch about more customers than this is scored on the whole book: the same numbers, but
slicing costs per customer and the whole book costs once."""


def score_proposed(
    champion: LoadedModel, book: Book, proposed: pd.DataFrame, as_of: date
) -> list[Record]:
    """Score proposed invoices, each on its own.

    Parameters
    ----------
    champion : LoadedModel
        Of ``late_payment``.
    book : Book
    proposed : DataFrame
        ``customer_id, issued_on, due_on, amount`` (major units) and ``currency``.
    as_of : date
        Moment of knowledge.

    Returns
    -------
    list of dict
        The columns of ``score``'s ``proposed`` output, in the order of the rows.

    Raises
    ------
    ValueError
        An amount is in a currency without a rate.
    """
    # Rows are told apart by their place: two may carry the same id, and none may be mistaken for
    # an invoice that the ledger already has.
    frame = proposed.assign(invoice_id=[f"\x00{place}" for place in range(len(proposed))])
    parts = []
    groups = frame.groupby("customer_id", sort=False)
    if groups.ngroups > SLICES_UP_TO:
        parts.append(score_invoices(champion, book, frame, as_of, threads=THREADS))
    else:
        for customer_id, rows in groups:
            parts.append(
                score_invoices(
                    champion, _slice(book, str(customer_id)), rows, as_of, threads=THREADS
                )
            )
    scored = pd.concat(parts, ignore_index=True)
    rows_of, _ = plain_rows(scored, INVOICE_COLUMNS, "invoice_id", "proposed invoices")
    by_place = {row[0]: dict(zip(INVOICE_COLUMNS, row, strict=True)) for row in rows_of}
    return [by_place[invoice_id] for invoice_id in frame["invoice_id"]]


def _slice(book: Book, customer_id: str) -> Book:
    try:
        return book.only(customer_id)
    except KeyError:
        # Any one customer's slice knows the surroundings, and does not know this customer.
        return book.only(str(book.customer_ids[0])) if len(book.customer_ids) else book
