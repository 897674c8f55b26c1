"""Takes pictures of the page for its readers: `make screenshots`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.chromium import running_browser
from tests.conftest import folder_for_server
from tests.e2e.stack import running_stack
from tests.page.viewing import viewing

if TYPE_CHECKING:
    from playwright.async_api import Browser

FOLDER = Path(__file__).parent.parent / "docs" / "images"
LIVES = ("simulate", "--customers", "1600", "--days", "30", "--seed", "5", "--rate", "400")
# Name, address, size, and what is scrolled to.
PICTURES = (
    ("map-light", "?theme=light&period=30d", (1440, 1100), "mp-header"),
    ("map-dark", "?theme=dark&period=30d", (1440, 1100), "mp-header"),
    ("flow-light", "?theme=light&period=30d", (1440, 1100), "mp-funnel"),
    ("pain-light", "?theme=light&period=30d", (1440, 1100), "mp-pain"),
    ("map-phone", "?theme=light&period=30d&lang=pl", (390, 844), "mp-map"),
)
# How much of the window the head takes for good: it stays where there is room.
HEAD = """() => {
  const head = document.querySelector('body > header');
  return getComputedStyle(head).position === 'sticky' ? head.offsetHeight + 16 : 12;
}"""
Size = tuple[int, int]


async def main() -> None:
    """The pictures are taken anew, of made-up customers over a month."""
    FOLDER.mkdir(exist_ok=True)
    with folder_for_server() as folder:
        async with (
            running_stack(folder / "shop", cart_seconds=1800) as stack,
            running_browser() as browser,
        ):
            await stack.milepost(*LIVES, "--duration", "4")
            await stack.settled()
            await stack.rows("ANALYZE")  # else PostgreSQL does it by itself within a minute
            for picture in PICTURES:
                await taken(browser, stack.endpoints.api, *picture)


async def taken(browser: Browser, api: str, name: str, query: str, size: Size, place: str) -> None:
    """The picture of the page at this address once it has loaded."""
    async with viewing(browser, f"{api}/{query}", width=size[0], height=size[1]) as view:
        head = await view.page.evaluate(HEAD)
        await view.page.locator(place).evaluate(
            "(one, head) => scrollBy(0, one.getBoundingClientRect().top - head)", head
        )
        await view.page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
