"""What routes stand on, as annotated types: a signature says all that a route needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from configs.home import Home
from configs.settings import OrderPolicy, ServingSettings, Settings
from serving.amounts import Conversion
from serving.metrics import Metrics
from serving.problems import Problem
from serving.scoring_state import Loaded, ScoringState
from serving.security import COOKIE, Access
from serving.store import Published, RiskStore


@dataclass(frozen=True)
class Context:
    """Everything one app shares between its requests.

    Parameters
    ----------
    home : Home
    settings : Settings
    policy : OrderPolicy or None
        None: no policy is loaded, no order is decided.
    serving : ServingSettings
    fx_max_age_days : int
    store : RiskStore
    scoring : ScoringState
    access : Access
    metrics : Metrics
    """

    home: Home
    settings: Settings
    policy: OrderPolicy | None
    serving: ServingSettings
    fx_max_age_days: int
    store: RiskStore
    scoring: ScoringState
    access: Access
    metrics: Metrics

    @classmethod
    def make(cls, home: Home, settings: Settings | None, api_key: str) -> Context:
        """Put together a context; nothing is read yet."""
        chosen = settings or Settings()
        store = RiskStore(home.risk_store)
        return cls(
            home=home,
            settings=chosen,
            policy=settings.orders if settings else None,
            serving=chosen.serving,
            fx_max_age_days=chosen.intake.fx_max_age_days,
            store=store,
            scoring=ScoringState(home, store, settings),
            access=Access(api_key),
            metrics=Metrics(),
        )

    def conversion(self, published: Published, loaded: Loaded | None) -> Conversion:
        """Return the way from other currencies to the published scores' one."""
        book = loaded.book if loaded else None
        return Conversion(
            published.reporting_currency, book.rates if book else None, self.fx_max_age_days
        )

    def missing(self) -> list[str]:
        """Return what keeps the service from being ready, one sentence each."""
        missing = []
        if self.store.current() is None:
            missing.append("No scores are published yet: run 'payrisk score'.")
        if self.policy is None:
            missing.append("No order policy is loaded: no order is decided.")
        loaded = self.scoring.peek()
        if loaded is None:
            missing.append("The ledger and the models are still being loaded.")
        else:
            missing += loaded.faults
        return missing


def context_of(request: Request) -> Context:
    """Return the context of the app that serves a request."""
    context: Context = request.app.state.context
    return context


Shared = Annotated[Context, Depends(context_of)]


def require_key(request: Request, context: Shared) -> None:
    """Let in who has the API key, or a signed-in browser that only reads.

    Raises
    ------
    Problem
        401.
    """
    offered = request.headers.get("x-api-key")
    if offered is None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        offered = token.strip() if scheme.lower() == "bearer" else None
    if offered is not None and context.access.is_key(offered):
        return
    reads = request.method in ("GET", "HEAD")
    if offered is None and reads and context.access.is_session(request.cookies.get(COOKIE)):
        return
    said = "is not the right one" if offered is not None else "is missing"
    raise Problem(
        401,
        f"The API key {said}: send it in the header X-API-Key.",
        headers={"WWW-Authenticate": 'Bearer realm="payrisk"'},
    )


KeyRequired = Depends(require_key)
