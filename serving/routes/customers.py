"""One customer's risk."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from serving.context import KeyRequired, Shared
from serving.outputs import CUSTOMER_COLUMNS
from serving.problems import Problem
from serving.store_file import Record
from serving.wording import shown

router = APIRouter(prefix="/v1/customers", tags=["customers"], dependencies=[KeyRequired])


# Ids may hold slashes: some systems prefix them with the company.
@router.get("/{customer_id:path}/risk")
def risk(customer_id: str, context: Shared) -> dict[str, Any]:
    """Scores, limits, exposure and reasons, the history of scores, and every open invoice."""
    store = context.store
    with store.snapshot():
        published = store.current()
        scores = store.customer(customer_id)
        if published is None or scores is None:
            raise unknown_customer(customer_id, published is not None)
        invoices = store.invoices_of(customer_id)
        history = store.customer_history(customer_id)
        entry = store.worklist_entry(customer_id)
    as_of = published.as_of.isoformat()
    return {
        **{column: scores[column] for column in CUSTOMER_COLUMNS},
        "as_of": as_of,
        "name": scores["name"],
        "reasons": reasons_of(scores),
        "worklist": entry,
        "open_invoices": [{**invoice, "as_of": as_of} for invoice in invoices],
        "history": history,
        "models": dict(published.models),
        "ledger_fingerprint": published.ledger_fingerprint,
    }


def unknown_customer(customer_id: str, published: bool) -> Problem:
    """Return the problem of a customer without scores."""
    if not published:
        return Problem(404, "No scores are published yet: run 'payrisk score'.")
    return Problem(404, f"Customer '{shown(customer_id)}' is not among the scored ones.")


def reasons_of(row: Record) -> list[str]:
    """Return a row's reasons, the weightiest first, without the empty ones."""
    return [row[name] for name in ("reason_1", "reason_2", "reason_3", "reason_4") if row[name]]
