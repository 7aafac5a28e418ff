"""The book: facts as arrays sorted by customer and moment of knowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.facts.surroundings import Place, Surroundings
from features.facts.versions import FOREVER, Int64

Float64 = npt.NDArray[np.float64]
Text = npt.NDArray[np.object_]
Recipes = Mapping[str, Callable[[Mapping[str, Int64]], Int64]]
"""How measures follow from others of the same facts."""
ACTIVE_DAYS = 365
"""A customer without an invoice for this long and with nothing open is no customer any more."""


class Measures(Mapping[str, Int64]):
    """Measures of facts, of which some are worked out from others when first asked for.

    Parameters
    ----------
    base : mapping of str to int64 array
        What is stored.
    derived : mapping of str to callable
        How each other measure follows.
    """

    def __init__(self, base: Mapping[str, Int64], derived: Recipes) -> None:
        self.base = base
        self._derived = derived
        self._made: dict[str, Int64] = {}

    def __getitem__(self, name: str) -> Int64:
        recipe = self._derived.get(name)
        if recipe is None:
            return self.base[name]
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = recipe(self)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter([*self.base, *self._derived])

    def __len__(self) -> int:
        return len(self.base) + len(self._derived)


@dataclass(frozen=True, eq=False)
class Stream:
    """Facts of one kind, sorted by customer and ``known``.

    Parameters
    ----------
    offsets : int64 array of shape (customers + 1,)
        Rows ``offsets[c]:offsets[c + 1]`` belong to customer ``c``.
    known, void : int64 arrays of shape (rows,)
        The span in which each fact was believed, microseconds since 1970.
    measures : mapping of str to int64 array of shape (rows,)
        What each fact adds to a running total, integers so that sums are exact. `Measures` where
        some follow from others.
    """

    offsets: Int64
    known: Int64
    void: Int64
    measures: Mapping[str, Int64]

    @classmethod
    def sort(
        cls,
        customer: Int64,
        known: Int64,
        void: Int64,
        measures: Mapping[str, Int64],
        customers: int,
        by: tuple[str, ...] = (),
        derived: Recipes = MappingProxyType({}),
    ) -> Stream:
        """Build a stream from facts in any order.

        Facts of one moment are ordered by the measures ``by``, else as they come. ``void`` comes
        last: a later correction must not change the order of what was known before.
        """
        keys = [customer, known, *(measures[name] for name in by), *([void] if by else [])]
        if not _in_order(keys):
            order = np.lexsort(keys[::-1])
            customer, known, void = customer[order], known[order], void[order]
            measures = {name: values[order] for name, values in measures.items()}
        offsets = np.searchsorted(customer, np.arange(customers + 1))
        return cls(offsets.astype(np.int64), known, void, Measures(measures, derived))

    @cached_property
    def owner(self) -> Int64:
        """The customer of each row."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @cached_property
    def withdrawn(self) -> Int64:
        """The rows that are no longer believed at some moment."""
        return np.flatnonzero(self.void != FOREVER).astype(np.int64)

    @cached_property
    def withdrawn_offsets(self) -> Int64:
        """Rows ``withdrawn[w[c]:w[c + 1]]`` belong to customer ``c``."""
        return np.searchsorted(self.withdrawn, self.offsets).astype(np.int64)

    def running_total(self, measure: str) -> Int64:
        """Return the total of a measure before each row, withdrawn rows left out; (rows + 1,)."""
        values = self.measures[measure]
        return self._kept(
            f"stands {measure}",
            lambda: _before(values if not len(self.withdrawn) else values * (self.void == FOREVER)),
        )

    def began(self, measure: str) -> Int64:
        """Return the total of a measure before each row; (rows + 1,)."""
        return self._kept(f"began {measure}", lambda: _before(self.measures[measure]))

    def ends(self, measure: str) -> tuple[Int64, Int64]:
        """Return each customer's ``void`` in order, and the total of a measure in that order."""
        order = self._kept("order of ends", lambda: np.lexsort((self.void, self.owner)))
        ends = self._kept("ends", lambda: self.void[order])
        return ends, self._kept(f"ended {measure}", lambda: _before(self.measures[measure][order]))

    def _kept(self, name: str, make: Callable[[], Int64]) -> Int64:
        """Return what was made under a name, made now if need be: a book is read many times."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = make()
        return found

    @cached_property
    def _made(self) -> dict[str, Int64]:
        return {}


def _in_order(keys: Sequence[Int64]) -> bool:
    """Return whether rows are sorted by the first key, where that is equal by the second, ..."""
    tied = np.ones(max(len(keys[0]) - 1, 0), dtype=bool)
    for key in keys:
        step = key[1:][tied] - key[:-1][tied]
        if (step < 0).any():
            return False
        tied[tied] = step == 0
    return True


def _before(values: Int64) -> Int64:
    """Return the total before each value, and after the last."""
    totals = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=totals[1:])
    return totals


@dataclass(frozen=True, eq=False)
class Book:
    """The facts of a set of customers.

    Every stream is indexed by the position of the customer in ``customer_ids``. Events, of which
    windows are summed: ``settled issued paid discounts credits write_offs recoveries events
    disputed dispute_ends promises_due reminders contacts``. States, of which the latest stands:
    ``masters limits bureau promises``. Spans, of which all believed at a moment count: ``items``
    (the states of invoices, a row replaces the earlier one of its invoice), ``unapplied orders
    disputes insurance``.
    """

    customer_ids: Text
    invoice_names: pa.Array
    """Ids by invoice position: by customer, and in the order in which they became known."""
    invoice_offsets: Int64
    """Invoices ``invoice_offsets[c]:invoice_offsets[c + 1]`` belong to customer ``c``."""
    reporting_currency: str
    extract_date: date
    settled: Stream
    issued: Stream
    paid: Stream
    discounts: Stream
    credits: Stream
    unapplied: Stream
    items: Stream
    orders: Stream
    limits: Stream
    bureau: Stream
    events: Stream
    write_offs: Stream
    recoveries: Stream
    disputes: Stream
    disputed: Stream
    dispute_ends: Stream
    promises: Stream
    promises_due: Stream
    reminders: Stream
    contacts: Stream
    insurance: Stream
    masters: Stream
    places: tuple[Place, ...]
    """Segments, countries and groups, by their code in ``masters``."""
    surroundings: Surroundings
    rates: pd.DataFrame
    """``currency, rate_date, rate`` for amounts that arrive at scoring time."""

    @cached_property
    def invoice_ids(self) -> Text:
        """The ids of ``invoice_names`` as objects."""
        return np.asarray(self.invoice_names.to_pylist(), dtype=object)

    def positions(self, customer_ids: Text) -> Int64:
        """Return each customer's position, -1 for one that the book does not know."""
        index = self._customer_index
        return np.array([index.get(customer, -1) for customer in customer_ids], dtype=np.int64)

    def invoice_positions(self, customer: Int64, invoice_ids: Text) -> Int64:
        """Return the position of each customer's invoice of that id, -1 for none."""
        found = np.full(len(customer), -1, dtype=np.int64)
        for row, (owner, invoice_id) in enumerate(zip(customer, invoice_ids, strict=True)):
            if owner >= 0:
                found[row] = self._invoices_of(int(owner)).get(invoice_id, -1)
        return found

    def _invoices_of(self, customer: int) -> dict[object, int]:
        known = self._invoice_index.get(customer)
        if known is None:
            first, last = self.invoice_offsets[customer], self.invoice_offsets[customer + 1]
            known = dict(zip(self.invoice_ids[first:last], range(first, last), strict=True))
            self._invoice_index[customer] = known
        return known

    @cached_property
    def place_codes(self) -> Int64:
        """The surroundings' code of each of ``places``; the last entry, -1, is for none."""
        return np.append(self.surroundings.codes(self.places), -1)

    @cached_property
    def _customer_index(self) -> dict[object, int]:
        return {customer: position for position, customer in enumerate(self.customer_ids)}

    @cached_property
    def _invoice_index(self) -> dict[int, dict[object, int]]:
        return {}


STREAMS = tuple(field.name for field in fields(Book) if field.type == "Stream")
"""The names of a book's streams."""
