"""What the ledger shows of disputes, promises and the seller's activities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.simulator.business_days import Calendar
from features.simulator.contacts import (
    ACTIVITY_KINDS,
    ACTIVITY_OUTCOMES,
    AGENCY,
    EMAIL,
    LEGAL,
    LETTER,
    REMINDER,
    STOP_DELIVERY,
)
from features.simulator.disputes import OUTCOMES, REASONS, seller_fault
from features.simulator.draws import DOCUMENTS, Int64, uniforms
from features.simulator.extract import (
    chosen,
    constant,
    dates,
    money,
    number_within,
    numbered,
    table,
)
from features.simulator.master_data import CURRENCY, CUSTOMER_DIGITS, customer_ids
from features.simulator.population import COLLECTORS, Population
from features.simulator.records import ACTIVITIES, DISPUTES, PROMISES, Records

_DISPUTE_DRAWS, _PROMISE_DRAWS = 40_000_000, 50_000_000
_LAGS = np.array([0.65, 0.90])
"""Shares of disputes recorded on the day and on the next; the rest takes 2."""
_KNOWN_AT_ONCE = 0.4
"""Disputes whose cause is clear when they are opened."""
_WITHOUT_AMOUNT = 0.10
_REASON_SHARES = np.array([[0.24, 0.46, 0.66, 0.84, 0.96], [0.08, 0.16, 0.28, 0.44, 0.80]])
"""Upper edges of the reasons' draws: where the seller is at fault, and where it is not."""
_OPEN = len(OUTCOMES)


def collection_tables(
    people: Population,
    calendar: Calendar,
    records: Records,
    invoice_ids: pa.Array,
    invoice_number: Int64,
) -> dict[str, pa.Table]:
    """Return the disputes, promises and activities known at the horizon, by table name.

    Parameters
    ----------
    people : Population
    calendar : Calendar
    records : Records
    invoice_ids : array of text
        By row of the invoices.
    invoice_number : int64 array
        Numbers of the invoices within their customers.
    """
    return {
        "disputes": _disputes(people, calendar, records, invoice_ids, invoice_number),
        "promises": _promises(people, calendar, records, invoice_ids),
        "activities": _activities(people, calendar, records, invoice_ids),
    }


def _disputes(
    people: Population,
    calendar: Calendar,
    records: Records,
    invoice_ids: pa.Array,
    invoice_number: Int64,
) -> pa.Table:
    """Return two rows of every dispute that has ended, one of every other."""
    n = records.counts[DISPUTES]
    invoice = records.disputes["invoice"][:n]
    owner = records.invoices["customer"][invoice]
    customer, number = people.customer[owner], invoice_number[invoice]
    u = uniforms(people.seed, customer, DOCUMENTS, 5, first=_DISPUTE_DRAWS + 5 * number)
    fault = seller_fault(records.disputes["outcome"][:n], u[:, 0])
    reason = (u[:, 1, None] >= _REASON_SHARES[1 - fault.astype(np.int64)]).sum(axis=1)
    # As with payments: a customer that pays at every run must not be seen overdue in between.
    slack = np.where(people.item_by_item[owner] == 1, 2, people.lead[owner])
    opened = records.disputes["open"][:n] + np.minimum(np.searchsorted(_LAGS, u[:, 2]), slack)
    ended = np.maximum(records.disputes["end"][:n] + np.searchsorted(_LAGS, u[:, 3]), opened)
    row = np.repeat(np.arange(n), 2)
    last = np.tile([False, True], n)
    day = np.where(last, records.disputes["end"][row], records.disputes["open"][row])
    known = np.where(last, ended[row], opened[row])
    order = np.lexsort((last, number[row], customer[row]))
    order = order[known[order] < calendar.horizon]
    row, last, day, known = row[order], last[order], day[order], known[order]
    told = last | (u[row, 4] < _KNOWN_AT_ONCE)
    amount = money(records.disputes["amount"][row])
    return table(
        "disputes",
        {
            "dispute_id": numbered("D", (customer[row], CUSTOMER_DIGITS), (number[row], 4)),
            "invoice_id": invoice_ids.take(pa.array(invoice[row])),
            "event_on": dates(calendar, day),
            "status": chosen(
                (*OUTCOMES, "open"), np.where(last, records.disputes["outcome"][row], _OPEN)
            ),
            "customer_id": customer_ids(customer[row]),
            # An empty amount disputes the whole invoice.
            "amount": _given(~records.disputes["whole"][row], amount),
            "currency": constant(CURRENCY, len(row)),
            "reason": chosen(REASONS, reason[row]),
            "seller_fault": _given(told, chosen(("false", "true"), fault[row].astype(np.int64))),
            "recorded_at": dates(calendar, known),
        },
    )


