"""The whole page in a real browser, over the whole system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.viewing import viewing

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.e2e.stack import Stack

LANGUAGES = ("en", "ru", "pl")
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
