"""An ingest with topics of its own for the SDKs of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.packages import installed


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder that the SDKs are installed in."""
    return installed()
