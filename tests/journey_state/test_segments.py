"""Segments: their file, whom they mean by a count by hand, and every figure among them."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from services.cli.local_settings import DEMO_SEGMENTS
from services.contracts.times import DAY_US, format_time, read_time
from services.contracts.touchpoint import Touchpoint
from services.journey_state.api.segments_file import SegmentsFile
from services.journey_state.definition import DefinitionError
from services.journey_state.segments import load_segments
from services.settings import ApiSettings
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.counting import Life, counted, event_of, everything, lives
from tests.journey_state.test_api_map import (
    ALIASED,
    END,
    STAGES,
    assert_counted,
    figures_of,
    list_behind,
    whose,
    world_of,
)
from tests.journey_state.transacting import HOUR, Transacting, at, event, transacting

SEGMENTS = """
segments:
  - name: gold
    labels: {en: Gold customers, ru: Золотые клиенты, pl: Złoci klienci}
    when: {traits: {plan: [gold, "100%_\\\\"]}}
  - name: young
    when: {traits: {age: [17, 18], beta: true}}
  - name: buyers
    when: {did: {event: Order, at_least: 2}}
  - name: recent
    when:
      did: {event: [Add, View], within: 2h, channel: [app, email]}
      not_did: {event: Purchase, within: 3h}
  - name: asked
    when: {stage: [cart, buy], channel: app, consent: [analytics, ads]}
  - {name: quiet, when: {not_did: [{event: page}, {event: Ask, at_least: 2}]}}
"""


def told_world(chosen: random.Random, count: int) -> list[Touchpoint]:
    """The touchpoints of the map's test, and what people tell of themselves and allow."""
    sent = world_of(chosen, count)
    for n in range(count):
        when = chosen.randrange(0, END, 600)
        who = {"user_id": f"u{chosen.randrange(4)}"}
        if chosen.random() < 0.5:
            who = {"anonymous_id": f"a{chosen.randrange(9)}"}
        traits = {
            "plan": chosen.choice(
                ("gold", "free", "100%_\\", ["free", "gold"], {"plan": "gold"}, None)
            ),
            "age": chosen.choice((17, 17.0, 18.5, 19, "17", True)),
            "beta": chosen.choice((True, True, 1, "true", None)),
        }
        kept = {name: traits[name] for name in chosen.sample(sorted(traits), chosen.randrange(4))}
        said = {name: chosen.random() < 0.7 for name in ("analytics", "ads")}
        sent.append(
            event(
                "identify",
                when,
                type="identify",
                message_id=f"i{n}",
                identifiers=who,
                traits=msgspec.Raw(msgspec.json.encode(kept)),
                consent=said if chosen.random() < 0.3 else None,
            )
        )
    return sent


async def filled(world: Transacting, chosen: random.Random) -> list[str]:
    """The ids of everybody."""
    sent = told_world(chosen, 45)
    chosen.shuffle(sent)
    for start in range(0, len(sent), 18):
        await world.take(*sent[start : start + 18])
    await world.pass_time(END + HOUR)
    rows = await world.rows("SELECT customer_id FROM customers WHERE merged_into IS NULL")
    return [row[0].hex() for row in rows]


def meant(name: str, life: Life, person: dict[str, Any], start: int, end: int) -> bool:
    """By hand: whether the segment means this person."""
    traits, allowed = person["traits"], person["consent"]

    def has(trait: str, *values: Any) -> bool:
        found = traits.get(trait)
        held = found if isinstance(found, list) else [found]
        return any(type(a) is type(b) and a == b for a in held for b in values)

    def times(events: tuple[str, ...], within: int = 1 << 60, on: tuple[str, ...] = ()) -> int:
        return sum(
            event_of(item) in events
            and (not on or item["channel"] in on)
            and end - within <= read_time(item["occurred_at"]) < end
            for item in life.items
        )

    hour = DAY_US // 24
    if name == "gold":
        return has("plan", "gold", "100%_\\")
    if name == "young":
        return has("age", 17, 18, 17.0, 18.0) and has("beta", True)
    if name == "buyers":
        return times(("Order",)) >= 2
    if name == "recent":
        did = times(("Add", "View"), 2 * hour, ("app", "email")) >= 1
        return did and times(("Order",), 3 * hour) == 0
    if name == "asked":
        within = any(
            i["channel"] == "app" and start <= read_time(i["occurred_at"]) < end for i in life.items
        )
        both = allowed.get("analytics", False) and allowed.get("ads", False)
        return person["stage"] in ("cart", "buy") and within and both
    return times(("page",)) == 0 and times(("Ask",)) < 2


