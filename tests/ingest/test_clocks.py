"""The time rules over HTTP: which sentAt counts, what is clamped, what is too old."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.memory import Desk

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


async def test_the_age_limit_is_400_days(desk: Desk) -> None:
    assert await desk.faults(
        [PAGE | {"timestamp": "2025-10-17T20:00:00Z"}, PAGE | {"timestamp": "2025-10-17T19:59:59Z"}]
    ) == [None, "too_old"]


async def test_stamps_never_go_back(desk: Desk) -> None:
    await desk.kept(PAGE)
    desk.now -= 3_000_000
    first, second = await desk.kept(PAGE)
    assert second.received_at == first.received_at
