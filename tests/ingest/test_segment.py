"""Segment's paths, by requests its SDKs and those of RudderStack make."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest

from tests.ingest.memory import FREE_KEY, KEY, Desk

SUCCESS = b'{"success": true}'

# The body of segment-analytics-python 2.4: key and sentAt in the envelope, null for no id.
PYTHON_BATCH = {
    "batch": [
        {
            "integrations": {},
            "anonymousId": None,
            "properties": {"plan": "pro"},
            "timestamp": "2026-11-21T19:59:58.123456+00:00",
            "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
            "userId": "u1",
            "type": "track",
            "event": "Order Completed",
            "messageId": "5f1b1a5e-1111-4111-8111-000000000001",
        }
    ],
    "sentAt": "2026-11-21T19:59:59.500000+00:00",
    "writeKey": KEY,
}
# analytics-next in standard mode: one event per request, everything in the event.
BROWSER_PAGE = {
    "timestamp": "2026-11-21T19:59:59.000Z",
    "integrations": {},
    "anonymousId": "a1",
    "userId": None,
    "type": "page",
    "name": "Home",
    "properties": {"name": "Home", "path": "/", "url": "https://shop.example/"},
    "context": {"page": {"path": "/"}, "locale": "pl"},
    "messageId": "ajs-next-1763755199000-abc",
    "writeKey": KEY,
    "sentAt": "2026-11-21T19:59:59.900Z",
    "_metadata": {"bundled": ["Segment.io"]},
}
# rudder-sdk-node: originalTimestamp alone, the channel of its own meaning, sentAt per event.
RUDDER_TRACK = {
    "userId": "",
    "anonymousId": "a2",
    "event": "Product Viewed",
    "channel": "server",
    "type": "track",
    "originalTimestamp": "2026-11-21T19:00:00.000Z",
    "sentAt": "2026-11-21T19:00:10.000Z",
    "messageId": "r1",
}


async def test_takes_a_batch_of_the_python_sdk(desk: Desk) -> None:
    answer = await desk.post("/v1/batch", PYTHON_BATCH, key="")
    assert (answer.status_code, answer.content) == (200, SUCCESS)
    assert answer.headers["content-type"] == "application/json"
    (kept,) = desk.sink.touchpoints
    assert kept.event == "Order Completed"
    assert kept.clock == "ok"
    assert kept.occurred_at == "2026-11-21T19:59:58.123456Z"


async def test_takes_a_page_view_of_the_browser_sdk(desk: Desk) -> None:
    answer = await desk.post("/v1/p", BROWSER_PAGE, key="", content_type="text/plain")
    assert answer.content == SUCCESS
    (kept,) = desk.sink.touchpoints
    assert (kept.type, kept.identifiers) == ("page", {"anonymous_id": "a1"})
    assert msgspec.json.decode(kept.properties) == BROWSER_PAGE["properties"]


async def test_takes_a_batch_of_the_rudder_sdk(desk: Desk) -> None:
    body = gzip.compress(msgspec.json.encode({"batch": [RUDDER_TRACK]}))
    answer = await desk.post(
        "/v1/batch",
        body,
        content_encoding="gzip",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.content == SUCCESS
    (kept,) = desk.sink.touchpoints
    assert kept.channel == "website"
    assert kept.clock == "corrected"
    assert kept.occurred_at == "2026-11-21T19:59:50.000Z"


@pytest.mark.parametrize(
    ("said", "channel"), [("web", "app"), ("server", "app"), ("phone", "phone")]
)
async def test_rudders_kind_of_sdk_is_no_channel(desk: Desk, said: str, channel: str) -> None:
    (kept,) = await desk.kept(RUDDER_TRACK | {"channel": said}, "/v1/track", FREE_KEY)
    assert kept.channel == channel


async def test_takes_traits_of_the_rudder_python_sdk_from_the_context(desk: Desk) -> None:
    event = {"userId": "u", "context": {"traits": {"email": "A@B.example"}}}
    await desk.kept(event, "/v1/identify")
    (kept,) = desk.sink.touchpoints
    assert kept.identifiers == {"user_id": "u", "email": "a@b.example"}
    assert bytes(kept.traits) == b'{"email":"A@B.example"}'


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("track", "track"),
        ("identify", "identify"),
        ("page", "page"),
        ("screen", "screen"),
        ("group", "group"),
        ("alias", "alias"),
        ("t", "track"),
        ("i", "identify"),
        ("p", "page"),
        ("s", "screen"),
        ("g", "group"),
        ("a", "alias"),
    ],
)
async def test_the_path_names_the_call(desk: Desk, name: str, call: str, slash: str) -> None:
    event = {"event": "X", "userId": "u", "previousId": "p", "type": "something"}
    (kept,) = await desk.kept(event, f"/v1/{name}{slash}")
    assert kept.type == call
    assert kept.previous_id == "p"


BATCHES = ["/v1/batch", "/v1/import", "/v1/b", "/b", "/v1/batch/b", "/batch/b", "/beacon/v1/batch"]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", BATCHES)
async def test_batches_have_several_paths(desk: Desk, path: str, slash: str) -> None:
    (kept,) = await desk.kept({"batch": [{"type": "page", "userId": "u"}]}, path + slash)
    assert kept.type == "page"
    assert not kept.historical


@pytest.mark.parametrize("path", ["/v1/m", "/v1/m/", "/m"])
async def test_measurements_of_sdks_are_dropped(desk: Desk, path: str) -> None:
    answer = await desk.post(path, {"series": [{"type": "Counter"}]}, key="")
    assert (answer.status_code, answer.content) == (200, SUCCESS)
    assert not desk.sink.records


async def test_a_beacon_brings_its_key_in_the_query(desk: Desk) -> None:
    body = {"batch": [RUDDER_TRACK], "sentAt": "2026-11-21T20:00:00Z"}
    path = f"/beacon/v1/batch?writeKey={KEY}"
    answer = await desk.post(path, body, key="", content_type="text/plain", Cookie="a=b")
    assert answer.content == SUCCESS
    assert [kept.message_id for kept in desk.sink.touchpoints] == ["r1"]


async def test_the_envelopes_context_lies_under_each_events_own(desk: Desk) -> None:
    body = {
        "batch": [
            {"type": "page", "userId": "u", "context": {"locale": "pl"}},
            {"type": "page", "userId": "u"},
        ],
        "context": {"locale": "en", "app": {"name": "shop"}},
    }
    contexts = [msgspec.json.decode(t.context) for t in await desk.kept(body, "/v1/batch")]
    assert contexts == [
        {"locale": "pl", "app": {"name": "shop"}},
        {"locale": "en", "app": {"name": "shop"}},
    ]


@pytest.mark.parametrize(
    ("context", "code"),
    [
        (b'{"x":"\\u0000"}', "nul_character"),
        (b'{"x":1180591620717411303424}', "number_out_of_range"),
        (b'{"x":NaN}', "not_finite"),
        (b'{"x":"' + b"y" * (33 << 10) + b'"}', "event_too_large"),
        (b"[" * 40 + b"]" * 40, "too_deep"),
    ],
)
async def test_the_envelopes_context_is_held_to_the_limits_of_an_event(
    desk: Desk, context: bytes, code: str
) -> None:
    body = b'{"batch":[{"type":"page","userId":"u"},{"type":"page"}],"context":%b}' % context
    assert (await desk.post("/v1/batch", body)).content == SUCCESS
    assert not desk.sink.records
    assert {refused.code for refused in desk.sink.refused} == {code}


async def test_a_context_that_is_no_json_is_refused(desk: Desk) -> None:
    body = b'{"batch":[{"type":"page","userId":"u","x":NaN}],"context":{x}}'
    answer = await desk.post("/v1/batch", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("path", "body", "key", "code"),
    [
        ("/v1/track", {"userId": "u", "event": "A"}, "unknown-key-0000000000", "invalid_write_key"),
        ("/v1/track", {"userId": "u", "event": "A"}, "", "invalid_write_key"),
        ("/v1/track", {"event": "A"}, KEY, "no_identifier"),
        ("/v1/track", {"userId": "u"}, KEY, "missing_event"),
        (
            "/v1/track",
            b'{"userId": "u", "event": "A", "properties": {"x": NaN}}',
            KEY,
            "not_finite",
        ),
        ("/v1/track", b"{", KEY, "malformed_json"),
        ("/v1/track", [], KEY, "malformed_json"),
        ("/v1/batch", {"batch": [{"type": "page"}]}, KEY, "no_identifier"),
        ("/v1/batch", {"batch": "x"}, KEY, "invalid_body"),
        ("/v1/batch", {}, KEY, "invalid_body"),
        ("/v1/batch", [], KEY, "invalid_body"),
        ("/v1/batch", b'{"batch": [{"type": "page"', KEY, "malformed_json"),
        ("/v1/batch", {"batch": [{}] * 2501}, KEY, "too_many_events"),
        ("/v1/batch", b" " * (4 << 20) + b"{}", KEY, "body_too_large"),
    ],
)
async def test_the_only_permanent_failure_is_a_400_with_code_and_message(
    desk: Desk, path: str, body: Any, key: str, code: str
) -> None:
    answer = await desk.post(path, body, key)
    assert answer.status_code == 400
    failure = answer.json()
    assert failure["success"] is False
    assert failure["code"] == code
    assert isinstance(failure["message"], str)
    assert not desk.sink.records


async def test_the_only_event_being_bad_is_kept_with_its_reason(desk: Desk) -> None:
    await desk.post("/v1/track", b'{"userId": "u", "event": "A", "properties": {"x": NaN}}')
    (refused,) = desk.sink.refused
    assert refused.code == "not_finite"
    headers = dict(desk.sink.rejected[0].headers)
    assert headers["ce_type"] == b"milepost.event.rejected.v1"


async def test_a_key_is_found_beside_a_value_that_cannot_be_read(desk: Desk) -> None:
    single = b'{"userId":"u","event":"A","properties":{"x":NaN},"writeKey":"%s"}' % KEY.encode()
    assert (await desk.post("/v1/track", single, key="")).json()["code"] == "not_finite"
    batch = (
        b'{"writeKey":"%s","sentAt":"2026-11-21T19:50:00Z","batch":[{"type":"page","userId":"u"'
        b',"properties":{"x":-Infinity}},{"type":"page","userId":"u","timestamp":"2026-11-21T19:49:00Z"}]}'
    )
    assert (await desk.post("/v1/batch", batch % KEY.encode(), key="")).status_code == 200
    (kept,) = desk.sink.touchpoints
    assert kept.occurred_at == "2026-11-21T19:59:00.000Z"


async def test_a_bad_event_in_a_batch_costs_nothing(desk: Desk) -> None:
    body = {"batch": [{"type": "page"}, {"type": "page", "userId": "u"}]}
    assert (await desk.post("/v1/batch", body)).content == SUCCESS
    assert len(desk.sink.touchpoints) == len(desk.sink.refused) == 1


async def test_strict_mode_answers_400(desk: Desk) -> None:
    body = {"batch": [{"type": "page"}, {"type": "page", "userId": "u"}]}
    answer = await desk.post("/v1/batch", body, X_Strict_Mode="1")
    assert (answer.status_code, answer.json()["code"]) == (400, "no_identifier")
    assert not desk.sink.records


async def test_comes_back_later_when_nothing_can_be_durable(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    answer = await desk.post("/v1/batch", PYTHON_BATCH)
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdigit()
    assert answer.json()["code"] == "unavailable"


async def test_other_methods_and_paths_are_not_taken(desk: Desk) -> None:
    answer = await desk.request("GET", "/v1/batch", {})
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert (await desk.post("/v1/nothing", {})).status_code == 404
