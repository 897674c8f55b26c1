"""The page while something happens: what comes over the stream is shown, over one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from services.contracts.times import SECOND_US, format_time
from services.journey_state.api.app import system_clock
from tests.e2e.stack import Visits
from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

    from tests.e2e.stack import Stack

LONG_AGO_US = 3600 * SECOND_US
LISTEN = "addEventListener('open-customer', (event) => { window.opened = event.detail; })"
TELL = """(state) => dispatchEvent(
  new CustomEvent('connection', { detail: { state, at: Date.now() } }))"""
SAYS = "async (one) => { await one.updateComplete; return one.renderRoot.textContent.trim(); }"
# As if this section had asked long ago: it asks not too often.
RESET = """() => {
  document.querySelector('mp-feed').askedAt = -1e6;
  dispatchEvent(new CustomEvent('live', { detail: { events: [], reset: true } }));
}"""

CUT = """async (text) => {
  const { Parser } = await import('/map/app/events.js');
  const read = (pieces) => {
    const parser = new Parser();
    const found = pieces.map((piece) => parser.take(piece));
    return { events: found.flatMap((one) => one.events), id: found.findLast((one) => one.id)?.id,
      retry: found.find((one) => one.retry)?.retry };
  };
  return [[text], [...text], [text.slice(0, 41), text.slice(41)]].map(read);
}"""


async def leave(stack: Stack, what: str) -> None:
    """Somebody new left it in a cart an hour ago, and the event comes only now."""
    event = {
        "type": "track", "event": "Product Added", "userId": f"live-{uuid4().hex}",
        "timestamp": format_time(system_clock() - LONG_AGO_US),
        "properties": {"cart_id": "c1", "product_id": "p1", "name": what, "price": 39.5,
                       "quantity": 2, "currency": "EUR"},
    }  # fmt: skip
    await stack.send(event)


async def comes(card: Locator, pill: Locator, shop: Stack, visits: Visits) -> bool:
    """Whether it is there, after all that waits was asked for; meanwhile time goes on."""
    await visits.go_on(shop)
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
        visits = Visits()
        await until(lambda: comes(card, feed.locator(".pill"), shop, visits))
        await card.locator("button").press("Enter")
        opened = await until(lambda: view.page.evaluate("window.opened"))
        customer = await shop.customer(opened["customer_id"])
        assert customer is not None
        short = await card.locator("button").inner_text()
        assert customer["customer_id"].endswith(short.removeprefix("…"))
        await view.page.locator("mp-drawer dialog[open]").wait_for()
        assert view.errors == []
        metrics = (await shop.http.get(f"{shop.endpoints.api}/metrics")).text
        assert "milepost_api_stream_clients 1.0" in metrics  # for both tabs
    await shop.settled()


async def test_events_are_read_however_the_bytes_are_cut(shop: Stack, browser: Browser) -> None:
    text = (
        ': milepost\nretry: 2741\n\nevent: ready\r\ndata: {"replayed":0}\r\nid: 1-2:3:\r\n\r\n'
        'event: stage\ndata: {"a":\ndata: 1}\nid: 1-2:4:\n\n: beat\nid: 1-2:5:\n\nevent: cut\ndata'
    )
    page = await browser.new_page()
    await page.goto(f"{shop.endpoints.api}/map/icon.svg")
    for read in await page.evaluate(CUT, text):
        assert [(one["name"], one["data"]) for one in read["events"]] == [
            ("ready", {"replayed": 0}),
            ("stage", {"a": 1}),
        ]
        assert (read["id"], read["retry"]) == ("1-2:5:", 2741)
    await page.close()


async def test_what_could_not_be_loaded_comes_by_itself_once_the_server_is_back(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, f"{shop.endpoints.api}/?lang=en") as view:
        page, head = view.page, view.page.locator("mp-freshness")
        await page.route("**/v1/funnel?*", lambda route: route.abort())
        await page.locator("mp-funnel .segmented button").nth(1).click()
        await page.locator("mp-funnel .fault").wait_for()
        await page.evaluate(f"({TELL})('lost')")
        assert await head.evaluate(SAYS) == "No connection"

        await page.unroute("**/v1/funnel?*")
        await page.evaluate("document.querySelector('mp-funnel').askedAt = -1e6")
        await page.evaluate(f"({TELL})('live')")
        await page.locator("mp-funnel .fault").wait_for(state="detached")
        assert await head.evaluate(SAYS) != "No connection"


async def test_cards_are_read_anew_where_the_stream_has_lost_some(
    shop: Stack, browser: Browser
) -> None:
    url = f"{shop.endpoints.api}/?lang=en"
    async with viewing(browser, url) as view, view.page.expect_request("**/v1/signals?*"):
        await view.page.evaluate(RESET)
