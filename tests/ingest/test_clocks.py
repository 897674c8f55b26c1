"""The time rules over HTTP: which sentAt counts, what is clamped, what is too old."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest

from tests.ingest.memory import KEY, NOW, Desk

PAGE: dict[str, Any] = {"type": "page", "userId": "u"}
AT = "2026-11-21T19:00:00Z"
EARLIER = "2026-11-21T19:59:00Z"


@pytest.mark.parametrize(
    ("body", "headers", "occurred", "clock"),
    [
        ({"batch": [PAGE | {"timestamp": AT}]}, {}, "19:00:00", "none"),
        ({"batch": [PAGE]}, {}, "20:00:00", "none"),
        ({"batch": [PAGE], "sentAt": AT}, {}, "20:00:00", "none"),
        ({"batch": [PAGE | {"timestamp": AT}], "sentAt": AT}, {}, "20:00:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": AT, "sentAt": "2026-11-21T19:30:00Z"}], "sentAt": AT}, {},
         "20:00:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": AT}]}, {"sentAt": EARLIER}, "19:01:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": AT}], "sentAt": AT}, {"sentAt": EARLIER},
         "20:00:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": AT}], "sentAt": ""}, {"sentAt": EARLIER},
         "19:01:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": AT, "sentAt": AT},
                    PAGE | {"sentAt": "2026-11-21T19:30:00Z"}]}, {}, "19:30:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": AT}], "sentAt": "2026-11-20T19:59:59Z"}, {},
         "19:00:00", "uncorrected"),
        ({"batch": [PAGE | {"timestamp": AT}], "sentAt": "2026-11-21T20:00:05Z"}, {},
         "19:00:00", "ok"),
        ({"batch": [PAGE | {"timestamp": AT, "originalTimestamp": "2026-11-21T18:00:00Z"}]}, {},
         "18:00:00", "none"),
        ({"batch": [PAGE | {"timestamp": "2026-11-21T20:00:05Z"}]}, {}, "20:00:05", "none"),
        ({"batch": [PAGE | {"timestamp": "2026-11-21T20:00:06Z"}]}, {}, "20:00:00", "clamped"),
        ({"batch": [PAGE | {"timestamp": "2026-12-21T20:00:00Z"}]}, {}, "20:00:00", "clamped"),
        # Both look at the corrected times: an hour ahead by a clock an hour ahead is now.
        ({"batch": [PAGE | {"timestamp": "2026-11-21T21:00:00Z"}],
          "sentAt": "2026-11-21T21:00:00Z"}, {}, "20:00:00", "corrected"),
        ({"batch": [PAGE | {"timestamp": "2026-11-22T20:30:00Z"}],
          "sentAt": "2026-11-21T21:00:00Z"}, {}, "20:00:00", "clamped"),
        ({"batch": [PAGE | {"timestamp": AT}], "sentAt": "soon"}, {"sentAt": EARLIER},
         "19:01:00", "corrected"),
    ],
)  # fmt: skip
async def test_when_it_happened(
    desk: Desk, body: Any, headers: dict[str, str], occurred: str, clock: str
) -> None:
    answer = await desk.post("/v1/batch", body, **headers)
    assert answer.status_code == 200
    first = desk.sink.touchpoints[0]
    assert first.occurred_at == f"2026-11-21T{occurred}.000Z"
    assert first.clock == clock


async def test_the_original_time_is_kept(desk: Desk) -> None:
    (kept,) = await desk.kept(PAGE | {"timestamp": "2026-12-21T20:00:00Z"})
    assert kept.original_timestamp == "2026-12-21T20:00:00.000Z"


async def test_customers_of_one_request_are_clamped_apart(desk: Desk) -> None:
    kept = await desk.kept(
        [
            PAGE | {"timestamp": "2026-11-21T20:10:00Z"},
            PAGE | {"timestamp": "2026-11-21T20:09:00Z"},
            PAGE | {"userId": "v", "timestamp": "2026-11-21T19:00:00Z"},
        ]
    )
    assert [t.occurred_at[11:19] for t in kept] == ["20:00:00", "19:59:00", "19:00:00"]
    assert [t.clock for t in kept] == ["clamped", "clamped", "none"]


async def test_the_clock_is_judged_when_the_head_arrives_and_stamped_after_the_body(
    desk: Desk,
) -> None:
    """A phone that needs an hour for its body has a right clock all the same."""
    sent = {"batch": [PAGE | {"timestamp": AT}], "sentAt": "2026-11-21T20:00:00Z"}

    async def slowly() -> AsyncIterator[bytes]:
        body = msgspec.json.encode(sent)
        yield body[:5]
        desk.now += 50_000_000
        yield body[5:]

    transport = httpx2.ASGITransport(desk.collector)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        headers = {"X-Write-Key": KEY}
        answer = await client.request("POST", "/v1/batch", headers=headers, content=slowly())
    assert answer.status_code == 200
    (kept,) = desk.sink.touchpoints
    assert (kept.clock, kept.occurred_at) == ("ok", "2026-11-21T19:00:00.000Z")
    assert kept.received_at == "2026-11-21T20:00:50.000Z"


async def test_a_stamp_and_its_place_in_flight_are_one_step(desk: Desk) -> None:
    held: list[int] = []

    def look() -> None:
        desk.now += 7_000_000
        held.append(desk.inflight.low_watermark())

    desk.sink.meanwhile = look
    (kept,) = await desk.kept(PAGE)
    assert held == [NOW]
    assert kept.received_at == "2026-11-21T20:00:00.000Z"
    assert desk.inflight.low_watermark() == NOW + 7_000_000


async def test_age_is_that_of_the_corrected_time(desk: Desk) -> None:
    just_right = {"timestamp": "2025-10-17T19:59:00Z", "sentAt": "2026-11-21T19:58:00Z"}
    assert await desk.faults([PAGE | just_right]) == [None]
    assert await desk.faults([PAGE | just_right | {"sentAt": "2026-11-21T20:00:00Z"}]) == [
        "too_old"
    ]


async def test_the_age_limit_is_400_days(desk: Desk) -> None:
    assert await desk.faults(
        [PAGE | {"timestamp": "2025-10-17T20:00:00Z"}, PAGE | {"timestamp": "2025-10-17T19:59:59Z"}]
    ) == [None, "too_old"]


async def test_stamps_never_go_back(desk: Desk) -> None:
    await desk.kept(PAGE)
    desk.now -= 3_000_000
    first, second = await desk.kept(PAGE)
    assert second.received_at == first.received_at
