"""The operations of the hot path, written out for the OpenAPI document FastAPI makes."""

from __future__ import annotations

from typing import Any

from services.ingest.hooks.openapi import HOOK_PATH, hook_operations
from services.ingest.protocols import cloudevents, ga4, pixel, posthog, segment, snowplow
from services.ingest.routes import ROUTES, Route

_ID = {"type": ["string", "number", "null"]}
_TIME = {"type": ["string", "null"], "format": "date-time"}

EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One touchpoint. It needs at least one identifier.",
    "properties": {
        "type": {"type": "string", "description": "track identify page screen group alias"},
        "event": {"type": "string", "description": "name of a track call"},
        "messageId": _ID,
        "userId": _ID,
        "anonymousId": _ID,
        "previousId": _ID,
        "groupId": _ID,
        "timestamp": _TIME,
        "originalTimestamp": _TIME,
        "sentAt": _TIME,
        "properties": {"type": "object"},
        "traits": {"type": "object"},
        "context": {"type": "object"},
        "identifiers": {"type": "object", "description": "native path: kind to value"},
        "channel": {"type": "string", "description": "where the source allows it"},
        "historical": {"type": "boolean"},
    },
}
VERDICTS: dict[str, Any] = {
    "type": "object",
    "required": ["accepted", "rejected", "results"],
    "properties": {
        "accepted": {"type": "integer"},
        "rejected": {"type": "integer"},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "id", "status", "code", "message"],
                "properties": {
                    "index": {"type": "integer"},
                    "id": {"type": ["string", "null"]},
                    "status": {"enum": ["accepted", "rejected"]},
                    "code": {"type": ["string", "null"]},
                    "message": {"type": ["string", "null"]},
                },
            },
        },
    },
}
_FAILURE: dict[str, Any] = {
    "type": "object",
    "required": ["success", "code", "message"],
    "properties": {
        "success": {"type": "boolean"},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}
SCHEMAS = {"Event": EVENT, "Verdicts": VERDICTS, "Failure": _FAILURE, "Problem": _PROBLEM}
_OBJECTS = {"type": "array", "items": {"type": "object"}}
_POSTHOG = {
    "type": "object",
    "properties": {"api_key": {"type": "string"}, "batch": _OBJECTS, "sent_at": _TIME},
}
_CLOUDEVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string", "description": "the event's name"},
        "subject": {"type": "string", "description": "the user"},
        "anonymousid": {"type": "string", "description": "the anonymous visitor"},
        "time": {"type": "string", "format": "date-time"},
        "data": {"description": "the properties"},
    },
}
# Bodies whose format others have laid down.
_OTHERS: dict[str, dict[str, Any]] = {
    snowplow.POST.name: {
        "type": "object",
        "required": ["data"],
        "properties": {"schema": {"type": "string"}, "data": _OBJECTS},
    },
    posthog.DIALECT.name: _POSTHOG,
    posthog.RESULTS.name: _POSTHOG,
    ga4.DIALECT.name: {
        "type": "object",
        "required": ["events"],
        "properties": {
            "client_id": {"type": "string"},
            "user_id": {"type": "string"},
            "timestamp_micros": {"type": ["integer", "string"]},
            "events": _OBJECTS,
        },
    },
}
_EVENT_REF = {"$ref": "#/components/schemas/Event"}


def with_ingest_paths(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the operations that FastAPI does not serve."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(SCHEMAS)
    document["components"]["securitySchemes"] = {
        "writeKey": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    paths = {route.path: {route.dialect.method.lower(): _operation(route)} for route in ROUTES}
    document["paths"] = paths | {HOOK_PATH: hook_operations()} | document["paths"]
    return document


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.dialect.summary.format(route.call),
        "operationId": route.dialect.method.lower() + route.path.replace("/", "_"),
        "security": [{"writeKey": []}, {"basic": []}, {"bearer": []}],
        "responses": _responses(native=route.dialect.is_native),
    }
    if route.dialect.method == "GET":
        image = {"200": {"description": "an image, whatever became of the event"}}
        always = route.dialect is pixel.DIALECT
        operation["responses"] = image if always else operation["responses"] | image
        return operation
    operation["requestBody"] = {"required": True, "content": _content(route)}
    if route.dialect is ga4.DIALECT:
        operation["parameters"] = [
            {"name": "api_secret", "in": "query", "schema": {"type": "string"}},
        ]
    if route.dialect.is_native:
        operation["parameters"] = [
            {"name": "dry_run", "in": "query", "schema": {"enum": ["1"]}},
        ]
    return operation


def _content(route: Route) -> dict[str, Any]:
    if route.dialect is cloudevents.DIALECT:
        return {
            "application/cloudevents+json": {"schema": _CLOUDEVENT},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "items": _CLOUDEVENT}
            },
        }
    many = {"type": "array", "items": _EVENT_REF}
    if route.dialect.is_native:
        envelope = {"type": "object", "properties": {"events": many}}
        return {
            "application/json": {"schema": {"oneOf": [_EVENT_REF, many, envelope]}},
            "application/x-ndjson": {"schema": _EVENT_REF},
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "a header row of fields and dotted names like"
                    " properties.price:number, then an event per row",
                },
            },
        }
    if route.dialect.name in _OTHERS:
        return {"application/json": {"schema": _OTHERS[route.dialect.name]}}
    if route.dialect is segment.BATCH:
        envelope = {"type": "object", "required": ["batch"], "properties": {"batch": many}}
        return {"application/json": {"schema": envelope}}
    return {"application/json": {"schema": _EVENT_REF}}


def _responses(*, native: bool) -> dict[str, Any]:
    def body(name: str, kind: str = "application/json") -> dict[str, Any]:
        return {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}}}

    if not native:
        return {
            "200": {"description": "durable"},
            "400": {"description": "refused for good", "content": body("Failure")},
            "503": {"description": "not now; see Retry-After", "content": body("Failure")},
        }
    problem = body("Problem", "application/problem+json")
    reasons = {
        "400": "not readable",
        "401": "no valid write key",
        "403": "origin not listed",
        "408": "body too slow",
        "413": "too large",
        "503": "not now; see Retry-After",
    }
    refused = {code: {"description": why, "content": problem} for code, why in reasons.items()}
    return {"200": {"description": "durable", "content": body("Verdicts")}} | refused
