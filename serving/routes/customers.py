"""One customer's risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from serving.context import KeyRequired, Shared
from serving.outputs import CUSTOMER_COLUMNS
from serving.problems import Problem
from serving.store import Published, RiskStore
from serving.store_file import Record
from serving.wording import shown

router = APIRouter(prefix="/v1/customers", tags=["customers"], dependencies=[KeyRequired])


# Ids may hold slashes: some systems prefix them with the company.
@router.get("/{customer_id:path}/risk")
def risk(customer_id: str, context: Shared) -> dict[str, Any]:
    """Scores, limits, exposure and reasons, the history of scores, and every open invoice."""
    found = read_customer(context.store, customer_id)
    as_of = found.published.as_of.isoformat()
    return {
        **{column: found.scores[column] for column in CUSTOMER_COLUMNS},
        "as_of": as_of,
        "name": found.scores["name"],
        "reasons": reasons_of(found.scores),
        "worklist": found.entry,
        "open_invoices": [{**invoice, "as_of": as_of} for invoice in found.invoices],
        "history": found.history,
        "models": dict(found.published.models),
        "ledger_fingerprint": found.published.ledger_fingerprint,
    }


@dataclass(frozen=True)
class CustomerFile:
    """All that is published about a customer, from one score set."""

    published: Published
    scores: Record
    invoices: list[Record]
    history: list[Record]
    entry: Record | None
    """Its row of the worklist."""


def read_customer(store: RiskStore, customer_id: str) -> CustomerFile:
    """Read everything about a customer.

    Raises
    ------
    Problem
        404: nothing is published, or not about this customer.
    """
    with store.snapshot():
        published = store.current()
        if published is None:
            raise Problem(404, "No scores are published yet: run 'payrisk score'.")
        scores = store.customer(customer_id)
        if scores is None:
            raise Problem(404, f"Customer '{shown(customer_id)}' is not among the scored ones.")
        return CustomerFile(
            published,
            scores,
            store.invoices_of(customer_id),
            store.customer_history(customer_id),
            store.worklist_entry(customer_id),
        )


def reasons_of(row: Record) -> list[str]:
    """Return a row's reasons, the weightiest first, without the empty ones."""
    return [row[name] for name in ("reason_1", "reason_2", "reason_3", "reason_4") if row[name]]
