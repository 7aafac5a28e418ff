"""The app: routes, errors and pages put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from configs.home import Home
from configs.settings import Settings
from serving import problems
from serving.context import Context
from serving.frontier import Frontier
from serving.routes import (
    applications,
    customers,
    health,
    invoices,
    orders,
    pages,
    reference,
    worklist,
)
from serving.security import ensure_api_key

STATIC = Path(__file__).parent / "static"

DESCRIPTION = """Payment risk from the company's own receivables ledger: who pays late, who does not
pay, how much credit each customer should have, and whom to call first.

Every address under `/v1` needs the API key in the header `X-API-Key`. Amounts are major units.
Errors are `application/problem+json` (RFC 9457)."""


def create_app(home: Home, settings: Settings | None, api_key: str | None = None) -> FastAPI:
    """Make the app that serves one home.

    Parameters
    ----------
    home : Home
        Its risk store, and the ledger and model bundles behind it, may come and change later.
    settings : Settings or None
        None: nothing was loaded, so no order is decided and the app is not ready.
    api_key : str, optional
        By default the environment's, else the home's own.

    Returns
    -------
    FastAPI
        Holds no state that another process serving the same home would miss.
    """
    context = Context.make(home, settings, api_key or ensure_api_key(home)[0])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        context.scoring.start()
        yield

    app = FastAPI(
        title="payment-risk",
        version=_version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    for subject in (applications, customers, health, invoices, orders, pages, reference, worklist):
        app.include_router(subject.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.install(app, pages.problem_page)
    # A generous row of a batch, and some room for everything else.
    app.add_middleware(
        Frontier,
        metrics=context.metrics,
        max_body_bytes=65_536 + 1024 * context.serving.max_batch_rows,
    )
    return app


def _version() -> str:
    try:
        return version("payment-risk")
    except PackageNotFoundError:
        return "0"
