"""One row of Snowplow's protocol as Segment's calls: who, when, where, and what by its kind."""

from __future__ import annotations

import re
from typing import Any

from services.ingest.errors import EventError
from services.ingest.json_rules import JsonLimits
from services.ingest.protocols import snowplow_events as events
from services.ingest.protocols.epoch import time_text
from services.ingest.protocols.rewriting import (
    CLOCK_IS_TRUE,
    Document,
    from_base64,
    read_json,
    text_in,
    without_empty,
)
from services.ingest.protocols.snowplow_schemas import (
    COMMERCE,
    Described,
    Entities,
    described,
)
from services.ingest.protocols.web_context import campaign_of, page_of

_CHANNELS = {"web": "website", "mob": "app"}
_BROWSERS = ("web", "mob", None)  # of others the HTTP client is a server's or a device's
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
_SESSION = "client_session"


def calls_of(row: Document, *, limits: JsonLimits, agent: str) -> list[Document]:
    """The row as calls, nearly always one; `agent` asked us. Raises EventError."""
    entities = _entities_of(row, limits)
    event = _event_of(row, limits)
    calls = _calls_by_kind(row, event, entities)
    without = COMMERCE if event is not None and event.vendor == COMMERCE else ""
    context = _context_of(row, entities.first(_SESSION), agent)
    context |= without_empty({"entities": entities.shown(without=without)})
    shared = _shared(row, entities.first(_SESSION))
    return [
        call | shared | {"context": context | call.get("context", {})} | _numbered(row, number)
        for number, call in enumerate(calls)
    ]


def _calls_by_kind(row: Document, event: Described | None, entities: Entities) -> list[Document]:
    if event is not None:
        return events.self_describing(event, entities)
    match row.get("e"):
        case "pv":
            return [{"type": "page", "properties": _page_of(row)}]
        case "pp":
            return [events.page_ping(row, _page_of(row))]
        case "se":
            return [events.structured(row)]
        case "tr":
            return [events.old_order(row)]
        case "ti":
            return [events.old_item(row)]
        case kind:
            raise EventError("invalid_type", f"the kind of event e={str(kind)[:20]!r} is not known")


def _numbered(row: Document, number: int) -> Document:
    """An id for each call of the row: that of the first is the row's own."""
    message_id = text_in(row, "eid")
    if message_id is None:
        return {"position": number}
    return {"messageId": f"{message_id}-{number}" if number else message_id}


def _shared(row: Document, session: Document) -> Document:
    """Who and when."""
    true_time = time_text(row.get("ttm"), "ms")
    return without_empty(
        {
            "userId": text_in(row, "uid"),
            "anonymousId": text_in(row, "duid") or text_in(session, "userId"),
            "timestamp": true_time or time_text(row.get("dtm"), "ms"),
            "sentAt": time_text(row.get("stm"), "ms"),
            "channel": _CHANNELS.get(text_in(row, "p") or ""),
            CLOCK_IS_TRUE: True if true_time else None,
        }
    )


def _context_of(row: Document, session: Document, agent: str) -> Document:
    asked = agent if text_in(row, "p") in _BROWSERS else ""
    return without_empty(
        {
            "library": without_empty({"name": "snowplow", "version": text_in(row, "tv")}),
            "page": _page_of(row),
            "campaign": campaign_of(text_in(row, "url")),
            "userAgent": text_in(row, "ua") or asked or None,
            "ip": text_in(row, "ip"),
            "locale": text_in(row, "lang"),
            "timezone": text_in(row, "tz"),
            "screen": _screen_of(text_in(row, "res")),
            "sessionId": text_in(row, "sid") or text_in(session, "sessionId"),
        }
    )


def _page_of(row: Document) -> Document:
    return page_of(text_in(row, "url"), text_in(row, "page"), text_in(row, "refr"))


def _screen_of(text: str | None) -> Document:
    size = _SIZE.fullmatch(text or "")
    return {"width": int(size[1]), "height": int(size[2])} if size else {}


def _event_of(row: Document, limits: JsonLimits) -> Described | None:
    """The event that a row of the kind `ue` carries, out of its wrapping."""
    if row.get("e") != "ue":
        return None
    wrapping = _json_in(row, "ue_px", "ue_pr", limits)
    if wrapping is None:
        raise EventError("missing_event", "an event of the kind `ue` needs `ue_px` or `ue_pr`")
    return described(described(wrapping).data)


def _entities_of(row: Document, limits: JsonLimits) -> Entities:
    wrapping = _json_in(row, "cx", "co", limits)
    if wrapping is None:
        return Entities([])
    listed = described(wrapping).data
    if not isinstance(listed, list):
        raise EventError("invalid_event", "contexts must be a list")
    return Entities(described(one) for one in listed)


def _json_in(row: Document, as_base64: str, as_text: str, limits: JsonLimits) -> Any:
    """What stands there as base64, or else as text; None when nothing does."""
    if text := text_in(row, as_base64):
        return read_json(from_base64(text.encode()), limits)
    if text := text_in(row, as_text):
        return read_json(text.encode(), limits)
    return None
