"""Three SDKs under load while the broker stands still: all that they were told 200 for is there."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.e2e.events import somebody
from tests.e2e.outages import arrived
from tests.e2e.stack import Stack
from tests.e2e.test_python_sdks import posthog, rudder
from tests.e2e.test_segment_sdk import sdk as segment
from tests.e2e.topic import read

if TYPE_CHECKING:
    from collections.abc import Callable

# `make outage` looks for longer.
OUTAGE_SECONDS = int(os.environ.get("OUTAGE_SECONDS", "3"))
PAUSE_SECONDS = 0.02
AROUND = 50  # calls of each SDK before the broker stops, and after it goes on


async def test_all_that_three_sdks_were_told_200_for_is_on_the_topic(stack: Stack) -> None:
    users = [somebody() for _ in range(3)]
    sent: list[list[str]] = [[], [], []]
    async with segment(stack) as first, rudder(stack) as second, posthog(stack) as third:
        calls: list[Callable[[str], object]] = [
            lambda one: first.track(users[0], "Product Viewed", message_id=one),
            lambda one: second.track(users[1], "Product Viewed", message_id=one),
            lambda one: third.capture("Product Viewed", distinct_id=users[2], uuid=one),
        ]

        async def go_on(times: int) -> None:
            for _ in range(times):
                for call, ids in zip(calls, sent, strict=True):
                    ids.append(str(uuid4()))
                    call(ids[-1])
                await asyncio.sleep(PAUSE_SECONDS)

        await go_on(AROUND)
        with stack.frozen("kafka"):
            await go_on(int(OUTAGE_SECONDS / PAUSE_SECONDS))
        await go_on(AROUND)
    # Each SDK has ended without an error: every call was answered 200.
    for user, ids in zip(users, sent, strict=True):
        touched = await arrived(stack, user, len(ids))
        assert sorted(one["message_id"] for one in touched) == sorted(ids)
    records = await read(stack.kafka, stack.topics.touchpoints)
    copies = Counter(one.value["message_id"] for one in records if one.value)
    assert [one for ids in sent for one in ids if not copies[one]] == []
    told = sum(map(len, sent))
    print(f"{told} events, {sum(copies[one] for ids in sent for one in ids) - told} copies more")
