"""What one can filter by, and by which device: values, people and touchpoints that add up."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from services.contracts.times import format_time, read_time
from services.contracts.touchpoint import Touchpoint
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.counting import Life, event_of, lives
from tests.journey_state.test_api_map import ALIASED, END, STAGES, list_behind, world_of
from tests.journey_state.transacting import HOUR, Transacting, at, event, transacting

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari"
TABLET = "Mozilla/5.0 (Linux; Android 13; SM-X706B) AppleWebKit/537.36 Chrome/126.0.0.0 Safari"
AGENTS: list[tuple[str, dict[str, Any]]] = [
    ("mobile", {"userAgent": IPHONE}),
    ("mobile", {"userAgent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126 Mobile Safari"}),
    ("mobile", {"userAgent": "Shop/3.1 (iOS 17)"}),
    ("mobile", {"device": {"type": "ios"}}),
    ("tablet", {"userAgent": TABLET}),
    ("tablet", {"userAgent": "Mozilla/5.0 (iPad; CPU OS 12_5) Mobile/15E148 Safari"}),
    ("tablet", {"device": {"type": "Tablet"}, "userAgent": IPHONE}),
    ("desktop", {"userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari"}),
    ("desktop", {"userAgent": "Opera/9.80 (X11; Linux x86_64)"}),
    ("unknown", {"userAgent": "curl/8.5"}),
    ("unknown", {"device": "none"}),
    ("unknown", {}),
]


async def test_a_device_is_told_by_itself_or_by_its_browser(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        sent = [
            event("page", n, user=f"u{n}", context=msgspec.Raw(msgspec.json.encode(context)))
            for n, (_, context) in enumerate(AGENTS)
        ]
        # A name may be written letter by letter.
        sent.append(event("page", 99, user="e", context=msgspec.Raw(ESCAPED)))
        await world.take(*sent)
        answer = await get(client, "/v1/filters", of="device")
        found = {one["value"]: one["people"] for one in answer["items"][0]["values"]}
        devices = [device for device, _ in AGENTS] + ["desktop"]
        assert found == {device: devices.count(device) for device in devices}
        for device in found:
            listed = await get(client, "/v1/customers", device=device)
            assert len(listed["items"]) == devices.count(device)


ESCAPED = b'{"user\\u0041gent": "Mozilla/5.0 (X11; Linux x86_64)"}'


def with_devices(sent: list[Touchpoint], chosen: random.Random) -> list[Touchpoint]:
    """These on some devices, which their contexts tell."""
    for one in sent:
        _, context = chosen.choice(AGENTS)
        said = msgspec.json.decode(bytes(one.context)) | context
        one.context = msgspec.Raw(msgspec.json.encode(said))
    return sent


def values_of(item: dict[str, Any]) -> dict[str, str | None]:
    """By hand: what the filters can be for one touchpoint."""
    context = item["context"]
    device = {k: v for k, v in context.items() if k != "campaign"}
    return {
        "channel": item["channel"],
        "source": item["source"],
        "campaign": context.get("campaign", {}).get("name"),
        "device": next(name for name, said in AGENTS if said == device),
        "event": event_of(item),
    }


async def filled(world: Transacting, chosen: random.Random) -> list[str]:
    sent = with_devices(world_of(chosen, 80), chosen)
    for start in range(0, len(sent), 20):
        await world.take(*sent[start : start + 20])
    rows = await world.rows("SELECT customer_id FROM customers WHERE merged_into IS NULL")
    return [row[0].hex() for row in rows]


def counted(known: list[Life], name: str, start: int, end: int) -> dict[str, list[str]]:
    """By hand: whose touchpoints have each value, once for each."""
    found: dict[str, list[str]] = {}
    for life in known:
        for item in life.items:
            value = values_of(item)[name]
            if start <= read_time(item["occurred_at"]) < end and value is not None:
                found.setdefault(value, []).append(life.customer_id)
    return found


async def test_the_values_of_filters_have_their_people_and_add_up(database_url: str) -> None:
    chosen = random.Random(3)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        known = await lives(client, await filled(world, chosen))
        start, end = at(HOUR), at(END)
        period = {"from": format_time(start), "to": format_time(end)}
        answer = await get(client, "/v1/filters", **period)
        whole = await get(client, "/v1/map", **period)
        totals = {}
        assert answer["items"].pop() == {"name": "experiment", "values": []}
        for item in answer["items"]:
            expected = counted(known, item["name"], start, end)
            shown = {one["value"]: one for one in item["values"]}
            assert shown.keys() == expected.keys()
            for value, one in shown.items():
                assert one["people"] == len(set(expected[value])), (item["name"], value)
                assert one["events"] == len(expected[value])
                assert await list_behind(client, one, limit=100) == sorted(set(expected[value]))
            totals[item["name"]] = sum(one["events"] for one in item["values"])
            value = item["values"][0]["value"]
            some = await get(client, "/v1/map", **period, **{item["name"]: value})
            for stage, all_of in zip(some["stages"], whole["stages"], strict=True):
                for part in ("present", "entered", "moved", "left", "still_here", "stock"):
                    assert stage[part]["people"] <= all_of[part]["people"]
        assert totals["channel"] == totals["source"] == totals["device"] == totals["event"]
        assert await touched(client, period) == [
            sum(some)
            for some in zip(
                *[await touched(client, period | {"device": d}) for d in DEVICES], strict=True
            )
        ]


DEVICES = ("mobile", "tablet", "desktop", "unknown")


async def touched(client: Any, asked: dict[str, str]) -> list[int]:
    """Touchpoints of each stage: each is of one device."""
    answer = await get(client, "/v1/map", **asked)
    counts = dict.fromkeys(STAGES, 0)
    for lane in answer["lanes"]:
        for one in lane["stages"]:
            counts[one["stage"]] += one["events"]
    return [counts[stage] for stage in STAGES]


@pytest.mark.parametrize(
    ("asked", "named"), [({"of": "channel,colour"}, "of"), ({"channel": "app"}, "channel")]
)
async def test_a_wrong_question_for_values_is_refused(
    database_url: str, asked: dict[str, str], named: str
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        found = await problem(client, 400, "/v1/filters", **asked)
        assert [e["where"] for e in found["errors"]] == [f"query parameter {named}"]
