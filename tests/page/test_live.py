"""The page while something happens: what comes over the stream is shown, over one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from services.contracts.times import SECOND_US, format_time
from services.journey_state.api.app import system_clock
from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

    from tests.e2e.stack import Stack

LONG_AGO_US = 3600 * SECOND_US
LISTEN = "addEventListener('open-customer', (event) => { window.opened = event.detail; })"


async def leave(stack: Stack, what: str) -> None:
    """Somebody new left it in a cart an hour ago, and the event comes only now."""
    event = {
        "type": "track", "event": "Product Added", "userId": f"live-{uuid4().hex}",
        "timestamp": format_time(system_clock() - LONG_AGO_US),
        "properties": {"cart_id": "c1", "product_id": "p1", "name": what, "price": 39.5,
                       "quantity": 2, "currency": "EUR"},
    }  # fmt: skip
    await stack.send(event)


async def comes(card: Locator, pill: Locator) -> bool:
    """Whether it is there, after all that waits was asked for."""
    if await pill.count():
        await pill.click()
    return bool(await card.count())


async def test_what_is_left_waits_behind_a_pill_and_opens_its_customer(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?lang=en") as view:
        other = await view.page.context.new_page()
        await other.goto(f"{shop.endpoints.api}/?lang=en")
        feed = view.page.locator("mp-feed")
        await view.page.evaluate(LISTEN)

        await leave(shop, "Blue kettle")
        card = feed.locator(".card", has_text="Blue kettle")
        await until(lambda: comes(card, feed.locator(".pill")))
        await card.locator("button").press("Enter")
        opened = await until(lambda: view.page.evaluate("window.opened"))
        assert await shop.customer(opened["customer_id"])
        assert view.errors == []
        metrics = (await shop.http.get(f"{shop.endpoints.api}/metrics")).text
        assert "milepost_api_stream_clients 1.0" in metrics  # for both tabs
