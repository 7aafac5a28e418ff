"""The ranked worklist, as JSON or CSV."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response

from serving.context import KeyRequired, Shared
from serving.export import FORMATS, chosen_format, to_csv
from serving.outputs import WORKLIST_COLUMNS
from serving.problems import Problem

router = APIRouter(prefix="/v1/worklist", tags=["worklist"], dependencies=[KeyRequired])

CSV_COLUMNS = ("rank", "customer_id", "name", *list(WORKLIST_COLUMNS)[2:], "pd_12m", "grade")

Text = Annotated[str | None, Query(max_length=200)]


@router.get("")
def worklist(
    context: Shared,
    collector: Text = None,
    q: Text = None,
    limit: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    format: Annotated[str | None, Query(max_length=200)] = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Whom to contact first.

    ``collector`` keeps one collector's customers (``-``: those without), ``q`` those whose id or
    name holds a text. Without ``limit`` the whole list comes.
    """
    form = chosen_format(format, accept)
    if form is None:
        raise Problem(
            406,
            f"The worklist comes as {' or '.join(FORMATS)}: set ?format= or the Accept header.",
            formats=list(FORMATS),
        )
    store = context.store
    with store.snapshot():
        published = store.current()
        rows = store.worklist(collector or None, limit, offset, q)
        totals = store.worklist_totals(collector or None, q)
    if form == "csv":
        when = published.as_of.isoformat() if published else "empty"
        return Response(
            to_csv(rows, CSV_COLUMNS),
            media_type="text/csv; charset=utf-8; header=present",
            headers={"Content-Disposition": f'attachment; filename="worklist-{when}.csv"'},
        )
    answer: dict[str, Any] = {
        "as_of": published.as_of.isoformat() if published else None,
        "currency": published.reporting_currency if published else None,
        "models": dict(published.models) if published else {},
        "total": totals.customers,
        "totals": asdict(totals),
        "limit": limit,
        "offset": offset,
        "rows": rows,
    }
    return JSONResponse(answer)
