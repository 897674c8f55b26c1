"""The journey map's figures against a count by hand, and the lists of people behind each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from statistics import median
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import msgspec
import pytest

from services.contracts.times import format_time, read_time
from services.contracts.touchpoint import Touchpoint
from services.journey_state.buckets import BUCKETS_MAX
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.counting import Figures, Life, counted, everything, funneled, lives, staged
from tests.journey_state.flowing import Columns, flowed, links_of
from tests.journey_state.transacting import HOUR, JOURNEY, Transacting, at, event, transacting

ALIASED = JOURNEY.replace("once:", "aliases: {Order: [Purchase]}\nonce:")
STAGES = ["look", "cart", "buy", "back"]
NAMES = ("page", "Add", "View", "Order", "Purchase", "Empty", "Return", "Mail", "Failed", "Ask")
END = 6 * HOUR
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"channel": "app"},
    {"channel": "website", "source": "shop", "event": "Order"},
    {"campaign": "spring"},
    {"rule": "cart", "channel": "app"},
    {"state": "recovered"},
)


def world_of(
    chosen: random.Random, count: int, times: Sequence[int] = range(0, END, 600)
) -> list[Touchpoint]:
    """Touchpoints of a few people, whose devices become known, are shared, and are bots'."""
    made = []
    for n in range(count):
        name = chosen.choice(NAMES)
        when = chosen.choice(times)  # by default as far apart as the rules wait: many ties
        identifiers = {"anonymous_id": f"a{chosen.randrange(9)}"}
        if chosen.random() < 0.35:
            identifiers["user_id"] = f"u{chosen.randrange(4)}"
        more: dict[str, Any] = {}
        if chosen.random() < 0.3:
            campaign = {"campaign": {"name": chosen.choice(("spring", "fall"))}}
            more["context"] = msgspec.Raw(msgspec.json.encode(campaign))
        if chosen.random() < 0.1:
            more.update(type="consent", consent={"analytics": True})
            name = "consent"
        made.append(
            event(
                name,
                when,
                message_id=f"m{n}",
                received=when + chosen.choice((0, 0, 3000)),
                identifiers=identifiers,
                channel=chosen.choice(("website", "app", "email")),
                source=chosen.choice(("shop", "till")),
                properties={"cart": chosen.choice("xy"), "bot": chosen.random() < 0.3},
                bot=chosen.random() < 0.12,
                **more,
            )
        )
    return made


async def lived(world: Transacting, chosen: random.Random) -> list[str]:
    """The ids of everybody after such touchpoints came in any order, W with them."""
    sent = world_of(chosen, 70)
    for start in range(0, len(sent), 14):
        await world.take(*sent[start : start + 14])
        await world.pass_time(chosen.randrange(END))
    await world.pass_time(END + HOUR)
    rows = await world.rows("SELECT customer_id FROM customers WHERE merged_into IS NULL")
    return [row[0].hex() for row in rows]


