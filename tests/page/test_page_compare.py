"""The page beside another period, and what one can filter by, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.page.viewing import DEEP, viewing
from tests.waiting import until

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
  const offered = (name) => deep('mp-filters')[0].shadowRoot
    .querySelector(`select[aria-label=${{name}}]`).options.length;
  return offered('Source') > 3 && offered('Device') > 2;
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
        await view.page.get_by_role("group", name="Filters").hover()
        await until(lambda: view.page.evaluate(OFFERED))
        assert view.errors == []
