"""A collector for each test, ready to take events."""

from __future__ import annotations

from pathlib import Path

import pytest_asyncio

from tests.ingest.memory import Desk, ready_desk


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> Desk:
    """A collector with a sink in memory; its clock stands at `memory.NOW`."""
    return await ready_desk(tmp_path)
