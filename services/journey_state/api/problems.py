"""Errors as problem+json (RFC 9457): one table from error to answer."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.journey_state.database import DatabaseAwayError, TookTooLongError

RETRY_AFTER_SECONDS = 5
TOOK_TOO_LONG = "took_too_long"
_WHAT_TO_DO = (
    "Counting this takes longer than PostgreSQL is given for it. Ask for a shorter period, or by a"
    " channel or event, or later, when it has less to do"
)

_log = structlog.get_logger(__name__)

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable name of the problem"},
        "detail": {"type": "string", "description": "what is wrong and what to do"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "message"],
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def described(**statuses: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses: `described(not_found="...")` and what any question may be answered."""
    by_name = {"bad_request": 400, "not_found": 404, "conflict": 409, "gone": 410}
    always = {401: "No valid token", 403: "Not allowed", 503: "PostgreSQL does not answer"}
    texts = {by_name[name]: text for name, text in statuses.items()} | always
    content = {"application/problem+json": {"schema": PROBLEM_SCHEMA}}
    rest = {"default": {"description": "Any other problem", "content": content}}
    return {s: {"description": t, "content": content} for s, t in sorted(texts.items())} | rest


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """Ends a request with a problem+json answer."""

    def __init__(
        self, status: int, code: str, detail: str, errors: Sequence[dict[str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The answer."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """After this every error of the app is answered as a problem."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        more: dict[str, Any] = {"errors": error.errors} if error.errors else {}
        return problem(error.status, error.code, error.detail, **more)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [_fault(fault) for fault in error.errors()]
        detail = "; ".join(f"{e['where']}: {e['message']}" for e in errors)
        return problem(400, "bad_parameter", detail, errors=errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        detail = f"{request.method} {request.url.path}: {phrase.lower()}; /docs lists what is here"
        headers = dict(error.headers) if error.headers else None
        code = phrase.lower().replace(" ", "_")
        return problem(error.status_code, code, detail, headers=headers)

    @app.exception_handler(TookTooLongError)
    async def _too_long(request: Request, error: TookTooLongError) -> JSONResponse:
        route = getattr(request.scope.get("route"), "path", "none")
        _log.warning("took_too_long", route=route, reason=str(error))
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return problem(503, TOOK_TOO_LONG, _WHAT_TO_DO, headers=headers)

    @app.exception_handler(DatabaseAwayError)
    async def _away(_: Request, error: DatabaseAwayError) -> JSONResponse:
        _log.warning("database_away", reason=str(error))
        return problem(
            503,
            "database_away",
            f"PostgreSQL does not answer: {error}",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )

    @app.exception_handler(Exception)
    async def _failed(request: Request, error: Exception) -> JSONResponse:
        # The route's pattern: an id in the path is personal data and no matter of the log.
        route = getattr(request.scope.get("route"), "path", "none")
        _log.error("request_failed", route=route, exc_info=error)
        return problem(500, "internal_error", "Milepost failed here; its log has the reason")


def _fault(fault: dict[str, Any]) -> dict[str, str]:
    kind, *path = fault["loc"]
    where = f"{kind} parameter {'.'.join(map(str, path))}".strip()
    if fault["type"] == "extra_forbidden":
        return {"where": where, "message": "unknown; /docs lists the parameters"}
    return {"where": where, "message": fault["msg"]}
