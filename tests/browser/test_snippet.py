"""The own snippet in a real browser, from a page of another origin to the topic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.collecting import ELSEWHERE_KEY, Collecting
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Request, Route

    from tests.browser.website import Website

KEPT = "Object.keys(localStorage).filter((name) => !name.startsWith('milepost.seen')).sort()"
QUEUED = "Object.keys(localStorage).filter((name) => name.startsWith('milepost.q.')).length"
STUB = """<script>window.milepost = window.milepost || []; for (const name of
["track", "page", "identify", "consent", "reset"])
  milepost[name] = (...given) => milepost.push([name, ...given]);</script>"""


async def opened(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_function("window.milepost && milepost.version")
    return page


async def id_of(page: Page) -> str:
    found: str = await page.evaluate("milepost.user().anonymousId")
    return found


async def everything_sent(page: Page) -> None:
    await page.wait_for_function(f"{QUEUED} === 0")


def names(touchpoints: list[Any]) -> list[str]:
    return [one["event"] for one in touchpoints]


def paths(touchpoints: list[Any]) -> list[str]:
    return [one["properties"]["path"] for one in touchpoints if one["type"] == "page"]


async def test_a_page_view_says_where_and_whence(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/shoes?size=41")
    [seen] = await collecting.distinct(await id_of(page), 1)

    assert (seen["type"], seen["channel"], seen["clock"], seen["bot"]) == (
        "page",
        "website",
        "ok",
        False,
    )
    assert seen["properties"] == {
        "path": "/shoes",
        "referrer": "",
        "search": "?size=41",
        "title": "Page /shoes",
        "url": f"{site.url}/shoes?size=41",
    }
    assert seen["context"]["page"] == seen["properties"]
    assert seen["context"]["locale"] == "de-DE"
    assert seen["context"]["library"]["name"] == "milepost.js"
    assert seen["consent"] is None


@pytest.mark.parametrize("has_navigation", [True, False], ids=["navigation", "history"])
async def test_routes_of_a_single_page_are_page_views(
    context: BrowserContext, collecting: Collecting, site: Website, has_navigation: bool
) -> None:
    if not has_navigation:
        await context.add_init_script("delete window.navigation")
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    assert await page.evaluate("'navigation' in window") is has_navigation
    await page.evaluate(
        """() => {
          history.pushState({}, '', '/shoes');
          document.title = 'Shoes';
          history.replaceState({}, '', '/shoes?filter=red');
          history.replaceState({}, '', '/boots');
          history.pushState({}, '', '/boots?page=2');
          history.pushState({}, '', '/boots?page=2#reviews');
        }"""
    )
    await page.go_back()
    await page.go_back()
    await page.wait_for_function("location.pathname === '/boots' && !location.search")
    seen = await collecting.distinct(await id_of(page), 5)

    assert paths(seen) == ["/", "/shoes", "/boots", "/boots", "/boots"]
    assert [one["properties"]["search"] for one in seen] == ["", "", "", "?page=2", ""]
    assert [one["properties"]["referrer"].removeprefix(site.url) for one in seen] == [
        "",
        "/",
        "/shoes?filter=red",
        "/boots",
        "/boots?page=2",
    ]
    assert seen[1]["properties"]["title"] == "Shoes"


async def test_a_route_that_the_page_takes_over_from_a_link_is_a_page_view(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    await page.evaluate(
        """() => {
          navigation.addEventListener('navigate', (event) => event.intercept());
          document.body.innerHTML = '<a href="/shoes">Shoes</a>';
        }"""
    )
    await page.get_by_text("Shoes").click()
    assert paths(await collecting.distinct(await id_of(page), 2)) == ["/", "/shoes"]


async def test_calls_from_before_it_came_are_made_in_their_order(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    calls = "<script>milepost.track('Early', {n: 1}); milepost.identify('u1', {plan: 'gold'});"
    site.head = f"{STUB}{calls} milepost.track('Later')</script>{collecting.tag()}"
    page = await opened(context, f"{site.url}/")
    await page.evaluate("milepost.track('Now'); milepost.push(['track', 'Pushed'])")
    seen = await collecting.distinct(await id_of(page), 6)

    assert names(seen) == ["page", "Early", "identify", "Later", "Now", "Pushed"]
    assert seen[1]["properties"] == {"n": 1}
    assert seen[2]["traits"] == {"plan": "gold"}
    assert ["user_id" in one["identifiers"] for one in seen] == [False, False] + [True] * 4


async def test_a_visitor_stays_one_and_reset_makes_another(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag('data-pages="off"')
    page = await opened(context, f"{site.url}/")
    await page.evaluate("milepost.identify({email: 'a@example.org'}); milepost.identify(42)")
    other = await opened(context, f"{site.url}/two")
    await other.evaluate("milepost.track('In Another Tab')")
    first = await id_of(page)
    seen = await collecting.distinct(first, 3)
    await page.evaluate("milepost.reset(); milepost.page('Home', {section: 'top'})")
    [after] = await collecting.distinct(await id_of(page), 1)

    assert names(seen) == ["identify", "identify", "In Another Tab"]
    assert seen[0]["identifiers"] == {"anonymous_id": first, "email": "a@example.org"}
    assert seen[2]["identifiers"] == {"anonymous_id": first, "user_id": "42"}
    assert list(after["identifiers"]) == ["anonymous_id"]
    assert (after["properties"]["name"], after["properties"]["section"]) == ("Home", "top")


async def test_nothing_is_stored_or_sent_before_consent(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.method)

    context.on("request", note)
    site.head = STUB + collecting.tag('data-consent="required"')
    page = await opened(context, f"{site.url}/?utm_source=mail&utm_campaign=spring")
    await page.evaluate("milepost.track('Waits'); milepost.consent({analytics: false})")
    await page.reload()
    await page.wait_for_function("milepost.version")
    await page.evaluate("milepost.track('Before')")
    await page.goto(f"{site.url}/next", referer=page.url)
    await page.wait_for_function("milepost.version")
    await page.evaluate("milepost.track('Waits Too')")
    # A page that closes would send what it has at once.
    await page.evaluate("dispatchEvent(new Event('pagehide'))")

    assert await page.evaluate("[Object.keys(localStorage), document.cookie]") == [[], ""]
    assert set(asked) == {"GET"}
    assert await context.cookies() == []

    await page.evaluate("milepost.consent({analytics: true, marketing: false})")
    seen = await collecting.distinct(await id_of(page), 3)
    assert names(seen) == ["page", "Waits Too", "Consent Updated"]
    assert {(one["consent"]["analytics"], one["consent"]["marketing"]) for one in seen} == {
        (True, False)
    }
    # The campaign came with the page before; this page's referrer still tells it.
    assert seen[0]["context"]["campaign"] == {"source": "mail", "name": "spring"}


async def test_what_waited_when_consent_was_refused_is_never_sent(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag('data-consent="required"')
    page = await opened(context, f"{site.url}/")
    await page.evaluate("milepost.track('Waits'); milepost.consent({analytics: false})")
    await page.evaluate("milepost.track('Refused'); milepost.consent({analytics: true})")
    await page.evaluate("milepost.track('Allowed')")
    seen = await collecting.distinct(await id_of(page), 2)

    assert names(seen) == ["Consent Updated", "Allowed"]


async def test_consent_holds_on_the_next_page_and_its_withdrawal_is_sent_and_clears(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag('data-consent="required"')
    page = await opened(context, f"{site.url}/")
    await page.evaluate("milepost.consent({analytics: true, marketing: true})")
    visitor = await id_of(page)
    await collecting.distinct(visitor, 2)
    await page.goto(f"{site.url}/next")
    await page.wait_for_function("milepost.version")
    await page.evaluate("milepost.consent({analytics: true, marketing: true})")
    await collecting.distinct(visitor, 3)
    await page.evaluate("milepost.consent({analytics: false, marketing: false})")
    await page.evaluate("milepost.track('Never')")
    seen = await collecting.distinct(visitor, 4)
    await page.wait_for_function("Object.keys(localStorage).length === 0")

    assert names(seen) == ["page", "Consent Updated", "page", "consent"]
    assert seen[-1]["consent"] == {"analytics": False, "marketing": False}
    assert (seen[-1]["properties"], seen[-1]["context"]) == ({}, {})


async def test_without_a_gate_a_refusal_is_remembered(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    visitor = await id_of(page)
    await everything_sent(page)
    await page.evaluate("milepost.consent({analytics: false})")
    await page.wait_for_function(f"{KEPT}.join() === 'milepost.consent'")
    await page.reload()
    await page.wait_for_function("milepost.version")
    await page.evaluate("milepost.track('Never')")

    assert names(await collecting.distinct(visitor, 2)) == ["page", "consent"]
    assert await page.evaluate(KEPT) == ["milepost.consent"]


async def test_what_happens_without_a_network_comes_once_it_is_back(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    visitor = await id_of(page)
    await everything_sent(page)
    await context.set_offline(True)
    await page.evaluate(
        "for (let n = 0; n < 120; n++) milepost.track('Seen', {n, pad: 'x'.repeat(500)})"
    )
    # A try fails, which the next one waits for.
    await page.wait_for_function("localStorage['milepost.retry']")
    assert await page.evaluate(QUEUED) == 120
    # After many tries the next one is far off, but a network that comes back is a reason to try.
    await page.evaluate("localStorage['milepost.retry'] = `[9, ${Date.now() + 299999}, false]`")
    sizes: list[int] = []
    context.on("request", lambda request: sizes.append(len(request.post_data or "")))
    await context.set_offline(False)
    seen = await collecting.distinct(visitor, 121)

    assert [one["properties"]["n"] for one in seen[1:]] == list(range(120))
    await everything_sent(page)
    # A page that closes in the middle may send no more than that in one request.
    assert max(sizes) < 64 << 10


async def test_a_server_that_asks_for_time_gets_it(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        refused.append(route.request.post_data or "")
        await route.fulfill(
            status=503,
            headers={
                "Retry-After": "120",
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Retry-After",
            },
        )

    await context.clock.install()
    await context.route("**/v1/batch", refuse)
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    visitor = await id_of(page)
    await page.clock.run_for(400)
    await page.wait_for_function("localStorage['milepost.retry']")
    # Neither another page nor a network that comes back is a reason to ask sooner.
    await page.goto(f"{site.url}/next")
    await page.wait_for_function("milepost.version")
    await page.evaluate("dispatchEvent(new Event('online')); dispatchEvent(new Event('pagehide'))")
    await page.clock.run_for(60_000)
    assert len(refused) == 1

    await context.unroute("**/v1/batch")
    await page.clock.run_for(80_000)
    seen = await collecting.distinct(visitor, 2)
    assert paths(seen) == ["/", "/next"]
    assert seen[0]["message_id"] in refused[0]


async def test_the_queue_is_bounded_and_the_oldest_go(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    visitor = await id_of(page)
    await everything_sent(page)
    await context.set_offline(True)
    await page.evaluate("for (let n = 0; n < 510; n++) milepost.track('Seen', {n})")
    assert await page.evaluate(QUEUED) == 500
    await context.set_offline(False)
    seen = await collecting.distinct(visitor, 501)
    assert [one["properties"]["n"] for one in seen[1:]] == list(range(10, 510))


async def test_a_browser_without_storage_sends_all_the_same(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    await context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get: () => { throw new Error('shut') }})"
    )
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    await page.evaluate("milepost.track('Seen')")
    assert names(await collecting.distinct(await id_of(page), 2)) == ["page", "Seen"]


async def test_a_page_that_closes_sends_what_it_has_and_the_next_one_what_it_could_not(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    await context.clock.install()
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    visitor = await id_of(page)
    await everything_sent(page)
    # With no timer running, only what the page does when it closes can bring it.
    await page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=60))
    await page.evaluate("milepost.track('Last Words')")
    await page.goto("about:blank")
    assert names(await collecting.distinct(visitor, 2)) == ["page", "Last Words"]
    await page.clock.resume()

    page = await opened(context, f"{site.url}/again")
    await everything_sent(page)
    copies = await collecting.touchpoints(visitor)
    assert names(copies).count("Last Words") == 2
    assert len({one["message_id"] for one in copies}) == 3

    await page.evaluate(
        "setTimeout(() => { history.pushState({}, '', '/left'); location.href = 'about:blank' })"
    )
    seen = await collecting.distinct(visitor, 4)
    assert paths(seen) == ["/", "/again", "/left"]


async def test_the_first_and_the_last_campaign_are_kept(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    first = "?utm_source=mail&utm_medium=email&utm_campaign=spring&utm_term=shoe&utm_content=top"
    page = await opened(context, f"{site.url}/{first}")
    await page.goto(f"{site.url}/shoes")
    await page.wait_for_function("milepost.version")
    await page.goto(f"{site.url}/?utm_source=ads&utm_id=7")
    await page.wait_for_function("milepost.version")
    await page.evaluate("milepost.track('Product Viewed')")
    seen = await collecting.distinct(await id_of(page), 4)

    spring = {
        "source": "mail",
        "medium": "email",
        "name": "spring",
        "term": "shoe",
        "content": "top",
    }
    ads = {"source": "ads", "id": "7"}
    assert [one["context"]["campaign"] for one in seen] == [spring, spring, ads, ads]
    assert await page.evaluate("milepost.user().campaign") == {"first": spring, "last": ads}


async def test_do_not_track_is_heeded_where_it_is_asked(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    await context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'});"
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
    )
    site.head = collecting.tag('data-honor="dnt gpc"')
    page = await opened(context, f"{site.url}/")
    await page.evaluate("milepost.consent({analytics: true}); milepost.track('Never')")
    assert await page.evaluate("Object.keys(localStorage)") == []
    assert await page.evaluate("milepost.user().anonymousId") is None

    site.head = collecting.tag('data-honor="gpc"')
    await page.reload()
    await page.wait_for_function("milepost.version")
    await page.evaluate("milepost.consent({analytics: true, marketing: true})")
    seen = await collecting.distinct(await id_of(page), 2)
    assert names(seen) == ["page", "Consent Updated"]
    assert seen[0]["consent"] == {"marketing": False}
    assert seen[1]["consent"] == {"analytics": True, "marketing": False}


async def test_leaving_by_the_top_is_an_exit_intent_once_a_page(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag("data-exit-intent")
    page = await opened(context, f"{site.url}/")
    for height in (50, 0, 0):
        await page.evaluate(
            "(clientY) => document.body.dispatchEvent("
            "new MouseEvent('mouseout', {clientY, bubbles: true}))",
            height,
        )
    assert names(await collecting.distinct(await id_of(page), 2)) == ["page", "Exit Intent"]


async def test_several_tabs_send_every_event_once(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag('data-pages="off"')
    tabs = [await opened(context, f"{site.url}/{n}") for n in range(3)]
    await tabs[0].evaluate("milepost.track('First')")
    visitor = await id_of(tabs[0])

    async def all_know_the_visitor() -> bool:
        return {await id_of(tab) for tab in tabs} == {visitor}

    # Each tab may be a process of its own, which hears of the others' storage a little later.
    await until(all_know_the_visitor)
    for number, tab in enumerate(tabs):
        await tab.evaluate(
            "(tab) => { for (let n = 0; n < 20; n++) milepost.track('Seen', {tab, n}) }", number
        )
    seen = await collecting.distinct(visitor, 61)
    await everything_sent(tabs[0])

    for number in range(3):
        of_tab = [one for one in seen if one["properties"].get("tab") == number]
        assert [one["properties"]["n"] for one in of_tab] == list(range(20))


async def test_a_wrong_setup_is_told_and_loses_nothing(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    told: list[str] = []
    context.on("console", lambda message: told.append(message.text))
    site.head = collecting.tag(key=ELSEWHERE_KEY)
    page = await opened(context, f"{site.url}/")
    await page.wait_for_function("localStorage['milepost.retry']")

    async def warned() -> list[str]:
        return [text for text in told if text.startswith("milepost: 400")]

    assert "does not list this origin" in (await until(warned))[0]
    assert await page.evaluate(QUEUED) == 1

    site.head = collecting.tag()
    await page.evaluate("localStorage.removeItem('milepost.retry')")
    await page.reload()
    await page.wait_for_function("milepost.version")
    assert len(await collecting.distinct(await id_of(page), 2)) == 2
    await everything_sent(page)


async def test_properties_that_are_no_json_harm_nobody(
    context: BrowserContext, collecting: Collecting, site: Website
) -> None:
    site.head = collecting.tag()
    page = await opened(context, f"{site.url}/")
    await page.evaluate(
        "() => { const loop = {}; loop.loop = loop; milepost.track('Bad', loop);"
        " milepost.track('Good') }"
    )
    assert names(await collecting.distinct(await id_of(page), 2)) == ["page", "Good"]
