"""Funnel, flow and trend in a real browser: keys, the address, tables, and whom a mark lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.page.viewing import ZONE, View, viewing
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from playwright.async_api import Browser

    from tests.e2e.stack import Stack

NAMED = "(tag) => document.querySelector(tag).shadowRoot.activeElement?.getAttribute('aria-label')"
LISTEN = """() => {
  window.opened = [];
  document.addEventListener('open-people', (event) => window.opened.push(event.detail));
}"""
COLUMNS = """() => document.querySelector('mp-flow').data.columns.map(({ total, nodes }) =>
  [total.people, nodes.reduce((sum, one) => sum + one.people, 0)])"""
TWIN = """(tag) => {
  const section = document.querySelector(tag);
  section.asTable = true;
  return section.updateComplete.then(() =>
    [...section.shadowRoot.querySelectorAll('.twin tbody tr')].map((row) =>
      [...row.querySelectorAll('mp-number')].map((one) => one.figure.people)));
}"""


async def said(view: View) -> dict[str, str]:
    """The address of the page."""
    return {name: texts[0] for name, texts in parse_qs(urlsplit(view.page.url).query).items()}


async def listed(view: View, api: str, figure: dict[str, Any]) -> int:
    """How many people its query lists."""
    answer = await view.page.request.get(f"{api}/v1/customers?{figure['query']}&limit=500")
    return len((await answer.json())["items"])


async def test_keys_lead_through_the_flow_and_a_mark_opens_whom_it_names(
    shop: Stack, browser: Browser
) -> None:
    api = shop.endpoints.api
    async with viewing(browser, f"{api}/?flow=touchpoint&flow_top=3") as view:
        columns = await view.page.evaluate(COLUMNS)
        assert len({people for column in columns for people in column}) == 1
        await view.page.evaluate(LISTEN)
        names = []
        await view.page.locator("mp-flow rect.mark").first.focus()
        for key in ("ArrowDown", "ArrowRight", "ArrowLeft", "ArrowRight", "ArrowDown"):
            await view.page.keyboard.press(key)
            names.append(str(await view.page.evaluate(NAMED, "mp-flow")))
        link, node = names[0], names[1]
        assert link.split(",")[0].endswith(f"→ {node.split(',')[0]}"), names
        assert len(set(names)) >= 4, names
        await view.page.keyboard.press("Enter")
        opened = (await view.page.evaluate("window.opened"))[0]
        assert f" {opened['people']} p" in names[-1]
        assert await listed(view, api, opened) == opened["people"] > 0
        assert view.errors == []


async def test_a_flow_begins_where_the_menu_of_a_node_says(shop: Stack, browser: Browser) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        await view.page.locator("mp-flow rect.mark").first.focus()
        await view.page.keyboard.press("ArrowRight")
        chosen = str(await view.page.evaluate(NAMED, "mp-flow")).split(",")[0]
        await view.page.keyboard.press("Enter")
        await view.page.get_by_role("menuitem", name="Start here").click()
        chip = view.page.locator("mp-flow .chips button")
        await chip.wait_for()
        assert chosen in await chip.inner_text()
        assert (await said(view))["flow_start"] == chosen.lower()
        nodes = await until(lambda: first_column(view, 1))
        assert [node["name"] for node in nodes] == [chosen.lower()]
        await chip.click()
        await until(lambda: first_column(view, 2))
        assert "flow_start" not in await said(view)
        assert view.errors == []


async def same(told: Awaitable[str], expected: dict[str, str]) -> bool:
    return bool(json.loads(await told) == expected)


async def first_column(view: View, count: int) -> list[dict[str, Any]]:
    """The nodes of the first column, once there are so many."""
    data = "document.querySelector('mp-flow').data.columns[0].nodes"
    nodes: list[dict[str, Any]] = await view.page.evaluate(data)
    return nodes if len(nodes) == count else []


async def test_the_tables_have_the_numbers_of_the_charts_and_a_bucket_becomes_the_period(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?order=any&trend=purchase") as view:
        steps = await view.page.evaluate("document.querySelector('mp-funnel').data.steps")
        assert await view.page.evaluate(TWIN, "mp-funnel") == [[one["people"]] for one in steps]
        points = await view.page.evaluate(
            "document.querySelector('mp-trend').data.stages[0].points"
        )
        parts = ("stock", "entries", "exits")
        expected = [[point[part]["people"] for part in parts] for point in points]
        assert await view.page.evaluate(TWIN, "mp-trend") == expected
        assert max(map(sum, expected)) > 0
        await view.page.evaluate("document.querySelector('mp-trend').asTable = false")
        bucket = (await view.page.evaluate("document.querySelector('mp-trend').data.buckets"))[-3]
        await view.page.locator("mp-trend rect.mark").last.focus()
        for key in ("ArrowLeft", "ArrowLeft", "Enter"):
            await view.page.keyboard.press(key)
        period = "JSON.stringify(document.querySelector('mp-trend').data.period)"
        asked = {**bucket, "zone": ZONE}
        await until(lambda: same(view.page.evaluate(period), asked))
        assert len((await said(view))["from"]) == len("2026-11-21")
        assert view.errors == []
