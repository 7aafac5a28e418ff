"""The API's reference page, made from its OpenAPI document; it needs nothing from elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from serving.routes.pages import render

router = APIRouter(include_in_schema=False)


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> Response:
    """Show every operation with its parameters, body and answers."""
    document: dict[str, Any] = request.app.openapi()
    operations = [
        {
            "path": path,
            "method": method.upper(),
            **operation,
            "body": _body(operation, document),
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "docs.html", document=document, operations=operations)


def _body(operation: dict[str, Any], document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an operation's JSON body, those of nested objects below theirs."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return _fields(schema, document, "") if schema else []


def _fields(schema: dict[str, Any], document: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    schema = _resolved(schema, document)
    fields = []
    for name, part in schema.get("properties", {}).items():
        fields.append(
            {
                "name": f"{prefix}{name}",
                "type": _type(part, document),
                "required": name in schema.get("required", ()),
                "description": part.get("description", ""),
            }
        )
        if part.get("type") == "array":
            fields += _fields(part["items"], document, f"{prefix}{name}[].")
    return fields


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: dict[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return resolved


def _type(schema: dict[str, Any], document: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(part, document) for part in schema["anyOf"]))
    schema = _resolved(schema, document)
    kind = str(schema.get("type", "object"))
    if kind == "array":
        return f"list of {_type(schema['items'], document)}"
    return str(schema.get("format") or kind)
