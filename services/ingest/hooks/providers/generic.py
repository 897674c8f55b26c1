"""Any other sender: known by the key or an HMAC, read by the mapping of its source."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from services.ingest.hooks.call import Call
from services.ingest.hooks.mapping import found, mapped
from services.ingest.hooks.options import Mapping
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup, form_items
from services.ingest.hooks.reading import json_of
from services.ingest.hooks.signatures import digest, require_one, verify_key

_FORM = "application/x-www-form-urlencoded"
# Without a mapping: our own names.
USUAL = Mapping(
    event="event",
    message_id="messageId",
    timestamp="timestamp",
    user_id="userId",
    anonymous_id="anonymousId",
    identifiers={"email": "email", "phone": "phone"},
)


def verify(call: Call) -> None:
    """Where the source says how it is signed, by that alone."""
    how = call.source.webhook.signature
    if how is None:
        verify_key(call)
        return
    macs = [digest(secret, call.body, how.algorithm) for secret in call.secrets]
    written = [
        base64.b64encode(mac).decode() if how.encoding == "base64" else mac.hex() for mac in macs
    ]
    given = call.header(how.header.lower())
    require_one(given, [how.prefix + one for one in written], how.header)


def items(call: Call) -> list[Any]:
    if call.header("content-type").lower().startswith(_FORM):
        return form_items(call)
    value = json_of(call.body)
    mapping = call.source.webhook.mapping or USUAL
    if mapping.items is not None:
        value = found(value, mapping.items)
    return value if isinstance(value, list) else [value]


def translate(item: Members, call: Call) -> Iterator[Occurrence]:
    yield mapped(item, call.source.webhook.mapping or USUAL)


PROVIDER = Provider(
    name="generic",
    proof="either",
    setup=Setup(
        "key of the sender's HMAC",
        (
            "give the sender {url}, and the key as Basic password or Bearer token,"
            " or {url}?key={key}",
            "say by --mapping what stands where in its bodies (docs/connect/hooks-others.md)",
        ),
    ),
    verify=verify,
    translate=translate,
    items=items,
)
