"""Figures beside those of another period: the same as if one had asked for that."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts.times import format_time
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.test_api_map import ALIASED, END, figures_of, list_behind, lived
from tests.journey_state.transacting import HOUR, at, transacting

SHARED = ("moved", "still_here", "left", "converted")
ASKED: tuple[dict[str, str], ...] = ({}, {"channel": "app"}, {"state": "recovered"})


def spans(answer: dict[str, Any]) -> dict[str, str]:
    return {"from": answer["compared"]["from"], "to": answer["compared"]["to"]}


def trend_figures(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for stage in answer["stages"]:
        for point in stage["points"]:
            yield from point.values()


@pytest.mark.parametrize("said", ASKED, ids=str)
async def test_each_figure_has_beside_it_what_the_other_period_shows(
    database_url: str, said: dict[str, str]
) -> None:
    chosen = random.Random(7)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        await lived(world, chosen)
        end = {"from": format_time(at(3 * HOUR)), "to": format_time(at(END))} | said
        answer = await get(client, "/v1/map", **end, compare="previous")
        plain = await get(client, "/v1/map", **end)
        before = dict(figures_of(await get(client, "/v1/map", **spans(answer), **said)))
        assert spans(answer) == {"from": format_time(at(0)), "to": format_time(at(3 * HOUR))}
        shown = dict(figures_of(answer))
        for key, figure in shown.items():
            other = figure.pop("before", None)
            assert figure.pop("change", None) is None or key[0] in SHARED
            assert (other is None) == (key[0] == "stock")
            if other is not None and (key in before or key[0] != "event"):
                expected = before.get(key, {"people": 0, "events": 0, "signals": 0})
                counted = other.keys() & {"people", "events", "signals", "share", "p50_seconds"}
                for name in counted:
                    assert other[name] == expected[name], (key, name)
        for key, figure in figures_of(plain):
            assert shown[key] == figure


async def test_trend_and_funnel_are_compared_step_by_step(database_url: str) -> None:
    chosen = random.Random(8)
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        await lived(world, chosen)
        end = {"from": format_time(at(3 * HOUR)), "to": format_time(at(END))}
        for path, more in (("/v1/trend", {"bucket": "hour"}), ("/v1/funnel", {"by": "period"})):
            answer = await get(client, path, **end, **more, compare="previous")
            before = await get(client, path, **spans(answer), **more)
            figures = trend_figures if path == "/v1/trend" else lambda one: iter(one["steps"])
            pairs = list(zip(figures(answer), figures(before), strict=True))
            assert pairs
            for figure, other in pairs:
                assert figure["before"].items() <= other.items()
            figure, other = chosen.choice([pair for pair in pairs if pair[1]["people"]])
            listed = await list_behind(client, figure["before"], limit=100)
            assert len(listed) == other["people"]


async def test_what_to_compare_with_is_checked_and_people_have_no_period_before(
    database_url: str,
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        found = await problem(client, 400, "/v1/map", compare="month")
        assert [e["where"] for e in found["errors"]] == ["query parameter compare"]
        await problem(client, 400, "/v1/customers", compare="week")
