"""The people behind a number, one customer, signing in and files: in a real browser."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs

from tests.journey_state.listening import listening
from tests.page.viewing import viewing
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from tests.e2e.stack import Stack

PAGE = 50
READER, SUPPORT = "a-token-of-a-reader", "a-token-of-support"
SHOWN = """(dialog) => {
  const deep = (root) => [...root.childNodes].map((one) => one.nodeType === 3 ? one.data
    : one.shadowRoot ? deep(one.shadowRoot) : one.localName === 'style' ? '' : deep(one)).join('');
  return deep(dialog);
}"""


async def open_people(page: Page, label: str) -> int:
    """Presses the number of this name; gives how many people it says."""
    number = page.locator("mp-map mp-number").filter(visible=True)
    labels = await number.evaluate_all("all => all.map((one) => one.label)")
    chosen = number.nth(labels.index(label))
    people: int = await chosen.evaluate("one => one.figure.people")
    await chosen.locator("button").click()
    await until(rows(page).count)
    return people


def rows(page: Page) -> Any:
    return page.locator("mp-people tbody button")


async def test_a_number_opens_exactly_its_people_page_by_page(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        page = view.page
        people = await open_people(page, "Consideration: Entered")
        assert people > PAGE
        seen = await shown(page)
        while await turned(page):
            seen += await shown(page)
        assert len(seen) == len(set(seen)) == people

        listed = await shown(page)
        chosen = page.locator(f"mp-people button[data-who='{listed[-1]}']")
        await chosen.click()
        await page.locator("mp-timeline li").first.wait_for()
        await page.go_back()
        await page.locator("mp-customer").wait_for(state="detached")
        assert await shown(page) == listed
        assert await chosen.evaluate("(one) => one.getRootNode().activeElement === one")

        await page.reload()
        await until(rows(page).count)
        assert await rows(page).count() == PAGE
        assert await view.faults_by_axe() == []
        assert view.errors == []


async def shown(page: Page) -> list[str]:
    """The customers of the page of the list."""
    ids: list[str] = await page.locator("mp-people").evaluate(
        "(one) => one.page.items.map(({ customer_id }) => customer_id)"
    )
    return ids


async def turned(page: Page) -> bool:
    """The list shows its next page, if there is one."""
    following = page.locator("mp-people .row button").last
    if await following.is_disabled():
        return False
    before = await shown(page)
    await following.click()

    async def other() -> bool:
        return await shown(page) != before

    return await until(other)


async def test_keys_alone_open_a_customer_and_come_back_to_the_number(
    shop: Stack, browser: Browser
) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        page = view.page
        await page.locator("mp-map .big mp-number button").nth(1).focus()
        label = await page.evaluate(FOCUSED)
        await page.keyboard.press("Enter")
        await until(rows(page).count)
        while not await _in(page, "mp-people"):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        events = page.locator("mp-timeline li.event .what > button")
        await until(events.count)
        await events.first.focus()
        await page.keyboard.press("Enter")
        await until(page.locator("mp-reasons details").count)
        assert "[" in await page.locator("mp-reasons code").first.inner_text()
        assert await view.faults_by_axe() == []

        await page.keyboard.press("Escape")
        await until(lambda: page.evaluate("() => !location.search.includes('open=')"))
        assert await page.evaluate(FOCUSED) == label
        assert view.errors == []


FOCUSED = """() => {
  let one = document.activeElement;
  while (one.shadowRoot?.activeElement && one.localName !== 'mp-number') {
    one = one.shadowRoot.activeElement;
  }
  return one.label ?? one.localName;
}"""


async def _in(page: Page, name: str) -> bool:
    found: bool = await page.evaluate(
        """(name) => {
          let one = document.activeElement;
          for (; one; one = one.shadowRoot?.activeElement) if (one.localName === name) return true;
          return false;
        }""",
        name,
    )
    return found


async def test_files_hold_what_is_shown_and_nobody_s_data(
    shop: Stack, browser: Browser, tmp_path: Path
) -> None:
    async with viewing(browser, shop.endpoints.api) as view:
        page = view.page
        people = await open_people(page, "Purchase: Entered")
        async with page.expect_download() as waiting:
            await page.locator("mp-people .row button").first.click()
        listed = read_csv(await saved(await waiting.value, tmp_path / "people.csv"))
        await page.keyboard.press("Escape")
        files = {}
        for kind in ("CSV", "JSON", "SVG", "PNG"):
            await page.locator("mp-map mp-export summary").click()
            async with page.expect_download() as waiting:
                await page.locator("mp-map mp-export button", has_text=kind).click()
            files[kind] = await saved(await waiting.value, tmp_path / f"map.{kind}")
        assert view.errors == []

    assert listed[0][0] == "customer_id"
    assert len(listed) == people + 1
    text = (tmp_path / "people.csv").read_text("utf-8")
    assert "# Entered “Purchase”" in text
    assert "@example" not in text
    table = {row[0]: row[1:] for row in read_csv(files["CSV"])}
    assert table["Entered"][2] == str(people)
    assert all(0 <= float(one) <= 1 for one in table["Went on"] if one)
    document = json.loads(files["JSON"].read_text("utf-8"))
    assert document["period"]["zone"] == "Europe/Warsaw"
    assert document["counting_rule"].startswith("Where customers are")
    picture = files["SVG"].read_text("utf-8")
    assert "Europe/Warsaw" in picture
    assert "Consideration" in picture
    assert files["PNG"].read_bytes().startswith(b"\x89PNG")


async def saved(download: Any, path: Path) -> Path:
    await download.save_as(path)
    return path


def read_csv(path: Path) -> list[list[str]]:
    lines = path.read_text("utf-8-sig").splitlines()
    return [row for row in csv.reader(lines) if not row[0].startswith("# ")]


async def test_signing_in_masks_and_a_reveal_is_logged(
    shop: Stack, browser: Browser, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{READER} read name=reader\n{SUPPORT} read,pii name=support\n")
    (found,) = (await shop.ask("/v1/customers", stage="purchase", limit="1"))["items"]
    who = await shop.customer(found["customer_id"])
    assert who is not None
    secrets = {one["value"] for one in who["identifiers"]}
    async with (
        listening(shop.endpoints.database, tokens_file=tokens) as api,
        viewing(browser, f"{api}/?open=who%3D{who['customer_id']}") as view,
    ):
        page = view.page
        await sign_in(page, "a-token-of-nobody")
        await until(page.locator("mp-token #fault", has_text="not known").count)
        assert await view.faults_by_axe() == []
        await sign_in(page, READER)
        await until(page.locator("mp-timeline li").count)
        hidden = await page.locator("mp-drawer dialog").evaluate(SHOWN)
        assert "lacks the scope" in hidden
        assert not [one for one in secrets if one in hidden]
        assert READER not in page.url

        await page.keyboard.press("Escape")
        await page.locator("mp-account button").click()
        await page.locator("mp-token input").wait_for()
        assert await page.evaluate("sessionStorage.length") == 0
        await sign_in(page, SUPPORT)
        await page.locator("mp-account button").wait_for()  # the page has loaded anew by then
        await page.goto(f"{api}/?open=who%3D{who['customer_id']}")
        with capture_logs() as logs:
            await page.locator("mp-customer .mask button").click()
            await until(page.locator("mp-customer .plain").count)
            await until(lambda: _has(page, secrets))

    lines = [one for one in logs if one["event"] == "pii_revealed"]
    assert {(one["token"], one["customer_id"]) for one in lines} == {
        ("support", who["customer_id"])
    }
    assert not [one for one in secrets if one in str(lines)]


async def sign_in(page: Page, token: str) -> None:
    await page.locator("mp-token input").fill(token)
    await page.locator("mp-token form button").click()


async def _has(page: Page, secrets: set[str]) -> bool:
    shown = await page.locator("mp-drawer dialog").evaluate(SHOWN)
    return all(one in shown for one in secrets)
