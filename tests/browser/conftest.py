"""A visitor, an ingest and a website for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from services.cli.topics import ensure_topics
from services.settings import IngestSettings, KafkaSettings, Settings
from tests.browser.chromium import visitor
from tests.browser.collecting import SOURCES, Collecting
from tests.browser.website import Website, website
from tests.conftest import PARTITIONS, drop_topics
from tests.ingest.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A new visitor."""
    async with visitor(browser) as context:
        yield context


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Website]:
    """A website on another port than ingest, which makes it another origin."""
    async with website() as site:
        yield site


@pytest_asyncio.fixture(scope="session")
async def collecting(
    chromium: str, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Collecting]:
    """An ingest with topics of its own, for all tests: they tell their events by their website."""
    folder = tmp_path_factory.mktemp("collecting")
    kafka = KafkaSettings(
        bootstrap=kafka_bootstrap, topic_prefix=f"test{uuid4().hex[:10]}", partitions=PARTITIONS
    )
    await ensure_topics(kafka)
    sources = folder / "sources.json"
    sources.write_bytes(msgspec.json.encode({"sources": SOURCES}))
    ingest = IngestSettings(port=0, spool_dir=folder / "spool")
    settings = Settings(kafka=kafka, sources_file=sources, ingest=ingest)
    async with serving(settings) as running:
        yield Collecting(settings, running.url)
    await drop_topics(kafka)
