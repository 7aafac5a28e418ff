"""What is invoiced on a day, and what the payment day of each invoice is expected to be."""

from __future__ import annotations

import math

from numba import njit

from features.simulator.draws import normal, take, uniform
from features.simulator.pay_run import FRESH
from features.simulator.population import SMALLEST_INVOICE
from features.simulator.records import INVOICES

_UNUSUAL_TERMS = 0.05
_FULL_CREDIT, _SOME_CREDIT = 0.005, 0.025
"""Upper edges of the draw of a credit note soon after the invoice."""


@njit(cache=True)
def issue_invoice(  # type: ignore[no-untyped-def]
    out, customer, day, terms, other_terms, usual, key, counter
):
    """Append an invoice of about the usual amount to the records; return its row."""
    at = out.counts[INVOICES]
    if take(key, counter) < _UNUSUAL_TERMS:
        terms = other_terms
    draw = counter[0]
    counter[0] += 6
    spread = math.exp(0.55 * normal(key, draw) - 0.15)
    amount = int(usual * max(spread, 0.35 + 0.1 * uniform(key, draw + 2)))
    if amount < SMALLEST_INVOICE:
        # Spread, or small customers would have many invoices of one amount.
        amount = SMALLEST_INVOICE + int(30_000 * uniform(key, draw + 3))
    credit = 0
    u = uniform(key, draw + 4)
    if u < _FULL_CREDIT:
        credit = amount
    elif u < _SOME_CREDIT:
        credit = int(amount * (0.1 + 17.5 * (u - _FULL_CREDIT)))
        if amount - credit < SMALLEST_INVOICE:
            credit = 0
    out.invoices[at].customer = customer
    out.invoices[at].issued = day
    out.invoices[at].due = day + terms
    out.invoices[at].amount = amount
    out.invoices[at].credit = credit
    out.invoices[at].credit_day = day + 1 + int(6 * uniform(key, draw + 5))
    out.counts[INVOICES] += 1
    return at


@njit(cache=True)
def owe(out, items, n_open, known_due, row):  # type: ignore[no-untyped-def]
    """Add an invoice to the open items unless all of it is credited; return their number."""
    left = out.invoices[row].amount - out.invoices[row].credit
    if left <= 0:
        return n_open
    items.invoice[n_open] = row
    items.left[n_open] = left
    items.status[n_open] = FRESH
    items.overdue_from[n_open] = out.invoices[row].due
    items.dispute[n_open] = -1
    known_due[out.invoices[row].due] += 1
    return n_open + 1
