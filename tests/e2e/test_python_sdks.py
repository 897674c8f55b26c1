"""RudderStack's, PostHog's and Snowplow's real SDKs, of which only the host is another."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from posthog import Posthog
from posthog import request as posthog_request
from rudderstack.analytics import request as rudder_request
from rudderstack.analytics.client import Client as Rudder
from snowplow_tracker.emitters import Emitter
from snowplow_tracker.events.page_view import PageView
from snowplow_tracker.events.self_describing import SelfDescribing
from snowplow_tracker.events.structured_event import StructuredEvent
from snowplow_tracker.self_describing_json import SelfDescribingJson
from snowplow_tracker.subject import Subject
from snowplow_tracker.tracker import Tracker

from tests.e2e.events import somebody
from tests.e2e.outages import arrived, bad_day
from tests.e2e.stack import Stack
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from snowplow_tracker.typing import Method

SENT_SECONDS_MAX = 270


async def in_thread(call: Any, *arguments: Any) -> None:
    async with asyncio.timeout(SENT_SECONDS_MAX):
        await asyncio.to_thread(call, *arguments)


def names(touched: list[dict[str, Any]]) -> list[str]:
    return [one["event"] for one in touched]


@contextlib.asynccontextmanager
async def rudder(stack: Stack) -> AsyncIterator[Rudder]:
    """RudderStack's client, which must lose nothing."""
    failures: list[Any] = []
    client = Rudder(
        stack.key(),
        host=stack.endpoints.ingest,
        on_error=lambda error, _: failures.append(error),
        upload_size=20,
    )
    yield client
    await in_thread(client.flush)
    await in_thread(client.join)
    rudder_request._session.close()
    assert failures == []


async def test_rudderstacks_calls_are_touchpoints_once_each(stack: Stack) -> None:
    user, visitor = somebody(), somebody("a")
    async with rudder(stack) as client:
        client.page(anonymous_id=visitor, category="Docs", name="Home")
        client.identify(user, {"email": f"{user}@example.com"}, anonymous_id=visitor)
        for number in range(30):
            client.track(user, "Product Viewed", {"product_id": str(number)})
    await stack.settled()

    found = await stack.in_stage(user, "consideration")
    touched = await stack.timeline(user)
    assert {one["kind"] for one in found["identifiers"]} == {"user_id", "anonymous_id", "email"}
    assert len(touched) == len({one["message_id"] for one in touched}) == 32
    assert sorted({*names(touched)}) == ["Product Viewed", "identify", "page"]


@contextlib.asynccontextmanager
async def posthog(stack: Stack, mode: str = "v0") -> AsyncIterator[Posthog]:
    """PostHog's client, which must lose nothing."""
    failures: list[Any] = []
    client = Posthog(
        stack.key(),
        host=f"{stack.endpoints.ingest}/posthog",
        on_error=lambda error, _: failures.append(error),
        gzip=True,
        capture_mode=mode,
        max_retries=10,
    )
    yield client
    await in_thread(client.shutdown)
    posthog_request._get_session().close()
    assert failures == []


async def test_posthogs_events_are_touchpoints_once_each(stack: Stack) -> None:
    for mode in ("v0", "v1"):
        user, visitor = somebody(), str(uuid4())
        async with posthog(stack, mode) as client:
            client.capture("Product Viewed", distinct_id=user, properties={"product_id": "p1"})
            client.set(distinct_id=user, properties={"email": f"{user}@example.com"})
            client.alias(previous_id=visitor, distinct_id=user)
            client.group_identify("company", "acme", {"name": "Acme"}, distinct_id=user)
            client.capture("Order Completed", distinct_id=user, properties={"order_id": user})
        await stack.settled()

        found = await stack.in_stage(user, "purchase")
        touched = await stack.timeline(user)
        assert {one["kind"] for one in found["identifiers"]} == {
            "user_id",
            "anonymous_id",
            "email",
        }
        assert sorted(names(touched)) == [
            "Order Completed",
            "Product Viewed",
            "alias",
            "group",
            "identify",
        ]


@contextlib.asynccontextmanager
async def snowplow(stack: Stack, user: str, method: Method = "post") -> AsyncIterator[Tracker]:
    """Snowplow's tracker; at the end its buffer is empty."""
    address = urlsplit(stack.endpoints.ingest)
    assert address.hostname
    emitter = Emitter(
        address.hostname,
        protocol="http",
        port=address.port,
        method=method,
        max_retry_delay_seconds=1,
        batch_size=1,
    )
    tracker = Tracker("ns", [emitter], app_id=stack.key(), subject=Subject().set_user_id(user))
    yield tracker

    async def sent() -> bool:
        await asyncio.to_thread(emitter.flush)
        return bool(emitter.event_store.size() == 0)

    await until(sent, seconds_max=SENT_SECONDS_MAX)


async def test_snowplows_events_are_touchpoints_once_each(stack: Stack) -> None:
    methods: tuple[Method, ...] = ("post", "get")
    for method in methods:
        user = somebody()
        async with snowplow(stack, user, method) as tracker:
            viewed = SelfDescribingJson(
                "iglu:com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0",
                {"terms": ["mug"]},
            )
            for event in (
                PageView("https://shop.example/?utm_source=mail", "Home"),
                SelfDescribing(viewed),
                StructuredEvent("shop", "Order Completed", value=9.5),
            ):
                await in_thread(tracker.track, event)
        await stack.settled()

        await stack.in_stage(user, "purchase")
        touched = await stack.timeline(user)
        assert sorted(names(touched)) == ["Order Completed", "Products Searched", "page"]
        assert touched[0]["context"]["library"]["name"] == "snowplow"


async def test_none_of_them_loses_anything_on_a_bad_day(stack: Stack) -> None:
    users = [somebody() for _ in range(3)]
    ids = [str(uuid4()) for _ in range(30)]
    async with (
        rudder(stack) as first,
        posthog(stack) as second,
        snowplow(stack, users[2]) as third,
    ):

        async def send(some: list[str]) -> None:
            for uuid in some:
                first.track(users[0], "Product Viewed", message_id=f"r-{uuid}")
                second.capture("Product Viewed", distinct_id=users[1], uuid=uuid)
            for _ in range(5):
                await in_thread(third.track, StructuredEvent("shop", "Product Viewed"))

        await bad_day(stack, lambda: send(ids[:15]), lambda: send(ids[15:]))

    for user, before in zip(users, ("r-", ""), strict=False):
        touched = await arrived(stack, user, len(ids))
        assert sorted(one["message_id"] for one in touched) == sorted(before + one for one in ids)
    assert names(await arrived(stack, users[2], 10)) == ["Product Viewed"] * 10
