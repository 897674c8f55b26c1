"""PostHog's capture API beyond its examples in `golden/posthog`."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.errors import RequestError
from services.ingest.protocols import posthog
from tests.ingest.memory import KEY, Desk, head
from tests.ingest.test_parsers import LIMITS, bodies, translate, values

EVENT = {"event": "Żółw", "distinct_id": "u1", "uuid": "m1", "timestamp": "2026-11-21T19:59:00Z"}
BATCH = {"api_key": KEY, "batch": [EVENT]}
OK = {"status": "Ok"}
PATHS = ["batch", "capture", "e", "i/v0/e"]


def packed(value: Any) -> str:
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [BATCH, EVENT | {"api_key": KEY}, [EVENT | {"token": KEY}]])
async def test_every_path_takes_one_event_a_list_or_a_batch(
    desk: Desk, path: str, slash: str, body: Any
) -> None:
    answer = await desk.post(f"/posthog/{path}{slash}", body, key="")
    assert (answer.status_code, answer.json()) == (200, OK)
    (kept,) = desk.sink.touchpoints
    assert (kept.event, kept.message_id) == ("Żółw", "m1")
    assert kept.identifiers == {"user_id": "u1"}


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", gzip.compress(json.dumps(BATCH).encode(), mtime=0)),
        ("?compression=gzip-js", gzip.compress(json.dumps(BATCH).encode(), mtime=0)),
        ("?compression=gzip-js", json.dumps(BATCH).encode()),
        ("?compression=base64", urlencode({"data": packed(BATCH)}).encode()),
        ("?compression=base64", packed(BATCH).encode()),
        ("?compression=base64", json.dumps(BATCH).encode()),
        ("", urlencode({"data": packed(BATCH)}).encode()),
        ("", urlencode({"data": packed(BATCH), "compression": "base64"}).encode()),
        ("", urlencode({"compression": "base64", "data": packed(BATCH)}).encode()),
        ("", b"data=" + quote(json.dumps(BATCH, ensure_ascii=False)).encode()),
    ],
)
async def test_all_encodings_of_the_sdks_are_undone(desk: Desk, query: str, body: bytes) -> None:
    answer = await desk.post(f"/posthog/e/{query}", body, key="", content_type="text/plain")
    assert answer.json() == OK
    assert [kept.event for kept in desk.sink.touchpoints] == ["Żółw"]


@pytest.mark.parametrize(
    ("query", "body"),
    [("?compression=lz64", b"NobwRAbg"), ("", b"data=NobwRAbg&compression=lz64")],
)
async def test_an_encoding_that_is_not_taken_is_refused_by_name(
    desk: Desk, query: str, body: bytes
) -> None:
    answer = await desk.post(f"/posthog/e/{query}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported_encoding")
    assert "lz64" in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/posthog/e/", {"batch": [EVENT | {"properties": {"token": KEY}}]}),
        ("/posthog/e/", {"token": KEY, "batch": [EVENT]}),
        ("/posthog/e/", {"batch": [{"event": 1}, EVENT | {"api_key": KEY}]}),
        (f"/posthog/e/?api_key={KEY}", {"batch": [EVENT]}),
        (f"/posthog/e/?token={KEY}", EVENT),
    ],
)
async def test_the_key_is_where_the_sdks_put_it(desk: Desk, path: str, body: Any) -> None:
    assert (await desk.post(path, body, key="")).json() == OK
    assert desk.sink.touchpoints[-1].message_id == "m1"


@pytest.mark.parametrize(
    ("properties", "identifiers"),
    [
        ({}, {"user_id": "x"}),
        ({"$process_person_profile": False}, {"anonymous_id": "x"}),
        ({"$process_person_profile": True}, {"user_id": "x"}),
        ({"$is_identified": False, "$device_id": "d"}, {"anonymous_id": "x"}),
        ({"$is_identified": True, "$device_id": "d"}, {"user_id": "x", "anonymous_id": "d"}),
        ({"$device_id": "x"}, {"anonymous_id": "x"}),
        ({"$device_id": "d"}, {"user_id": "x", "anonymous_id": "d"}),
        ({"$device_id": None}, {"user_id": "x"}),
        ({"$is_identified": True, "$process_person_profile": False}, {"user_id": "x"}),
    ],
)
async def test_a_distinct_id_is_a_user_once_identified(
    desk: Desk, properties: Any, identifiers: dict[str, str]
) -> None:
    event = {"event": "A", "distinct_id": "x", "properties": properties}
    (kept,) = await desk.kept(event, "/posthog/capture")
    assert kept.identifiers == identifiers


@pytest.mark.parametrize(
    ("said", "headers", "query", "clock", "occurred"),
    [
        ({"sent_at": "2026-11-21T18:59:30Z"}, {}, "", "corrected", "19:59:30.000"),
        (
            {},
            {"PostHog_Request_Timestamp": "2026-11-21T18:59:30Z"},
            "",
            "corrected",
            "19:59:30.000",
        ),
        ({}, {}, "?_=1795287570000", "corrected", "19:59:30.000"),
        ({}, {}, "?sent_at=1795287570000", "corrected", "19:59:30.000"),
        ({}, {}, "?_=now", "none", "18:59:00.000"),
        ({"sent_at": 7}, {}, "", "none", "18:59:00.000"),
    ],
)
async def test_when_it_was_sent_corrects_the_clock(
    desk: Desk, said: Any, headers: dict[str, str], query: str, clock: str, occurred: str
) -> None:
    event = EVENT | {"timestamp": "2026-11-21T18:59:00Z"}
    body = {"batch": [event], **said}
    await desk.post(f"/posthog/e/{query}", body, **headers)
    (kept,) = desk.sink.touchpoints
    assert (kept.clock, kept.occurred_at) == (clock, f"2026-11-21T{occurred}Z")


async def test_a_time_that_the_sender_vouches_for_is_not_corrected(desk: Desk) -> None:
    event = EVENT | {"properties": {"$ignore_sent_at": True}}
    body = {"batch": [event], "sent_at": "2026-11-21T18:00:00Z"}
    (kept,) = await desk.kept(body, "/posthog/batch")
    assert kept.occurred_at == "2026-11-21T19:59:00.000Z"


async def test_results_name_each_event(desk: Desk) -> None:
    bad = {"event": "A", "uuid": "m2", "distinct_id": "u", "properties": 5}
    nameless = {"event": "A", "distinct_id": "u", "properties": 5}
    answer = await desk.post(
        "/posthog/i/v1/analytics/events",
        {"batch": [EVENT, bad, nameless]},
        key="",
        Authorization=f"Bearer {KEY}",
    )
    results = answer.json()["results"]
    assert results["m1"] == {"result": "ok"}
    assert results["m2"]["result"] == "drop"
    assert len(results) == 2
    assert len(desk.sink.refused) == 2


@pytest.mark.parametrize("path", ["/posthog/batch/", "/posthog/i/v1/analytics/events"])
async def test_failures_are_those_that_sdks_understand(desk: Desk, path: str) -> None:
    assert (await desk.post(path, BATCH, key="unknown-key-0000000000")).status_code == 400
    assert (await desk.post(path, b"{")).status_code == 400
    desk.sink.reason = "Kafka is away"
    answer = await desk.post(path, BATCH)
    assert (answer.status_code, answer.headers["retry-after"].isdigit()) == (503, True)


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"x": "y" * (33 << 10)}, "event_too_large"),
        ({str(n): n for n in range(300)}, "too_many_keys"),
        ({"x": "\0"}, "nul_character"),
        ({"x": 2**70}, "number_out_of_range"),
        ({"x": float("nan")}, "not_finite"),
        ({"$set": [1]}, "invalid_field"),
    ],
)
async def test_a_bad_event_costs_its_neighbors_nothing(
    desk: Desk, properties: Any, code: str
) -> None:
    body = {"api_key": KEY, "batch": [EVENT, EVENT | {"properties": properties}, EVENT]}
    assert (await desk.post("/posthog/batch/", json.dumps(body).encode())).json() == OK
    assert len(desk.sink.touchpoints) == 2
    assert [refused.code for refused in desk.sink.refused] == [code]


async def test_many_events_are_too_many(desk: Desk) -> None:
    answer = await desk.post("/posthog/batch/", {"api_key": KEY, "batch": [EVENT] * 2501})
    assert answer.json()["code"] == "too_many_events"


names = st.sampled_from(["$identify", "$set", "$create_alias", "$groupidentify", "$pageview", "A"])
likely = st.fixed_dictionaries(
    {"event": names, "distinct_id": st.text()},
    optional={
        "properties": st.dictionaries(
            st.sampled_from(
                ["$set", "$unset", "alias", "$device_id", "$group_key", "$current_url", "$ip", "x"]
            ),
            values,
        ),
        **dict.fromkeys(("timestamp", "offset", "$set", "$set_once", "options", "uuid"), values),
    },
)


@settings(max_examples=60)
@given(
    bodies
    | st.one_of(
        likely, st.lists(likely), st.fixed_dictionaries({"batch": st.lists(likely) | values})
    ).map(lambda document: json.dumps(document).encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"compression=base64", b"compression=gzip-js", b"_=12"]),
)
def test_any_body_is_events_or_reasons(body: bytes, query: bytes) -> None:
    try:
        parsed = posthog.parse(body, head(query=query), LIMITS)
    except RequestError:
        return
    translate(parsed)
