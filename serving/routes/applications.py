"""Who asks for credit without any history here: scored from what an application has."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import numpy as np
import pandas as pd
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.bundle import LoadedModel
from models.scoring.applications import score_applications
from serving.amounts import Amount, check_amount
from serving.champions import default_moment, usable_champion
from serving.context import Context, KeyRequired, Shared
from serving.outputs import APPLICATION_KINDS, plain_rows
from serving.problems import Problem
from serving.routes.customers import reasons_of
from serving.routes.orders import Currency, Id
from serving.scoring_state import Loaded
from serving.wording import count

router = APIRouter(prefix="/v1/applications", tags=["applications"], dependencies=[KeyRequired])

Text = Annotated[str, Field(min_length=1, max_length=200)]


class Application(BaseModel):
    """Somebody who asks for credit; what is not known is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application_id: Id
    customer_id: Id | None = None
    segment: Text | None = None
    country: Text | None = None
    business_started: date | None = None
    bureau_score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    requested_amount: Amount
    currency: Currency

    @model_validator(mode="after")
    def _amount_fits_currency(self) -> Application:
        check_amount(self.requested_amount, self.currency)
        return self


class ApplicationBatch(BaseModel):
    """Applications; the rows of one request do not see each other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: date | None = None
    """Moment of knowledge; by default that of the published scores."""
    applications: Annotated[list[Application], Field(min_length=1)]

    @model_validator(mode="after")
    def _told_apart(self) -> ApplicationBatch:
        ids = [row.application_id for row in self.applications]
        if len(set(ids)) < len(ids):
            raise ValueError("an application_id stands twice")
        return self


@router.post("")
def score(batch: ApplicationBatch, context: Shared) -> dict[str, Any]:
    """Score applications with the champion: the numbers of ``payrisk score --applications``."""
    most = context.serving.max_batch_rows
    if len(batch.applications) > most:
        sent = count(len(batch.applications), "row")
        raise Problem(413, f"{sent} in one request; send at most {most:,} at a time.")
    loaded = context.scoring.current()
    as_of = batch.as_of or default_moment(context.store.current(), loaded)
    champion = usable_champion("default", loaded, as_of)
    if champion.model.application is None:
        raise Problem(503, "The default model has no application scoring: train it again.")
    future = [row for row in batch.applications if (row.business_started or as_of) > as_of]
    if future:
        raise Problem(
            422,
            f"business_started {future[0].business_started} of {future[0].application_id} is "
            f"after as_of {as_of}.",
        )
    rows = _scored(batch.applications, context, loaded, champion, as_of)
    return {
        "as_of": as_of.isoformat(),
        "models": {"default": str(champion.version)},
        "applications": rows,
    }


def _scored(
    applications: list[Application],
    context: Context,
    loaded: Loaded,
    champion: LoadedModel,
    as_of: date,
) -> list[dict[str, Any]]:
    frame = _frame(applications, as_of)
    book = loaded.book
    assert book is not None  # noqa: S101 - the champion was checked with it
    foreign = sorted(set(frame["currency"]) - {book.reporting_currency, *book.rates["currency"]})
    if foreign:
        raise Problem(422, f"currency {foreign[0]}: no rate to {book.reporting_currency}.")
    losses = context.scoring.losses(loaded, as_of)
    scored = score_applications(champion, book, frame, as_of, context.settings, losses)
    rows, _ = plain_rows(scored, APPLICATION_KINDS, "application_id", "applications")
    answers = [dict(zip(APPLICATION_KINDS, row, strict=True)) for row in rows]
    return [{**row, "reasons": reasons_of(row)} for row in answers]


def _frame(applications: list[Application], as_of: date) -> pd.DataFrame:
    """Return applications as `models.scoring.applications.score_applications` reads them."""
    ages = [
        np.nan if row.business_started is None else float((as_of - row.business_started).days)
        for row in applications
    ]
    return pd.DataFrame(
        {
            "application_id": [row.application_id for row in applications],
            "customer_id": [row.customer_id or row.application_id for row in applications],
            "segment": pd.Series([row.segment for row in applications], dtype=object),
            "country": pd.Series([row.country for row in applications], dtype=object),
            "business_days": np.array(ages),
            "bureau_score": np.array(
                [np.nan if row.bureau_score is None else row.bureau_score for row in applications]
            ),
            "amount": [float(row.requested_amount) for row in applications],
            "currency": [row.currency for row in applications],
        }
    )
