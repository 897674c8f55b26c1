"""CloudEvents beyond their examples in `golden/cloudevents`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.errors import RequestError
from services.ingest.protocols import cloudevents
from tests.ingest.memory import KEY, Desk, head
from tests.ingest.test_parsers import LIMITS, bodies, translate, values

PATH = "/v1/cloudevents"
EVENT = {"specversion": "1.0", "id": "1", "source": "/till", "type": "A", "subject": "u1"}
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/till", "ce_type": "A"}


def properties_of(desk: Desk) -> Any:
    (kept,) = desk.sink.touchpoints
    return json.loads(bytes(kept.properties))


async def test_ids_of_two_sources_are_apart(desk: Desk) -> None:
    events = [
        EVENT | {"source": source, "id": id_}
        for source, id_ in (("/till/1", "12"), ("/till/11", "2"), ("/till/1", "12"))
    ]
    answer = await desk.post(PATH, events, content_type=BATCH)
    assert answer.json()["accepted"] == 3
    first, second, again = (kept.message_id for kept in desk.sink.touchpoints)
    assert first == again != second


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (STRUCTURED, EVENT),
        ("application/cloudevents", EVENT),
        ("APPLICATION/CloudEvents+JSON; charset=utf-8", EVENT),
        ("application/json", EVENT),
        (BATCH, [EVENT]),
        ("application/cloudevents-batch", [EVENT]),
        ("application/json", [EVENT]),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_content_type_names_the_mode(
    desk: Desk, content_type: str, body: Any, slash: str
) -> None:
    answer = await desk.post(PATH + slash, body, content_type=content_type)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    (kept,) = desk.sink.touchpoints
    assert (kept.type, kept.event, kept.message_id) == ("track", "A", "/till#1")


@pytest.mark.parametrize(
    ("content_type", "body", "properties"),
    [
        ("application/json", b'{"x":1}', {"x": 1}),
        ("application/vnd.acme+json", b'{"x":1}', {"x": 1}),
        ("", b'{"x":1}', {"x": 1}),
        ("application/json", b"[1]", {"data": [1]}),
        ("application/json", b"null", {}),
        ("text/plain", "żółw".encode(), {"data": "żółw"}),
        ("", b"7 apples", {"data": "7 apples"}),
        ("image/png", b"\x89PNG\xff", {"data_base64": "iVBOR/8="}),
        ("application/json", b"", {}),
    ],
)
async def test_the_data_of_a_binary_event_is_the_body(
    desk: Desk, content_type: str, body: bytes, properties: Any
) -> None:
    headers = (
        BINARY | {"ce_subject": "u1"} | ({"content_type": content_type} if content_type else {})
    )
    answer = await desk.post(PATH, body, **headers)
    assert answer.json()["accepted"] == 1
    assert properties_of(desk) == properties


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"x":1},"subject":"other"', 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b'{"x":NaN}', 200, "not_finite"),
        (b'{"x":"\\u0000"}', 200, "nul_character"),
        (b'"' + b"x" * (33 << 10) + b'"', 200, "event_too_large"),
        (b"[" * 40 + b"]" * 40, 200, "too_deep"),
    ],
)
async def test_data_that_cannot_be_kept_is_told(
    desk: Desk, body: bytes, status: int, code: str
) -> None:
    headers = BINARY | {"ce_subject": "u1", "content_type": "application/json"}
    answer = await desk.post(PATH, body, **headers)
    assert answer.status_code == status
    said = answer.json()
    assert code == (said["code"] if status == 400 else said["results"][0]["code"])
    assert len(desk.sink.refused) == (status == 200)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content_type": "application/cloudevents+avro"}, 400, "unsupported_format"),
        ({"content_type": "text/plain"}, 400, "malformed_json"),
        ({"content_type": STRUCTURED, "X_Write_Key": "unknown-key-0000000000"}, 401, None),
    ],
)
async def test_what_cannot_be_read_is_a_problem(
    desk: Desk, headers: dict[str, str], status: int, code: str | None
) -> None:
    body = b"<event/>" if status == 400 else json.dumps(EVENT).encode()
    key = headers.pop("X_Write_Key", KEY)
    answer = await desk.post(PATH, body, key, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == (code or "invalid_write_key")


async def test_a_dry_run_shows_the_record(desk: Desk) -> None:
    answer = await desk.post(f"{PATH}?dry_run=1", EVENT, content_type=STRUCTURED)
    assert answer.json()["results"][0]["record"]["event"] == "A"
    assert not desk.sink.records


async def test_a_webhooks_sender_is_allowed_to_send(desk: Desk) -> None:
    asked = {"WebHook-Request-Origin": "eventemitter.example.com", "WebHook-Request-Rate": "120"}
    answer = await desk.request("OPTIONS", PATH, asked)
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "eventemitter.example.com"
    assert answer.headers["webhook-allowed-rate"] == "*"
    preflight = await desk.request("OPTIONS", PATH, {"Origin": "https://shop.example"})
    assert preflight.status_code == 204
    assert (await desk.request("OPTIONS", "/v1/events", asked)).status_code == 403


async def test_senders_come_back_when_nothing_can_be_durable(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    answer = await desk.post(PATH, EVENT, content_type=STRUCTURED)
    assert (answer.status_code, answer.headers["retry-after"].isdigit()) == (503, True)


likely = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": st.text(), "source": st.text(), "type": st.text()},
    optional=dict.fromkeys(("subject", "time", "data", "data_base64", "anonymousid", "x"), values),
)
headers = st.dictionaries(
    st.sampled_from([b"ce-id", b"ce-source", b"ce-type", b"ce-subject", b"ce-time", b"ce-x"]),
    st.text().map(lambda text: text.encode("latin-1", "replace")),
)


@settings(max_examples=60)
@given(
    bodies
    | (likely | st.lists(likely | values)).map(
        lambda said: json.dumps(said).encode("utf-8", "surrogatepass")
    ),
    headers,
    st.sampled_from([b"", b"application/json", b"text/plain", STRUCTURED.encode(), BATCH.encode()]),
    st.booleans(),
)
def test_any_request_is_events_or_reasons(
    body: bytes, said: dict[bytes, bytes], content_type: bytes, is_binary: bool
) -> None:
    mode = {b"ce-specversion": b"1.0"} if is_binary else {}
    try:
        parsed = cloudevents.parse(
            body, head({b"content-type": content_type, **said, **mode}), LIMITS
        )
    except RequestError:
        return
    translate(parsed)
