"""The whole page in a real browser, over the whole system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.opening import tabbed, wrong
from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.e2e.stack import Stack
    from tests.page.beginning import Beginning

LANGUAGES = ("en", "ru", "pl")
OF_THE_APP_IN_90_DAYS = """() => {
  const { period, filters } = document.querySelector('mp-map').data;
  return filters.channel === 'app' && Date.parse(period.to) - Date.parse(period.from) > 80 * 864e5;
}"""
IN_STAGES = """() => document.querySelector('mp-map').data.stages
  .map(({ stock, entered }) => [stock.people, entered.people])"""
WIDTHS = (375, 640, 1024, 1440, 1920)


async def test_it_loads_without_an_error_and_asks_nobody_else(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        assert len(await view.figures()) > 60
        assert view.errors == []
        assert view.origins == {shop.endpoints.api}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_axe_finds_nothing(shop: Stack, browser: Browser, lang: str, theme: str) -> None:
    url = f"{shop.endpoints.api}/?lang={lang}&theme={theme}"
    async with viewing(browser, url) as view:
        assert await view.page.evaluate("document.documentElement.lang") == lang
        assert await view.faults_by_axe() == []
        assert view.errors == []


async def test_no_width_makes_the_page_scroll_sideways(shop: Stack, browser: Browser) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        for width in WIDTHS:
            await view.page.set_viewport_size({"width": width, "height": 900})
            over = await view.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert over <= 0, width


def test_an_empty_page_teaches_how_the_first_customer_comes_in(
    begun: Beginning, stack: Stack
) -> None:
    assert begun.shown[:2] == ["curl", f"{stack.endpoints.ingest}/v1/events"]
    assert begun.faults == []
    assert begun.status == 200
    assert "Consideration: People now" in begun.filled
    assert begun.errors == []


async def test_any_number_opens_exactly_that_many_people(shop: Stack, browser: Browser) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?count=events") as view:
        await view.page.locator("mp-map .turn").first.click()
        await until(view.page.locator("mp-map tr.inner mp-number").count)
        seen = await view.figures() + await view.table_figures()

    people = {one["query"]: one["people"] for one in seen}
    assert len(people) > 150
    assert await wrong(shop, people) == {}


async def test_every_number_of_the_map_is_reached_by_keys_alone(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        everyone = {one["query"] for one in await view.figures("mp-map") if one["people"]}
        reached = await tabbed(view.page)

        assert everyone
        assert everyone <= reached


async def test_arrows_go_from_number_to_number(shop: Stack, browser: Browser) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        await view.page.locator("mp-map .big mp-number").first.focus()
        labels = [await view.focused()]
        for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
            await view.page.keyboard.press(key)
            labels.append(await view.focused())

    assert labels == [
        "Awareness: People now",
        "Consideration: People now",
        "Consideration: Entered",
        "Awareness: Entered",
        "Awareness: People now",
    ]


async def test_what_is_chosen_is_in_the_address_and_is_there_again(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        page = view.page
        await page.locator("mp-filters select").first.select_option("app")
        await page.locator("mp-period button").nth(3).click()
        await page.locator("mp-map .segmented button").nth(1).click()
        await until(lambda: page.evaluate(OF_THE_APP_IN_90_DAYS))
        chosen = await page.evaluate("location.search")
        before = await page.evaluate(IN_STAGES)
        await page.reload()
        await view.loaded()
        await until(lambda: page.evaluate(OF_THE_APP_IN_90_DAYS))
        after = await page.evaluate(IN_STAGES)
        chip = await page.locator("mp-filters .chip").inner_text()

    assert chosen == "?channel=app&period=90d&count=events"
    assert "App" in chip
    assert before == after
    assert sum(entered for _, entered in after)


async def test_a_filter_that_nobody_meets_is_cleared_by_one_click(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?source=nowhere") as view:
        await view.page.locator("mp-map-empty button").click()
        await until(view.page.locator("mp-map table").count)
        assert await view.page.evaluate("location.search") == ""


async def test_a_wrong_address_says_what_is_wrong_and_how_to_go_on(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?zone=No/Where&from=soon") as view:
        fault = view.page.locator("mp-map .fault")
        assert "query parameter from" in await fault.inner_text()
        await view.page.locator("mp-period button").first.click()
        await until(view.page.locator("mp-map table").count)
        assert await view.page.locator("mp-map .fault").count() == 0
