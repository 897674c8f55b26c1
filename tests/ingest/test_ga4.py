"""GA4's Measurement Protocol beyond its examples in `golden/ga4`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.touchpoint import Touchpoint
from services.ingest.errors import RequestError
from services.ingest.protocols import ga4
from tests.ingest.memory import FREE_KEY, KEY, Desk, head
from tests.ingest.test_parsers import LIMITS, bodies, translate, values

PATH = f"/mp/collect?measurement_id=G-1&api_secret={KEY}"
VIEW = {"name": "page_view", "params": {"page_location": "https://shop.example/"}}


def body(*events: Any, **more: Any) -> dict[str, Any]:
    return {"client_id": "c1", "events": events, **more}


async def kept(desk: Desk, said: Any, path: str = PATH) -> list[Touchpoint]:
    answer = await desk.post(path, said, key="")
    assert (answer.status_code, answer.content) == (200, b"")
    return desk.sink.touchpoints


@pytest.mark.parametrize("path", [PATH, PATH.replace("collect", "collect/")])
async def test_the_secret_is_the_write_key(desk: Desk, path: str) -> None:
    (view,) = await kept(desk, body(VIEW), path)
    assert (view.source, view.identifiers) == ("web-shop", {"anonymous_id": "c1"})


async def test_a_header_comes_before_the_secret(desk: Desk) -> None:
    assert (await desk.post(PATH, body(VIEW), FREE_KEY)).status_code == 200
    assert [view.source for view in desk.sink.touchpoints] == ["free"]


@pytest.mark.parametrize(
    ("micros", "expected"),
    [
        (1795291138123456, "19:58:58.123456"),
        ("1795291138123457", "19:58:58.123457"),
        (1795291138123457.0, "19:58:58.123457"),
        ("1795291138000000", "19:58:58.000"),
    ],
)
async def test_microseconds_are_exact(desk: Desk, micros: Any, expected: str) -> None:
    outer, own = await kept(
        desk, body(VIEW, VIEW | {"timestamp_micros": micros}, timestamp_micros=micros)
    )
    assert outer.occurred_at == own.occurred_at == f"2026-11-21T{expected}Z"


async def test_a_request_that_is_sent_again_has_the_same_ids(desk: Desk) -> None:
    said = body(
        VIEW,
        {"name": "add_to_cart", "params": {"items": [{"item_id": "1"}, {"item_id": "1"}]}},
        timestamp_micros=1795291138123456,
    )
    ids = [one.message_id for one in await kept(desk, said)]
    again = [one.message_id for one in await kept(desk, said)]
    assert again == ids * 2
    assert len(set(ids)) == 3
    other = await kept(desk, said | {"client_id": "c2"})
    assert other[-1].message_id not in ids


async def test_the_value_of_what_is_put_in_is_not_the_carts(desk: Desk) -> None:
    said = {"name": "add_to_cart", "params": {"value": 5, "items": [{"item_id": "1"}]}}
    (added,) = await kept(desk, body(said))
    assert json.loads(bytes(added.properties)) == {"products_value": 5, "product_id": "1"}


async def test_what_all_events_share_is_held_to_the_limits_of_one(desk: Desk) -> None:
    said = body(VIEW, VIEW, user_properties={"x": {"value": "y" * (33 << 10)}})
    assert (await desk.post(PATH, said, key="")).status_code == 200
    assert [refused.code for refused in desk.sink.refused] == ["event_too_large"] * 2


async def test_very_many_products_stay_together(desk: Desk) -> None:
    items = [{"item_id": str(n)} for n in range(1000)]
    (added,) = await kept(desk, body({"name": "add_to_cart", "params": {"items": items}}))
    assert len(json.loads(bytes(added.properties))["products"]) == 1000


@pytest.mark.parametrize(
    ("consent", "said"),
    [
        ({"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"}, {"marketing": True}),
        ({"ad_user_data": "DENIED"}, {"marketing": False}),
        ({"ad_user_data": "UNKNOWN"}, None),
        ({}, None),
    ],
)
async def test_consent_is_about_marketing(
    desk: Desk, consent: dict[str, str], said: dict[str, bool] | None
) -> None:
    (view,) = await kept(desk, body(VIEW, consent=consent))
    assert view.consent == said


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"name": ""}, "missing_event"),
        ({"name": "a", "params": {"x": "\0"}}, "nul_character"),
        ({"name": "a", "params": {"x": "y" * (33 << 10)}}, "event_too_large"),
        ({"name": "a", "params": {str(n): n for n in range(300)}}, "too_many_keys"),
        ({"name": "view_item", "params": {"items": [1]}}, "invalid_field"),
        ({"name": "a", "timestamp_micros": -(10**30)}, "number_out_of_range"),
        ({"name": "a", "timestamp_micros": True}, "bad_timestamp"),
    ],
)
async def test_a_bad_event_costs_its_neighbors_nothing(desk: Desk, event: Any, code: str) -> None:
    answer = await desk.post(PATH, json.dumps(body(VIEW, event, VIEW)).encode(), key="")
    assert answer.status_code == 200
    assert len(desk.sink.touchpoints) == 2
    assert [refused.code for refused in desk.sink.refused] == [code]


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        ("/mp/collect", body(VIEW), "invalid_write_key"),
        ("/mp/collect?api_secret=unknown-key-0000000000", body(VIEW), "invalid_write_key"),
        (PATH, {}, "invalid_body"),
        (PATH, [], "invalid_body"),
        (PATH, b"{", "malformed_json"),
        (PATH, body(*[VIEW] * 2501), "too_many_events"),
        (PATH, {"events": [VIEW]}, "no_identifier"),
    ],
)
async def test_what_will_never_work_is_refused(desk: Desk, path: str, said: Any, code: str) -> None:
    answer = await desk.post(path, said, key="")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_senders_come_back_when_nothing_can_be_durable(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    assert (await desk.post(PATH, body(VIEW), key="")).status_code == 503


likely = st.fixed_dictionaries(
    {"name": st.sampled_from(["page_view", "screen_view", "add_to_cart", "purchase", "x"])},
    optional={
        "params": st.dictionaries(
            st.sampled_from(["items", "value", "page_location", "session_id", "screen_name"]),
            values | st.lists(st.dictionaries(st.sampled_from(["item_id", "price"]), values)),
        ),
        "timestamp_micros": values,
    },
)
documents = st.fixed_dictionaries(
    {"events": st.lists(likely | values) | values, "client_id": st.text()},
    optional=dict.fromkeys(
        ("user_id", "user_properties", "consent", "device", "timestamp_micros"),
        values | st.dictionaries(st.sampled_from(["value", "language"]), values),
    ),
)


@settings(max_examples=60)
@given(bodies | documents.map(lambda said: json.dumps(said).encode("utf-8", "surrogatepass")))
def test_any_body_is_events_or_reasons(body: bytes) -> None:
    try:
        parsed = ga4.parse(body, head(), LIMITS)
    except RequestError:
        return
    translate(parsed)
