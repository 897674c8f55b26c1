"""All answers over one shop: what must add up does, and any number has as many people listed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2

from services.contracts.times import read_time
from tests.journey_state.asking import get, serving
from tests.journey_state.simulated import JOURNEY, absorb, history
from tests.journey_state.test_api_map import list_behind
from tests.journey_state.transacting import transacting

NOW = read_time("2026-11-05T12:34:56Z")
CUSTOMERS, DAYS, SEED = 100, 60, 5
LISTED = 2  # figures of each answer whose people are listed
# Days of 25 hours in Warsaw and New York, whole days elsewhere, times within days, every filter.
ASKED: list[dict[str, Any]] = [
    {},
    {"from": "2026-10-25", "to": "2026-10-26", "zone": "Europe/Warsaw", "channel": "website"},
    {"from": "2026-11-01", "to": "2026-11-02", "zone": "America/New_York"},
    {"from": "2026-10-01", "zone": "Asia/Kathmandu", "channel": "app", "compare": "previous"},
    {"from": "2026-10-02T03:04:05Z", "to": "2026-10-30T10:11:12+02:00", "device": "mobile"},
    {"campaign": "autumn-sale", "compare": "week"},
    {"rule": "cart", "state": "recovered", "compare": "2026-09-10..2026-10-01"},
    {"source": "website", "event": "Product Viewed", "experiment": "Product page"},
]


async def test_every_answer_adds_up_and_its_numbers_are_lists(database_url: str) -> None:
    chosen = random.Random(SEED)
    async with (
        transacting(database_url, JOURNEY) as world,
        serving(database_url, clock=lambda: NOW) as client,
    ):
        await absorb(world, history(CUSTOMERS, DAYS, NOW, SEED), NOW)
        for said in ASKED:
            for answer in await answers(client, chosen, said):
                figures = list(figures_in(answer))
                with_people = [one for one in figures if one["people"]]
                for one in chosen.sample(with_people, min(LISTED, len(with_people))):
                    listed = await list_behind(client, one, limit=1000)
                    assert len(listed) == len(set(listed)) == one["people"], (said, one)


async def answers(
    client: httpx2.AsyncClient, chosen: random.Random, said: dict[str, Any]
) -> list[dict[str, Any]]:
    """One of each kind, which add up, in themselves and with each other."""
    shown = await get(client, "/v1/map", **said)
    trend = await get(client, "/v1/trend", **said)
    way = {"by": chosen.choice(("cohort", "period")), "order": chosen.choice(("strict", "any"))}
    funnel = await get(client, "/v1/funnel", **said, **way, breakdown="channel")
    path = {
        "node": chosen.choice(("stage", "channel", "touchpoint")),
        "direction": chosen.choice(("forward", "backward")),
        "top": chosen.choice((2, 6)),
    }
    flow = await get(client, "/v1/flow", **said, **path)
    check_map(shown, trend)
    check_funnel(funnel, shown)
    check_flow(flow)
    feedback = await get(client, "/v1/feedback", **said)
    if "compare" in said:
        others = {name: feedback["compared"][name] for name in ("from", "to")}
        filters = {name: one for name, one in said.items() if name != "compare"}
        check_feedback(feedback, await get(client, "/v1/feedback", **filters | others))
    pain = await get(client, chosen.choice(("/v1/pain", "/v1/insights")), **said)
    for answer in (shown, trend, flow, feedback, pain):
        assert {"people", "filters", "zone"} <= answer["counted"].keys()
    return [shown, trend, funnel, flow, feedback, pain]


def check_map(shown: dict[str, Any], trend: dict[str, Any]) -> None:
    """Whoever was in a stage moved, is still here or left; the last stock of the trend is there."""
    for stage, of_time in zip(shown["stages"], trend["stages"], strict=True):
        moved, here, left = (stage[part]["people"] for part in ("moved", "still_here", "left"))
        assert moved + here + left == stage["present"]["people"] >= stage["entered"]["people"]
        assert of_time["points"][-1]["stock"]["people"] == here + left
        entries = [point["entries"]["people"] for point in of_time["points"]]
        assert max(entries) <= stage["entered"]["people"] <= sum(entries)
        if stage["conversion"]:
            assert stage["conversion"]["people"] <= stage["entered"]["people"]
    assert trend["buckets"][0]["from"] == shown["period"]["from"]
    assert trend["buckets"][-1]["to"] == shown["period"]["to"]


def check_funnel(funnel: dict[str, Any], shown: dict[str, Any]) -> None:
    """Each step has some of the step before, the first whoever entered; groups are the whole."""
    people = [step["people"] for step in funnel["steps"]]
    assert people == sorted(people, reverse=True)
    assert people[0] == shown["stages"][0]["entered"]["people"]
    groups = funnel["breakdown"]["groups"]
    for number, whole in enumerate(people):
        assert sum(group["steps"][number]["people"] for group in groups) == whole


def check_flow(flow: dict[str, Any]) -> None:
    """Each column has the same people, each node as many as go on from it and come to it."""
    totals = {column["total"]["people"] for column in flow["columns"]}
    assert len(totals) == 1
    for column, following in zip(flow["columns"], [*flow["columns"][1:], None], strict=True):
        nodes = {one["node"]: one["people"] for one in column["nodes"]}
        assert {sum(nodes.values())} == totals
        out, into = Counter[str](), Counter[str]()
        for link in column["links"]:
            out[link["node"]] += link["people"]
            into[link["next"]] += link["people"]
        if following:
            assert out == nodes
            assert into == {one["node"]: one["people"] for one in following["nodes"]}


def check_feedback(shown: dict[str, Any], before: dict[str, Any]) -> None:
    """Scores are those of the three groups, and what was before is what that period shows."""
    for stage, other in zip(shown["stages"], before["stages"], strict=True):
        for kind, of_it in (("nps", "nps"), ("ratings", "average")):
            one, then = stage[kind], other[kind] or {"people": 0, of_it: None}
            if one:
                assert one["before"]["people"] == then["people"]
                assert one["before"][of_it] == then[of_it]
        if stage["nps"]:
            groups = ("promoters", "passives", "detractors")
            assert sum(stage["nps"][one]["people"] for one in groups) == stage["nps"]["people"]


def figures_in(found: Any) -> Iterator[dict[str, Any]]:
    """Every number of people that says how to list them, wherever it stands."""
    if isinstance(found, dict):
        if found.get("query"):
            yield found
        for one in found.values():
            yield from figures_in(one)
    elif isinstance(found, list):
        for one in found:
            yield from figures_in(one)
