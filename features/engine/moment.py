"""What can be measured at the moments of a set of keys: the vocabulary features are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.engine.around import Around
from features.engine.keys import Keys
from features.engine.pay_calendar import PAY_CALENDAR_COLUMNS, pay_calendar
from features.engine.position import POSITION_COLUMNS, open_position
from features.engine.recent import RECENT_COLUMNS, recent_settlements
from features.engine.states import LatestStates
from features.engine.totals import Totals, standing
from features.facts.book import Book, Float64
from features.facts.promise_keeping import GRACE_DAYS
from features.facts.versions import DAY, Int64

SHRUNK_DAYS = (1, 5, 15, 30)
"""Days late of the shrunk rates."""
PRIOR_INVOICES = 8.0
"""Weight of the surroundings in a shrunk rate, in invoices."""


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
        if self._always_about_invoice:
            return np.asarray(values, dtype=np.float64)
        return np.where(self.about_invoice, values, np.nan)

    @cached_property
    def _always_about_invoice(self) -> bool:
        return bool(self.about_invoice.all())

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
        return self.of_invoice(np.log(np.maximum(self.keys.amount, 1)))

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
    def exposure(self) -> Float64:
        """Balance and open orders, reporting minor units."""
        return self.position["balance"] + self.open_orders

    @cached_property
    def order_count(self) -> Float64:
        """Number of orders ever, in whatever state."""
        return standing(self.book.orders, "count", self.keys)

    @cached_property
    def cancelled_orders(self) -> Float64:
        """Number of orders that stand as cancelled."""
        return standing(self.book.orders, "cancelled", self.keys)

    @cached_property
    def monthly_sales(self) -> Float64:
        """Average amount invoiced per month of the last year; NaN for none."""
        sales = self.issued["365d"]["amount"]
        return np.where(sales > 0, sales, np.nan) / 12.0

    @cached_property
    def insured(self) -> Float64:
        """What insurers bear at ``as_of``, reporting minor units."""
        return standing(self.book.insurance, "amount", self.keys)

    @cached_property
    def covered(self) -> Float64:
        """Up to which exposure insurers pay their share of it; reporting minor units."""
        return standing(self.book.insurance, "cover", self.keys)

    def covered_before(self, days: int) -> Float64:
        """Return ``covered`` as it was known so many days earlier."""
        earlier = replace(self.keys, as_of=self.keys.as_of - days * DAY)
        return standing(self.book.insurance, "cover", earlier)

    @cached_property
    def position(self) -> Mapping[str, Float64]:
        """The open items at ``as_of``: `POSITION_COLUMNS`."""
        return dict(zip(POSITION_COLUMNS, self._open_items, strict=True))

    @cached_property
    def of_balance(self) -> Mapping[str, Float64]:
        """The columns of ``position`` as parts of the balance, NaN where nothing is open."""
        balance = self._open_items[POSITION_COLUMNS.index("balance")]
        parts = self._open_items / np.where(balance > 0, balance, np.nan)
        return dict(zip(POSITION_COLUMNS, parts, strict=True))

    @cached_property
    def open_count(self) -> Float64:
        """Number of open items, NaN where nothing is open."""
        count = self.position["open_count"]
        return np.where(count > 0, count, np.nan)

    @cached_property
    def others_open(self) -> Float64:
        """Balance without the key's own invoice."""
        return self.position["balance"] - self.position["own_open"]

    @cached_property
    def _open_items(self) -> Float64:
        items, disputes, keys = self.book.items, self.book.disputes, self.keys
        totals: Float64 = open_position(
            items.offsets, items.known, items.void, items.measures["open"],
            items.measures["amount"], items.measures["issued_day"], items.measures["due_day"],
            items.measures["invoice"], disputes.offsets, disputes.known, disputes.void,
            disputes.measures["invoice"], disputes.measures["amount"],
            disputes.measures["seller_fault"], keys.customer, keys.as_of, self.day, keys.due_day,
            keys.invoice, self.recent["days_late_p90_20"], self.recent["days_late_max_20"],
        )  # fmt: skip
        return totals

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

    @cached_property
    def pay_calendar(self) -> Mapping[str, Float64]:
        """The customer's pay runs and the invoice's place in them: `PAY_CALENDAR_COLUMNS`."""
        settled, items, keys = self.book.settled, self.book.items, self.keys
        of, item = settled.measures, items.measures
        readings = pay_calendar(
            settled.offsets, settled.known, settled.void, of["days_late"], of["settled_day"],
            of["due_day"], of["terms"], items.offsets, items.known, items.void, item["open"],
            item["issued_day"], item["due_day"], keys.customer, keys.as_of, self.day,
            keys.due_day, keys.issued_day,
        )  # fmt: skip
        return dict(zip(PAY_CALENDAR_COLUMNS, readings, strict=True))

    @cached_property
    def latest(self) -> LatestStates:
        """``latest(stream, measure)`` of the latest fact, NaN where there is none."""
        return LatestStates(self.keys)

    @cached_property
    def limit(self) -> Float64:
        """The credit limit in force at ``as_of``, reporting minor units; NaN where not known."""
        amount = self.latest(self.book.limits, "amount")
        return np.where(self.latest(self.book.limits, "valid_to") > self.day, amount, np.nan)

    @cached_property
    def days_to_promise(self) -> Float64:
        """Days to the day of the latest promise to pay; NaN once it has been judged."""
        days = self.latest(self.book.promises, "promised_day") - self.day
        return np.where(days >= -GRACE_DAYS, days, np.nan)

    @cached_property
    def last_payment_day(self) -> Float64:
        """Day of the payment that became known last."""
        return self.latest(self.book.paid, "day")

    @cached_property
    def last_issue_day(self) -> Float64:
        """Issue day of the invoice that became known last."""
        return self.latest(self.book.issued, "issued_day")

    @cached_property
    def around(self) -> Around:
        """Totals and means of the customer's surroundings: windows that end with yesterday."""
        return Around(self.book, self.keys, self.day, self.latest)

    def portfolio(self, measure: str, window: str) -> Float64:
        """Return the portfolio's total of a measure over a window that ends with yesterday."""
        return self.around.total("portfolio", measure, window)

    def segment(self, measure: str, window: str) -> Float64:
        """Return the total of the customer's segment; the portfolio's where it has none."""
        own = self.around.total("segment", measure, window)
        return np.where(self.around.has("segment"), own, self.portfolio(measure, window))

    @cached_property
    def shrunk_late(self) -> Mapping[int, Float64]:
        """The year's late rate by days late, shrunk customer to segment to portfolio.

        Each level weighs as much as `PRIOR_INVOICES` invoices of the level below.
        """
        late, count = self.around.late_of_year("portfolio")
        portfolio = (late + 0.5) / (count + 1.0)
        late, count = self.around.late_of_year("segment")
        segment = (late + PRIOR_INVOICES * portfolio) / (count + PRIOR_INVOICES)
        year = self.settled["365d"]
        own = np.array([year[f"late_{days}"] for days in SHRUNK_DAYS])
        shrunk = (own + PRIOR_INVOICES * segment) / (year["count"] + PRIOR_INVOICES)
        return dict(zip(SHRUNK_DAYS, shrunk, strict=True))
