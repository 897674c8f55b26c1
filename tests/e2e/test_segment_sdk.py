"""The real Segment SDK for Python, of which only the host is another."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from segment.analytics import request
from segment.analytics.client import Client

from tests.e2e.events import somebody
from tests.e2e.outages import arrived, bad_day
from tests.e2e.stack import Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SENT_SECONDS_MAX = 180


@contextlib.asynccontextmanager
async def sdk(stack: Stack, *, gzip: bool = False) -> AsyncIterator[Client]:
    """A client of the SDK that must lose nothing."""
    failures: list[Exception] = []
    client = Client(
        stack.key(),
        host=stack.endpoints.ingest,
        on_error=lambda error, _: failures.append(error),
        upload_size=20,
        gzip=gzip,
    )
    yield client
    async with asyncio.timeout(SENT_SECONDS_MAX):
        await asyncio.to_thread(client.flush)
    await asyncio.to_thread(client.join)
    request._session.close()
    assert failures == []


def moments() -> Iterator[datetime]:
    """Times that go on by a millisecond, from a second ago."""
    began = datetime.now(UTC) - timedelta(seconds=1)
    return (began + timedelta(milliseconds=number) for number in itertools.count())


async def test_its_calls_are_touchpoints_once_each(stack: Stack) -> None:
    user, visitor = somebody(), somebody("a")
    async with sdk(stack, gzip=True) as client:
        # It writes times to the millisecond, so what must keep its order gets times of its own.
        at = moments()
        client.page(
            anonymous_id=visitor,
            category="Docs",
            name="Home",
            properties={"path": "/"},
            timestamp=next(at),
        )
        traits = {"email": f"{user}@example.com"}
        client.identify(user, traits, anonymous_id=visitor, timestamp=next(at))
        for number in range(50):
            seen = {"product_id": str(number)}
            client.track(user, "Product Viewed", seen, timestamp=next(at))
        client.screen(user, name="Main", timestamp=next(at))
        client.group(user, "team-1", {"plan": "gold"}, timestamp=next(at))
        order = {"order_id": somebody("o"), "total": 9.5}
        client.track(user, "Order Completed", order, timestamp=next(at))
    await stack.settled()

    found = await stack.in_stage(user, "purchase")
    touched = await stack.timeline(user)

    assert len(touched) == len({one["message_id"] for one in touched}) == 55
    assert [one["type"] for one in touched] == [
        "page",
        "identify",
        *["track"] * 50,
        "screen",
        "group",
        "track",
    ]
    assert [one["properties"]["product_id"] for one in touched[2:52]] == [
        str(number) for number in range(50)
    ]
    page = touched[0]
    assert (page["properties"]["name"], page["properties"]["category"]) == ("Home", "Docs")
    assert page["context"]["library"]["name"] == "analytics-python"
    assert {one["clock"] for one in touched} == {"ok"}
    assert {one["kind"] for one in found["identifiers"]} == {"user_id", "anonymous_id", "email"}
    assert [one["stage"] for one in found["history"]] == ["awareness", "consideration", "purchase"]


async def test_what_it_sends_on_a_bad_day_comes_later(stack: Stack) -> None:
    user = somebody()
    ids = [f"{user}-{number}" for number in range(60)]
    async with sdk(stack) as client:

        async def send(some: list[str]) -> None:
            for message_id in some:
                client.track(user, "Product Viewed", message_id=message_id)

        await bad_day(stack, lambda: send(ids[:40]), lambda: send(ids[40:]))
    touched = await arrived(stack, user, len(ids))

    assert sorted(one["message_id"] for one in touched) == sorted(ids)
    found = await stack.in_stage(user, "consideration")
    assert len(found["history"]) == 1
