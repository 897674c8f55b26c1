"""Facets that stand beside a touchpoint are those that PostgreSQL reads from its record."""

from __future__ import annotations

from itertools import product
from typing import Any

import asyncpg
import msgspec

from services.contracts.touchpoint import encode
from services.journey_state.event import read_touchpoint
from services.journey_state.experiment_tables import EXPERIMENT
from services.journey_state.pain_tables import FAILED_ONE
from services.journey_state.store import facts
from services.journey_state.store.facts import Fact
from services.journey_state.store.pool import Store
from services.journey_state.touch_queries import CAMPAIGN, DEVICE, PERSONS
from tests.journey_state.running import a_touchpoint

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"
AGENTS = (
    None,
    IPHONE,
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/126",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) Mobile Safari",
    "Mozilla/5.0 (Linux; Android 15; SM-X910) Safari",
    "mozilla/5.0\n(android) mobi",
    "curl/8.5",
    "",
    "Mozilla/5.0 (\N{LATIN SMALL LETTER LONG S}) ipad",
    7,
    {"mobile": 1},
)
DEVICES: tuple[Any, ...] = (
    None,
    {},
    {"type": "Android"},
    {"type": "tablet"},
    {"type": "macOS"},
    {"type": "tv"},
    {"type": 1},
    {"type": "des\N{KELVIN SIGN}top"},
    "mobile",
    ["mobile"],
)
CAMPAIGNS: tuple[Any, ...] = (
    None,
    {},
    {"name": None},
    {"name": ""},
    {"name": "spring"},
    {"name": "wiosna \N{LATIN SMALL LETTER A WITH OGONEK}"},
    {"name": "x" * 700},
    {"name": "a\nb"},
    {"name": 1.50},
    {"name": ["a"]},
    {"name": True},
    "spring",
    [{"name": "spring"}],
)
ERRORS: tuple[Any, ...] = (
    *(None, "", "false", "0", "declined", False, True, 0, 1, 0.0, -0.5),
    *([], {}, ["a"], {"code": 1}),
)
EXPERIMENTS: tuple[dict[str, Any], ...] = (
    {"experiment": "price", "variant": "b"},
    {"experiment_id": "e1", "variation_id": "v1"},
    {"experiment": ""},
    {"nothing": "experiment"},
)
ASKED = f"""
    SELECT message_id, {PERSONS}, {CAMPAIGN}, {DEVICE}, {FAILED_ONE}, {EXPERIMENT}
    FROM timeline ORDER BY message_id"""
SQL = (
    ASKED.replace("\\:", ":")
    .replace(":aliases", "'{}'")
    .replace(":experimentevents", "'{Experiment Viewed}'")
)


def _facts() -> list[Fact]:
    bodies: list[dict[str, Any]] = [
        {"context": {"userAgent": agent, "device": device}}
        for agent, device in product(AGENTS, DEVICES)
    ]
    bodies += [{"context": {"campaign": campaign}} for campaign in CAMPAIGNS]
    bodies += [{"properties": {"error": error}} for error in ERRORS]
    bodies += [{"properties": said} for said in EXPERIMENTS]
    bodies += [{"bot": True}, {"type": "consent", "event": "consent"}, {"type": "page"}, {}]
    return [_fact(number, **body) for number, body in enumerate(bodies)]


def _fact(number: int, **said: Any) -> Fact:
    if "context" in said:
        there = {name: value for name, value in said["context"].items() if value is not None}
        said["context"] = msgspec.Raw(msgspec.json.encode(there))
    event = said.pop("event", "Experiment Viewed")
    record = a_touchpoint(event, at=number, user="u", message_id=f"m{number:04}", **said)
    return read_touchpoint(encode(record)).fact


async def test_what_is_kept_beside_a_touchpoint_is_what_its_record_says(database_url: str) -> None:
    added = _facts()
    store = await Store.connect(database_url)
    async with store.transaction() as connection:
        await facts.add_to_timeline(connection, added)
    await store.close()
    connection = await asyncpg.connect(database_url)
    kept = await connection.fetch(SQL)
    await connection.execute("UPDATE timeline SET facets = NULL, campaign = NULL")
    read = await connection.fetch(SQL)
    await connection.close()

    assert len(kept) == len(added)
    assert [tuple(row) for row in kept] == [tuple(row) for row in read]
    assert {row[3] for row in kept} == {"unknown", "mobile", "tablet", "desktop"}
    assert sum(row[4] for row in kept) >= 5


def test_usual_touchpoints_are_read_once_and_unusual_ones_are_left_to_postgresql() -> None:
    usual = _fact(1, context={"userAgent": IPHONE, "campaign": {"name": "spring"}})
    odd = _fact(2, context={"campaign": {"name": "a\nb"}})
    assert (usual.facets, usual.campaign) == (1 | 1 << 3, "spring")
    assert (odd.facets, odd.campaign) == (None, None)
