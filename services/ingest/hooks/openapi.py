"""The webhooks' part of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from services.ingest.hooks.registry import PROVIDERS

HOOK_PATH = "/v1/hooks/{source}"
_SOURCE = {
    "name": "source",
    "in": "path",
    "required": True,
    "description": "name of a source that was made with a provider",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"},
}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_REFUSED = {
    "400": "not readable",
    "401": "not shown to be the provider's",
    "403": "Postmark's word for stop; a wrong WhatsApp token; a topic that is not listed",
    "404": "no such source",
    "406": "Mailgun's word for stop",
    "408": "body too slow",
    "413": "too large",
    "429": "faster than the source may; see Retry-After",
    "503": "not now; see Retry-After",
}


def hook_operations() -> dict[str, Any]:
    """The operations of `/v1/hooks/{source}`."""
    names = ", ".join(sorted(PROVIDERS))
    responses: dict[str, Any] = {"200": {"description": "durable"}}
    for code, why in _REFUSED.items():
        responses[code] = {"description": why, "content": _PROBLEM}
    post = {
        "summary": "Take a provider's webhook",
        "description": f"Body and signature are the provider's own: {names}.",
        "operationId": "post_v1_hooks",
        "parameters": [_SOURCE],
        "responses": responses,
    }
    get = {
        "summary": "Answer a provider that checks the URL (WhatsApp)",
        "operationId": "get_v1_hooks",
        "parameters": [_SOURCE],
        "responses": {code: responses[code] for code in ("200", "403", "404", "413")},
    }
    return {"post": post, "get": get}