def figures_of(answer: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Each figure of a map and what it counts."""
    for stage in answer["stages"]:
        name = stage["stage"]
        for part in ("present", "entered", "moved", "still_here", "left", "stock"):
            yield (part, name), stage[part]
        if stage["conversion"]:
            yield ("converted", name), stage["conversion"]
        yield ("ended", name), stage["dwell"]
        for one in stage["touchpoints"]:
            yield ("event", name, one["event"]), one
        for one in stage["abandonment"]:
            yield ("signaled", name, one["rule"], one["state"]), one
    for lane in answer["lanes"]:
        for one in lane["stages"]:
            yield ("channel", one["stage"], lane["channel"]), one


def whose(figures: Figures, key: tuple[str, ...]) -> list[str]:
    if key[0] != "ended":
        return figures.get(key, [])
    return [one for found, people in figures.items() if found[:2] == key for one in people]


def assert_counted(answer: dict[str, Any], figures: Figures) -> None:
    shown = dict(figures_of(answer))
    for key, figure in shown.items():
        people = whose(figures, key)
        assert figure["people"] == len(set(people)), key
        times = figure.get("events", figure.get("signals", figure.get("stays")))
        assert times in (None, len(people)), key
    hidden = {key for key in figures if key[0] in ("channel", "event", "signaled")} - shown.keys()
    assert not [key for key in hidden if key[1] != "none"]
    for stage in answer["stages"]:
        parts = [stage[part]["people"] for part in ("moved", "still_here", "left")]
        assert sum(parts) == stage["present"]["people"]
        ended = [k for k in figures if k[:2] == ("ended", stage["stage"])]
        lasted = [int(key[2]) / 1e6 for key in ended for _ in figures[key]]
        assert stage["dwell"]["p50_seconds"] == (median(lasted) if lasted else None)


async def assert_listed(
    client: httpx2.AsyncClient, answer: dict[str, Any], figures: Figures, chosen: random.Random
) -> None:
    """Each figure's list has exactly its people."""
    for key, figure in figures_of(answer):
        listed = await list_behind(client, figure, limit=chosen.choice((2, 100)))
        assert listed == sorted(set(whose(figures, key))), key


async def list_behind(
    client: httpx2.AsyncClient, figure: dict[str, Any], *, limit: int
) -> list[str]:
    asked = dict(parse_qsl(figure["query"]))
    listed, _ = await everything(client, "/v1/customers", **asked, limit=limit)
    return [one["customer_id"].replace("-", "") for one in listed]


async def compare(
    client: httpx2.AsyncClient, known: list[Life], chosen: random.Random, said: dict[str, str]
) -> None:
    start = chosen.choice((0, HOUR, 2 * HOUR + 300))
    end = start + chosen.choice((HOUR, 2 * HOUR, END))
    figures = counted(known, STAGES, at(start), at(end), said)
    period = {"from": format_time(at(start)), "to": format_time(at(end))}
    answer = await get(client, "/v1/map", **period, **said)
    assert_counted(answer, figures)
    await assert_listed(client, answer, figures, chosen)
    everybody, _ = await everything(client, "/v1/customers", **period, **said)
    ids = {one["customer_id"].replace("-", "") for one in everybody}
    assert ids == set(figures.get(("all",), []))
    await compare_trend(client, known, chosen, period | said | {"zone": "Asia/Kathmandu"}, ids)
    known = [life for life in known if life.customer_id in ids]
    for by, order in product(("cohort", "period"), ("strict", "any")):
        rule = {"by": by, "order": order, "steps": ",".join(chosen.sample(STAGES, 3))}
        await compare_funnel(client, known, (at(start), at(end)), period | said | rule)
    for node in ("stage", "channel", "touchpoint"):
        flow = a_flow(node, chosen)
        columns = flowed(known, STAGES, (at(start), at(end)), said, flow)
        await compare_flow(client, columns, chosen, period | said | flow)


async def compare_funnel(
    client: httpx2.AsyncClient, known: list[Life], period: tuple[int, int], asked: dict[str, str]
) -> None:
    expected = funneled(known, asked["steps"].split(","), *period, asked)
    answer = await get(client, "/v1/funnel", **asked)
    for n, (step, people) in enumerate(zip(answer["steps"], expected, strict=True)):
        waits = [wait / 1e6 for wait in people.values() if wait is not None]
        assert step["people"] == len(people), (asked, step)
        assert step["p50_seconds"] == (median(waits) if waits else None)
        assert await list_behind(client, step, limit=100) == sorted(people)
        of_first = len(people) / len(expected[0]) if expected[0] else None
        before = expected[max(0, n - 1)]
        assert step["of_first"] == of_first
        assert step["of_previous"] == (len(people) / len(before) if before else None)


def a_flow(node: str, chosen: random.Random) -> dict[str, Any]:
    names = {"stage": STAGES, "channel": ["app", "email"], "touchpoint": list(NAMES[:4])}[node]
    asked = {"node": node, "steps": chosen.choice((2, 5, 8)), "top": chosen.choice((1, 3, 20))}
    asked["direction"] = chosen.choice(("forward", "forward", "backward"))
    more = {"start": chosen.choice(names), "exclude": ",".join(chosen.sample(names, 2))}
    return asked | {name: more[name] for name in more if chosen.random() < 0.4}


async def compare_flow(
    client: httpx2.AsyncClient, columns: Columns, chosen: random.Random, asked: dict[str, Any]
) -> None:
    answer = await get(client, "/v1/flow", **asked)
    figures = []
    for step, (column, expected) in enumerate(zip(answer["columns"], columns, strict=True)):
        counts = Counter(expected.values())
        assert {node["node"]: node["people"] for node in column["nodes"]} == counts, asked
        assert column["total"]["people"] == len(columns[0]) == counts.total()
        figures.append((column["total"], sorted(expected)))
        for node in counts:
            figure = next(one for one in column["nodes"] if one["node"] == node)
            figures.append((figure, sorted(who for who, at in expected.items() if at == node)))
        going = links_of(columns, step) if step + 1 < len(columns) else {}
        assert {(link["node"], link["next"]) for link in column["links"]} == going.keys()
        for link in column["links"]:
            assert link["people"] == len(going[link["node"], link["next"]])
            figures.append((link, sorted(going[link["node"], link["next"]])))
    for figure, who in chosen.sample(figures, min(6, len(figures))):
        assert await list_behind(client, figure, limit=100) == who, (asked, figure)


async def compare_trend(
    client: httpx2.AsyncClient,
    known: list[Life],
    chosen: random.Random,
    asked: dict[str, str],
    people: set[str],
) -> None:
    answer = await get(client, "/v1/trend", **asked, bucket=chosen.choice(("hour", "day")))
    assert [stage["stage"] for stage in answer["stages"]] == STAGES
    found = []
    for n, bucket in enumerate(answer["buckets"]):
        start, end = read_time(bucket["from"]), read_time(bucket["to"])
        figures = staged(known, STAGES, start, end, people)
        for stage in answer["stages"]:
            for part, name in (("entered", "entries"), ("ended", "exits"), ("there", "stock")):
                expected = sorted(set(whose(figures, (part, stage["stage"]))))
                figure = stage["points"][n][name]
                assert figure["people"] == len(expected), (stage["stage"], name, bucket)
                found.append((figure, expected))
    for figure, expected in chosen.sample(found, 10):
        assert await list_behind(client, figure, limit=100) == expected


@pytest.mark.parametrize("seed", range(3))
async def test_every_figure_counts_what_the_timelines_say_and_lists_its_people(
    database_url: str, seed: int
) -> None:
    chosen = random.Random(seed)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        people = await lived(world, chosen)
        known = await lives(client, people)
        for said in ({}, *chosen.sample(FILTERS[1:], 2)):
            await compare(client, known, chosen, said)
        # A merge is undone: who the people are now is another matter.
        for device in range(9):
            await client.post("/v1/unlinks", json={"identifier": f"anonymous_id:a{device}"})
        rows = await world.rows("SELECT customer_id FROM customers WHERE merged_into IS NULL")
        apart = [row[0].hex() for row in rows]
        assert len(apart) > len(people)
        known = await lives(client, apart)
        await compare(client, known, chosen, {})
        # Another definition: first nobody is computed by it, then everybody.
        changed = ALIASED.replace("from: [none, look, cart]", "from: [buy]")
        answer = await client.post("/v1/journey", content=changed)
        assert answer.status_code == 200, answer.text
        await compare(client, known, chosen, {})
        while await world.worker._republishing.step():
            pass
        recomputed = await lives(client, apart)
        assert [one.bands for one in recomputed] != [one.bands for one in known]
        await compare(client, recomputed, chosen, {})


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"segment": "vip"}, "segment"),
        ({"channel": "fax"}, "channel"),
        ({"stage": "nowhere"}, "stage"),
        ({"from": "2026-11-21T12:00:00"}, "from"),
        ({"zone": "Mars/Olympus"}, "zone"),
    ],
)
async def test_a_wrong_parameter_is_named(
    database_url: str, asked: dict[str, str], named: str
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        for path in ("/v1/map", "/v1/customers"):
            found = await problem(client, 400, path, **asked)
            assert found["code"] == "bad_parameter"
            assert [e["where"] for e in found["errors"]] == [f"query parameter {named}"]


async def test_a_rule_that_no_definition_had_is_named_with_those_there_are(
    database_url: str,
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        for path in ("/v1/map", "/v1/signals", "/v1/deadlines"):
            found = await problem(client, 400, path, rule="nothing")
            assert found["errors"][0]["message"].endswith("'nothing'; there are cart, paid")


async def test_a_trend_of_too_many_buckets_is_refused(database_url: str) -> None:
    async with transacting(database_url), serving(database_url) as client:
        asked = {"from": "2026-10-01", "to": "2026-11-01", "bucket": "hour"}
        found = await problem(client, 400, "/v1/trend", **asked)
        assert [e["where"] for e in found["errors"]] == ["query parameter bucket"]
        assert str(BUCKETS_MAX) in found["detail"]


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        ("/v1/funnel", {"steps": "look,nowhere"}, "steps"),
        ("/v1/funnel", {"steps": ""}, "steps"),
        ("/v1/funnel", {"steps": "look,look"}, "steps"),
        ("/v1/funnel", {"order": "random"}, "order"),
        ("/v1/funnel", {"step": "1"}, "step"),
        ("/v1/funnel", {"stage": "look"}, "stage"),
        ("/v1/customers", {"steps": "look,cart", "step": "3"}, "step"),
        ("/v1/customers", {"stage": "look", "step": "3"}, "step"),
        ("/v1/flow", {"node": "colour"}, "node"),
        ("/v1/flow", {"steps": "9"}, "steps"),
        ("/v1/flow", {"start": "nowhere"}, "start"),
        ("/v1/flow", {"node": "channel", "start": "fax"}, "start"),
        ("/v1/flow", {"stage": "look"}, "stage"),
        ("/v1/customers", {"flow": "stage"}, "flow_step"),
        ("/v1/customers", {"flow_step": "1"}, "flow"),
        ("/v1/customers", {"flow": "stage", "flow_step": "1", "flow_next": "left"}, "flow_node"),
        ("/v1/customers", {"flow": "stage", "flow_step": "1", "stage": "look"}, "stage"),
    ],
)
async def test_a_wrong_funnel_or_flow_is_refused(
    database_url: str, path: str, asked: dict[str, str], named: str
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        found = await problem(client, 400, path, **asked)
        assert [e["where"] for e in found["errors"]] == [f"query parameter {named}"]


async def test_a_funnel_has_every_stage_unless_some_are_named(database_url: str) -> None:
    async with transacting(database_url), serving(database_url) as client:
        answer = await get(client, "/v1/funnel")
        assert [step["stage"] for step in answer["steps"]] == STAGES
        assert {step["people"] for step in answer["steps"]} == {0}
        assert answer["filters"] == {"by": "cohort", "order": "strict"}


async def test_a_flow_without_anybody_has_its_columns(database_url: str) -> None:
    async with transacting(database_url), serving(database_url) as client:
        answer = await get(client, "/v1/flow", node="touchpoint", steps=3)
        assert [column["total"]["people"] for column in answer["columns"]] == [0, 0, 0]
        assert [column["nodes"] for column in answer["columns"]] == [[], [], []]


async def test_who_is_in_no_stage_of_the_definition_has_left_the_flow(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        await world.take(event("page", 0), event("Add", 60), event("page", 0, user="v"))
        renamed = JOURNEY.replace("name: cart, enter", "name: basket, enter")
        renamed = renamed.replace("look, cart]", "look, basket]")
        answer = await client.post("/v1/journey", content=renamed)
        assert answer.status_code == 200, answer.text
        columns = (await get(client, "/v1/flow", steps=2))["columns"]
        found = [{node["node"]: node["people"] for node in column["nodes"]} for column in columns]
        assert found == [{"at:look": 2}, {"left": 1, "still_here": 1}]


async def test_a_parameter_given_twice_is_refused(database_url: str) -> None:
    async with transacting(database_url), serving(database_url) as client:
        answer = await client.get("/v1/map?channel=app&channel=email")
        assert answer.status_code == 400
        assert "given twice" in answer.json()["detail"]


async def test_a_journey_without_anybody_is_all_zero(database_url: str) -> None:
    async with transacting(database_url), serving(database_url) as client:
        answer = await get(client, "/v1/map")
        assert [stage["stage"] for stage in answer["stages"]] == STAGES
        assert {figure["people"] for _, figure in figures_of(answer)} == {0}
        assert answer["stages"][0]["dwell"]["p50_seconds"] is None
        assert answer["stages"][0]["conversion"]["share"] is None
        assert answer["stages"][-1]["conversion"] is None
        assert answer["lanes"] == []
