"""Own opens and clicks of mails: a picture and a redirect behind signed tokens."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from services.contracts.times import SECOND_US
from services.ingest.accept import Parts, accept
from services.ingest.answers import GIF, NO_STORE
from services.ingest.errors import UnavailableError
from services.ingest.link_token import Link, read_token
from services.ingest.mail_machines import is_machine
from services.ingest.protocols.dialect import Head
from services.ingest.protocols.event import Event, Incoming, Parsed
from services.ingest.sources_file import Source

_log = structlog.get_logger(__name__)

# A mail program that asks twice in a minute shows one mail.
REPEAT_US = 60 * SECOND_US
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "no source signed it"}}
_NEVER_CACHED = {"Cache-Control": NO_STORE[1].decode()}


def mail_links(parts: Parts) -> APIRouter:
    """The two routes. A token that no source signed, or that has expired, is not found."""
    router = APIRouter()

    @router.get(
        "/v1/open/{token}.gif",
        summary="A mail was opened",
        response_class=Response,
        responses={200: {"content": {"image/gif": {}}}, **_NOT_FOUND},
    )
    async def opened(token: str, request: Request) -> Response:
        link, source = _signed(parts, token)
        await _tell(parts, source, link, token, request)
        return Response(GIF, media_type="image/gif", headers=_NEVER_CACHED)

    @router.get(
        "/v1/click/{token}",
        summary="A link of a mail was followed",
        response_class=Response,
        status_code=302,
        responses=_NOT_FOUND,
    )
    async def clicked(token: str, request: Request) -> Response:
        link, source = _signed(parts, token)
        url = _target_of(link)
        await _tell(parts, source, link, token, request)
        headers = {"Location": url, "Referrer-Policy": "no-referrer", **_NEVER_CACHED}
        return Response(status_code=302, headers=headers)

    @router.head("/v1/open/{token}.gif", include_in_schema=False)
    async def open_head(token: str) -> Response:
        _signed(parts, token)
        return Response(media_type="image/gif", headers=_NEVER_CACHED)

    @router.head("/v1/click/{token}", include_in_schema=False)
    async def click_head(token: str) -> Response:
        # Scanners look first; a look is no click.
        link, _ = _signed(parts, token)
        return Response(status_code=302, headers={"Location": _target_of(link), **_NEVER_CACHED})

    return router


def _signed(parts: Parts, token: str) -> tuple[Link, Source]:
    def secret_of(name: str) -> str | None:
        source = parts.sources.named(name)
        if source is None or source.link_secret is None:
            # Perhaps its first link was signed a moment ago.
            parts.sources.refresh_if_due()
            source = parts.sources.named(name)
        return source.link_secret if source else None

    link = read_token(token, secret_of, parts.inflight.now())
    source = parts.sources.named(link.source) if link else None
    if link is None or source is None:
        raise HTTPException(404, "Not found")
    return link, source


def _target_of(link: Link) -> str:
    if link.url is None:
        raise HTTPException(404, "Not found")
    return link.url


async def _tell(parts: Parts, source: Source, link: Link, token: str, request: Request) -> None:
    """The event is durable, where anyone is named and that can be done now.

    Whoever follows a link gets where it leads all the same: a lost event is the smaller harm.
    """
    if not link.identifiers:
        return
    head_at = parts.inflight.now()
    headers = dict(request.scope["headers"])
    head = Head(request.url.path, "track", headers, {}, head_at)
    agent = request.headers.get("user-agent", "")
    event = _event(link, token, agent, head_at)
    incoming = Incoming(0, msgspec.json.encode(event), event, None, bot=is_machine(agent))
    try:
        await accept(parts, source, Parsed([incoming]), head)
    except UnavailableError as error:
        parts.metrics.count_events(source.name, source.channel, "unavailable", 1)
        _log.warning("mail_event_lost", source=source.name, reason=error.message)


def _event(link: Link, token: str, agent: str, now_us: int) -> Event:
    name = "Email Opened" if link.url is None else "Email Link Clicked"
    stated = {
        "email_id": link.email_id,
        "campaign_id": link.campaign_id,
        "link_id": link.link_id,
        "link_url": link.url,
    }
    once = sha256(f"{token} {now_us // REPEAT_US}".encode()).hexdigest()[:32]
    return Event(
        type="track",
        event=name,
        message_id=f"link-{once}",
        identifiers=_raw(link.identifiers),
        properties=_raw({field: value for field, value in stated.items() if value is not None}),
        context=_raw({"userAgent": agent} if agent else {}),
    )


def _raw(value: dict[str, str]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
