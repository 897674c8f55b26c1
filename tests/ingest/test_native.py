"""The native path: every form of body, and a verdict for each event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.ingest.memory import FREE_KEY, KEY, MAIL_KEY, NOW, STRICT_KEY, Desk

ONE = {"type": "track", "event": "Product Added", "userId": "u1", "messageId": "m1"}
TWO = {"type": "page", "name": "Home", "anonymousId": "a1", "messageId": "m2"}


def lines(*events: object) -> bytes:
    return b"\n".join(msgspec.json.encode(event) for event in events)


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (ONE, ["m1"]),
        ([ONE, TWO], ["m1", "m2"]),
        ({"events": [ONE, TWO]}, ["m1", "m2"]),
        ([], []),
        ({"events": []}, []),
        (b"  \n" + msgspec.json.encode(ONE) + b"\n ", ["m1"]),
    ],
)
async def test_takes_one_a_list_and_an_envelope(desk: Desk, body: Any, ids: list[str]) -> None:
    answer = await desk.post("/v1/events", body)
    assert answer.status_code == 200
    verdicts = answer.json()
    assert verdicts["accepted"] == len(ids)
    assert [result["id"] for result in verdicts["results"]] == ids
    assert [t.message_id for t in desk.sink.touchpoints] == ids


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/x-ndjson; charset=utf-8"])
async def test_takes_lines_and_names_them_by_their_number(desk: Desk, kind: str) -> None:
    body = lines(ONE) + b"\r\n\n" + b"{broken\n" + lines(TWO) + b"\n"
    answer = await desk.post("/v1/events", body, content_type=kind)
    results = answer.json()["results"]
    assert [(r["index"], r["status"]) for r in results] == [
        (0, "accepted"),
        (2, "rejected"),
        (3, "accepted"),
    ]
    assert results[1]["code"] == "malformed_json"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,", b"nonsense", b'"text"', b"12", b'{"events": 1}', b"[{}}", b"\xff\xfe{}"],
)
async def test_a_body_that_cannot_be_parsed_is_a_problem(desk: Desk, body: bytes) -> None:
    answer = await desk.post("/v1/events", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert not desk.sink.records


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "track", "event": "A"}, "no_identifier"),
        ({"type": "track", "userId": "u"}, "missing_event"),
        ({"type": "track", "event": "  ", "userId": "u"}, "missing_event"),
        ({"type": "dance", "userId": "u"}, "invalid_type"),
        ({"userId": "u"}, "invalid_type"),
        ({"type": "page", "userId": {}}, "invalid_field"),
        ({"type": "page", "userId": "u", "properties": []}, "invalid_field"),
        ({"type": "page", "userId": "u", "context": "x"}, "invalid_field"),
        ({"type": "page", "userId": "u", "traits": 1}, "invalid_field"),
        ({"type": "page", "identifiers": {"Bad Kind": "x"}}, "invalid_field"),
        ({"type": "page", "identifiers": {"telegram": ["x"]}}, "invalid_field"),
        ({"type": "page", "userId": "u", "timestamp": "yesterday"}, "bad_timestamp"),
        ({"type": "page", "userId": "u", "timestamp": 1700000000}, "bad_timestamp"),
        ({"type": "page", "userId": "u", "sentAt": "soon"}, "bad_timestamp"),
        ({"type": "page", "userId": "u", "timestamp": "2024-01-01T00:00:00Z"}, "too_old"),
        (7, "invalid_event"),
        (None, "invalid_event"),
        ({"type": "page", "userId": "u", "properties": {"x": "y" * 40_000}}, "event_too_large"),
    ],
)
async def test_a_bad_event_costs_no_neighbour(desk: Desk, event: Any, code: str) -> None:
    assert await desk.faults([ONE, event, TWO]) == [None, code, None]
    assert [t.message_id for t in desk.sink.touchpoints] == ["m1", "m2"]
    (refused,) = desk.sink.refused
    assert refused.code == code
    assert refused.source == "web-shop"
    assert refused.original == msgspec.json.encode(event)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"NaN", "not_finite"),
        (b"-Infinity", "not_finite"),
        (b"1e400", "number_out_of_range"),
        (b"-1.5E+999", "number_out_of_range"),
        (b"9223372036854775808", "number_out_of_range"),
        (b"-9223372036854775809", "number_out_of_range"),
        (b'"a\\u0000b"', "nul_character"),
        (b'"\\ud800"', "lone_surrogate"),
        (b'"\\udc00x"', "lone_surrogate"),
        (b'"\xed\xa0\x80"', "invalid_utf8"),
        (b'"\xff"', "invalid_utf8"),
        (b"[" * 31 + b"]" * 31, "too_deep"),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(257)) + b"}", "too_many_keys"),
    ],
)
async def test_values_no_store_can_keep_are_rejected_by_name(
    desk: Desk, value: bytes, code: str
) -> None:
    event = b'{"type":"page","userId":"u","properties":{"x":' + value + b"}}"
    good = msgspec.json.encode(ONE)
    for body in (
        b"[" + good + b"," + event + b"," + good + b"]",
        b'{"events":[' + good + b"," + event + b"," + good + b"]}",
    ):
        assert await desk.faults(body) == [None, code, None]
    assert await desk.faults(event) == [code]


@pytest.mark.parametrize(
    "value",
    [
        b"9223372036854775807",
        b"-9223372036854775808",
        b"1e300",
        b"1e-400",
        b'"12345678901234567890123"',
        b'"order 3e4711-9e9999"',
        b'"\\ud83d\\ude00"',
        b'"NaN and Infinity"',
        b'"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["',
        b"[" * 30 + b"]" * 30,
        '"żółć ü 漢字"'.encode(),
        b'"a\\\\u0000b"',
    ],
)
async def test_values_that_only_look_wrong_are_kept(desk: Desk, value: bytes) -> None:
    event = b'{"type":"page","userId":"u","properties":{"x":' + value + b"}}"
    assert await desk.faults(event) == [None]
    assert bytes(desk.sink.touchpoints[0].properties) == b'{"x":' + value + b"}"


async def test_a_number_as_id_becomes_text(desk: Desk) -> None:
    event = {"type": "page", "userId": 42, "anonymousId": 7.0, "messageId": 12}
    (kept,) = await desk.kept(event)
    assert kept.identifiers == {"user_id": "42", "anonymous_id": "7"}
    assert kept.message_id == "12"


async def test_writes_the_record_that_the_contract_shows(desk: Desk) -> None:
    event = {
        "type": "track",
        "event": " Product Added ",
        "userId": "u1",
        "anonymousId": "a1",
        "messageId": "m",
        "timestamp": "2026-11-21T19:59:00+00:00",
        "sentAt": "2026-11-21T19:59:30Z",
        "properties": {"price": 1.10},
        "context": {"traits": {"plan": "pro"}, "consent": {"analytics": True}},
    }
    (kept,) = await desk.kept(event)
    assert kept.type == "track"
    assert kept.event == "Product Added"
    assert (kept.source, kept.channel) == ("web-shop", "website")
    assert kept.occurred_at == "2026-11-21T19:59:30.000Z"
    assert kept.original_timestamp == "2026-11-21T19:59:00.000Z"
    assert kept.sent_at == "2026-11-21T19:59:30.000Z"
    assert kept.received_at == "2026-11-21T20:00:00.000Z"
    assert kept.clock == "corrected"
    assert kept.consent == {"analytics": True}
    assert bytes(kept.traits) == b'{"plan":"pro"}'
    assert desk.sink.records[0][0] == b"user_id:u1"


async def test_names_of_pages_move_to_the_properties(desk: Desk) -> None:
    events = [
        {"type": "page", "name": "Home", "category": "Shop", "userId": "u"},
        {"type": "screen", "name": "Cart", "properties": {"name": "Mine", "x": 1}, "userId": "u"},
    ]
    kept = await desk.kept(events)
    assert msgspec.json.decode(kept[0].properties) == {"name": "Home", "category": "Shop"}
    assert msgspec.json.decode(kept[1].properties) == {"name": "Mine", "x": 1}
    assert [t.event for t in kept] == ["page", "screen"]


async def test_identifiers_come_from_their_places_in_order(desk: Desk) -> None:
    identify = {
        "type": "identify",
        "userId": "u",
        "identifiers": {"email": "First@Example.org", "telegram": 99},
        "traits": {"email": "second@example.org", "phone": "+48 601 234 567"},
    }
    track = {"type": "track", "event": "A", "userId": "u", "traits": {"email": "x@y.z"}}
    kept = await desk.kept([identify, track])
    assert kept[0].identifiers == {
        "user_id": "u",
        "email": "first@example.org",
        "telegram": "99",
        "phone": "+48601234567",
    }
    assert kept[1].identifiers == {"user_id": "u"}


async def test_the_key_is_the_first_kind_wherever_it_stood(desk: Desk) -> None:
    await desk.kept({"type": "page", "anonymousId": "a", "identifiers": {"x": 1, "user_id": "u"}})
    assert desk.sink.records[0][0] == b"user_id:u"


async def test_a_mail_source_knows_people_by_their_address(desk: Desk) -> None:
    event = {
        "type": "track",
        "event": "Email Opened",
        "context": {"traits": {"email": "Ann@Example.org"}},
        "properties": {"email": "invitee@example.org"},
    }
    (kept,) = await desk.kept(event, key=MAIL_KEY)
    assert kept.identifiers == {"email": "ann@example.org"}
    assert await desk.faults(event, key=KEY) == ["no_identifier"]


async def test_the_field_of_an_id_counts_before_the_senders_own_identifiers(desk: Desk) -> None:
    event = {"type": "page", "userId": "u", "identifiers": {"user_id": "other", "telegram": "t"}}
    (kept,) = await desk.kept(event)
    assert kept.identifiers == {"user_id": "u", "telegram": "t"}
    (kept,) = (await desk.kept(event | {"userId": "null"}))[-1:]
    assert kept.identifiers == {"user_id": "other", "telegram": "t"}


@pytest.mark.parametrize(
    ("channel", "known"), [("phone", True), ("email", True), ("chatbot", False), ("app", False)]
)
async def test_context_names_people_on_the_channels_of_mail_and_phone_alone(
    desk: Desk, channel: str, known: bool
) -> None:
    said = {"email": "Ann@Example.org", "phone": "+48 601 234 567"}
    event = {"type": "page", "anonymousId": "a", "channel": channel, "context": {"traits": said}}
    (kept,) = await desk.kept(event, key=FREE_KEY)
    named = {"email": "ann@example.org", "phone": "+48601234567"} if known else {}
    assert kept.identifiers == {"anonymous_id": "a", **named}


async def test_group_traits_are_not_mixed_with_the_persons(desk: Desk) -> None:
    event = {
        "type": "group",
        "groupId": 5,
        "userId": "u",
        "traits": {"email": "office@example.org", "seats": 3},
        "context": {"traits": {"plan": "pro"}},
    }
    (kept,) = await desk.kept(event)
    assert kept.group_id == "5"
    assert msgspec.json.decode(kept.traits) == {"email": "office@example.org", "seats": 3}
    assert kept.identifiers == {"user_id": "u"}


async def test_the_channel_is_the_sources_unless_it_lets_events_choose(desk: Desk) -> None:
    event = {"type": "page", "userId": "u", "channel": "phone"}
    assert [t.channel for t in await desk.kept(event, key=KEY)] == ["website"]
    assert [t.channel for t in await desk.kept(event, key=FREE_KEY)] == ["website", "phone"]
    assert await desk.faults(event | {"channel": "smoke"}, key=FREE_KEY) == ["invalid_channel"]


async def test_historical_events_may_be_of_any_age(desk: Desk) -> None:
    event = {"type": "page", "userId": "u", "timestamp": "2001-01-01", "historical": True}
    (kept,) = await desk.kept(event)
    assert kept.historical
    assert kept.occurred_at == "2001-01-01T00:00:00.000Z"
    assert kept.zone == "assumed"


@pytest.mark.parametrize(
    ("consent", "left"),
    [
        (
            {"consent": {"analytics": False, "marketing": True}},
            {"analytics": False, "marketing": True},
        ),
        ({"consent": {"categoryPreferences": {"Analytics": False}}}, {"analytics": False}),
        ({"consentManagement": {"deniedConsentIds": ["analytics"]}}, {"analytics": False}),
    ],
)
async def test_without_leave_only_the_statement_is_kept(
    desk: Desk, consent: dict[str, Any], left: dict[str, bool]
) -> None:
    event = {
        "type": "alias",
        "userId": "u",
        "previousId": "a",
        "properties": {"x": 1},
        "context": consent | {"traits": {"a": 1}},
    }
    (kept,) = await desk.kept(event)
    assert (kept.type, kept.event) == ("consent", "consent")
    assert kept.consent == left
    assert kept.identifiers == {"user_id": "u"}
    assert kept.previous_id is None
    assert bytes(kept.properties) == bytes(kept.traits) == bytes(kept.context) == b"{}"


async def test_a_source_may_demand_a_statement(desk: Desk) -> None:
    silent = {"type": "page", "userId": "u"}
    granted = silent | {"context": {"consent": {"analytics": True}}}
    partial = silent | {"context": {"consent": {"marketing": True}}}
    assert await desk.faults([silent, granted, partial], key=STRICT_KEY) == [
        "no_consent",
        None,
        None,
    ]
    assert [t.type for t in desk.sink.touchpoints] == ["page", "consent"]
    assert not desk.sink.rejected


async def test_client_addresses_are_cut_to_their_network(desk: Desk) -> None:
    addresses = ["203.0.113.77", "2001:db8:1:2:3:4:5:6", "not an address"]
    events = [{"type": "page", "userId": "u", "context": {"ip": ip, "x": 1}} for ip in addresses]
    contexts = [msgspec.json.decode(t.context) for t in await desk.kept(events)]
    assert contexts == [{"ip": "203.0.113.0", "x": 1}, {"ip": "2001:db8:1::", "x": 1}, {"x": 1}]


async def test_a_dry_run_shows_the_record_and_publishes_nothing(desk: Desk) -> None:
    answer = await desk.post("/v1/events?dry_run=1", [ONE, {"type": "page"}])
    good, bad = answer.json()["results"]
    assert good["record"]["event"] == "Product Added"
    assert bad["record"] is None
    assert not desk.sink.records
    assert not desk.sink.rejected


async def test_strict_mode_keeps_all_or_nothing(desk: Desk) -> None:
    answer = await desk.post("/v1/events", [ONE, {"type": "page"}], X_Strict_Mode="1")
    assert answer.status_code == 400
    assert answer.json()["code"] == "no_identifier"
    assert not desk.sink.records
    assert not desk.sink.rejected
    assert (await desk.post("/v1/events", [ONE, TWO], X_Strict_Mode="1")).status_code == 200


async def test_an_id_is_derived_where_there_is_none(desk: Desk) -> None:
    timed = {"type": "page", "userId": "u", "timestamp": "2026-11-21T19:00:00Z"}
    again = {"sentAt": "2026-11-21T19:59:59Z", **dict(reversed(timed.items()))}
    ids = [t.message_id for t in await desk.kept([timed, again, timed | {"name": "x"}])]
    assert ids[0] == ids[1] != ids[2]
    (other,) = (t.message_id for t in (await desk.kept(timed, key=FREE_KEY))[-1:])
    assert other != ids[0]
    nothing = {"messageId": None, "context": None, "anonymousId": "", "writeKey": "x"}
    assert (await desk.kept(timed | nothing))[-1].message_id == ids[0]
    untimed = {"type": "page", "userId": "u"}
    await desk.kept(untimed)
    desk.now = NOW + 1
    await desk.kept(untimed)
    first, second = (t.message_id for t in desk.sink.touchpoints[-2:])
    assert first != second


async def test_too_many_events_are_refused(desk: Desk) -> None:
    answer = await desk.post("/v1/events", [ONE] * 2501)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_many_events"
    assert (await desk.post("/v1/events", [ONE] * 2500)).json()["accepted"] == 2500


async def test_what_cannot_be_made_durable_is_not_taken(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    answer = await desk.post("/v1/events", ONE)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["detail"] == "Kafka is away"
    assert len(desk.inflight) == 0


async def test_takes_nothing_before_the_hello_and_after_a_long_silence(desk: Desk) -> None:
    desk.now = NOW + 61_000_000
    assert (await desk.post("/v1/events", ONE)).status_code == 503
    desk.sink.append_time = desk.now
    await desk.pulse.beat("beat")
    assert (await desk.post("/v1/events", ONE)).status_code == 200
