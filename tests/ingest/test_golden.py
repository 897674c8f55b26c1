"""Each request of the folder `golden` becomes what stands beside it."""

from __future__ import annotations

import pytest

from tests.ingest.golden_files import Example, examples
from tests.ingest.memory import Desk


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
async def test_a_request_becomes_what_stands_beside_it(desk: Desk, example: Example) -> None:
    assert await example.become(desk) == example.outcome
