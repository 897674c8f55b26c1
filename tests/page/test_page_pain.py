"""Pain points and what stands out in a real browser: rows, words, order, links, and silence."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.page.viewing import View, viewing
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Route

    from tests.e2e.stack import Stack

TEXTS = """() => [...document.querySelector('mp-pain').shadowRoot.querySelectorAll('.said a')]
  .map((one) => one.textContent)"""
WORDS = {
    "en": ("Nothing stands out (checked 42 cells)", "86% did not go on within 3 hr, before 50%"),
    "ru": ("Ничего не выделяется (проверены 42 ячейки)", "86 % не пошли дальше за 3 ч, раньше"),
    "pl": ("Nic się nie wyróżnia (sprawdzono 42 komórki)", "86% nie poszło dalej w ciągu 3 h"),
}


def share(people: int, of: int, value: float) -> dict[str, Any]:
    query = "stage=consideration&part=leaked&within=10800"
    bounds = {"share": value, "low": value - 0.1, "high": value + 0.1}
    return {"people": people, "query": query, "of": {"people": of, "query": query}} | bounds


def point(kind: str, cause: str | None, lost: int, now: float, before: float) -> dict[str, Any]:
    """A row as the API gives it."""
    where = {"dimension": "channel", "value": "app"}
    parameters = {"stage": "consideration", "cause": cause, "share": now, "baseline": before}
    return {
        "kind": kind,
        "stage": "consideration",
        "labels": {"en": "Consideration", "ru": "Интерес", "pl": "Rozważanie"},
        "cause": cause,
        "where": where,
        "struck": share(129, 150, now),
        "baseline": share(73, 146, before) | {"against": "previous"},
        "lost": lost,
        "at_risk": [{"currency": "EUR", "value": "5410.5"}, {"currency": "PLN", "value": "880"}],
        "also": [
            {"dimension": "all", "value": "", "people": 140, "query": "part=leaked", "lost": 50},
            {"dimension": "device", "value": "mobile", "people": 90, "query": "x=1", "lost": 40},
        ],
        "code": kind,
        "parameters": parameters | where | {"against": "previous", "within_seconds": 10800},
        "sentence": "",
        "filters": {"stage": "consideration", "channel": "app"},
    }


async def answered(view: View, api: str, items: list[dict[str, Any]]) -> None:
    """The page again, where the API finds these rows in 42 cells."""
    found = await (await view.page.request.get(f"{api}/v1/pain")).json()
    body = json.dumps(found | {"checked": 42, "items": items})

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, content_type="application/json")

    await view.page.route("**/v1/pain*", answer)
    await view.page.reload()
    await view.loaded()


@pytest.mark.parametrize("lang", WORDS)
async def test_it_says_what_hurts_where_or_that_nothing_does(
    shop: Stack, browser: Browser, lang: str
) -> None:
    silent, sentence = WORDS[lang]
    async with viewing(browser, f"{shop.endpoints.api}/?lang={lang}") as view:
        pain = view.page.locator("mp-pain")
        await answered(view, shop.endpoints.api, [])
        assert silent in plain(await pain.locator("section").inner_text())
        await answered(view, shop.endpoints.api, [point("leak", None, 54, 0.86, 0.5)])
        assert sentence in plain(await pain.locator("section").inner_text())
        assert await pain.locator("svg[role=img][tabindex='0'] title").count() == 1
        assert lang != "en" or await view.faults_by_axe() == []


def plain(text: str) -> str:
    """With plain spaces only."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


