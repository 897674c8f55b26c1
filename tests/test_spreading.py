"""Tests that share a system stay in one process, and long ones start first."""

from __future__ import annotations

from tests.spreading import place_of, turn_of

CARTS = "tests/e2e/test_abandonment.py::test_a_cart_left_alone_raises_one_signal"
KILLS = "tests/e2e/test_kills.py::test_kills_under_load_lose_nothing[a@b::c]"
PLANS = "tests/journey_state/test_plans.py::test_a_statement[connected]"
BODIES = "tests/ingest/test_body.py::test_any_body"


def test_a_file_stays_together_and_so_does_a_folder_with_one_system() -> None:
    assert place_of(CARTS) == place_of(KILLS) == "e2e"
    assert place_of(PLANS) == "journey_state/test_plans.py"
    assert place_of("tests/test_docs.py::test_links") == "test_docs.py"


def test_what_takes_long_starts_first() -> None:
    assert sorted([BODIES, PLANS, KILLS, CARTS], key=turn_of) == [KILLS, CARTS, PLANS, BODIES]
