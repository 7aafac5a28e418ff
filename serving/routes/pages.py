"""The pages: worklist, customer, sign-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving import page_views, wording
from serving.context import Context, Shared, context_of
from serving.routes.customers import read_customer, reasons_of
from serving.security import COOKIE, SESSION_SECONDS
from serving.store import NOBODY

router = APIRouter(include_in_schema=False)

ROWS_PER_PAGE = 50

Text = Annotated[str, Query(max_length=200)]
PageNumber = Annotated[int, Query(ge=1, le=10**6)]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        # Names come from outside: everything is escaped, without exception.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        money=wording.money,
        percent=wording.percent,
        number=wording.number,
        day=wording.day,
        band=page_views.grade_band,
    )
    environment.globals.update(
        count=wording.count,
        share_of=page_views.share_of,
        reasons_of=reasons_of,
        customer_address=lambda customer_id: f"/customers/{quote(customer_id, safe='')}",
        query=lambda **values: urlencode({k: v for k, v in values.items() if v not in ("", None)}),
        NOBODY=NOBODY,
    )
    return environment


_templates = Jinja2Templates(env=_environment())


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page."""
    signed_in = _signed_in(request, context_of(request))
    page = {"signed_in": signed_in, **values}
    return _templates.TemplateResponse(request, template, page, status_code=status)


def problem_page(request: Request, status: int, title: str, detail: str) -> Response:
    """Return an error as a page."""
    return render(request, "problem.html", status, title=title, detail=detail, code=status)


@router.get("/")
def start() -> Response:
    """Lead to the worklist."""
    return RedirectResponse("/worklist", 303)


@router.get("/worklist", response_class=HTMLResponse)
def worklist(
    request: Request,
    context: Shared,
    collector: Text = "",
    q: Text = "",
    page: PageNumber = 1,
    key: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Whom to contact first; a link that carries the key signs in and forgets the key."""
    if key is not None:
        if not context.access.is_key(key):
            return render(request, "login.html", 401, wrong=True, next="/worklist")
        # The address bar, history and bookmarks must not keep the key.
        kept = urlencode({k: v for k, v in (("collector", collector), ("q", q)) if v})
        return _with_session(request, context, f"/worklist?{kept}" if kept else "/worklist")
    if not _signed_in(request, context):
        return _to_login(request)
    store = context.store
    with store.snapshot():
        published = store.current()
        totals = store.worklist_totals(collector or None, q.strip())
        pages = max(-(-totals.customers // ROWS_PER_PAGE), 1)
        page = min(page, pages)
        offset = (page - 1) * ROWS_PER_PAGE
        rows = store.worklist(collector or None, ROWS_PER_PAGE, offset, q.strip())
        collectors = store.collectors()
    # The bars compare rows of the page with each other.
    most = max((row["cash_at_risk"] or 0.0 for row in rows), default=0.0)
    return render(
        request,
        "worklist.html",
        published=published,
        totals=totals,
        rows=rows,
        most=most,
        collectors=collectors,
        everybody=sum(row["customers"] for row in collectors),
        collector=collector,
        q=q,
        page=page,
        pages=pages,
        page_numbers=page_views.pages_around(page, pages),
    )


@router.get("/customers/{customer_id:path}", response_class=HTMLResponse)
def customer(
    request: Request,
    customer_id: str,
    context: Shared,
    collector: Text = "",
    q: Text = "",
    page: PageNumber = 1,
) -> Response:
    """One customer: numbers, reasons, aging and every open invoice."""
    if not _signed_in(request, context):
        return _to_login(request)
    found = read_customer(context.store, customer_id)
    scores, as_of = found.scores, found.published.as_of
    for invoice in found.invoices:
        invoice["dpd"] = page_views.days_past_due(invoice, as_of)
        invoice["payment"] = page_views.expected_payment(invoice)
    past = [run for run in found.history if run["score"] is not None]
    limit = scores["current_limit"]
    return render(
        request,
        "customer.html",
        published=found.published,
        scores=scores,
        limit=scores["suggested_limit"] if limit is None else limit,
        invoices=found.invoices,
        aging=page_views.aging(found.invoices, as_of),
        history=found.history,
        past=past,
        line=page_views.sparkline([run["score"] for run in past]),
        entry=found.entry,
        back=urlencode(
            {k: v for k, v in (("collector", collector), ("q", q)) if v}
            | ({"page": page} if page > 1 else {})
        ),
    )


@router.get("/login", response_class=HTMLResponse)
def login_form(request: Request, next: Text = "/worklist") -> Response:
    """Ask for the key."""
    return render(request, "login.html", wrong=False, next=_inside(next))


@router.post("/login")
async def login(request: Request, context: Shared) -> Response:
    """Sign in with the key, once per browser and half day."""
    body = (await request.body()).decode("utf-8", "replace")
    fields = parse_qs(body[:4096])
    target = _inside(fields.get("next", ["/worklist"])[0])
    if not context.access.is_key(fields.get("key", [""])[0].strip()):
        return render(request, "login.html", 401, wrong=True, next=target)
    return _with_session(request, context, target)


@router.post("/logout")
def logout() -> Response:
    """Sign this browser out."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def _signed_in(request: Request, context: Context) -> bool:
    if context.access.is_session(request.cookies.get(COOKIE)):
        return True
    offered = request.headers.get("x-api-key")
    return offered is not None and context.access.is_key(offered)


def _with_session(request: Request, context: Context, target: str) -> Response:
    response = RedirectResponse(target, 303)
    response.set_cookie(
        COOKIE,
        context.access.new_session(),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _to_login(request: Request) -> Response:
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?{urlencode({'next': target[:200]})}", 303)


def _inside(target: str) -> str:
    """Keep a target only if it stays on this server: a link must not lead elsewhere."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if plain and target.isprintable() else "/worklist"