async def test_rows_can_be_ordered_read_as_a_table_and_followed(
    shop: Stack, browser: Browser
) -> None:
    rows = [
        point("leak", None, 54, 0.86, 0.5) | {"labels": {"en": "One"}},
        point("error", "Payment Failed", 20, 0.9, 0.1) | {"labels": {"en": "Two"}},
    ]
    async with viewing(browser, f"{shop.endpoints.api}/?lang=en") as view:
        await answered(view, shop.endpoints.api, rows)
        assert await view.page.evaluate(TEXTS) == ["One · App", "Two · App"]
        await view.page.locator("mp-pain select").select_option("points")
        assert await view.page.evaluate(TEXTS) == ["Two · App", "One · App"]
        await view.page.locator("mp-pain").get_by_text("Show as table").click()
        table = plain(await view.page.locator("mp-pain table").inner_text())
        assert "€5,410.50" in table
        assert "PLN 880.00" in table
        assert "the whole stage 140, Mobile 90" in table
        await view.page.locator("mp-pain").get_by_text("Show as chart").click()
        await view.page.locator("mp-pain .said a").first.press("Enter")
        said = parse_qs(urlsplit(view.page.url).query)
        assert (said["stage"], said["channel"]) == (["consideration"], ["app"])
        assert view.errors == []


async def test_its_files_have_plain_numbers_and_a_picture_that_stands_alone(
    shop: Stack, browser: Browser, tmp_path: Path
) -> None:
    rows = [point("error", "=Card, refused", 54, 0.86, 0.5)]
    async with viewing(browser, f"{shop.endpoints.api}/?lang=pl&campaign=a,=1") as view:
        await answered(view, shop.endpoints.api, rows)
        for kind in ("CSV", "SVG"):
            await view.page.locator("mp-pain mp-export summary").click()
            async with view.page.expect_download() as waiting:
                await view.page.locator("mp-pain mp-export button", has_text=kind).click()
            await (await waiting.value).save_as(tmp_path / f"pain.{kind.lower()}")
        assert view.errors == []
        await view.page.goto((tmp_path / "pain.svg").as_uri())
        unseen = await view.page.evaluate(UNSEEN)

    assert unseen == []
    lines = list(csv.reader((tmp_path / "pain.csv").read_text("utf-8-sig").splitlines()))
    notes = [cells for cells in lines if cells[0].startswith("# ")]
    assert [len(cells) for cells in notes] == [1] * len(notes)
    _, row = lines[len(notes) :]
    assert row[1] == "Rozważanie · Aplikacja · =Card, refused"
    assert [float(one) for one in row[2:5]] == [129, 150, 0.86]
    assert [float(one) for one in row[7:9]] == [36, 54]
    assert row[9] == "5410.5 EUR, 880 PLN"


# The texts of a picture that are not within it, or have no room.
UNSEEN = """() => {
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  const whole = document.documentElement.getBoundingClientRect();
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.data.trim() || text.parentElement.closest('title')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (!box.width || box.left < 0 || box.right > whole.right + 1 || box.bottom > whole.bottom + 1)
      found.push(text.data);
  }
  return found;
}"""


async def test_a_fact_narrows_the_page_to_what_it_tells_of(shop: Stack, browser: Browser) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?lang=en&period=90d") as view:
        facts = view.page.locator("mp-insights a")
        wanted = parse_qs(urlsplit(await facts.first.get_attribute("href") or "").query)
        await facts.first.press("Enter")
        await until(lambda: narrowed(view, wanted))
        assert view.errors == []


async def narrowed(view: View, wanted: dict[str, list[str]]) -> bool:
    return parse_qs(urlsplit(view.page.url).query) == wanted


async def test_what_takes_too_long_to_count_says_what_to_do_and_can_be_tried_again(
    shop: Stack, browser: Browser
) -> None:
    async def refuse(route: Route) -> None:
        problem = json.dumps({"code": "took_too_long", "detail": "PostgreSQL"})
        await route.fulfill(status=503, body=problem, content_type="application/problem+json")

    async with viewing(browser, f"{shop.endpoints.api}/?lang=en") as view:
        await view.page.route("**/v1/pain*", refuse)
        await view.page.reload()
        fault = view.page.locator("mp-pain [role=alert]")
        await fault.wait_for()
        assert "Choose a shorter period" in await fault.inner_text()
        await view.page.unroute("**/v1/pain*")
        await fault.get_by_role("button").click()
        await view.page.locator("mp-pain .none, mp-pain .said").first.wait_for()
        assert await fault.count() == 0
