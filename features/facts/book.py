"""The book: a ledger's facts as arrays sorted by customer and moment of knowledge."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.facts.versions import Int64

Float64 = npt.NDArray[np.float64]
Text = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Stream:
    """Facts of one kind, sorted by customer and ``known``.

    Parameters
    ----------
    offsets : int64 array of shape (customers + 1,)
        Rows ``offsets[c]:offsets[c + 1]`` belong to customer ``c``.
    known, void : int64 arrays of shape (rows,)
        The span in which each fact was believed, microseconds since 1970.
    measures : dict of str to int64 array of shape (rows,)
        What each fact adds to a running total, integers so that sums are exact.
    """

    offsets: Int64
    known: Int64
    void: Int64
    measures: dict[str, Int64]

    @classmethod
    def sort(
        cls, customer: Int64, known: Int64, void: Int64, measures: dict[str, Int64], customers: int
    ) -> Stream:
        """Build a stream from facts in any order; equal moments are ordered by their content.

        ``void`` comes last: a later correction must not change the order of what was known before.
        """
        order = np.lexsort((void, *reversed(list(measures.values())), known, customer))
        sorted_measures = {name: values[order] for name, values in measures.items()}
        offsets = np.searchsorted(customer[order], np.arange(customers + 1))
        return cls(offsets.astype(np.int64), known[order], void[order], sorted_measures)

    def part(self, customers: Int64) -> Stream:
        """Return some customers' facts as the stream of a book with those customers alone."""
        starts, ends = self.offsets[customers], self.offsets[customers + 1]
        ranges = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
        rows = np.concatenate(ranges) if ranges else np.empty(0, dtype=np.int64)
        return Stream(
            np.concatenate([[0], np.cumsum(ends - starts)]).astype(np.int64),
            self.known[rows],
            self.void[rows],
            {name: values[rows] for name, values in self.measures.items()},
        )


@dataclass(frozen=True)
class Surroundings:
    """Running totals by day of everything settled in the portfolio and in each segment.

    Parameters
    ----------
    first_day : int
        Day (since 1970) of the first row.
    totals : int64 array of shape (groups, days + 1, measures)
        Totals of all facts known before the row's day; group 0 is the portfolio.
    measures : tuple of str
    segments : dict of str to int
        The group of each segment.
    """

    first_day: int
    totals: Int64
    measures: tuple[str, ...]
    segments: dict[str, int]


@dataclass(frozen=True)
class Book:
    """The facts of a set of customers.

    Every stream is indexed by the position of the customer in ``customer_ids``. ``settled``,
    ``issued`` and ``paid`` are events; ``items`` are the states of the open items (a row replaces
    the earlier state of its invoice from ``known`` on); ``masters``, ``limits``, ``bureau`` and
    ``orders`` are states of which the latest stands; ``disputes`` are spans.
    """

    customer_ids: Text
    invoice_ids: Text
    reporting_currency: str
    extract_date: date
    settled: Stream
    issued: Stream
    paid: Stream
    unapplied: Stream
    items: Stream
    orders: Stream
    limits: Stream
    bureau: Stream
    events: Stream
    write_offs: Stream
    disputes: Stream
    masters: Stream
    segment_names: Text
    surroundings: Surroundings
    currencies: tuple[str, ...]
    """The currencies of ``items``, by their code there."""
    rates: pd.DataFrame
    """``currency, rate_date, rate`` for amounts that arrive at scoring time."""

    def positions(self, customer_ids: Text) -> Int64:
        """Return each customer's position, -1 for one that the book does not know."""
        found = self._customer_index.get_indexer(pd.Index(customer_ids, dtype=object))
        return np.asarray(found, dtype=np.int64)

    def invoice_positions(self, invoice_ids: Text) -> Int64:
        """Return each invoice's position, -1 for one that the book does not know."""
        found = self._invoice_index.get_indexer(pd.Index(invoice_ids, dtype=object))
        return np.asarray(found, dtype=np.int64)

    @cached_property
    def _customer_index(self) -> pd.Index:
        return pd.Index(self.customer_ids, dtype=object)

    @cached_property
    def _invoice_index(self) -> pd.Index:
        return pd.Index(self.invoice_ids, dtype=object)

    def only(self, customer_id: str) -> Book:
        """Return the book of one customer, in the same surroundings: the API's slice.

        Raises
        ------
        KeyError
            The book does not know the customer.
        """
        if self.positions(np.array([customer_id], dtype=object))[0] < 0:
            raise KeyError(customer_id)
        return self.part(np.array([customer_id], dtype=object))

    def part(self, customer_ids: Text) -> Book:
        """Return the book of some customers, in the same surroundings.

        Customers that the book does not know are left out. If it knows none, one other is kept:
        the engine wants a customer to look at, if only to see that it is another one.
        """
        found = self.positions(customer_ids)
        customers = np.unique(found[found >= 0])
        if len(customers) == 0:
            customers = np.arange(min(1, len(self.customer_ids)))
        streams = {
            field.name: getattr(self, field.name).part(customers)
            for field in fields(self)
            if isinstance(getattr(self, field.name), Stream)
        }
        part = replace(self, customer_ids=self.customer_ids[customers], **streams)
        # Its invoices keep their positions, so the index is the same; a large one takes long.
        part.__dict__["_invoice_index"] = self._invoice_index
        return part
