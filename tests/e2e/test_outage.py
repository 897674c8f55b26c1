"""Ingest while the broker does not answer: it says so, and takes the event later."""

from __future__ import annotations

from tests.e2e.events import somebody, track
from tests.e2e.stack import Stack
from tests.waiting import until

# What a sender waits at most to be told that its event cannot be made durable now.
REFUSED_SECONDS_MAX = 5.0


async def test_a_broker_that_is_away_is_503_until_it_is_back(stack: Stack) -> None:
    user = somebody()
    event = track("Product Viewed", user=user)
    headers = {"X-Write-Key": stack.key()}
    with stack.frozen("kafka"):
        native = await stack.post(
            "/v1/events", json=event, headers=headers, timeout=REFUSED_SECONDS_MAX
        )
        segment = await stack.post(
            "/v1/batch",
            json={"batch": [event], "writeKey": stack.key()},
            timeout=REFUSED_SECONDS_MAX,
        )
    for answer in (native, segment):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    assert native.headers["content-type"] == "application/problem+json"
    assert segment.json()["success"] is False

    async def taken() -> bool:
        answer = await stack.post("/v1/events", json=event, headers=headers)
        return answer.status_code == 200

    await until(taken, seconds_max=30)
    await stack.settled()

    assert [one["message_id"] for one in await stack.timeline(user)] == [event["messageId"]]
    await stack.in_stage(user, "consideration")
