"""SDKs of others in a real browser: preflights, retries, unload, all of it real."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from services.settings import IngestSettings, KafkaSettings, Settings
from tests.browser.sdks import (
    MILEPOST,
    POSTHOG,
    RUDDERSTACK,
    SEGMENT,
    SEGMENT_NPM,
    SNOWPLOW,
    Sdk,
    errors_of,
    opened,
)
from tests.ingest.serving import serving
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import BrowserContext, Response

    from tests.browser.collecting import Collecting
    from tests.browser.website import Website

SDKS = (SEGMENT, SEGMENT_NPM, RUDDERSTACK)
each_sdk = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)


def another_ingest(
    collecting: Collecting, folder: Path, kafka: KafkaSettings | None = None, port: int = 0
) -> Settings:
    """Settings of one with the same sources, and the same topics unless `kafka` says otherwise."""
    usual = collecting.settings
    ingest = IngestSettings(port=port, spool_dir=folder / "spool")
    return Settings(kafka=kafka or usual.kafka, sources_file=usual.sources_file, ingest=ingest)


@each_sdk
async def test_its_calls_are_touchpoints(
    context: BrowserContext, collecting: Collecting, site: Website, sdk: Sdk
) -> None:
    errors = errors_of(context)
    page = await opened(context, site, sdk, collecting.url)
    visitor = await page.evaluate(sdk.anonymous_id)
    await page.evaluate(
        f"""() => {{
          {sdk.page_object}.identify('u1', {{email: 'Ann@Example.org', plan: 'gold'}});
          {sdk.page_object}.track('Product Viewed', {{product_id: 'p1', price: 12.5}});
          {sdk.page_object}.group('g1', {{name: 'Team'}});
        }}"""
    )
    seen = await collecting.distinct(visitor, 4)

    by_type = {one["type"]: one for one in seen}
    assert set(by_type) == {"page", "identify", "track", "group"}
    assert by_type["page"]["properties"]["path"] == "/shoes"
    assert by_type["page"]["context"]["campaign"] == {"source": "mail", "name": "spring"}
    assert by_type["identify"]["identifiers"] == {
        "user_id": "u1",
        "anonymous_id": visitor,
        "email": "ann@example.org",
    }
    assert by_type["track"]["properties"] == {"product_id": "p1", "price": 12.5}
    assert by_type["group"]["group_id"] == "g1"
    assert {(one["channel"], one["clock"], one["bot"]) for one in seen} == {
        ("website", "ok", False)
    }
    assert errors == []


@pytest.mark.parametrize("sdk", [*SDKS, SNOWPLOW, POSTHOG, MILEPOST], ids=lambda sdk: sdk.name)
async def test_what_ingest_could_not_take_comes_once_it_can(
    context: BrowserContext, collecting: Collecting, site: Website, sdk: Sdk, tmp_path: Path
) -> None:
    answers: list[tuple[int, dict[str, str]]] = []

    async def note(response: Response) -> None:
        if response.request.method == "POST":
            answers.append((response.status, await response.request.all_headers()))

    context.on("response", note)

    async def answered() -> bool:
        return bool(answers)

    nowhere = KafkaSettings(bootstrap="127.0.0.1:1")
    async with serving(another_ingest(collecting, tmp_path, kafka=nowhere), ready=False) as away:
        page = await opened(context, site, sdk, away.url)
        visitor = await page.evaluate(sdk.anonymous_id)
        await page.evaluate(sdk.tracked(1))
        await until(answered)
    async with serving(another_ingest(collecting, tmp_path, port=urlsplit(away.url).port or 0)):
        if not sdk.retries_by_itself:
            await page.evaluate(sdk.tracked(1))
        seen = await collecting.distinct(visitor, 2 if sdk.retries_by_itself else 3)

    assert answers[0][0] == 503
    assert {one["type"] for one in seen} == {"page", "track"}
    taken = {name for status, headers in answers if status == 200 for name in headers}
    assert not sdk.retry_header or sdk.retry_header in taken


@pytest.mark.parametrize("sdk", [*SDKS, POSTHOG], ids=lambda sdk: sdk.name)
async def test_what_it_holds_when_the_page_closes_arrives(
    context: BrowserContext, collecting: Collecting, site: Website, sdk: Sdk
) -> None:
    page = await opened(context, site, sdk, collecting.url, sdk.options_to_hold)
    visitor = await page.evaluate(sdk.anonymous_id)
    await page.evaluate(sdk.tracked(5))
    assert "track" not in {one["type"] for one in await collecting.touchpoints(visitor)}
    await page.goto("about:blank")
    seen = await collecting.distinct(visitor, 6)

    assert sorted(one["properties"]["n"] for one in seen if one["type"] == "track") == [*range(5)]
