"""`/docs`: plain HTML that asks no other origin for anything."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

_POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}
h2{margin-top:2rem;font-size:1.1rem}code,pre{font:14px/1.5 ui-monospace,monospace}
pre{background:#f3f4f6;padding:.75rem;overflow-x:auto}table{border-collapse:collapse}
td,th{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0}a{color:#0b57d0}
@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#15181c}pre{background:#22262b}
a{color:#8ab4f8}}
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The reference, drawn from the OpenAPI document."""
    app: FastAPI = request.app
    document = app.openapi()
    sections = "".join(
        _section(path, method, operation, document)
        for path, method, operation in _operations(document)
    )
    title = f"{document['info']['title']} {document['info']['version']}"
    intro = 'The same as a document: <a href="/openapi.json">/openapi.json</a>.'
    return _page(title, f"<h1>{escape(title)}</h1><p>{intro}</p>{sections}")


def _page(title: str, body: str) -> HTMLResponse:
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )
    return HTMLResponse(html, headers=_POLICY)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _first_line(operation: dict[str, Any]) -> str:
    return str(operation.get("description", "")).partition("\n")[0]


def _section(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    parameters = "".join(_parameter(p) for p in operation.get("parameters", []))
    responses = "".join(
        f"<tr><td><code>{escape(status)}</code></td><td>{escape(response['description'])}</td></tr>"
        for status, response in operation["responses"].items()
    )
    return (
        f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
        f"<p>{escape(_first_line(operation))}</p>"
        + (f"<table><tr><th>Parameter</th></tr>{parameters}</table>" if parameters else "")
        + f"<table><tr><th>Answer</th></tr>{responses}</table>"
        + _fields(operation, document)
    )


def _parameter(parameter: dict[str, Any]) -> str:
    text = parameter.get("description") or parameter["schema"].get("description") or ""
    where = "" if parameter["in"] == "query" else f" ({parameter['in']})"
    name = escape(parameter["name"])
    return f"<tr><td><code>{name}</code>{escape(where)}</td><td>{escape(text)}</td></tr>"


def _fields(operation: dict[str, Any], document: dict[str, Any]) -> str:
    """The fields of the answer, one level deep."""
    content = operation["responses"].get("200", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = document.get("components", {}).get("schemas", {}).get(reference.rpartition("/")[2], {})
    names = ", ".join(f"<code>{escape(name)}</code>" for name in schema.get("properties", {}))
    return f"<p>Fields: {names}</p>" if names else ""
