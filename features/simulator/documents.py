"""What the ledger shows of the histories: invoices, credit notes, payments, orders, events.

Disputes, promises and activities: `collection_documents`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.simulator.business_days import Calendar
from features.simulator.collection_documents import collection_tables
from features.simulator.disputes import CREDITED
from features.simulator.draws import DOCUMENTS, Float64, Int64, uniforms
from features.simulator.extract import (
    chosen,
    constant,
    dates,
    money,
    number_within,
    numbered,
    table,
)
from features.simulator.hidden_state import EVENT_KINDS, STATES
from features.simulator.master_data import COMPANY, CURRENCY, CUSTOMER_DIGITS, customer_ids
from features.simulator.payment_truth import late_columns
from features.simulator.population import Population
from features.simulator.records import (
    DISCOUNTED,
    DISPUTES,
    EVENTS,
    INVOICES,
    MONTHS,
    PAID,
    PAYMENTS,
    REVERSED,
    WRITTEN_OFF,
    Records,
)
from features.simulator.recoveries import recoveries_table

_KINDS = ("payment", "reversal", "write_off", "discount")
_UNAPPLIED_SHARE = 0.012
"""Payments that arrive without a reference and are applied days later."""
_ORDERED_SHARE = 0.6
"""Invoices that bill an order; the others are call-offs and services without one."""
_CANCELLED_SHARE = 0.02
_PAYMENT_LAGS = np.array([0.55, 0.85, 0.95])
"""Shares recorded within 0, 1 and 2 days; the rest takes 3."""
_INVOICE_DRAWS, _PAYMENT_DRAWS = 0, 30_000_000


@dataclass(frozen=True)
class _Invoices:
    """The invoices of a chunk with their numbers; arrays of shape (n,)."""

    customer: Int64
    number: Int64
    recorded: Int64
    draws: Float64

    @property
    def ordered(self) -> npt.NDArray[np.bool_]:
        """True where an invoice bills an order."""
        has: npt.NDArray[np.bool_] = self.draws[:, 4] < _ORDERED_SHARE
        return has

    @property
    def ids(self) -> pa.Array:
        """Return the invoices' ids."""
        return self.named("I")

    def named(self, prefix: str) -> pa.Array:
        """Return the ids of the documents that go with the invoices."""
        return numbered(prefix, (self.customer, CUSTOMER_DIGITS), (self.number, 4))


def _invoices(people: Population, records: Records) -> _Invoices:
    n = records.counts[INVOICES]
    customer = people.customer[records.invoices["customer"][:n]]
    number = number_within(customer)
    draws = uniforms(people.seed, customer, DOCUMENTS, 6, first=_INVOICE_DRAWS + 6 * number)
    recorded = records.invoices["issued"][:n] + (draws[:, 0] < 0.08)
    return _Invoices(customer, number, recorded, draws)


def ledger_tables(people: Population, calendar: Calendar, records: Records) -> dict[str, pa.Table]:
    """Return what the ledger knows at the horizon, by table name, and the truth by ``truth/...``.

    Only rows recorded before the horizon: the extract is taken on that day.
    """
    invoices = _invoices(people, records)
    return {
        "invoices": _invoices_table(calendar, records, invoices),
        "payments": _by_customer(
            _payments_table(people, calendar, records, invoices),
            recoveries_table(people, calendar, records, invoices.ids),
        ),
        "orders": _orders_table(people, calendar, records, invoices),
        "customer_events": _events_table(people, calendar, records),
        **collection_tables(people, calendar, records, invoices.ids, invoices.number),
        "truth/customers": _customer_truth(people, calendar, records),
        "truth/invoices": _invoice_truth(calendar, records, invoices),
    }


def _by_customer(first: pa.Table, second: pa.Table) -> pa.Table:
    """Return the rows of both, each customer's together, the first's before the second's."""
    both = pa.concat_tables([first, second])
    owner = both["customer_id"].to_numpy()
    return both.take(pa.array(np.argsort(owner, kind="stable")))


