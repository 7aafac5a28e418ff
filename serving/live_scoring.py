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
    scored = score_invoices(champion, book, frame, as_of, threads=THREADS)
    rows, _ = plain_rows(scored, INVOICE_COLUMNS, "invoice_id", "proposed invoices")
    by_place = {row[0]: dict(zip(INVOICE_COLUMNS, row, strict=True)) for row in rows}
    return [by_place[invoice_id] for invoice_id in frame["invoice_id"]]
