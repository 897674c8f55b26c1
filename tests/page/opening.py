"""Who stands behind the numbers of the page, and which of them the keyboard reaches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Page

    from tests.e2e.stack import Stack

AT_ONCE = 4
TABS_MAX = 1500
# The query of the number that has the focus; null where none has.
FOCUSED = """() => {
  let one = document.activeElement;
  while (one && one.localName !== 'mp-number' && one.shadowRoot?.activeElement) {
    one = one.shadowRoot.activeElement;
  }
  return one === document.body ? '' : one?.figure?.query ?? 'none';
}"""


async def wrong(stack: Stack, people: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Of each query that lists another number of people than its figure says, both numbers."""
    permits = asyncio.Semaphore(AT_ONCE)

    async def length(query: str) -> int:
        async with permits:
            return await _length(stack, query)

    found = await asyncio.gather(*map(length, people))
    pairs = zip(people.items(), found, strict=True)
    return {query: (said, listed) for (query, said), listed in pairs if said != listed}


async def _length(stack: Stack, query: str) -> int:
    found, after = 0, ""
    while True:
        url = f"{stack.endpoints.api}/v1/customers?{query}&limit=500{after}"
        answer = await stack.http.get(url)
        assert answer.status_code == 200, (url, answer.text)
        page = answer.json()
        found += len(page["items"])
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def tabbed(page: Page) -> set[str]:
    """The queries of the numbers that Tab comes to, from the page's begin to its end."""
    reached: set[str] = set()
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        query = await page.evaluate(FOCUSED)
        if not query:
            break
        reached.add(query)
    return reached
