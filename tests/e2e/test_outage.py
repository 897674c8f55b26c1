"""Ingest while the broker does not answer: it takes events all the same, and sends them later."""

from __future__ import annotations

from tests.e2e.events import somebody, track
from tests.e2e.stack import Stack

# What a sender waits at most until its event is on the disk instead.
TAKEN_SECONDS_MAX = 5.0


async def test_what_is_taken_while_the_broker_is_away_is_applied_when_it_is_back(
    stack: Stack,
) -> None:
    user = somebody()
    events = [track("Product Viewed", user=user) for _ in range(2)]
    headers = {"X-Write-Key": stack.key()}
    with stack.frozen("kafka"):
        native = await stack.post(
            "/v1/events", json=events[0], headers=headers, timeout=TAKEN_SECONDS_MAX
        )
        segment = await stack.post(
            "/v1/batch",
            json={"batch": [events[1]], "writeKey": stack.key()},
            timeout=TAKEN_SECONDS_MAX,
        )
        assert (await stack.http.get(f"{stack.endpoints.ingest}/readyz")).status_code == 200
    assert native.json()["accepted"] == 1
    assert segment.json() == {"success": True}

    await stack.in_stage(user, "consideration")
    await stack.settled()
    timeline = await stack.timeline(user)
    assert {one["message_id"] for one in timeline} == {one["messageId"] for one in events}
    assert len(timeline) == len(events)
