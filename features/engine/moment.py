"""What can be measured at the moments of a set of keys: the vocabulary features are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.engine import kernels
from features.facts.book import Book, Float64, Stream
from features.facts.versions import ALWAYS, DAY, FOREVER, Int64

WINDOWS = {"30d": 30, "90d": 90, "180d": 180, "365d": 365, "all": 36_500}
"""Names and lengths in days of the windows."""


@dataclass(frozen=True)
class Keys:
    """What features are asked for: customers, and invoices of theirs, each at its own moment.

    Arrays of shape (n,). ``customer`` is a position in the book (-1: unknown to it), ``as_of``
    microseconds since 1970. For keys that are not about an invoice, ``issued_day``, ``due_day``
    and ``amount`` (reporting minor units) are -1. ``invoice`` is the position of an invoice that
    the ledger already has, else -1.
    """

    customer: Int64
    as_of: Int64
    issued_day: Int64
    due_day: Int64
    amount: Int64
    invoice: Int64

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: Int64) -> Keys:
        """Return the keys of some rows, in their order."""
        return Keys(
            self.customer[rows],
            self.as_of[rows],
            self.issued_day[rows],
            self.due_day[rows],
            self.amount[rows],
            self.invoice[rows],
        )


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
        return np.where(self.about_invoice, values.astype(np.float64), np.nan)

    @cached_property
    def terms(self) -> Float64:
        """Days from issue to due of the key's invoice."""
        return self.of_invoice(self.keys.due_day - self.keys.issued_day)

    @cached_property
    def amount(self) -> Float64:
        """Amount of the key's invoice in reporting minor units."""
        return self.of_invoice(self.keys.amount)

    @cached_property
    def dpd(self) -> Int64:
        """Days past due of the key's invoice at ``as_of``; negative before it is due."""
        return np.where(self.about_invoice, self.day - self.keys.due_day, -(10**6))

    @cached_property
    def settled(self) -> Mapping[str, Mapping[str, Float64]]:
        """Totals of settled invoices by window and measure."""
        return self._totals(
            self.book.settled,
            (
                "count",
                "late_1",
                "late_5",
                "late_15",
                "late_30",
                "days_late_bounded",
                "days_late_squared",
                "days_to_pay",
                "amount",
                "amount_days_late",
                "terms",
            ),
        )

    @cached_property
    def issued(self) -> Mapping[str, Mapping[str, Float64]]:
        """Totals of issued invoices by window and measure."""
        return self._totals(self.book.issued, ("count", "amount", "terms", "log_amount"))

    @cached_property
    def paid(self) -> Mapping[str, Mapping[str, Float64]]:
        """Totals of payments by window and measure."""
        return self._totals(self.book.paid, ("count", "amount"))

    @cached_property
    def unapplied(self) -> Float64:
        """Cash and credit notes not applied at ``as_of``, reporting minor units."""
        return self._totals(self.book.unapplied, ("amount",))["all"]["amount"]

    @cached_property
    def position(self) -> Mapping[str, Float64]:
        """The open items at ``as_of``: `kernels.POSITION_COLUMNS`."""
        items = self.book.items
        keys = self.keys
        totals = kernels.open_position(
            items.offsets,
            items.known,
            items.void,
            items.measures["open"],
            items.measures["amount"],
            items.measures["due_day"],
            items.measures["invoice"],
            keys.customer,
            keys.as_of,
            self.day,
            keys.due_day,
            keys.invoice,
        )
        return _columns(kernels.POSITION_COLUMNS, totals)

    @cached_property
    def recent(self) -> Mapping[str, Float64]:
        """The latest settlements: `kernels.RECENT_COLUMNS`."""
        settled = self.book.settled
        keys = self.keys
        readings = kernels.recent_settlements(
            settled.offsets,
            settled.known,
            settled.void,
            settled.measures["days_late"],
            settled.measures["days_late_bounded"],
            settled.measures["terms"],
            settled.measures["amount"],
            settled.measures["settled_day"],
            settled.measures["at_month_end"],
            keys.customer,
            keys.as_of,
            keys.due_day - keys.issued_day,
            keys.amount,
            keys.due_day,
            self.dpd,
        )
        return _columns(kernels.RECENT_COLUMNS, readings)

    def latest(self, stream: Stream, measure: str) -> Float64:
        """Return a measure of the latest fact at ``as_of``, NaN where there is none."""
        if len(stream.known) == 0:
            return np.full(len(self.keys), np.nan)
        rows = self._latest_rows(stream)
        values = stream.measures[measure][np.maximum(rows, 0)]
        missing = (rows < 0) | (values == ALWAYS)
        return np.where(missing, np.nan, values.astype(np.float64))

    @cached_property
    def limit(self) -> Float64:
        """The credit limit in force at ``as_of``, reporting minor units; NaN where not known."""
        amount = self.latest(self.book.limits, "amount")
        return np.where(self.latest(self.book.limits, "valid_to") > self.day, amount, np.nan)

    @cached_property
    def open_orders(self) -> Float64:
        """Amount of open orders at ``as_of``, reporting minor units."""
        # An order's later state voids the earlier one, so the believed rows add up.
        return self._totals(self.book.orders, ("open",))["all"]["open"]

    @cached_property
    def last_payment_day(self) -> Float64:
        """Day of the payment that became known last."""
        return self.latest(self.book.paid, "paid_day")

    @cached_property
    def last_issue_day(self) -> Float64:
        """Issue day of the invoice that became known last."""
        return self.latest(self.book.issued, "issued_day")

    def portfolio(self, measure: str, window: str) -> Float64:
        """Return the portfolio's total of a measure over a window that ends with yesterday."""
        return self._surroundings(np.zeros(len(self.keys), dtype=np.int64), measure, window)

    def segment(self, measure: str, window: str) -> Float64:
        """Return the total of the customer's segment; the portfolio's where it has none."""
        return self._surroundings(self._segment_group, measure, window)

    @cached_property
    def _segment_group(self) -> Int64:
        segment = self.latest(self.book.masters, "segment")
        known = np.nan_to_num(segment, nan=-1.0).astype(np.int64)
        return np.where(known >= 0, known + 1, 0)

    def _surroundings(self, group: Int64, measure: str, window: str) -> Float64:
        around = self.book.surroundings
        last = around.totals.shape[1] - 1
        end = np.clip(self.day - around.first_day, 0, last)
        start = np.clip(self.day - WINDOWS[window] - around.first_day, 0, last)
        column = around.totals[:, :, around.measures.index(measure)]
        difference: Float64 = (column[group, end] - column[group, start]).astype(np.float64)
        return difference

    def _latest_rows(self, stream: Stream) -> Int64:
        rows: Int64 = kernels.latest_row(
            stream.offsets, stream.known, stream.void, self.keys.customer, self.keys.as_of
        )
        return rows

    def _totals(
        self, stream: Stream, measures: tuple[str, ...]
    ) -> Mapping[str, Mapping[str, Float64]]:
        values = np.column_stack([stream.measures[name] for name in measures])
        stands = stream.void == FOREVER
        cumulative = np.zeros((len(values) + 1, len(measures)), dtype=np.int64)
        np.cumsum(values * stands[:, None], axis=0, out=cumulative[1:])
        withdrawn = np.flatnonzero(~stands)
        totals = kernels.window_totals(
            stream.offsets,
            stream.known,
            stream.void,
            cumulative,
            withdrawn,
            np.searchsorted(withdrawn, stream.offsets),
            values,
            self.keys.customer,
            self.keys.as_of,
            np.array(list(WINDOWS.values()), dtype=np.int64) * DAY,
        )
        return {
            window: _columns(measures, totals[:, position, :])
            for position, window in enumerate(WINDOWS)
        }


def _columns(names: tuple[str, ...], values: npt.NDArray[np.generic]) -> dict[str, Float64]:
    return {name: values[:, i].astype(np.float64) for i, name in enumerate(names)}