async def compare(
    client: httpx2.AsyncClient, known: list[Life], people: dict[str, Any], chosen: random.Random
) -> int:
    """Compares each segment; gives how many it means in all."""
    found = 0
    for segment in (await get(client, "/v1/segments"))["items"]:
        name = segment["name"]
        start = at(chosen.choice((0, HOUR)))
        end = start + chosen.choice((2, 6)) * DAY_US // 24
        ours = [x for x in known if meant(name, x, people[x.customer_id], start, end)]
        period = {"from": format_time(start), "to": format_time(end), "segment": name}
        everybody, _ = await everything(client, "/v1/customers", **period)
        ids = {one["customer_id"].replace("-", "") for one in everybody}
        assert ids == {life.customer_id for life in ours}, name
        figures = counted(ours, STAGES, start, end, {})
        answer = await get(client, "/v1/map", **period)
        assert_counted(answer, figures)
        for key, figure in chosen.sample(list(figures_of(answer)), 6):
            listed = await list_behind(client, figure, limit=100)
            assert listed == sorted(set(whose(figures, key))), key
        whole = await get(client, "/v1/map", **period | {"segment": []})
        for stage, all_of in zip(answer["stages"], whole["stages"], strict=True):
            assert stage["present"]["people"] <= all_of["present"]["people"]
        found += len(ours)
    return found


@pytest.mark.parametrize("seed", range(2))
async def test_a_segment_means_whom_its_conditions_mean_in_every_figure(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text(SEGMENTS, "utf-8")
    chosen = random.Random(seed)
    settings = ApiSettings(segments_file=file)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, api=settings, clock=lambda: at(END)) as client,
    ):
        ids = await filled(world, chosen)
        people = {one: await get(client, f"/v1/customers/{one}") for one in ids}
        known = await lives(client, ids)
        assert await compare(client, known, people, chosen) > 5


async def test_segments_are_listed_and_read_again_when_their_file_changes(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "segments.yaml"
    file.write_text(SEGMENTS, "utf-8")
    async with (
        transacting(database_url),
        serving(database_url, api=ApiSettings(segments_file=file)) as client,
    ):
        answer = await get(client, "/v1/segments")
        assert [one["name"] for one in answer["items"]][:2] == ["gold", "young"]
        assert answer["items"][0]["labels"]["pl"] == "Złoci klienci"
        assert answer["items"][3]["did"][0]["within_seconds"] == 7200
        assert answer["fault"] is None

        file.write_text("segments: [{name: new, when: {stage: look}}]", "utf-8")
        os.utime(file, ns=(1, 1))
        assert [s["name"] for s in (await get(client, "/v1/segments"))["items"]] == ["new"]
        await get(client, "/v1/map", segment="new")

        file.write_text("segments: [{name: newer}]", "utf-8")
        os.utime(file, ns=(2, 2))
        answer = await get(client, "/v1/segments")
        assert [one["name"] for one in answer["items"]] == ["new"]
        assert f"{file}:1:12: when is missing" in answer["fault"]

        unknown = await problem(client, 400, "/v1/customers", segment="gold")
        assert "no segment is named 'gold'; there are new" in unknown["detail"]


def test_the_demo_has_segments_in_each_language_of_the_page() -> None:
    segments = load_segments(DEMO_SEGMENTS.read_text("utf-8"), file=str(DEMO_SEGMENTS))

    assert len(segments) > 2
    assert all(segment.labels.keys() == {"en", "ru", "pl"} for segment in segments)


FAULTS = [
    ("segments: []\nsegment: []", "2:1: unknown key segment (did you mean segments?)"),
    ("segments: [{name: a b, when: {stage: x}}]", "1:19: name is 'a b'"),
    ("segments: [{name: a, when: {}}]", "1:28: when does not fit"),
    ("segments: [{name: a, when: {traits: {x: 1.5}}}]", "1:41: x is a number"),
    ("segments: [{name: a, when: {channel: fax}}]", "1:38: channel is 'fax'"),
    ("segments: [{name: a, when: {did: {at_least: 1}}}]", "event is missing"),
    ("segments: [{name: a, when: {did: {event: x, within: 3}}}]", "within is a number"),
    ("segments: [{name: a, when: {did: {event: x, within: 0d}}}]", "0d must be above 0"),
    ("segments: [{name: a, when: {stage: x}}, {name: a, when: {stage: y}}]", "two segments are"),
]


@pytest.mark.parametrize(("text", "complaint"), FAULTS)
def test_a_fault_of_the_file_is_told_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(DefinitionError) as found:
        load_segments(text, file="s.yaml")
    assert str(found.value).startswith("s.yaml:")
    assert complaint in str(found.value)


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read"):
        SegmentsFile(tmp_path / "none.yaml")
