"""Which tests one of several processes runs together, and which come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer

# Folders whose tests share a system that is dear: one process starts it and runs them all.
TOGETHER = frozenset({"browser", "e2e", "page"})
# What takes long comes first, so that at the end no process waits for the other's long one.
LONG_FIRST = ("page", "e2e", "browser", "cli/test_bench.py", "local", "journey_state")


def place_of(test_id: str) -> str:
    """The folder or file below `tests` whose tests stay together."""
    file = test_id.partition("::")[0].removeprefix("tests/")
    folder = file.partition("/")[0]
    return folder if folder in TOGETHER else file


def turn_of(test_id: str) -> int:
    """Of two tests the one with the lower turn starts first."""
    place = place_of(test_id)
    turns = (turn for turn, long in enumerate(LONG_FIRST) if place.startswith(long))
    return next(turns, len(LONG_FIRST))


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a process all tests of a place at once, the places in the order of their tests.

    xdist has the like for tests with marks, but does not see the marks of pytest 9.2.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return place_of(nodeid)
