"""Steps as the HTTP requests of the clients that would send them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from services.contracts.times import format_time

if TYPE_CHECKING:
    from services.cli.simulate.step import Step
    from services.contracts.touchpoint import Channel


@dataclass(frozen=True, slots=True)
class Request:
    """A POST to ingest."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Dialect = Callable[[str, Sequence["Step"], int], Request]  # write key, steps, sent at


def segment(key: str, steps: Sequence[Step], sent_us: int) -> Request:
    """As a browser's SDK: one event at its own path, several at `/v1/batch`, key in the body."""
    events = [_event(step) for step in steps]
    envelope: dict[str, Any] = {"sentAt": format_time(sent_us), "writeKey": key}
    if len(events) == 1:
        return Request(f"/v1/{steps[0].call}", _JSON, _encode(events[0] | envelope))
    return Request("/v1/batch", _JSON, _encode({"batch": events} | envelope))


def segment_mobile(key: str, steps: Sequence[Step], sent_us: int) -> Request:
    """As a mobile SDK: always a batch, gzipped, the key as the user of Basic authentication."""
    body = {"batch": [_event(step) for step in steps], "sentAt": format_time(sent_us)}
    token = base64.b64encode(f"{key}:".encode()).decode()
    headers = {**_JSON, "Authorization": f"Basic {token}", "Content-Encoding": "gzip"}
    return Request("/v1/batch", headers, gzip.compress(_encode(body), compresslevel=1, mtime=0))


def native(key: str, steps: Sequence[Step], sent_us: int) -> Request:
    """As our own API: a list of events."""
    events = [_native_event(step, sent_us) for step in steps]
    return Request("/v1/events", {**_JSON, "X-Write-Key": key}, _encode({"events": events}))


def native_lines(key: str, steps: Sequence[Step], sent_us: int) -> Request:
    """As a till that writes one event per line."""
    body = b"\n".join(_encode(_native_event(step, sent_us)) for step in steps) + b"\n"
    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {key}"}
    return Request("/v1/events", headers, body)


DIALECTS: Mapping[Channel, Dialect] = {
    "website": segment,
    "app": segment_mobile,
    "email": native,
    "chatbot": native,
    "phone": native,
    "offline": native_lines,
}

_JSON = {"Content-Type": "application/json"}
_encode = msgspec.json.encode


def _event(step: Step) -> dict[str, Any]:
    event: dict[str, Any] = {
        "type": step.call,
        "messageId": step.message_id,
        "timestamp": format_time(step.at_us),
        "userId": step.ids.get("user_id"),
        "anonymousId": step.ids.get("anonymous_id"),
        "properties": step.properties,
        "context": step.context,
    }
    if step.call == "track":
        event["event"] = step.event
    if step.traits:
        event["traits"] = step.traits
    return event


def _native_event(step: Step, sent_us: int) -> dict[str, Any]:
    others = {k: v for k, v in step.ids.items() if k not in ("user_id", "anonymous_id")}
    event = _event(step)
    if others:
        event["identifiers"] = others
    if step.historical:
        return event | {"historical": True}
    return event | {"sentAt": format_time(sent_us)}
