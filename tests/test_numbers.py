"""The numbers that the semantics name are what is set by default."""

from __future__ import annotations

from services.contracts.times import DAY_US, SECOND_US
from services.ingest import heartbeat, times
from services.journey_state.definition import load
from services.journey_state.owners import IdentityBounds
from services.settings import Settings

MINIMAL = """
journey: test
stages: [{name: one, enter: [{event: page}]}]
abandonment: [{name: left, opens: {event: Opened}, after: 1w2d3h4m5s6ms}]
"""


def test_times_and_clocks_are_judged_by_the_numbers_of_the_text() -> None:
    time = Settings().time
    assert times.RIGHT_CLOCK_US == 5 * SECOND_US
    assert (time.skew_hours_max, time.max_age_days) == (24, 400)
    assert Settings().dedupe.days == 7


def test_identity_is_bounded_by_the_numbers_of_the_text() -> None:
    identity = Settings().identity
    assert (identity.identifiers_max, identity.moves_max) == (100, 20)
    assert IdentityBounds() == IdentityBounds(100, 20)


def test_signals_wait_as_long_as_the_text_says() -> None:
    assert Settings().abandonment.grace_seconds == 60
    (rule,) = load(MINIMAL).abandonment
    assert rule.recover_within_us == 7 * DAY_US
    parts = 9 * DAY_US + (3 * 3_600 + 4 * 60 + 5) * SECOND_US + 6_000
    assert (rule.after_us, rule.remind_us) == (parts, ())


def test_heartbeats_and_gaps_are_those_of_the_text() -> None:
    watermark = Settings().watermark
    assert (heartbeat.BEAT_SECONDS, heartbeat.IDLE_BEAT_SECONDS) == (1, 5)
    assert heartbeat.CLOCK_BEHIND_US_MAX == 2 * SECOND_US
    assert (watermark.lease_seconds, watermark.gap_seconds) == (120, 30)
    assert watermark.recovery_seconds == 10 * 60


def test_the_brake_is_that_of_the_text() -> None:
    worker = Settings().worker
    assert worker.dead_letters_share_max == 0.05
    assert (worker.dead_letters_window_records, worker.dead_letters_run_records) == (1_000, 50)