def _invoices_table(calendar: Calendar, records: Records, invoices: _Invoices) -> pa.Table:
    n = records.counts[INVOICES]
    credited = np.flatnonzero(records.invoices["credit"][:n] > 0)
    disputes = np.flatnonzero(records.disputes["outcome"][: records.counts[DISPUTES]] == CREDITED)
    # Credit notes follow the invoices as further documents; then all are put in their order.
    of = np.concatenate([np.arange(n), credited, records.disputes["invoice"][disputes]])
    sort = np.repeat([0, 1, 2], [n, len(credited), len(disputes)])
    day = np.concatenate(
        [
            records.invoices["issued"][:n],
            records.invoices["credit_day"][credited],
            records.disputes["end"][disputes],
        ]
    )
    amount = np.concatenate(
        [
            records.invoices["amount"][:n],
            records.invoices["credit"][credited],
            records.disputes["credit"][disputes],
        ]
    )
    recorded = np.where(sort > 0, day, invoices.recorded[of])
    order = np.lexsort((invoices.number[of], day, invoices.customer[of]))
    order = order[recorded[order] < calendar.horizon]
    of, sort, day, amount = of[order], sort[order], day[order], amount[order]
    recorded, note = recorded[order], sort > 0
    invoice_ids = invoices.ids.take(pa.array(of))
    is_note = pa.array(note)
    nothing = pa.scalar(None, pa.string())
    columns = {
        "invoice_id": pc.choose(
            pa.array(sort),
            invoice_ids,
            invoices.named("N").take(pa.array(of)),
            invoices.named("M").take(pa.array(of)),
        ),
        "customer_id": customer_ids(invoices.customer[of]),
        "issued_on": dates(calendar, day),
        "due_on": dates(calendar, np.where(note, day, records.invoices["due"][of])),
        "amount": money(amount),
        "currency": constant(CURRENCY, len(of)),
        "company_id": constant(COMPANY, len(of)),
        "order_id": _where(
            pa.array(~note & invoices.ordered[of]),
            invoices.named("O").take(pa.array(of)),
            nothing,
        ),
        "kind": chosen(("invoice", "credit_note"), note.astype(np.int64)),
        "credited_invoice_id": _where(is_note, invoice_ids, nothing),
        "recorded_at": dates(calendar, recorded),
    }
    return table("invoices", columns)


def _where(condition: pa.Array, yes: pa.Array, no: pa.Array) -> pa.Array:
    return pc.if_else(condition, yes, no)


def _payments_table(
    people: Population, calendar: Calendar, records: Records, invoices: _Invoices
) -> pa.Table:
    n = records.counts[PAYMENTS]
    of = records.payments["invoice"][:n]
    kind = records.payments["kind"][:n]
    customer = invoices.customer[of]
    number = number_within(customer)
    u = uniforms(people.seed, customer, DOCUMENTS, 3, first=_PAYMENT_DRAWS + 3 * number)
    paid_on = records.payments["day"][:n]
    # A run that pays what is due within `lead` days leaves nothing overdue for as long: recorded
    # within them, a customer that pays at every run is never seen overdue for months on end.
    owner = records.invoices["customer"][of]
    slack = np.where(people.item_by_item[owner] == 1, 2, people.lead[owner])
    lag = np.minimum(np.searchsorted(_PAYMENT_LAGS, u[:, 0]), slack)
    # A discount is booked with its payment.
    lag = np.where(kind == DISCOUNTED, np.append(0, lag[:-1]), lag)
    recorded = paid_on + np.where(kind == WRITTEN_OFF, 0, lag)
    reversed_next = np.append(kind[1:] == REVERSED, False)
    unapplied = (kind == PAID) & ~reversed_next & (u[:, 1] < _UNAPPLIED_SHARE)
    # Unapplied cash is a row without an invoice; its application is a later row of the same id.
    later = np.flatnonzero(unapplied)
    row = np.concatenate([np.arange(n), later])
    applied = np.concatenate([~unapplied, np.ones(len(later), np.bool_)])
    known = np.concatenate([recorded, recorded[later] + 2 + (7 * u[later, 2]).astype(np.int64)])
    order = np.lexsort((known, number[row], customer[row]))
    order = order[known[order] < calendar.horizon]
    row, applied, known = row[order], applied[order], known[order]
    ids = numbered("P", (customer[row], CUSTOMER_DIGITS), (number[row], 4))
    taken_back = numbered(
        "P", (customer[row], CUSTOMER_DIGITS), (np.maximum(number[row] - 1, 0), 4)
    )
    nothing = pa.scalar(None, pa.string())
    return table(
        "payments",
        {
            "payment_id": ids,
            "paid_on": dates(calendar, paid_on[row]),
            "amount": money(records.payments["amount"][:n][row]),
            "currency": constant(CURRENCY, len(row)),
            "invoice_id": _where(pa.array(applied), invoices.ids.take(pa.array(of[row])), nothing),
            "customer_id": customer_ids(customer[row]),
            "kind": chosen(_KINDS, kind[row]),
            "reverses_payment_id": _where(pa.array(kind[row] == REVERSED), taken_back, nothing),
            "recorded_at": dates(calendar, known),
        },
    )


