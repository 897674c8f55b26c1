"""Standing still is told apart from having nothing to do, and from being slow."""

from __future__ import annotations

import pytest

from services.journey_state.stall import StalledError, StallWatch


def test_records_that_wait_while_nothing_is_applied_are_a_stall() -> None:
    watch = StallWatch(seconds_max=10)
    watch.look(waiting=5, applied=3, now=0)
    watch.look(waiting=5, applied=3, now=10)

    with pytest.raises(StalledError, match="5 records wait and none was applied for 11 s"):
        watch.look(waiting=5, applied=3, now=11)


def test_one_more_batch_or_nothing_to_do_begins_the_time_anew() -> None:
    watch = StallWatch(seconds_max=10)
    watch.look(waiting=5, applied=3, now=0)
    watch.look(waiting=5, applied=4, now=9)
    watch.look(waiting=5, applied=4, now=18)
    watch.look(waiting=0, applied=4, now=27)

    watch.look(waiting=5, applied=4, now=36)
