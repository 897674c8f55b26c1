"""`GET /v1/flow`: beside another period, with the time between steps, without what is left out."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.contracts.times import format_time
from services.journey_state.filters import names_in
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.test_api_map import ALIASED, END, list_behind, lived
from tests.journey_state.transacting import HOUR, at, event, transacting

PERIOD = {"from": format_time(at(3 * HOUR)), "to": format_time(at(END))}


@pytest.mark.parametrize(("node", "top"), [("stage", 2), ("touchpoint", 6)])
async def test_each_node_and_link_has_beside_it_those_of_the_other_period(
    database_url: str, node: str, top: int
) -> None:
    chosen = random.Random(9)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        await lived(world, chosen)
        asked = {"node": node, "steps": 3, "top": top}
        answer = await get(client, "/v1/flow", **PERIOD, **asked, compare="previous")
        other = {name: answer["compared"][name] for name in ("from", "to")}
        before = await get(client, "/v1/flow", **other, **asked | {"top": 20})
        checked = 0
        for column, then in zip(answer["columns"], before["columns"], strict=True):
            assert column["total"]["before"]["people"] == then["total"]["people"]
            known = {(one["node"], one.get("next")): one for one in then["nodes"] + then["links"]}
            for one in column["nodes"] + column["links"]:
                key = (one["node"], one.get("next"))
                assert ("before" in one) == ("other" not in key)
                if "before" in one:
                    assert one["before"]["people"] == known.get(key, {"people": 0})["people"], key
                    listed = await list_behind(client, one["before"], limit=100)
                    assert len(listed) == one["before"]["people"], key
                    checked += one["before"]["people"] > 0
        assert checked > 2
        plain = await get(client, "/v1/flow", **PERIOD, **asked)
        assert plain["columns"] == stripped(answer["columns"])


def stripped(found: Any) -> Any:
    """The same without what is compared."""
    if isinstance(found, dict):
        kept = {name: one for name, one in found.items() if name not in ("before", "change")}
        return {name: stripped(one) for name, one in kept.items()}
    return [stripped(one) for one in found] if isinstance(found, list) else found


async def test_the_time_between_steps_is_the_median_of_those_who_go_on(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        for n, waits in enumerate((60, 100, 600, None)):
            await world.take(event("page", 0, user=f"u{n}"))
            if waits:
                await world.take(event("Add", waits, user=f"u{n}"))
        for asked in ({}, {"direction": "backward", "start": "cart"}):
            first = (await get(client, "/v1/flow", **asked))["columns"][0]
            links = {one["next"]: one["p50_seconds"] for one in first["links"]}
            assert [one["p50_seconds"] for one in first["nodes"]] == [100.0]
            assert links.pop("still_here", None) is None
            assert list(links.values()) == [100.0]


async def test_a_name_with_a_comma_can_be_left_out(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        for n, name in enumerate(("page", "Signed up, paid", "Paid", r"C:\new")):
            await world.take(event(name, 60 * n))
        asked = {"node": "touchpoint", "exclude": r"Signed up\, paid,C:\\new"}
        answer = await get(client, "/v1/flow", **asked)
        names = [column["nodes"][0]["name"] for column in answer["columns"][:2]]
        assert names == ["page", "Paid"]
        for column in answer["columns"]:
            for node in column["nodes"]:
                assert len(await list_behind(client, node, limit=10)) == node["people"]
        found = await problem(client, 400, "/v1/flow", exclude="nowhere")
        assert "has no stage 'nowhere'" in found["detail"]


def test_names_are_split_at_commas_that_stand_for_themselves() -> None:
    assert names_in(None) == names_in("") == []
    assert names_in("a,b c,,d") == ["a", "b c", "d"]
    assert names_in(r"a\, b,c\\,d\\\,e") == ["a, b", "c\\", r"d\,e"]
