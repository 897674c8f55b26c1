"""`/v1/hooks/{source}`: whose call it is, whether it is genuine, and then as any other events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.ingest import answers
from services.ingest.accept import (
    PARSED_HERE_BYTES_MAX,
    Parts,
    accept,
    require_small_head,
)
from services.ingest.answers import Answer
from services.ingest.body import Receive
from services.ingest.errors import RequestError, UnavailableError
from services.ingest.hooks.amazon import Amazon
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import OK, Provider, Translated
from services.ingest.hooks.public_url import urls_of
from services.ingest.hooks.refusal import StaleError, UnverifiedError
from services.ingest.hooks.registry import PROVIDERS
from services.ingest.hooks.secrets import SecretStore
from services.ingest.protocols.dialect import Head
from services.ingest.protocols.event import Parsed
from services.ingest.sources_file import Source
from services.ingest.write_key import read_query

PREFIX = "/v1/hooks/"
# A provider cannot be told to send fewer at once: as many as a body of the usual size can hold.
EVENTS_MAX = 20_000
_PATH = re.compile(re.escape(PREFIX) + r"([a-z0-9][a-z0-9_-]{0,63})/?")
_NOT_FOUND, _UNAUTHORIZED, _FORBIDDEN = 404, 401, 403

_log = structlog.get_logger(__name__)


class HookReceiver:
    """Takes providers' webhooks; sources are found by name, and the signature is the key."""

    def __init__(
        self, parts: Parts, public_url: str | None = None, amazon: Amazon | None = None
    ) -> None:
        self._parts = parts
        self._public_url = public_url
        self._secrets = SecretStore()
        self._amazon = amazon or Amazon()

    async def answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        """What the provider is told; 200 once its events are durable. Raises ClientGoneError."""
        found = self._found(scope["path"])
        if found is None:
            error = RequestError(
                "unknown_source", "there is no source of this name that has a known provider"
            )
            return answers.failure(error, native=True, status=_NOT_FOUND)
        source, provider = found
        try:
            return await self._answer(source, provider, scope, receive)
        except UnverifiedError as error:
            self._parts.metrics.count_events(source.name, source.channel, "unverified", 1)
            return answers.failure(error, native=True, status=_refusal_status(error, provider))
        except RequestError as error:
            # What is unreadable now stays so: the provider is told to stop in its own way.
            status = provider.stop_status if error.code in _UNREADABLE else None
            return answers.failure(error, native=True, status=status)
        except UnavailableError as error:
            return answers.failure(error, native=True)

    def _found(self, path: str) -> tuple[Source, Provider] | None:
        match = _PATH.fullmatch(path)
        source = self._parts.sources.named(match[1]) if match else None
        provider = PROVIDERS.get(source.provider or "") if source else None
        return (source, provider) if source and provider else None

    async def _answer(
        self, source: Source, provider: Provider, scope: MutableMapping[str, Any], receive: Receive
    ) -> Answer:
        method = scope["method"]
        if method == "HEAD":
            return OK._replace(body=b"")
        if method != "POST" and not (method == "GET" and provider.challenge):
            return answers.method_not_allowed("POST")
        require_small_head(scope)
        headers = dict(scope["headers"])
        encoding = headers.get(b"content-encoding", b"")
        call = Call(
            source=source,
            method=method,
            urls=urls_of(scope, headers, self._public_url),
            headers=headers,
            query=read_query(scope["query_string"]),
            body=await self._parts.reader.read(receive, encoding),
            secrets=self._secrets.of(source),
            now_us=self._parts.inflight.now(),
        )
        if method == "GET" and provider.challenge:
            return provider.challenge(call)
        return await self._taken(provider, call)

    async def _taken(self, provider: Provider, call: Call) -> Answer:
        if provider.certificate_url is not None:
            url = provider.certificate_url(call)
            call = call._replace(certificate=await self._amazon.certificate(url))
        if len(call.body) > PARSED_HERE_BYTES_MAX:
            translated = await asyncio.to_thread(self._translated, provider, call)
        else:
            translated = self._translated(provider, call)
        if provider.confirm_url is not None and (url_to_visit := provider.confirm_url(call)):
            await self._amazon.visit(url_to_visit)
            _log.info("topic_confirmed", source=call.source.name)
        else:
            await self._keep(call, translated)
        return provider.answer

    def _translated(self, provider: Provider, call: Call) -> Translated:
        provider.verify(call)
        translated = provider.translated(call, self._parts.limits.json)
        count = len(translated.events)
        if count > EVENTS_MAX:
            raise RequestError("too_many_events", f"{count} events; at most {EVENTS_MAX} are taken")
        return translated

    async def _keep(self, call: Call, translated: Translated) -> None:
        source, parts = call.source, self._parts
        # The provider's headers are its own server's: they say nothing of the customer.
        head = Head(PREFIX, None, {}, {}, call.now_us)
        if translated.events:
            await accept(parts, source, Parsed(translated.events), head)
        if translated.skipped:
            parts.metrics.count_events(source.name, source.channel, "skipped", translated.skipped)


_UNREADABLE = ("malformed_json", "invalid_body", "invalid_encoding", "unsupported_encoding")


def _refusal_status(error: UnverifiedError, provider: Provider) -> int:
    """A wrong secret is mended by people, so the provider should try again; time is not."""
    if isinstance(error, StaleError):
        return provider.stop_status or _UNAUTHORIZED
    return _FORBIDDEN if error.code in ("topic_not_listed", "invalid_challenge") else _UNAUTHORIZED