def _orders_table(
    people: Population, calendar: Calendar, records: Records, invoices: _Invoices
) -> pa.Table:
    issued = records.invoices["issued"][: records.counts[INVOICES]]
    joined = people.joined[records.invoices["customer"][: records.counts[INVOICES]]]
    ordered = np.maximum(issued - 2 - (18 * invoices.draws[:, 1]).astype(np.int64), joined)
    ordered = np.minimum(ordered, issued - 1)
    cancelled = np.flatnonzero(invoices.draws[:, 2] < _CANCELLED_SHARE)
    given_up = ordered[cancelled] + 1 + (15 * invoices.draws[cancelled, 3]).astype(np.int64)
    # Every order is a row when it comes and another when it is invoiced or cancelled.
    billed = np.flatnonzero(invoices.ordered)
    of = np.concatenate([billed, billed, cancelled, cancelled])
    status = np.repeat([0, 1, 0, 2], [len(billed)] * 2 + [len(cancelled)] * 2)
    extra = np.repeat([False, True], [2 * len(billed), 2 * len(cancelled)])
    known = np.concatenate([ordered[billed], issued[billed], ordered[cancelled], given_up])
    order = np.lexsort((status, extra, invoices.number[of], invoices.customer[of]))
    order = order[known[order] < calendar.horizon]
    of, status, extra, known = of[order], status[order], extra[order], known[order]
    amount = records.invoices["amount"][of]
    return table(
        "orders",
        {
            "order_id": _where(
                pa.array(extra),
                invoices.named("X").take(pa.array(of)),
                invoices.named("O").take(pa.array(of)),
            ),
            "customer_id": customer_ids(invoices.customer[of]),
            "ordered_on": dates(calendar, ordered[of]),
            "amount": money(amount),
            "currency": constant(CURRENCY, len(of)),
            "company_id": constant(COMPANY, len(of)),
            "status": chosen(("open", "invoiced", "cancelled"), status),
            "open_amount": money(np.where(status == 0, amount, 0)),
            "terms_days": pa.array(records.invoices["due"][of] - records.invoices["issued"][of]),
            "recorded_at": dates(calendar, known),
        },
    )


def _events_table(people: Population, calendar: Calendar, records: Records) -> pa.Table:
    n = records.counts[EVENTS]
    customer = people.customer[records.events["customer"][:n]]
    kind, day = records.events["kind"][:n], records.events["day"][:n]
    recorded = records.events["known"][:n]
    keep = recorded < calendar.horizon
    return table(
        "customer_events",
        {
            "customer_id": customer_ids(customer[keep]),
            "kind": chosen(EVENT_KINDS, kind[keep]),
            "happened_on": dates(calendar, day[keep]),
            "recorded_at": dates(calendar, recorded[keep]),
        },
    )


def _customer_truth(people: Population, calendar: Calendar, records: Records) -> pa.Table:
    n = records.counts[MONTHS]
    chance = records.months["pd_12m"][:n]
    return pa.table(
        {
            "customer_id": customer_ids(people.customer[records.months["customer"][:n]]),
            "month_end": dates(calendar, records.months["day"][:n]),
            "state": chosen(STATES, records.months["state"][:n]),
            "in_default": pa.array(records.months["in_default"][:n]),
            "true_pd_12m": pa.array(chance, mask=np.isnan(chance)),
        }
    )


def _invoice_truth(calendar: Calendar, records: Records, invoices: _Invoices) -> pa.Table:
    keep = np.flatnonzero(invoices.recorded < calendar.horizon)
    late = records.late[keep]
    columns = {"invoice_id": invoices.ids.take(pa.array(keep))}
    for at, name in enumerate(late_columns()):
        columns[name] = pa.array(late[:, at].astype(np.float32))
    return pa.table(columns)
