"""The page in a browser, and what a visitor and the browser have to say of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.browser.chromium import WAIT_MILLISECONDS_MAX
from tests.browser.packages import Package
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, ConsoleMessage, Page

AXE = Package(
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    "axe.min.js",
)
ZONE = "Europe/Warsaw"
# Everything in the page, whichever shadow root it is in.
DEEP = """
const deep = (selector, root = document) => [...root.querySelectorAll('*')].flatMap((one) =>
  [...(one.matches(selector) ? [one] : []),
    ...(one.shadowRoot ? deep(selector, one.shadowRoot) : [])]);
"""
LOADED = f"""() => {{
  {DEEP}
  const sections = [...document.querySelectorAll('main > *')];
  return sections.length > 0 && sections.every((one) => one.shadowRoot)
    && !deep('[aria-busy=true]').length;
}}"""
FIGURES = f"""(within) => {{
  {DEEP}
  return [...document.querySelectorAll(within)]
    .flatMap((one) => deep('mp-number', one.shadowRoot ?? one))
    .filter((one) => one.figure && one.checkVisibility())
    .map(({{ figure, label }}) => ({{ ...figure, label: label ?? '' }}));
}}"""
AS_TABLES = """async (asTable) => {
  for (const one of document.querySelectorAll('main > *')) {
    if (one.table) one.asTable = asTable;
    await one.updateComplete;
  }
}"""
FOCUSED_LABEL = """() => {
  let one = document.activeElement;
  while (one.localName !== 'mp-number') one = one.shadowRoot.activeElement;
  return one.label;
}"""
CHECKED = """async (options) => {
  const found = await axe.run(document, options);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.flat().join(' ')}: ${node.failureSummary}`));
}"""


@dataclass
class View:
    """An open page. `errors`: of its console; `origins`: whom it asked for anything."""

    page: Page
    errors: list[str] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)

    def hear(self, said: ConsoleMessage) -> None:
        """Keeps what the console calls an error."""
        if said.type == "error":
            self.errors.append(f"{said.text} {said.location['url']}")

    async def loaded(self) -> None:
        """Every section shows its figures, or says why not."""
        await until(lambda: self.page.evaluate(LOADED), seconds_max=60)

    async def figures(self, within: str = "main") -> list[dict[str, Any]]:
        """Every number that is seen: people, query, label."""
        found: list[dict[str, Any]] = await self.page.evaluate(FIGURES, within)
        return found

    async def table_figures(self) -> list[dict[str, Any]]:
        """Every number of the tables that charts have; the charts are back afterwards."""
        await self.page.evaluate(AS_TABLES, True)
        found = await self.figures()
        await self.page.evaluate(AS_TABLES, False)
        return found

    async def focused(self) -> str:
        """The label of the number that has the focus."""
        label: str = await self.page.evaluate(FOCUSED_LABEL)
        return label

    async def faults_by_axe(self) -> list[str]:
        """What axe-core finds by the rules of WCAG 2.2 AA."""
        # As an extension would do it: the page's own policy lets no foreign script in.
        await self.page.evaluate(AXE.script().decode())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found: list[str] = await self.page.evaluate(
            CHECKED, {"runOnly": tags, "resultTypes": ["violations"]}
        )
        return found


@asynccontextmanager
async def viewing(browser: Browser, url: str, **context: Any) -> AsyncIterator[View]:
    """A visitor with empty storage, in Warsaw, whose page has loaded; without motion."""
    width, height = context.pop("width", 1280), context.pop("height", 900)
    visitor = await browser.new_context(
        **{"locale": "en-GB", "timezone_id": ZONE, "reduced_motion": "reduce", **context},
        viewport={"width": width, "height": height},
    )
    visitor.set_default_timeout(WAIT_MILLISECONDS_MAX)
    view = View(await visitor.new_page())
    view.page.on("console", view.hear)
    view.page.on("pageerror", lambda error: view.errors.append(str(error)))
    view.page.on("request", lambda asked: view.origins.add("/".join(asked.url.split("/")[:3])))
    try:
        await view.page.goto(url)
        await view.loaded()
        yield view
    finally:
        await visitor.close()
