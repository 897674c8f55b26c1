"""Browsers of other origins: preflight, answers, refusals."""

from __future__ import annotations

import pytest

from tests.ingest.memory import FREE_KEY, KEY, Desk

SHOP = "https://shop.example"
EVENT = b'{"type":"page","userId":"u"}'


@pytest.mark.parametrize("path", ["/v1/events", "/v1/batch", "/v1/track/", "/b", "/v1/m"])
async def test_a_preflight_is_answered_by_what_it_asks(desk: Desk, path: str) -> None:
    asked = "authorization,x-retry-count"
    answer = await desk.request(
        "OPTIONS",
        path,
        {
            "Origin": SHOP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": asked,
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-headers"] == asked
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-max-age"] == "86400"
    assert answer.headers["vary"] == "Origin"


async def test_a_preflight_of_an_origin_nobody_lists_is_refused(desk: Desk) -> None:
    answer = await desk.request("OPTIONS", "/v1/events", {"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_a_listed_origin_may_read_the_answer(desk: Desk) -> None:
    answer = await desk.post("/v1/events", EVENT, KEY, Origin=SHOP)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(("path", "status"), [("/v1/events", 403), ("/v1/page", 400)])
@pytest.mark.parametrize(
    ("origin", "key"), [("https://evil.example", KEY), (SHOP, FREE_KEY), ("null", KEY)]
)
async def test_the_source_of_the_key_must_list_the_origin(
    desk: Desk, path: str, status: int, origin: str, key: str
) -> None:
    answer = await desk.post(path, EVENT, key, Origin=origin)
    assert answer.status_code == status
    assert answer.json()["code"] == "origin_not_allowed"
    assert not desk.sink.records


async def test_a_failure_can_be_read_by_the_page_too(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    answer = await desk.post("/v1/events", EVENT, KEY, Origin=SHOP)
    assert answer.status_code == 503
    assert answer.headers["access-control-allow-origin"] == SHOP


async def test_servers_send_no_origin_and_need_none(desk: Desk) -> None:
    answer = await desk.post("/v1/events", EVENT, FREE_KEY)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
