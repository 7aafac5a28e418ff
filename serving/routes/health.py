"""Is it alive, is it ready, how is it doing, which models does it use."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from serving.context import KeyRequired, Shared
from serving.problems import problem_response

router = APIRouter(tags=["operation"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "What is missing, as problem+json"}})
def readyz(context: Shared) -> Response:
    """Tell whether orders can be decided and invoices scored, and if not, what is missing."""
    missing = context.missing()
    if missing:
        return problem_response(503, " ".join(missing), missing=missing)
    published = context.store.current()
    return JSONResponse(
        {"status": "ready", "as_of": published.as_of.isoformat() if published else None}
    )


@router.get("/metrics", dependencies=[KeyRequired], response_class=PlainTextResponse)
def metrics(context: Shared) -> PlainTextResponse:
    """Measure the service, in Prometheus' text format."""
    published = context.store.current()
    gauges = {
        "payrisk_ready": ("1 when ready.", float(not context.missing())),
        "payrisk_scores_age_days": (
            "Days since the moment of the published scores.",
            float((date.today() - published.as_of).days) if published else float("nan"),
        ),
    }
    return PlainTextResponse(
        context.metrics.text(gauges), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


@router.get("/v1/models", dependencies=[KeyRequired], tags=["models"])
def models(context: Shared) -> dict[str, Any]:
    """Name the champions that score now, and the versions behind the published scores."""
    published = context.store.current()
    champions = [
        {
            "name": model.name,
            "version": str(model.version),
            "fingerprint": model.fingerprint,
            "trained_as_of": str(model.trained_as_of),
        }
        for _, model in sorted(context.scoring.current().models.items())
    ]
    return {
        "champions": champions,
        "published": None
        if published is None
        else {
            "as_of": published.as_of.isoformat(),
            "models": dict(published.models),
            "ledger_fingerprint": published.ledger_fingerprint,
            "published_at": published.published_at,
        },
    }
