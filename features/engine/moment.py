"""What can be measured at the moments of a set of keys: the vocabulary features are written in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.engine.keys import Keys
from features.engine.position import POSITION_COLUMNS, open_position
from features.engine.recent import RECENT_COLUMNS, recent_settlements
from features.engine.totals import WINDOWS, Totals, standing
from features.engine.windows import sums_around
from features.facts.book import Book, Float64, Stream
from features.facts.lookup import latest_row
from features.facts.surroundings import MEASURES, PORTFOLIO
from features.facts.versions import ALWAYS, DAY, Int64

_AROUND = ("30d", "90d", "365d")
"""Windows of the surroundings."""
_AROUND_DAYS = np.array([WINDOWS[name] for name in _AROUND], dtype=np.int64)
_SIGNED = ("days_late_bounded",)
"""Measures of the surroundings that may be below zero."""


class Moment:
    """The state of the book at each key's moment.

    Everything is computed when first asked for and kept. Features are pure functions of it.

    Parameters
    ----------
    book : Book
    keys : Keys
        Sorted by customer and ``as_of``.
    """

    def __init__(self, book: Book, keys: Keys) -> None:
        self.book = book
        self.keys = keys
        self._rows: dict[int, Int64] = {}
        self._around: dict[str, npt.NDArray[np.float64]] = {}

    @cached_property
    def day(self) -> Int64:
        """Day of ``as_of``."""
        return self.keys.as_of // DAY

    @cached_property
    def about_invoice(self) -> npt.NDArray[np.bool_]:
        """Whether the key is about an invoice."""
        return self.keys.due_day >= 0

    def of_invoice(self, values: npt.NDArray[np.generic]) -> Float64:
        """Return values as floats, NaN for keys that are not about an invoice."""
        return np.where(self.about_invoice, values, np.nan)

    @cached_property
    def terms(self) -> Float64:
        """Days from issue to due of the key's invoice."""
        return self.of_invoice(self.keys.due_day - self.keys.issued_day)

    @cached_property
    def amount(self) -> Float64:
        """Amount of the key's invoice in reporting minor units."""
        return self.of_invoice(self.keys.amount)

    @cached_property
    def log_amount(self) -> Float64:
        """Natural logarithm of the amount in minor units."""
        return self.of_invoice(np.log(np.maximum(self.keys.amount, 1).astype(np.float64)))

    @cached_property
    def dpd(self) -> Int64:
        """Days past due of the key's invoice at ``as_of``; negative before it is due."""
        return np.where(self.about_invoice, self.day - self.keys.due_day, -(10**6))

    @cached_property
    def settled(self) -> Totals:
        """Totals of settled invoices by window and measure."""
        return Totals(self.book.settled, self.keys)

    @cached_property
    def issued(self) -> Totals:
        """Totals of issued invoices by window and measure."""
        return Totals(self.book.issued, self.keys)

    @cached_property
    def paid(self) -> Totals:
        """Totals of payments by window and measure."""
        return Totals(self.book.paid, self.keys)

    @cached_property
    def discounts(self) -> Totals:
        """Totals of cash discounts taken."""
        return Totals(self.book.discounts, self.keys)

    @cached_property
    def credits(self) -> Totals:
        """Totals of credit notes."""
        return Totals(self.book.credits, self.keys)

    @cached_property
    def write_offs(self) -> Totals:
        """Totals of write-offs."""
        return Totals(self.book.write_offs, self.keys)

    @cached_property
    def recoveries(self) -> Totals:
        """Totals of payments for invoices that had been written off."""
        return Totals(self.book.recoveries, self.keys)

    @cached_property
    def disputed(self) -> Totals:
        """Totals of disputes opened."""
        return Totals(self.book.disputed, self.keys)

    @cached_property
    def dispute_ends(self) -> Totals:
        """Totals of disputes ended, and of how."""
        return Totals(self.book.dispute_ends, self.keys)

    @cached_property
    def promises_due(self) -> Totals:
        """Totals of promises judged: kept or broken."""
        return Totals(self.book.promises_due, self.keys)

    @cached_property
    def reminders(self) -> Totals:
        """Totals of reminders and letters."""
        return Totals(self.book.reminders, self.keys)

    @cached_property
    def contacts(self) -> Totals:
        """Totals of calls, e-mails and visits."""
        return Totals(self.book.contacts, self.keys)

    @cached_property
    def orders(self) -> Totals:
        """Totals of orders, by the state that each is known in."""
        return Totals(self.book.orders, self.keys)

    @cached_property
    def unapplied(self) -> Float64:
        """Cash and credit notes not applied at ``as_of``, reporting minor units."""
        return standing(self.book.unapplied, "amount", self.keys)

    @cached_property
    def open_orders(self) -> Float64:
        """Amount of open orders at ``as_of``, reporting minor units."""
        # An order's later state voids the earlier one, so the believed rows add up.
        return standing(self.book.orders, "open", self.keys)

    @cached_property
    def insured(self) -> Float64:
        """What insurers bear at ``as_of``, reporting minor units."""
        return standing(self.book.insurance, "amount", self.keys)

    @cached_property
    def position(self) -> Mapping[str, Float64]:
        """The open items at ``as_of``: `POSITION_COLUMNS`."""
        items, disputes, keys = self.book.items, self.book.disputes, self.keys
        totals = open_position(
            items.offsets, items.known, items.void, items.measures["open"],
            items.measures["amount"], items.measures["issued_day"], items.measures["due_day"],
            items.measures["invoice"], disputes.offsets, disputes.known, disputes.void,
            disputes.measures["invoice"], disputes.measures["amount"],
            disputes.measures["seller_fault"], keys.customer, keys.as_of, self.day, keys.due_day,
            keys.invoice, self.recent["days_late_p90_20"], self.recent["days_late_max_20"],
        )  # fmt: skip
        return dict(zip(POSITION_COLUMNS, totals, strict=True))

    @cached_property
    def recent(self) -> Mapping[str, Float64]:
        """The latest settlements: `RECENT_COLUMNS`."""
        settled, keys = self.book.settled, self.keys
        of = settled.measures
        readings = recent_settlements(
            settled.offsets, settled.known, settled.void, of["days_late"],
            of["days_late_bounded"], of["days_to_pay"], of["terms"], of["amount"],
            of["log_amount"], of["settled_day"], of["due_day"], of["at_month_end"],
            of["in_parts"], keys.customer, keys.as_of, self.day, keys.due_day - keys.issued_day,
            self.log_amount, keys.due_day, keys.issued_day, self.dpd,
        )  # fmt: skip
        return dict(zip(RECENT_COLUMNS, readings, strict=True))

    def latest(self, stream: Stream, measure: str) -> Float64:
        """Return a measure of the latest fact at ``as_of``, NaN where there is none."""
        if len(stream.known) == 0:
            return np.full(len(self.keys), np.nan)
        rows = self._latest_rows(stream)
        values = stream.measures[measure][np.maximum(rows, 0)]
        return np.where((rows < 0) | (values == ALWAYS), np.nan, values)

    def _latest_rows(self, stream: Stream) -> Int64:
        rows = self._rows.get(id(stream))
        if rows is None:
            keys = self.keys
            rows = latest_row(stream.offsets, stream.known, stream.void, keys.customer, keys.as_of)
            self._rows[id(stream)] = rows
        return rows

    @cached_property
    def limit(self) -> Float64:
        """The credit limit in force at ``as_of``, reporting minor units; NaN where not known."""
        amount = self.latest(self.book.limits, "amount")
        return np.where(self.latest(self.book.limits, "valid_to") > self.day, amount, np.nan)

    @cached_property
    def last_payment_day(self) -> Float64:
        """Day of the payment that became known last."""
        return self.latest(self.book.paid, "day")

    @cached_property
    def last_issue_day(self) -> Float64:
        """Issue day of the invoice that became known last."""
        return self.latest(self.book.issued, "issued_day")

    def portfolio(self, measure: str, window: str) -> Float64:
        """Return the portfolio's total of a measure over a window that ends with yesterday."""
        return self._surroundings("portfolio", measure, window)

    def around(self, kind: str, measure: str, window: str) -> Float64:
        """Return the total of the customer's segment, country or group; 0 where it has none."""
        return self._surroundings(kind, measure, window)

    def segment(self, measure: str, window: str) -> Float64:
        """Return the total of the customer's segment; the portfolio's where it has none."""
        own = self._surroundings("segment", measure, window)
        return np.where(self.has("segment"), own, self.portfolio(measure, window))

    def has(self, kind: str) -> npt.NDArray[np.bool_]:
        """Return whether the customer's segment, country or group is known."""
        return self.latest(self.book.masters, kind) >= 0

    def _surroundings(self, kind: str, measure: str, window: str) -> Float64:
        totals = self._around.get(kind)
        if totals is None:
            around = self.book.surroundings
            if kind == "portfolio":
                place = np.full(len(self.keys), around.index.get(PORTFOLIO, -1), dtype=np.int64)
            else:
                code = np.nan_to_num(self.latest(self.book.masters, kind), nan=-1.0)
                place = self.book.place_codes[code.astype(np.int64)]
            totals = sums_around(
                around.offsets, around.day, around.totals, place, self.day, _AROUND_DAYS
            )
            self._around[kind] = totals
        found: Float64 = totals[MEASURES.index(measure), _AROUND.index(window)]
        # A withdrawal counts on its own day, and may leave a window with less than nothing.
        return found if measure in _SIGNED else np.maximum(found, 0.0)
