"""What a source may tell of people: consent's shapes, browsers' signals, lists, addresses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.ingest.consent import stated_consent
from tests.ingest.memory import KEY, PRIVATE_KEY, STRICT_KEY, Desk

PAGE = {"type": "page", "userId": "u"}


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (
            {"consent": {"analytics": True, "marketing": False}},
            {"analytics": True, "marketing": False},
        ),
        ({"consent": {"analytics": "yes", "other": False}}, None),
        (
            {
                "consent": {
                    "categoryPreferences": {
                        "Advertising": True,
                        "Analytics": True,
                        "Functional": True,
                    }
                }
            },
            {"marketing": True, "analytics": True},
        ),
        (
            {"consent": {"categoryPreferences": {"Ads": False, "Marketing": True}}},
            {"marketing": False},
        ),
        (
            {"consent": {"marketing": True, "categoryPreferences": {"Ads": False}}},
            {"marketing": True},
        ),
        (
            {
                "consentManagement": {
                    "provider": "oneTrust",
                    "resolutionStrategy": "and",
                    "allowedConsentIds": ["C0001", "C0002"],
                    "deniedConsentIds": ["C0004"],
                }
            },
            {"analytics": True, "marketing": False},
        ),
        (
            {
                "consentManagement": {
                    "allowedConsentIds": ["Analytics"],
                    "deniedConsentIds": ["analytics"],
                }
            },
            {"analytics": False},
        ),
        ({"consentManagement": {"allowedConsentIds": {"C0002": "x"}}}, None),
        ({"consentManagement": ["C0002"], "consent": True}, None),
    ],
)
def test_consent_is_read_in_the_shapes_in_use(
    context: dict[str, Any], said: dict[str, bool] | None
) -> None:
    assert stated_consent(msgspec.json.encode(context)) == said


async def test_global_privacy_control_withdraws_marketing_where_the_source_says_so(
    desk: Desk,
) -> None:
    await desk.post("/v1/events", PAGE, PRIVATE_KEY, sec_gpc="1")
    await desk.post("/v1/events", PAGE, PRIVATE_KEY, sec_gpc="0")
    await desk.post("/v1/events", PAGE, KEY, sec_gpc="1")
    assert [(t.type, t.consent) for t in desk.sink.touchpoints] == [
        ("page", {"marketing": False}),
        ("page", None),
        ("page", None),
    ]


async def test_do_not_track_reduces_an_event_whatever_it_states(desk: Desk) -> None:
    granted = PAGE | {"context": {"consent": {"analytics": True, "marketing": True}, "x": 1}}
    await desk.post("/v1/events", granted, PRIVATE_KEY, dnt="1")
    await desk.post("/v1/events", granted, KEY, dnt="1")
    first, second = desk.sink.touchpoints
    assert (first.type, first.consent) == ("consent", {"analytics": False, "marketing": False})
    assert bytes(first.context) == b"{}"
    assert second.type == "page"


async def test_a_browsers_signal_that_the_source_does_not_heed_states_nothing(
    desk: Desk,
) -> None:
    answer = await desk.post("/v1/events", PAGE, STRICT_KEY, dnt="1", sec_gpc="1")
    assert answer.json()["results"][0]["code"] == "no_consent"


async def test_a_record_says_that_its_source_demands_a_statement(desk: Desk) -> None:
    granted = PAGE | {"context": {"consent": {"analytics": True}}}
    await desk.post("/v1/events", granted, STRICT_KEY)
    await desk.post("/v1/events", granted, KEY)
    strict, free = (msgspec.json.decode(value) for _, value in desk.sink.records)
    assert strict["consent_required"] is True
    assert "consent_required" not in free


async def test_only_listed_properties_and_traits_are_kept(desk: Desk) -> None:
    event = {
        "type": "identify",
        "userId": "u",
        "properties": {"product_id": "p", "diagnosis": "x"},
        "traits": {"plan": "pro", "name": "Ann", "email": "ann@example.org"},
        "context": {"traits": {"plan": "old", "city": "Ghent"}, "locale": "nl"},
    }
    (kept,) = await desk.kept(event, key=PRIVATE_KEY)
    assert msgspec.json.decode(kept.properties) == {"product_id": "p"}
    assert msgspec.json.decode(kept.traits) == {"plan": "pro"}
    assert msgspec.json.decode(kept.context) == {"traits": {"plan": "old"}, "locale": "nl"}
    assert kept.identifiers == {"user_id": "u", "email": "ann@example.org"}


async def test_nothing_is_left_out_where_the_source_lists_nothing(desk: Desk) -> None:
    event = PAGE | {"properties": {"a": 1}, "traits": {"b": 2}, "context": {"traits": {"c": 3}}}
    (kept,) = await desk.kept(event)
    assert msgspec.json.decode(kept.properties) == {"a": 1}
    assert msgspec.json.decode(kept.traits) == {"b": 2, "c": 3}


async def test_a_source_may_keep_whole_addresses(desk: Desk) -> None:
    event = PAGE | {"context": {"ip": "203.0.113.7"}}
    body = {"batch": [event], "context": {"ip": "203.0.113.8"}}
    await desk.post("/v1/batch", body, PRIVATE_KEY)
    await desk.post("/v1/batch", body, KEY)
    whole, cut = (msgspec.json.decode(t.context)["ip"] for t in desk.sink.touchpoints)
    assert (whole, cut) == ("203.0.113.7", "203.0.113.0")
