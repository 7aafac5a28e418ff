"""When will these invoices be paid: proposed ones scored now, open ones as published."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, model_validator

from models.bundle import LoadedModel
from serving.amounts import Amount, check_amount
from serving.champions import default_moment, usable_champion
from serving.context import Context, KeyRequired, Shared
from serving.live_scoring import score_proposed
from serving.problems import Problem
from serving.routes.orders import Currency, Id
from serving.scoring_state import Loaded
from serving.store import Published
from serving.store_file import Record
from serving.wording import count, shown

router = APIRouter(prefix="/v1/invoice-scores", tags=["invoices"], dependencies=[KeyRequired])

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)
MOST_TERMS_DAYS = 3650


class ProposedInvoice(BaseModel):
    """An invoice that is about to be issued."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invoice_id: Id | None = None
    customer_id: Id
    issued_on: date
    due_on: date
    amount: Amount
    currency: Currency

    @model_validator(mode="after")
    def _holds_together(self) -> ProposedInvoice:
        check_amount(self.amount, self.currency)
        if not EARLIEST <= self.issued_on <= LATEST:
            raise ValueError(f"issued_on {self.issued_on} is not between {EARLIEST} and {LATEST}")
        if self.due_on < self.issued_on:
            raise ValueError(f"due_on {self.due_on} is before issued_on {self.issued_on}")
        if (self.due_on - self.issued_on).days > MOST_TERMS_DAYS:
            raise ValueError(f"due_on {self.due_on} is more than {MOST_TERMS_DAYS} days away")
        return self


class InvoiceBatch(BaseModel):
    """Proposed invoices, ids of open ones, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: date | None = None
    """Moment of knowledge; by default that of the published scores."""
    invoices: list[ProposedInvoice] = []
    invoice_ids: list[Id] = []

    @model_validator(mode="after")
    def _asks_something(self) -> InvoiceBatch:
        if not self.invoices and not self.invoice_ids:
            raise ValueError("nothing to score: give invoices, invoice_ids or both")
        return self


@router.post("")
def score(batch: InvoiceBatch, context: Shared) -> dict[str, Any]:
    """Score invoices; the rows of one request do not see each other.

    ``invoices`` are proposed ones and are scored with the champion at ``as_of``; ``invoice_ids``
    name open ones and return what the last scoring run published.
    """
    rows = len(batch.invoices) + len(batch.invoice_ids)
    most = context.serving.max_batch_rows
    if rows > most:
        raise Problem(413, f"{count(rows, 'row')} in one request; send at most {most:,} at a time.")
    published = context.store.current()
    loaded = context.scoring.current()
    as_of = batch.as_of or default_moment(published, loaded)
    answer: dict[str, Any] = {"as_of": as_of.isoformat(), "models": {}, "invoices": []}
    if batch.invoices:
        champion = usable_champion("late_payment", loaded, as_of)
        answer["models"] = {"late_payment": str(champion.version)}
        answer["invoices"] += _proposed(batch.invoices, context, loaded, champion, as_of)
    if batch.invoice_ids:
        answer["invoices"] += _open(batch.invoice_ids, context, published, as_of)
        if not batch.invoices and published is not None:
            answer["models"] = dict(published.models)
    return answer


def _proposed(
    invoices: list[ProposedInvoice],
    context: Context,
    loaded: Loaded,
    champion: LoadedModel,
    as_of: date,
) -> list[Record]:
    early = [invoice for invoice in invoices if invoice.issued_on < as_of]
    if early:
        raise Problem(
            422,
            f"{count(len(early), 'invoice')} would be issued before as_of {as_of} (the first on "
            f"{early[0].issued_on}); give an as_of on or before issued_on.",
        )
    frame = pd.DataFrame(
        {
            "customer_id": [invoice.customer_id for invoice in invoices],
            "issued_on": pd.to_datetime([invoice.issued_on for invoice in invoices]),
            "due_on": pd.to_datetime([invoice.due_on for invoice in invoices]),
            "amount": [float(invoice.amount) for invoice in invoices],
            "currency": [invoice.currency for invoice in invoices],
        }
    )
    assert loaded.book is not None  # noqa: S101 - the champion was checked with it
    try:
        scored = score_proposed(champion, loaded.book, frame, as_of)
    except ValueError as error:
        raise Problem(422, str(error)) from error
    basis: dict[str, str] = {}
    for customer_id in {invoice.customer_id for invoice in invoices}:
        basis[customer_id] = _basis(context, customer_id)
    return [
        {
            **row,
            "invoice_id": invoice.invoice_id,
            "open_amount": float(invoice.amount),
            "as_of": as_of.isoformat(),
            "basis": basis[invoice.customer_id],
            "model_version": str(champion.version),
        }
        for invoice, row in zip(invoices, scored, strict=True)
    ]


def _basis(context: Context, customer_id: str) -> str:
    scores = context.store.customer(customer_id)
    return (scores and scores["basis"]) or "portfolio"


def _open(
    invoice_ids: list[str], context: Context, published: Published | None, as_of: date
) -> list[Record]:
    if published is None:
        raise Problem(503, "No scores are published yet: run 'payrisk score'.")
    if as_of != published.as_of:
        raise Problem(
            422,
            f"Open invoices are scored as of {published.as_of}, not {as_of}; leave as_of out or "
            "score that moment with 'payrisk score'.",
        )
    found = context.store.invoices(list(dict.fromkeys(invoice_ids)))
    absent = [invoice_id for invoice_id in invoice_ids if invoice_id not in found]
    if absent:
        named = ", ".join(shown(invoice_id) for invoice_id in absent[:5])
        raise Problem(
            422,
            f"{count(len(absent), 'invoice')} not open as of {as_of}: {named}",
            invoice_ids=absent,
        )
    version = published.models.get("late_payment")
    return [
        {
            **found[invoice_id],
            "as_of": as_of.isoformat(),
            "basis": _basis(context, found[invoice_id]["customer_id"]),
            "model_version": version,
        }
        for invoice_id in invoice_ids
    ]
