"""The whole system, started once for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.e2e.stack import Stack, running_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture(scope="package")
async def stack(server_dir: Path) -> AsyncIterator[Stack]:
    """`milepost up` with its own data, servers and ports."""
    async with running_stack(server_dir / "e2e") as running:
        yield running
