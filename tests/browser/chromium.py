"""The Chromium of this machine, driven; a page knows of no other hosts than this machine's."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from tests.missing import missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Containers have little shared memory.
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
# How long an element or a page is waited for, which is there at once on a quiet machine.
WAIT_MILLISECONDS_MAX = 90_000
# Without a name of its own it says HeadlessChrome, which Milepost takes for a bot.
USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)


def found_chromium() -> str:
    """Its path. Without one the test is skipped, but fails where `CI` says that all must run."""
    named = os.environ.get("MILEPOST_TEST_CHROMIUM")
    path = named or next(filter(None, map(shutil.which, NAMES)), None)
    return path or missing(
        "no Chromium: install it (Debian: `apt-get install chromium`) or name its program in"
        " MILEPOST_TEST_CHROMIUM"
    )


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Started, and closed at the end."""
    path = found_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def visitor(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A visitor with empty storage, whose browser calls itself an ordinary one."""
    context = await browser.new_context(user_agent=USER_AGENT, locale="de-DE")
    context.set_default_timeout(WAIT_MILLISECONDS_MAX)
    yield context
    await context.close()
