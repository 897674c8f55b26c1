"""One customer in the drawer while things happen to them: new touchpoints, and an erasure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

    from tests.e2e.stack import Stack


def viewed(who: str, what: str) -> dict[str, object]:
    return {"event": "Product Viewed", "type": "track", "userId": who, "properties": {"name": what}}


async def test_new_touchpoints_are_added_where_one_reads_and_erased_ones_are_told_so(
    shop: Stack, browser: Browser
) -> None:
    who = f"reader-{uuid4().hex}"
    await shop.send(*(viewed(who, f"Thing {n}") for n in range(40)))
    customer = await shop.in_stage(f"user_id:{who}", "consideration")
    path = f"{shop.endpoints.api}/?open=who%3D{customer['customer_id']}"
    async with viewing(browser, path, height=600) as view:
        page = view.page
        content = page.locator("mp-drawer .content")
        events = page.locator("mp-timeline li.event")
        await until(lambda: _are(events, 40))
        await events.nth(9).locator("button").click()
        await content.evaluate("(one) => { one.scrollTop = 500; }")

        await shop.send({**viewed(who, "A late thought"), "event": "Order Completed"})
        fresh = page.locator("mp-timeline li.event", has=page.locator(".good"))
        await until(fresh.count)
        assert await events.count() == 41
        assert "A late thought" in await fresh.inner_text()
        assert await content.evaluate("(one) => one.scrollTop") == 500
        assert await events.nth(9).locator("pre").count() == 1  # what was open is
        assert "1 new touchpoint" in await page.locator("mp-customer .hidden").all_inner_texts()

        printed = await page.pdf()
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1  # all of them, and not the page
        assert await page.locator("mp-drawer dialog").evaluate("(one) => one.matches(':modal')")
        assert await content.evaluate("(one) => one.scrollTop") == 500
        assert view.errors == []

        erased = await shop.http.delete(
            f"{shop.endpoints.api}/v1/customers/{customer['customer_id']}"
        )
        assert erased.status_code == 200
        for lang, said in (("en", "was erased"), ("pl", "usunięto")):
            await page.goto(f"{path}&lang={lang}")
            await page.locator("mp-customer .fault", has_text=said).wait_for()
            assert "could not" not in await page.locator("mp-customer .fault").inner_text()


async def _are(found: Locator, count: int) -> bool:
    return await found.count() == count
