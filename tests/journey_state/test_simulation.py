"""The whole way from client to signal under a virtual clock, thousands of times."""

from __future__ import annotations

import os

import pytest

from tests.journey_state.simulation.world import World

# `make soak SEEDS=5000` runs more.
SEEDS = int(os.environ.get("SEEDS", "200"))
FIRST_SEED = int(os.environ.get("FIRST_SEED", "1"))
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_no_signal_is_false_and_none_is_missing_whatever_breaks(part: int) -> None:
    for seed in range(FIRST_SEED + part, FIRST_SEED + SEEDS, PARTS):
        try:
            World(seed).run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
