"""The page's head in a real browser: by keys, through the history, and as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.e2e.stack import Stack

FOCUSED = """() => {
  let one = document.activeElement;
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  const head = document.querySelector('body > header').getBoundingClientRect();
  const below = one.getBoundingClientRect().top - head.bottom;
  return { name: one.ariaLabel ?? one.textContent.trim(), below };
}"""
HAS_FOCUS = f"(name) => ({FOCUSED})().name === name"
CHOSEN = """() => {
  const feed = document.querySelector('mp-feed').renderRoot.querySelectorAll('select')[1];
  return [feed.value, document.documentElement.dataset.theme ?? 'auto', location.search];
}"""
CHOSEN_IS = f"(chosen) => String(({CHOSEN})()) === String(chosen)"
SPOKEN = """async () => {
  const { ago, duration } = await import('/map/app/format.js');
  return [duration(86400 + 7 * 3600), ago(new Date(Date.now() - 90000e3))];
}"""


async def test_the_focus_is_never_lost_nor_hidden(shop: Stack, browser: Browser) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?lang=en") as view:
        page, press = view.page, view.page.keyboard.press
        await page.locator("mp-period button", has_text="Dates").press("Enter")
        await page.locator("mp-period input").first.press("Escape")
        await until(lambda: page.evaluate(HAS_FOCUS, "Dates"))

        await page.locator("mp-filters select").first.select_option("app")
        await until(lambda: page.evaluate(HAS_FOCUS, "Remove filter: Channel"))
        await press("Enter")
        await until(lambda: page.evaluate(HAS_FOCUS, "Channel"))

        await page.locator("mp-map .scroll").focus()
        await press("Tab")
        focused = await page.evaluate(FOCUSED)
        assert "People now" in focused["name"]
        assert focused["below"] >= 0
        assert view.errors == []


async def test_going_back_shows_what_was_chosen_before(shop: Stack, browser: Browser) -> None:
    url = f"{shop.endpoints.api}/?lang=en"
    async with viewing(browser, url) as view:
        page, states = view.page, view.page.locator("mp-feed select").nth(1)
        for state in ("raised", ""):
            await states.select_option(state)
        await page.evaluate("history.pushState(null, '', '?lang=en&state=raised&theme=dark')")
        await page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
        chosen = "raised", "dark", "?lang=en&state=raised&theme=dark"
        await until(lambda: page.evaluate(CHOSEN_IS, chosen))
        for before in ("", "raised", ""):
            await page.go_back()
            chosen = before, "auto", f"?lang=en{before and '&state='}{before}"
            await until(lambda: page.evaluate(CHOSEN_IS, chosen))  # noqa: B023 - awaited here


async def test_the_whole_page_is_one_file_of_tables(
    shop: Stack, browser: Browser, tmp_path: Path
) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?lang=pl") as view:
        menu = view.page.locator("mp-header mp-export")
        await menu.locator("summary").click()
        async with view.page.expect_download() as download:
            await menu.locator("button").first.click()
        saved = tmp_path / "page.json"
        await (await download.value).save_as(saved)
        spoken = await view.page.evaluate(SPOKEN)

    tables = json.loads(saved.read_text("utf-8"))
    assert [one["title"] for one in tables][:2] == ["Podróż klienta", "Lejek"]
    assert all(one["counting_rule"] and one["rows"] for one in tables)
    assert spoken == ["1 d. 7 h", "1 dzień temu"]
