"""The page beside another period, and what one can filter by, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.page.viewing import DEEP, viewing

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.e2e.stack import Stack

DELTAS = f"""async () => {{
  {DEEP}
  const figures = deep('mp-map').flatMap((map) => deep('mp-number.delta', map.shadowRoot))
    .map((one) => one.figure);
  const listed = await Promise.all(figures.slice(0, 12).map(async ({{ query }}) => {{
    const answer = await (await fetch(`/v1/customers?${{query}}&limit=500`)).json();
    return answer.items.length;
  }}));
  return listed.map((people, at) => [people, figures[at].people]);
}}"""
OFFERED = f"""() => {{
  {DEEP}
  const bar = deep('mp-filters')[0].shadowRoot;
  return Object.fromEntries([...bar.querySelectorAll('select')]
    .map((one) => [one.getAttribute('aria-label'), one.options.length]));
}}"""


async def test_changes_open_the_people_of_the_period_before(shop: Stack, browser: Browser) -> None:
    url = f"{shop.endpoints.api}/?compare=previous&period=7d"
    async with viewing(browser, url, width=1440) as view:
        deltas = await view.page.evaluate(DELTAS)
        assert len(deltas) == 12
        assert any(people for people, _ in deltas)
        for people, shown in deltas:
            assert people == shown
        faults = await view.faults_by_axe()
        assert not [one for one in faults if "mp-map" in one or "mp-header" in one]
        offered = await view.page.evaluate(OFFERED)
        assert offered["Source"] > 3
        assert offered["Device"] > 1
        assert view.errors == []
