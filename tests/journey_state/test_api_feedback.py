"""Scores, ratings and experiments against a count by hand, and the people behind each figure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts.times import format_time, read_time
from services.contracts.touchpoint import Touchpoint
from services.journey_state.api.feedback import nps_of
from services.journey_state.feedback_queries import Feedback
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.counting import Life, funneled, lives
from tests.journey_state.test_api_map import ALIASED, END, list_behind, world_of
from tests.journey_state.transacting import HOUR, Transacting, at, event, transacting

TOLD = ALIASED.replace("aliases: {", "aliases: {NPS Submitted: [Survey Answered], ")
SCORES: list[Any] = [0, 6, 7, 8, 9, 10, "10", 9.0, 11, -1, 8.5, "good", None, True]
RATINGS: list[Any] = [1, 4.5, "5", 5.0, 0, 5.5, "high", None]
VARIATIONS = ("control", "blue", "red")


def said(chosen: random.Random) -> tuple[str, dict[str, Any]]:
    """Something that people say or see."""
    kind = chosen.randrange(4)
    if kind == 0:
        name = chosen.choice(("NPS Submitted", "Survey Answered", "NPS Survey Completed"))
        return name, {"score": chosen.choice(SCORES)}
    if kind == 1:
        name = chosen.choice(("Product Reviewed", "Rating Submitted"))
        return name, {"rating": chosen.choice(RATINGS)}
    variation = chosen.choice(VARIATIONS)
    if kind == 2:
        names = {"experiment_id": "e1", "experiment_name": "button"}
        return "Experiment Viewed", names | {"variation_name": variation, "variation_id": "v"}
    return "View", {"cart": "x", "experiment": "button", "variant": variation}


def speaking_world(chosen: random.Random, count: int) -> list[Touchpoint]:
    sent = world_of(chosen, count)
    for n in range(count):
        name, properties = said(chosen)
        who = {"user_id": f"u{chosen.randrange(4)}"}
        if chosen.random() < 0.5:
            who = {"anonymous_id": f"a{chosen.randrange(9)}"}
        sent.append(
            event(
                name,
                chosen.randrange(0, END, 600),
                message_id=f"s{n}",
                identifiers=who,
                channel=chosen.choice(("website", "app")),
                properties=properties,
                bot=chosen.random() < 0.1,
            )
        )
    return sent


async def filled(world: Transacting, chosen: random.Random) -> list[str]:
    sent = speaking_world(chosen, 60)
    chosen.shuffle(sent)
    for start in range(0, len(sent), 24):
        await world.take(*sent[start : start + 24])
    rows = await world.rows("SELECT customer_id FROM customers WHERE merged_into IS NULL")
    return [row[0].hex() for row in rows]


def within(life: Life, start: int, end: int, channel: str | None = None) -> list[dict[str, Any]]:
    items = [i for i in life.items if start <= read_time(i["occurred_at"]) < end]
    return [i for i in items if channel in (None, i["channel"])]


def score_of(item: dict[str, Any]) -> int | None:
    if item["event"] not in ("NPS Submitted", "Survey Answered", "NPS Survey Completed"):
        return None
    score = item["properties"]["score"]
    known = {0: 0, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10, "10": 10}
    return known.get(score) if not isinstance(score, bool) else None


def rating_of(item: dict[str, Any]) -> float | None:
    if item["event"] not in ("Product Reviewed", "Rating Submitted"):
        return None
    return {1: 1.0, 4.5: 4.5, "5": 5.0, 5.0: 5.0}.get(item["properties"]["rating"])


def group_of(score: int) -> str:
    return "promoters" if score >= 9 else "passives" if score >= 7 else "detractors"


def counted(known: list[Life], start: int, end: int, channel: str | None) -> dict[Any, list[Any]]:
    """By hand: people by stage and part, and the scores and ratings themselves."""
    found: dict[Any, list[Any]] = {}
    for life in known:
        newest: dict[str, int] = {}
        for item in within(life, start, end, channel):
            score, rating = score_of(item), rating_of(item)
            if score is not None:
                newest[item["stage"]] = score
                found.setdefault((item["stage"], "scores"), []).append(score)
            if rating is not None:
                found.setdefault((item["stage"], "rated"), []).append(life.customer_id)
                found.setdefault((item["stage"], "ratings"), []).append(rating)
        for stage, score in newest.items():
            found.setdefault((stage, group_of(score)), []).append(life.customer_id)
            found.setdefault((stage, "scored"), []).append(life.customer_id)
    return found


@pytest.mark.parametrize("channel", [None, "app"])
async def test_scores_and_ratings_are_those_of_the_stage_they_were_given_in(
    database_url: str, channel: str | None
) -> None:
    chosen = random.Random(5)
    async with (
        transacting(database_url, TOLD) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        known = await lives(client, await filled(world, chosen))
        period = {"from": format_time(at(HOUR)), "to": format_time(at(END))}
        more = {} if channel is None else {"channel": channel}
        answer = await get(client, "/v1/feedback", **period, **more)
        expected = counted(known, at(HOUR), at(END), channel)
        shown = 0
        for stage in answer["stages"]:
            name = stage["stage"]
            for part, figure in figures_of(stage):
                people = set(expected.get((name, part), []))
                assert figure["people"] == len(people), (name, part)
                assert await list_behind(client, figure, limit=100) == sorted(people)
                shown += len(people)
            assert (stage["nps"] is None) == ((name, "scored") not in expected)
            assert (stage["ratings"] is None) == ((name, "rated") not in expected)
            if stage["nps"]:
                assert stage["nps"]["scores"] == len(expected[name, "scores"])
                groups = [stage["nps"][g]["people"] for g in GROUPS]
                assert sum(groups) == stage["nps"]["people"]
            if stage["ratings"]:
                ratings = expected[name, "ratings"]
                assert stage["ratings"]["ratings"] == len(ratings)
                assert stage["ratings"]["average"] == pytest.approx(sum(ratings) / len(ratings))
        assert shown > 5


GROUPS = ("promoters", "passives", "detractors")


def figures_of(stage: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if stage["nps"]:
        yield "scored", stage["nps"]
        yield from ((group, stage["nps"][group]) for group in GROUPS)
    if stage["ratings"]:
        yield "rated", stage["ratings"]


def test_a_score_of_few_people_is_uncertain_and_stays_within_its_bounds() -> None:
    one = nps_of(Feedback(promoters=1))
    many = nps_of(Feedback(promoters=600, passives=200, detractors=200))

    assert (one["nps"], one["high"]) == (100, 100)
    assert one["low"] < 0
    assert many["nps"] == pytest.approx(40)
    assert 34 < many["low"] < 36
    assert 44 < many["high"] < 46


def variations_of(life: Life, start: int, end: int) -> set[str]:
    found = set()
    for item in within(life, start, end):
        told = item["properties"]
        if item["event"] == "Experiment Viewed":
            found.add(told["variation_name"])
        elif told.get("experiment") == "button":
            found.add(told["variant"])
    return found


async def test_a_funnel_is_broken_down_by_what_people_saw(database_url: str) -> None:
    chosen = random.Random(11)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        known = await lives(client, await filled(world, chosen))
        start, end = at(0), at(2 * HOUR)
        rule = {"by": "cohort", "order": "strict", "steps": "look,cart,buy"}
        asked = {"from": format_time(start), "to": format_time(end)} | rule
        answer = await get(client, "/v1/funnel", **asked, breakdown="experiment:button")
        broken = answer["breakdown"]
        seen = {life.customer_id: variations_of(life, start, end) for life in known}
        alone = {next(iter(saw)) for saw in seen.values() if len(saw) == 1}
        assert [one["value"] for one in broken["groups"]] == sorted(alone)
        assert len(alone) > 1
        for group in [*broken["groups"], broken["several"]]:
            several = group is broken["several"]
            some = [
                life
                for life in known
                if (len(seen[life.customer_id]) > 1 if several else
                    seen[life.customer_id] == {group["value"]})
            ]  # fmt: skip
            await assert_steps(client, group["steps"], funneled(some, STEPS, start, end, rule))
        firsts = [one["steps"][0]["people"] for one in [*broken["groups"], broken["several"]]]
        assert sum(firsts) <= answer["steps"][0]["people"]
        offered = await get(client, "/v1/filters", **asked_people(start, end), of="experiment")
        (experiment,) = offered["items"][0]["values"]
        assert experiment["value"] == "button"
        saw = sorted(one for one, variations in seen.items() if variations)
        assert experiment["people"] == len(saw)
        assert await list_behind(client, experiment, limit=100) == saw


def asked_people(start: int, end: int) -> dict[str, str]:
    return {"from": format_time(start), "to": format_time(end)}


STEPS = ["look", "cart", "buy"]


async def assert_steps(
    client: Any, steps: list[dict[str, Any]], expected: list[dict[str, int | None]]
) -> None:
    for step, people in zip(steps, expected, strict=True):
        assert step["people"] == len(people)
        assert await list_behind(client, step, limit=100) == sorted(people)


async def test_channels_of_a_funnel_add_up_to_it(database_url: str) -> None:
    chosen = random.Random(12)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        await filled(world, chosen)
        asked = {"from": format_time(at(0)), "to": format_time(at(END))}
        answer = await get(client, "/v1/funnel", **asked, breakdown="channel")
        groups = answer["breakdown"]["groups"]
        assert len(groups) > 1
        assert answer["breakdown"]["reference"] == groups[0]["value"]
        for n, step in enumerate(answer["steps"]):
            assert sum(group["steps"][n]["people"] for group in groups) == step["people"]
        for group in groups:
            for step in group["steps"]:
                listed = await list_behind(client, step, limit=100)
                assert len(listed) == step["people"]


async def test_a_difference_that_chance_does_not_explain_is_told(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        sent = []
        for n in range(120):
            variation = ("control", "blue")[n % 2]
            properties = {"experiment": "button", "variant": variation}
            sent.append(event("page", n, user=f"u{n}", properties=properties))
            if n % 8 == 0 or (variation == "blue" and n % 4 == 3):
                sent.append(event("Order", n + 1, user=f"u{n}", properties={"order_id": f"{n}"}))
        await world.take(*sent)
        answer = await get(client, "/v1/funnel", steps="look,buy", breakdown="experiment:button")
        blue, control = answer["breakdown"]["groups"]
        assert answer["breakdown"]["reference"] == control["value"] == "control"
        change = blue["steps"][1]["change"]
        assert change["difference"] == pytest.approx(30 / 60 - 15 / 60)
        assert change["certain"]
        assert "change" not in control["steps"][1]


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        ("/v1/funnel", {"breakdown": "device"}, "breakdown"),
        ("/v1/funnel", {"breakdown": "experiment:"}, "breakdown"),
        ("/v1/funnel", {"breakdown": "experiment:a", "experiment": "b"}, "breakdown"),
        ("/v1/customers", {"variation": "blue"}, "variation"),
        ("/v1/customers", {"part": "promoters"}, "part"),
    ],
)
async def test_a_wrong_breakdown_is_refused(
    database_url: str, path: str, asked: dict[str, str], named: str
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        found = await problem(client, 400, path, **asked)
        assert [e["where"] for e in found["errors"]] == [f"query parameter {named}"]