def _promises(
    people: Population, calendar: Calendar, records: Records, invoice_ids: pa.Array
) -> pa.Table:
    n = records.counts[PROMISES]
    customer = people.customer[records.promises["customer"][:n]]
    number = number_within(customer)
    u = uniforms(people.seed, customer, DOCUMENTS, 2, first=_PROMISE_DRAWS + 2 * number)
    made = records.promises["made"][:n]
    known = made + (u[:, 0] < 0.10)
    row = np.flatnonzero(known < calendar.horizon)
    invoice = records.promises["invoice"][row]
    named = invoice >= 0
    amount = money(records.promises["amount"][row])
    return table(
        "promises",
        {
            "promise_id": numbered("R", (customer[row], CUSTOMER_DIGITS), (number[row], 4)),
            "customer_id": customer_ids(customer[row]),
            "made_on": dates(calendar, made[row]),
            "promised_on": dates(calendar, records.promises["promised"][row]),
            "invoice_id": _given(named, invoice_ids.take(pa.array(np.maximum(invoice, 0)))),
            "amount": _given(u[row, 1] >= _WITHOUT_AMOUNT, amount),
            "currency": constant(CURRENCY, len(row)),
            "recorded_at": dates(calendar, known[row]),
        },
    )


def _activities(
    people: Population, calendar: Calendar, records: Records, invoice_ids: pa.Array
) -> pa.Table:
    n = records.counts[ACTIVITIES]
    owner = records.activities["customer"][:n]
    customer = people.customer[owner]
    number = number_within(customer)
    row = np.flatnonzero(records.activities["known"][:n] < calendar.horizon)
    kind = records.activities["kind"][row]
    invoice, level = records.activities["invoice"][row], records.activities["level"][row]
    actor = people.collector[owner[row]]
    actor = np.where((kind == REMINDER) | (kind == LETTER) | (kind == EMAIL), COLLECTORS, actor)
    actor = np.where(kind == STOP_DELIVERY, COLLECTORS + 1, actor)
    actor = np.where((kind == AGENCY) | (kind == LEGAL), COLLECTORS + 2, actor)
    actors = (*(f"collector-{k + 1}" for k in range(COLLECTORS)), "dunning-run", "credit-control")
    return table(
        "activities",
        {
            "activity_id": numbered("A", (customer[row], CUSTOMER_DIGITS), (number[row], 4)),
            "customer_id": customer_ids(customer[row]),
            "happened_on": dates(calendar, records.activities["day"][row]),
            "kind": chosen(ACTIVITY_KINDS, kind),
            "invoice_id": _given(invoice >= 0, invoice_ids.take(pa.array(np.maximum(invoice, 0)))),
            "level": pa.array(level, mask=level < 0),
            "outcome": chosen(ACTIVITY_OUTCOMES, records.activities["outcome"][row]),
            "actor": chosen((*actors, "credit-manager"), actor),
            "recorded_at": dates(calendar, records.activities["known"][row]),
        },
    )


def _given(condition: npt.NDArray[np.bool_], values: pa.Array) -> pa.Array:
    """Return the values where the condition holds and nothing elsewhere."""
    return pc.if_else(pa.array(condition), values, pa.scalar(None, values.type))
