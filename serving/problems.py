"""Errors as problem+json (RFC 9457), or as a page where a person asked for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from configs.faults import what_is_wrong

MEDIA_TYPE = "application/problem+json"

PageOfProblem = Callable[[Request, int, str, str], Response]


class Problem(Exception):
    """An error with an answer of its own.

    Parameters
    ----------
    status : int
        HTTP status.
    detail : str
        What is wrong and what to do, one sentence.
    headers : mapping of str to str, optional
    **members
        Further members of the answer.
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.members = members


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return an error as problem+json."""
    body = {"type": "about:blank", "title": title_of(status), "status": status, "detail": detail}
    return JSONResponse(
        {**body, **members}, status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def title_of(status: int) -> str:
    """Return a status' own words.

    Examples
    --------
    >>> title_of(404), title_of(413)
    ('Not Found', 'Content Too Large')
    """
    # Python 3.11 still has the older names of RFC 7231.
    newer = {413: "Content Too Large", 422: "Unprocessable Content"}
    return newer.get(status) or HTTPStatus(status).phrase


def install(app: FastAPI, page: PageOfProblem) -> None:
    """Let every error of an app answer in one form.

    Parameters
    ----------
    app : FastAPI
    page : callable
        Makes a page from request, status, title and detail, for browsers.
    """

    def answer(
        request: Request,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> Response:
        if _is_for_a_person(request):
            return page(request, status, title_of(status), detail)
        return problem_response(status, detail, headers, **members)

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for this type
        return answer(request, error.status, error.detail, error.headers, **error.members)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        detail = error.detail
        if error.status_code == 404 and detail == "Not Found":
            detail = "There is nothing at this address; /docs lists what there is."
        elif error.status_code == 405:
            detail = f"This address does not answer {request.method}."
        elif error.status_code == 400:
            detail = "The body is not readable JSON."
        return answer(request, error.status_code, detail, error.headers)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        faults = [
            {"where": _where(fault["loc"]), "what": _what(request, fault)}
            for fault in error.errors()[:100]
        ]
        detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults[:3])
        more = len(error.errors()) - 3
        detail += f"; and {more} more" if more > 0 else ""
        return answer(request, 422, detail, errors=faults)

    async def on_fault(request: Request, _: Exception) -> Response:
        # The server's log has the traceback; the answer has none.
        return answer(request, 500, "The server failed on this request; its log says why.")

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        Problem: on_problem,
        HTTPException: on_http,
        RequestValidationError: on_validation,
        Exception: on_fault,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _is_for_a_person(request: Request) -> bool:
    path = request.url.path
    if path.startswith(("/v1/", "/metrics", "/healthz", "/readyz")):
        return False
    return "text/html" in request.headers.get("accept", "")


def _what(request: Request, fault: Mapping[str, Any]) -> str:
    place, *inside = fault["loc"]
    body = request.scope["route"].body_field if place == "body" else None
    return what_is_wrong(fault, body and body.field_info.annotation, inside)


def _where(location: tuple[Any, ...]) -> str:
    parts = [str(part)[:60] for part in location if part != "body"]
    return ".".join(parts) or "body"
