"""The whole system with a shop's customers in it, once for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.e2e.stack import Stack, running_stack
from tests.page.beginning import Beginning, first_event
from tests.page.viewing import viewing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

SHOP = ("simulate", "--customers", "240", "--days", "14", "--seed", "7", "--rate", "300")


@pytest_asyncio.fixture(scope="package")
async def stack(chromium: str, server_dir: Path) -> AsyncIterator[Stack]:
    """`milepost up` with its own data, servers and ports, and no customer."""
    async with running_stack(server_dir / "page") as running:
        yield running


@pytest_asyncio.fixture(scope="package")
async def begun(stack: Stack, browser: Browser) -> Beginning:
    """What a visitor saw of a system without a customer, and once the first event was sent."""
    async with viewing(browser, stack.endpoints.api) as view:
        return await first_event(view, stack)


@pytest_asyncio.fixture(scope="package")
async def shop(stack: Stack, begun: Beginning) -> Stack:
    """The same with two weeks of a shop's customers, all counted; they do nothing more."""
    await stack.milepost(*SHOP, "--duration", "1")
    await stack.settled()
    await stack.rows("ANALYZE")  # else PostgreSQL does it by itself within a minute
    return stack
