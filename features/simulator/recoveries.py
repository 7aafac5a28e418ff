"""What still comes in after a write-off: instalments from the debtor, a collector, an estate.

Their draws come from a stream of their own and their documents have a prefix of their own, so a
book with recoveries is the book without them and more rows. The default and its probability lie
before the write-off: no truth depends on what follows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.simulator.business_days import Calendar
from features.simulator.draws import RECOVERIES, uniforms
from features.simulator.extract import constant, dates, money, number_within, numbered, table
from features.simulator.master_data import CURRENCY, CUSTOMER_DIGITS, customer_ids
from features.simulator.population import Population
from features.simulator.records import PAYMENTS, WRITTEN_OFF, Records

_NOTHING_SHARE = 0.35
"""Customers of whose written-off invoices nothing is ever seen again."""
_MOST = 0.60
"""Share of a claim that comes back at most; on average a quarter of it, where anything does."""
_MOST_INSTALMENTS = 3
_FIRST_DAYS, _NEXT_DAYS = (30, 150), (45, 120)
"""Days from the write-off to the first instalment, and from each to the next."""


def recoveries_table(
    people: Population, calendar: Calendar, records: Records, invoice_ids: pa.Array
) -> pa.Table:
    """Return payments on invoices written off before, as rows of the table ``payments``.

    The share that comes back and the instalments' days are the customer's: an estate pays every
    claim the same quota. Each instalment pays an equal part, rounded down to the cent.

    Parameters
    ----------
    people : Population
    calendar : Calendar
    records : Records
    invoice_ids : string array
        Of the chunk's invoices.
    """
    n = records.counts[PAYMENTS]
    lost = np.flatnonzero(records.payments["kind"][:n] == WRITTEN_OFF)
    invoice = records.payments["invoice"][lost]
    customer = people.customer[records.invoices["customer"][invoice]]
    u = uniforms(people.seed, customer, RECOVERIES, 3 + _MOST_INSTALMENTS)
    quota = np.where(u[:, 0] < _NOTHING_SHARE, 0.0, _MOST * u[:, 1] ** 1.4)
    instalments = 1 + (u[:, 2] * _MOST_INSTALMENTS).astype(np.int64)
    each = np.floor(quota * records.payments["amount"][lost] / instalments).astype(np.int64)
    number = number_within(customer)
    day = records.payments["day"][lost]
    parts = []
    for instalment in range(_MOST_INSTALMENTS):
        shortest, longest = _NEXT_DAYS if instalment else _FIRST_DAYS
        day = day + shortest + ((longest - shortest) * u[:, 3 + instalment]).astype(np.int64)
        comes = (instalment < instalments) & (each > 0) & (day < calendar.horizon)
        parts.append(np.column_stack([customer, number, invoice, day, each])[comes])
    customer, number, invoice, day, each = np.concatenate(parts).T
    order = np.lexsort((number, day, customer))
    customer, invoice, day, each = (rows[order] for rows in (customer, invoice, day, each))
    when = dates(calendar, day)
    return table(
        "payments",
        {
            "payment_id": numbered("R", (customer, CUSTOMER_DIGITS), (number_within(customer), 4)),
            "paid_on": when,
            "amount": money(each),
            "currency": constant(CURRENCY, len(customer)),
            "invoice_id": invoice_ids.take(pa.array(invoice)),
            "customer_id": customer_ids(customer),
            "kind": constant("payment", len(customer)),
            "recorded_at": when,
        },
    )
