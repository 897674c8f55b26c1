"""Snowplow's protocol beyond its examples in `golden/snowplow`."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.touchpoint import Touchpoint
from services.ingest.errors import RequestError
from services.ingest.protocols import snowplow
from tests.ingest.memory import FREE_KEY, KEY, Desk, head
from tests.ingest.test_parsers import LIMITS, bodies, translate, values

TP2 = "/com.snowplowanalytics.snowplow/tp2"
WRAPPING = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"
CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"
VIEW = {"e": "pv", "aid": KEY, "duid": "d1"}


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def described(schema: str, data: Any) -> dict[str, Any]:
    return {"schema": schema, "data": data}


async def post(desk: Desk, *rows: Any, **headers: str) -> httpx2.Response:
    return await desk.post(TP2, {"schema": "iglu:x", "data": rows}, key="", **headers)


async def kept(desk: Desk, *rows: Any) -> list[Touchpoint]:
    answer = await post(desk, *rows)
    assert (answer.status_code, answer.content) == (200, b"")
    return desk.sink.touchpoints


async def test_a_row_without_an_id_gets_the_same_one_at_each_try(desk: Desk) -> None:
    row = VIEW | {"dtm": "1795291198000"}
    first, second = await kept(desk, row | {"stm": "1795291199000"}, row | {"stm": "1795291200000"})
    assert first.message_id == second.message_id
    (_, _, other) = await kept(desk, row | {"duid": "d2"})
    assert other.message_id != first.message_id


async def test_milliseconds_are_exact(desk: Desk) -> None:
    (view,) = await kept(desk, VIEW | {"dtm": "1795291198123"})
    assert view.original_timestamp == "2026-11-21T19:59:58.123Z"


async def test_a_true_time_is_not_corrected_and_others_are(desk: Desk) -> None:
    late = {"dtm": "1795284000000", "stm": "1795284001000"}
    row, true = await kept(desk, VIEW | late, VIEW | late | {"ttm": "1795284000000"})
    assert (row.clock, row.occurred_at) == ("corrected", "2026-11-21T19:59:59.000Z")
    assert (true.clock, true.occurred_at) == ("none", "2026-11-21T18:00:00.000Z")


async def test_the_platform_is_the_channel_where_the_source_allows_it(desk: Desk) -> None:
    rows = [VIEW | {"aid": FREE_KEY, "p": platform} for platform in ("web", "mob", "srv")]
    assert [view.channel for view in await kept(desk, *rows)] == ["website", "app", "app"]


async def test_the_browser_that_asked_tells_crawlers(desk: Desk) -> None:
    answer = await post(desk, VIEW | {"p": "web"}, VIEW | {"p": "srv"}, User_Agent="Googlebot/2.1")
    assert answer.status_code == 200
    assert [view.bot for view in desk.sink.touchpoints] == [True, False]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"uid": "null", "duid": ""}, "no_identifier"),
        ({"dtm": "1e999"}, "bad_timestamp"),
        ({"dtm": "NaN"}, "bad_timestamp"),
        ({"stm": "soon"}, "bad_timestamp"),
        ({"dtm": "1500000000000"}, "too_old"),
        ({"page": "x" * (33 << 10)}, "event_too_large"),
        ({"cx": packed(described(CONTEXTS, {"a": 1}))}, "invalid_event"),
        ({"co": '{"schema": NaN}'}, "not_finite"),
        ({"e": "ue", "ue_pr": "[" * 40 + "]" * 40}, "too_deep"),
        ({"e": "ue", "ue_px": packed({str(n): n for n in range(300)})}, "too_many_keys"),
        ({"e": "ue", "ue_px": packed(described(WRAPPING, {}))}, "invalid_event"),
        ({"e": "ue", "ue_pr": '"\\u0000"'}, "nul_character"),
        ({"e": "ue", "ue_pr": "not json"}, "malformed_json"),
    ],
)
async def test_a_bad_row_costs_its_neighbors_nothing(
    desk: Desk, row: dict[str, str], code: str
) -> None:
    assert len(await kept(desk, VIEW, VIEW | row, VIEW)) == 2
    assert [refused.code for refused in desk.sink.refused] == [code]


async def test_a_row_that_is_alone_and_bad_is_not_sent_again(desk: Desk) -> None:
    assert (await post(desk, VIEW | {"e": "xx"})).status_code == 200
    assert (await desk.request("GET", f"/i?aid={KEY}&e=xx", {})).status_code == 200
    assert [refused.code for refused in desk.sink.refused] == ["invalid_type"] * 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": {}}', b'{"data": [1,,2]}', b"\xff"])
async def test_a_body_that_cannot_be_read_is_refused(desk: Desk, body: bytes) -> None:
    answer = await desk.post(TP2, body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("malformed_json", "invalid_body")


async def test_a_value_that_json_does_not_know_costs_its_row_alone(desk: Desk) -> None:
    body = b'{"data":[{"e":"pv","aid":"%b","duid":"d","x":NaN},{"e":"pv","duid":"d"}]}'
    answer = await desk.post(TP2, body % KEY.encode(), key="")
    assert answer.status_code == 400  # the first row cannot be read, so there is no key
    answer = await desk.post(TP2, body % KEY.encode())
    assert answer.status_code == 200
    assert len(desk.sink.touchpoints) == len(desk.sink.refused) == 1


@pytest.mark.parametrize("path", ["/i?" + urlencode(VIEW), TP2])
async def test_trackers_come_back_when_nothing_can_be_durable(desk: Desk, path: str) -> None:
    desk.sink.reason = "Kafka is away"
    method = "POST" if path == TP2 else "GET"
    body = json.dumps({"data": [VIEW]}).encode() if path == TP2 else b""
    answer = await desk.request(method, path, {}, body)
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdigit()


FIELDS = ["e", "eid", "uid", "duid", "dtm", "stm", "ttm", "url", "page", "res", "se_ac", "se_va"]
events = st.sampled_from(
    ["snowplow_ecommerce_action", "screen_view", "site_search", "consent_preferences", "x"]
)
vendors = st.sampled_from(["com.snowplowanalytics.snowplow.ecommerce", "com.snowplowanalytics.x"])
inner = st.builds(
    lambda vendor, name, data: described(f"iglu:{vendor}/{name}/jsonschema/1-0-0", data),
    vendors,
    events | st.sampled_from(["product", "cart", "client_session", "checkout_step"]),
    st.dictionaries(st.sampled_from(["type", "terms", "id", "consentScopes", "step"]), values),
)
rows = st.fixed_dictionaries(
    {"e": st.sampled_from(["pv", "pp", "se", "ue", "tr", "ti"]), "duid": st.text()},
    optional={
        "ue_pr": st.builds(lambda one: json.dumps(described(WRAPPING, one)), inner) | st.text(),
        "cx": st.builds(lambda all_: packed(described(CONTEXTS, all_)), st.lists(inner)) | values,
        "dtm": st.integers().map(str) | values,
        "url": st.text() | st.text().map(lambda text: f"https://[{text}?utm_source={text}"),
        **dict.fromkeys(("uid", "se_ac", "se_va", "tr_tt", "res", "eid", "stm"), values),
    },
)


@settings(max_examples=60)
@given(
    bodies
    | st.lists(rows | st.dictionaries(st.sampled_from(FIELDS), values)).map(
        lambda data: json.dumps({"data": data}).encode("utf-8", "surrogatepass")
    )
)
def test_any_body_is_rows_or_reasons(body: bytes) -> None:
    try:
        parsed = snowplow.parse_post(body, head(), LIMITS)
    except RequestError:
        return
    translate(parsed)


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from([*FIELDS, "cx", "ue_pr"]), st.text()))
def test_any_query_is_a_row_or_a_reason(row: dict[str, str]) -> None:
    query = urlencode(row, errors="replace").encode()
    translate(snowplow.parse_get(b"", head(query=query), LIMITS))
