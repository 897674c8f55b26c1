"""Pixels: one call in the query of an image."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.protocols import pixel
from tests.ingest.memory import KEY, Desk, head
from tests.ingest.test_parsers import LIMITS, json_bodies, translate

GIF_BYTES = 43


async def load(desk: Desk, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    """The image, which must be one whatever is wrong."""
    answer = await desk.request("GET", path, headers or {})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/gif"
    assert "no-store" in answer.headers["cache-control"]
    assert len(answer.content) == GIF_BYTES
    return answer


def data(event: dict[str, Any], *, padded: bool = True) -> str:
    text = base64.urlsafe_b64encode(msgspec.json.encode(event)).decode()
    return text if padded else text.rstrip("=")


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("call", ["track", "identify", "page", "screen", "group", "alias"])
async def test_a_call_as_base64(desk: Desk, call: str, padded: bool) -> None:
    said = {
        "writeKey": KEY,
        "userId": "u1",
        "event": "Email Opened",
        "properties": {"subject": "Żółw?>"},
        "messageId": "m1",
    }
    await load(desk, f"/v1/pixel/{call}?" + urlencode({"data": data(said, padded=padded)}))
    (kept,) = desk.sink.touchpoints
    assert (kept.type, kept.message_id, kept.identifiers) == (call, "m1", {"user_id": "u1"})
    assert msgspec.json.decode(kept.properties) == {"subject": "Żółw?>"}


async def test_standard_base64_whose_plus_became_a_blank(desk: Desk) -> None:
    said = msgspec.json.encode({"userId": "u1", "event": "A", "properties": {"x": "~~~>>>???"}})
    text = base64.b64encode(said).decode()
    assert "+" in text
    await load(desk, f"/v1/pixel/track?writeKey={KEY}&data={text}")
    (kept,) = desk.sink.touchpoints
    assert bytes(kept.properties) == b'{"x":"~~~>>>???"}'


@pytest.mark.parametrize("path", ["/v1/pixel/track", "/v1/pixel/track/", "/pixel/v1/track"])
async def test_a_field_per_parameter(desk: Desk, path: str) -> None:
    query = {
        "writeKey": KEY,
        "anonymousId": "a1",
        "event": "Email Opened",
        "properties.email_id": "7",
        "properties.subject": "Żółw & co",
        "properties.value:number": "9.50",
        "properties.count:number": "3",
        "properties.campaign.name": "Spring",
        "context.campaign.source": "mail",
        "timestamp": "2026-11-21T19:00:00Z",
        "cachebuster": "12345",
    }
    await load(desk, f"{path}?{urlencode(query)}")
    (kept,) = desk.sink.touchpoints
    assert kept.event == "Email Opened"
    assert kept.original_timestamp == "2026-11-21T19:00:00.000Z"
    assert msgspec.json.decode(kept.properties) == {
        "email_id": "7",
        "subject": "Żółw & co",
        "value": 9.5,
        "count": 3,
        "campaign": {"name": "Spring"},
    }
    assert msgspec.json.decode(kept.context)["campaign"] == {"source": "mail"}


async def test_rudders_page_pixel(desk: Desk) -> None:
    await load(desk, f"/pixel/v1/page?writeKey={KEY}&anonymousId=a1&name=Home&properties.path=/")
    (kept,) = desk.sink.touchpoints
    assert kept.type == "page"
    assert msgspec.json.decode(kept.properties) == {"name": "Home", "path": "/"}


@pytest.mark.parametrize(("agent", "bot"), [("Mozilla/5.0 (X11)", False), ("Googlebot/2.1", True)])
async def test_the_browser_that_asked_tells_crawlers(desk: Desk, agent: str, bot: bool) -> None:
    path = f"/v1/pixel/page?writeKey={KEY}&anonymousId=a1"
    await load(desk, path, {"User-Agent": agent})
    (kept,) = desk.sink.touchpoints
    assert msgspec.json.decode(kept.context) == {"userAgent": agent}
    assert kept.bot is bot


async def test_an_image_loaded_again_with_a_time_is_the_same_event(desk: Desk) -> None:
    path = f"/v1/pixel/page?writeKey={KEY}&anonymousId=a1&timestamp=2026-11-21T19:00:00Z"
    await load(desk, path)
    await load(desk, path)
    first, second = desk.sink.touchpoints
    assert first.message_id == second.message_id


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("event=A", "no_identifier"),
        ("userId=u", "missing_event"),
        ("userId=u&event=A&properties.x:number=many", "invalid_field"),
        ("userId=u&event=A&properties.x:number=1e400", "invalid_field"),
        ("userId=u&event=A&properties.x:number=NaN", "invalid_field"),
        ("userId=u&event=A&properties.x=1&properties.x.y=2", "invalid_field"),
        ("userId=u&event=A&properties.x=1&properties.x:number=2", "invalid_field"),
        ("userId=u&event=A&properties.x=%00", "nul_character"),
        ("userId=u&event=A&properties.x=%ff", "invalid_utf8"),
        ("userId=u&event=A&properties=text", "invalid_field"),
        ("userId=u&event=A&timestamp=yesterday", "bad_timestamp"),
        ("userId=u&event=A&" + ".".join(["properties", *"x" * 40]) + "=1", "too_deep"),
        ("userId=u&event=A&properties.x=" + "x" * (32 << 10), "event_too_large"),
        ("data=%%%", "invalid_encoding"),
        ("data=bm90IGpzb24", "malformed_json"),
        ("data=WzFd", "invalid_event"),
    ],
)
async def test_what_is_rejected_is_kept_with_its_reason(desk: Desk, query: str, code: str) -> None:
    await load(desk, f"/v1/pixel/track?writeKey={KEY}&{query}")
    assert not desk.sink.records
    (refused,) = desk.sink.refused
    assert (refused.source, refused.code) == ("web-shop", code)
    assert isinstance(msgspec.json.decode(refused.original[:100000]), dict)
    assert KEY.encode() not in refused.original


@pytest.mark.parametrize("query", ["", "writeKey=unknown-key-0000000000", "data=%%%", "x=" * 200])
async def test_without_a_key_there_is_the_image_and_nothing_else(desk: Desk, query: str) -> None:
    await load(desk, f"/v1/pixel/track?{query}&userId=u&event=A")
    assert not desk.sink.records
    assert not desk.sink.refused


async def test_the_image_is_there_while_nothing_can_be_kept(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    await load(desk, f"/v1/pixel/page?writeKey={KEY}&userId=u")


async def test_a_look_whether_there_is_an_image_is_no_event(desk: Desk) -> None:
    answer = await desk.request("HEAD", f"/v1/pixel/page?writeKey={KEY}&userId=u", {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content == b""
    assert not desk.sink.records
    assert (await desk.request("HEAD", "/v1/track", {})).status_code == 405


async def test_strict_mode_changes_no_image(desk: Desk) -> None:
    await load(desk, f"/v1/pixel/track?writeKey={KEY}&userId=u", {"X-Strict-Mode": "1"})


names = st.lists(st.sampled_from(["userId", "event", "properties", "x", "y"]), min_size=1).map(
    ".".join
)


@settings(max_examples=40)
@given(st.dictionaries(names, st.text(min_size=1)))
def test_any_query_is_an_event_or_a_reason(fields: dict[str, str]) -> None:
    translate(pixel.parse(b"", head(query=urlencode(fields).encode()), LIMITS))


@settings(max_examples=40)
@given(st.binary() | json_bodies)
def test_any_data_is_an_event_or_a_reason(data: bytes) -> None:
    query = b"data=" + base64.urlsafe_b64encode(data)
    translate(pixel.parse(b"", head(query=query), LIMITS))
