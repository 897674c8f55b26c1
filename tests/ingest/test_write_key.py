"""Where the key may be, and which place wins."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.ingest.memory import FREE_KEY, KEY, Desk

OTHER = "unknown-key-0000000000"
EVENT = {"type": "page", "userId": "u"}


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "path", "body", "source"),
    [
        ({"X_Write_Key": KEY}, "/v1/events", EVENT, "web-shop"),
        ({"Authorization": basic(KEY)}, "/v1/events", EVENT, "web-shop"),
        ({"Authorization": f"Bearer {KEY}"}, "/v1/events", EVENT, "web-shop"),
        ({}, f"/v1/events?writeKey={KEY}", EVENT, "web-shop"),
        ({}, "/v1/events", {"events": [EVENT], "writeKey": KEY}, "web-shop"),
        ({}, "/v1/batch", {"batch": [EVENT], "writeKey": KEY}, "web-shop"),
        ({}, "/v1/batch", {"batch": [EVENT | {"writeKey": KEY}]}, "web-shop"),
        ({}, "/v1/page", EVENT | {"writeKey": KEY}, "web-shop"),
        ({"X_Write_Key": KEY, "Authorization": basic(FREE_KEY)}, "/v1/page", EVENT, "web-shop"),
        ({"Authorization": basic(KEY)}, f"/v1/page?writeKey={FREE_KEY}", EVENT, "web-shop"),
        ({}, f"/v1/page?writeKey={KEY}", EVENT | {"writeKey": FREE_KEY}, "web-shop"),
        ({"Authorization": "Bearer a.b.c"}, "/v1/page", EVENT | {"writeKey": KEY}, "web-shop"),
        ({"Authorization": "Basic !!!"}, "/v1/page", EVENT | {"writeKey": KEY}, "web-shop"),
        ({"X_Write_Key": OTHER}, f"/v1/page?writeKey={KEY}", EVENT | {"writeKey": KEY}, None),
        ({"X_Write_Key": "short"}, "/v1/page", EVENT | {"writeKey": KEY}, None),
        ({"X_Write_Key": KEY + "?"}, "/v1/page", EVENT, None),
        ({}, "/v1/page", EVENT | {"writeKey": 5}, None),
        ({}, "/v1/page", EVENT, None),
    ],
)  # fmt: skip
async def test_the_first_key_decides(
    desk: Desk, headers: dict[str, str], path: str, body: Any, source: str | None
) -> None:
    answer = await desk.post(path, body, key="", **headers)
    if source is None:
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_write_key"
    else:
        assert answer.status_code == 200
        assert [t.source for t in desk.sink.touchpoints] == [source]


async def test_the_native_path_answers_401_and_no_hint(desk: Desk) -> None:
    missing = await desk.post("/v1/events", EVENT, key="")
    unknown = await desk.post("/v1/events", EVENT, key=OTHER)
    assert missing.status_code == unknown.status_code == 401
    assert missing.content == unknown.content
