"""Scores for invoices that are about to be issued, from the book and the champion in memory."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.facts.book import Book, Stream, Text
from features.facts.versions import Int64
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
    about = part_of(book, proposed["customer_id"].unique())
    scored = score_invoices(champion, about, frame, as_of, threads=THREADS)
    rows, _ = plain_rows(scored, INVOICE_COLUMNS, "invoice_id", "proposed invoices")
    by_place = {row[0]: dict(zip(INVOICE_COLUMNS, row, strict=True)) for row in rows}
    return [by_place[invoice_id] for invoice_id in frame["invoice_id"]]


def part_of(book: Book, customer_ids: Text) -> Book:
    """Return the book of some customers, in the same surroundings.

    It knows no invoice by its id, as nothing proposed is in the ledger yet: indexing the ids of a
    large ledger would take longer than the scores.

    Parameters
    ----------
    book : Book
    customer_ids : array of str
        Those that the book does not know are left out.
    """
    positions = book.positions(customer_ids)
    positions = np.unique(positions[positions >= 0])
    if len(positions) == 0:
        # The engine wants a customer to look at, if only to see that it is another one.
        positions = np.arange(min(1, len(book.customer_ids)))
    streams: dict[str, Any] = {
        field.name: _part_of_stream(getattr(book, field.name), positions)
        for field in fields(book)
        if isinstance(getattr(book, field.name), Stream)
    }
    return replace(
        book,
        customer_ids=book.customer_ids[positions],
        invoice_ids=np.empty(0, dtype=object),
        **streams,
    )


def _part_of_stream(stream: Stream, positions: Int64) -> Stream:
    starts, ends = stream.offsets[positions], stream.offsets[positions + 1]
    ranges = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
    rows = np.concatenate(ranges) if ranges else np.empty(0, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(ends - starts)]).astype(np.int64)
    measures = {name: values[rows] for name, values in stream.measures.items()}
    return Stream(offsets, stream.known[rows], stream.void[rows], measures)
