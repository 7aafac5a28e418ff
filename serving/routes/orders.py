"""Order decisions: asked once, answered alike for ever after."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from configs.settings import OrderPolicy
from serving.amounts import Amount, check_amount
from serving.context import Context, KeyRequired, Shared
from serving.order_policy import Decision, Position, decide
from serving.problems import Problem
from serving.routes.customers import reasons_of
from serving.store import Published, StoredDecision
from serving.store_file import Record
from serving.wording import major_units, shown

router = APIRouter(prefix="/v1/order-decisions", tags=["orders"], dependencies=[KeyRequired])

Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]


class Order(BaseModel):
    """An order as the ERP asks about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order_id: Id
    customer_id: Id
    amount: Amount
    currency: Currency
    terms_days: Annotated[int, Field(ge=0, le=3650, strict=True)] | None = None
    ordered_on: date | None = None

    @model_validator(mode="after")
    def _amount_fits_currency(self) -> Order:
        check_amount(self.amount, self.currency)
        return self

    def content(self) -> dict[str, Any]:
        """Return what the order says, in one form however it was written."""
        return {
            "order_id": self.order_id,
            "customer_id": self.customer_id,
            "amount": f"{major_units(self.amount, self.currency):f}",
            "currency": self.currency,
            "terms_days": self.terms_days,
            "ordered_on": self.ordered_on.isoformat() if self.ordered_on else None,
        }


@router.post("")
def make_decision(
    order: Order,
    context: Shared,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")
    ] = None,
) -> Response:
    """Decide about one order.

    With an ``Idempotency-Key`` the same order gets the same stored answer, byte for byte, however
    often it is asked; another order under the same key is refused. Without one each call decides.
    """
    if context.policy is None:
        raise Problem(503, "No order policy is loaded: no order is decided.")
    content = json.dumps(order.content(), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    if idempotency_key is not None:
        earlier = context.store.decision_of_key(idempotency_key)
        if earlier is not None:
            return _answer(earlier, digest)
    made = _decide(order, context, context.policy)
    stored = context.store.save_decision(
        StoredDecision(
            decision_id=made["decision_id"],
            idempotency_key=idempotency_key,
            content=digest,
            customer_id=order.customer_id,
            order_id=order.order_id,
            outcome=made["outcome"],
            decided_at=made["decided_at"],
            record=json.dumps(made, ensure_ascii=False),
        )
    )
    if stored.decision_id == made["decision_id"]:
        context.metrics.count_decision(stored.outcome)
    return _answer(stored, digest)


@router.get("/{decision_id}")
def find_decision(decision_id: str, context: Shared) -> Response:
    """Return a decision's whole record again, as it was answered."""
    stored = context.store.decision(decision_id)
    if stored is None:
        raise Problem(404, f"There is no decision '{shown(decision_id)}'.")
    return _answer(stored, stored.content)


def _answer(stored: StoredDecision, digest: str) -> Response:
    if stored.content != digest:
        raise Problem(
            422,
            "This Idempotency-Key was used for another order; take a new key for a new order.",
            decision_id=stored.decision_id,
        )
    return Response(stored.record, media_type="application/json")


def _decide(order: Order, context: Context, policy: OrderPolicy) -> dict[str, Any]:
    store = context.store
    with store.snapshot():
        published = store.current()
        scores = store.customer(order.customer_id)
        earliest_due = store.earliest_due(order.customer_id)
    conversion: dict[str, Any] | None = None
    if published is None:
        # Nothing is scored: the order's own currency is the only one there is.
        position = Position(as_of=None, currency=order.currency, known=False)
        amount = major_units(order.amount, order.currency)
    else:
        currency = published.reporting_currency
        amount, conversion = _converted(order, context, published)
        if scores is None:
            position = Position(as_of=published.as_of, currency=currency, known=False)
        else:
            position = Position.of(scores, published.as_of, earliest_due, currency)
    decision = decide(amount, position, policy)
    return _record(order, amount, conversion, position, decision, scores, published, policy)


def _converted(
    order: Order, context: Context, published: Published
) -> tuple[Decimal, dict[str, Any] | None]:
    if order.currency == published.reporting_currency:
        return major_units(order.amount, order.currency), None
    conversion = context.conversion(published, context.scoring.current())
    try:
        amount, rate, when = conversion.convert(order.amount, order.currency, published.as_of)
    except ValueError as error:
        raise Problem(422, str(error)) from error
    return amount, {
        "currency": published.reporting_currency,
        "rate": float(rate),
        "rate_date": when.isoformat(),
    }


def _record(
    order: Order,
    amount: Decimal,
    conversion: dict[str, Any] | None,
    position: Position,
    decision: Decision,
    scores: Record | None,
    published: Published | None,
    policy: OrderPolicy,
) -> dict[str, Any]:
    """Put together the answer: everything that an auditor needs to follow the decision."""
    return {
        "decision_id": secrets.token_hex(16),
        "decided_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "outcome": decision.outcome,
        "reasons": [
            {"code": reason.code, "calls_for": reason.calls_for, "text": reason.text}
            for reason in decision.reasons
        ],
        "order": {**order.content(), "amount": float(order.amount)},
        "as_of": published.as_of.isoformat() if published else None,
        "currency": position.currency,
        "conversion": conversion,
        "exposure": {
            "before": _number(decision.exposure_before),
            "order": _number(amount),
            "after": _number(decision.exposure_after),
        },
        "limit": {
            "amount": _number(decision.limit),
            "basis": decision.limit_basis,
            "use": decision.limit_use,
            "headroom": _number(decision.headroom),
        },
        "risk": {
            "pd_12m": position.pd_12m,
            "score": position.score,
            "grade": position.grade,
            "basis": position.basis or ("none" if not position.known else None),
            "overdue": _number(position.overdue),
            "worst_days_past_due": position.worst_days_past_due,
            "reasons": reasons_of(scores) if scores else [],
        },
        "versions": {
            "policy": policy.version,
            "models": dict(published.models) if published else {},
            "scores": published.content if published else None,
            "ledger": published.ledger_fingerprint if published else None,
        },
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
