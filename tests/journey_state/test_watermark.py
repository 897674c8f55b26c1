"""The watermark: never back, never past an accepted event that was not processed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.heartbeat import Phase, Spool
from services.journey_state.watermark import (
    Beat,
    Gap,
    Heard,
    Hold,
    Watermark,
    hold_for_gaps,
    newest,
    observe,
    watermark,
)
from tests.journey_state.watermark_world import LEASE, Instance, World, act, compute

GAP = 30
RECOVERY = 600


def beat(
    partition: int,
    instance: str,
    low: int,
    *,
    offset: int = 0,
    spool: Spool = "empty",
    phase: Phase = "beat",
) -> Beat:
    """A heartbeat appended at its low watermark."""
    return Beat(
        partition=partition,
        instance=instance,
        low_watermark=low,
        append_time=low,
        offset=offset,
        spool=spool,
        phase=phase,
    )


actions = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *["beat", "beat all", "accept", "send", "crash", "stop", "process", "release"],
                *["beat all", "accept", "send", "process", "process"],  # the more frequent ones
            ]
        ),
        st.integers(0, 2),  # instance
        st.integers(0, 2),  # partition
        st.sampled_from([0, 1, 1, 2, 5, 40, 130]),  # time that passes before it
    ),
    min_size=10,
    max_size=70,
)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0, 0, 1, 7])), min_size=1, max_size=3),
    st.integers(1, 3),
    actions,
)
def test_w_never_falls_and_never_passes_an_accepted_event_that_is_not_processed(
    kinds: list[tuple[bool, int]], partitions: int, steps: list[tuple[str, int, int, int]]
) -> None:
    instances = [Instance(f"i{n}", *kind) for n, kind in enumerate(kinds)]
    world = World(instances, partitions)
    for action, n, partition, passes in steps:
        world.now += passes
        act(world, action, instances[n % len(instances)], partition % partitions)
        world.look()
    for instance in instances:
        if instance.running:
            for partition in range(partitions):
                world.say(instance, partition)
    for partition in range(partitions):
        world.process(partition, 1000)
        world.look()


any_beat = st.builds(
    Beat,
    partition=st.integers(0, 2),
    instance=st.sampled_from(["a", "b", "c"]),
    low_watermark=st.integers(0, 1000),
    append_time=st.integers(0, 1000),
    offset=st.integers(0, 50),
    spool=st.sampled_from(["none", "empty", "pending"]),
    phase=st.sampled_from(["hello", "beat", "goodbye"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(any_beat, max_size=8), max_size=8), st.data())
def test_w_never_falls_whatever_the_beats_say(
    rounds: list[list[Beat]], data: st.DataObject
) -> None:
    w: int | None = None
    for beats in rounds:
        times = data.draw(st.dictionaries(st.integers(0, 2), st.integers(0, 2000)))
        released = data.draw(st.sets(st.sampled_from(["a", "b", "c"])))
        now = compute(w, beats, 3, times, released).at
        assert w is None or (now is not None and now >= w)
        w = now


@given(st.lists(any_beat, max_size=12, unique_by=lambda b: (b.partition, b.offset)), st.data())
def test_redelivered_and_older_beats_change_nothing(beats: list[Beat], data: st.DataObject) -> None:
    again = data.draw(st.permutations(beats + beats[::2]))
    expected = compute(None, sorted(beats, key=lambda b: b.offset), 3)
    assert compute(None, again, 3).at == expected.at
    assert newest(again) == newest(beats)


def test_the_newest_beat_counts_even_if_it_says_less() -> None:
    said_less = [beat(0, "a", 50, offset=1), beat(0, "a", 40, offset=2)]
    assert compute(None, said_less, 1).at == 40
    assert compute(45, said_less, 1).at == 45


# --- sentences of 6.2 to 6.4 ------------------------------------------------------------------


def test_w_is_the_least_over_partitions_and_instances() -> None:
    beats = [beat(0, "a", 50), beat(1, "a", 40), beat(0, "b", 45), beat(1, "b", 60)]
    assert compute(None, beats) == Watermark(40, [Hold(1, "a", 40, "current")])


def test_w_is_unknown_before_every_partition_has_an_instance() -> None:
    result = compute(None, [beat(0, "a", 50)], log_times={0: 50})
    assert result == Watermark(None, [Hold(1, "", None, "no_instance")])


def test_w_stands_with_no_live_instance() -> None:
    beats = [beat(p, "a", 50, phase="goodbye") for p in (0, 1)]
    result = compute(30, beats, log_times={0: 50, 1: 51})
    assert result.at == 30
    assert [hold.since for hold in result.held_by] == [50, 51]


def test_a_goodbye_in_some_partitions_still_holds_in_the_others() -> None:
    beats = [
        beat(0, "a", 50, phase="goodbye"),
        beat(1, "a", 45),
        beat(0, "b", 90),
        beat(1, "b", 90),
    ]
    assert compute(None, beats).at == 45


def test_a_hello_counts_in_the_partitions_where_it_was_seen() -> None:
    beats = [beat(0, "a", 50), beat(1, "a", 50), beat(1, "b", 20, phase="hello")]
    assert compute(None, beats).at == 20
    assert compute(35, beats).at == 35


def test_an_instance_that_returns_after_its_goodbye_is_live_again() -> None:
    beats = [beat(0, "a", 50, phase="goodbye", offset=1), beat(0, "a", 60, phase="hello", offset=2)]
    assert compute(None, beats, 1).at == 60


def test_an_instance_without_a_spool_is_dropped_after_the_lease() -> None:
    beats = [beat(0, "a", 100, spool="none"), beat(0, "b", 300)]
    assert compute(None, beats, 1, {0: 100 + LEASE}).at == 100
    assert compute(None, beats, 1, {0: 101 + LEASE}).at == 300


def test_the_lease_is_judged_by_the_log_of_its_partition() -> None:
    beats = [beat(p, "a", 100, spool="none") for p in (0, 1)]
    beats += [beat(p, "b", 300) for p in (0, 1)]
    result = compute(None, beats, log_times={0: 500, 1: 150})
    assert result == Watermark(100, [Hold(1, "a", 150, "behind")])


def test_a_silent_instance_with_a_spool_holds_until_it_is_released() -> None:
    beats = [beat(0, "a", 100, spool="pending"), beat(0, "b", 900)]
    assert compute(None, beats, 1, {0: 900}) == Watermark(100, [Hold(0, "a", 100, "silent")])
    assert compute(None, beats, 1, {0: 900}, {"a"}).at == 900


def test_a_released_instance_leaves_a_partition_without_any() -> None:
    result = compute(50, [beat(0, "a", 100, spool="pending")], 1, {0: 900}, {"a"})
    assert result == Watermark(50, [Hold(0, "", 900, "no_instance")])


def test_a_released_instance_counts_until_all_that_it_wrote_is_processed() -> None:
    beats = [beat(0, "a", 100, spool="pending"), beat(0, "b", 900)]

    def at(log_time: int) -> int | None:
        heard = Heard(beats=beats, log_times={0: log_time}, released={"a": 950})
        return watermark(None, heard, 1, lease_us=LEASE).at

    assert (at(949), at(950)) == (100, 900)


def test_a_partition_that_stopped_holds_and_is_told_as_such() -> None:
    beats = [beat(0, "a", 100), beat(1, "a", 500), beat(0, "b", 300), beat(1, "b", 500)]
    heard = Heard(beats=beats, log_times={0: 110, 1: 500}, stopped={0})
    found = watermark(None, heard, 2, lease_us=LEASE)
    assert found == Watermark(100, [Hold(0, "", 110, "stopped")])


def test_an_instance_with_spooled_events_is_named_with_the_oldest() -> None:
    spooled = Beat(
        partition=0, instance="a", low_watermark=40, append_time=90, offset=1, spool="pending"
    )
    result = compute(None, [spooled, beat(0, "b", 90)], 1, {0: 90})
    assert result == Watermark(40, [Hold(0, "a", 40, "spool")])


def test_each_instance_is_named_once_with_its_gravest_hold() -> None:
    beats = [beat(p, "a", 100) for p in (0, 1, 2)]
    beats += [beat(p, "b", 300) for p in (0, 1, 2)]
    result = compute(None, beats, 3, {0: 110, 1: 300, 2: 300})
    assert result.held_by == [Hold(1, "a", 100, "silent")]


# --- gaps ---------------------------------------------------------------------------------------


def test_over_thirty_seconds_without_a_heartbeat_is_a_gap() -> None:
    assert observe(3, 100, [101, 131, 162], gap_us=GAP) == (162, [Gap(3, 131, 162)])


def test_the_time_before_the_first_heartbeat_is_no_gap() -> None:
    assert observe(3, None, [5000, 5001], gap_us=GAP) == (5001, [])
    assert observe(3, None, [], gap_us=GAP) == (None, [])


def test_a_gap_between_batches_is_seen_by_the_second() -> None:
    assert observe(0, 100, [1000], gap_us=GAP) == (1000, [Gap(0, 100, 1000)])
    assert observe(0, 100, [], gap_us=GAP) == (100, [])


def test_a_log_whose_clock_steps_back_shows_no_gap() -> None:
    assert observe(0, 100, [60, 95, 110], gap_us=GAP) == (110, [])


@given(st.lists(st.integers(0, 400), max_size=20), st.lists(st.integers(0, 20), max_size=4))
def test_gaps_do_not_depend_on_how_the_log_is_cut_into_batches(
    times: list[int], cuts: list[int]
) -> None:
    whole = observe(0, None, times, gap_us=GAP)
    latest, gaps = None, []
    edges = [0, *sorted(cuts), len(times)]
    for begin, end in pairwise(edges):
        latest, more = observe(0, latest, times[begin:end], gap_us=GAP)
        gaps += more
    assert (latest, gaps) == whole


def test_a_deadline_that_overlaps_a_gap_fires_after_its_recovery() -> None:
    assert hold_for_gaps(100, 200, [Gap(0, 150, 190)], RECOVERY) == 190 + RECOVERY
    assert hold_for_gaps(100, 200, [Gap(0, 150, 5000)], RECOVERY) == 5000 + RECOVERY
    assert hold_for_gaps(100, 200, [Gap(0, 50, 101)], RECOVERY) == 101 + RECOVERY
    assert hold_for_gaps(100, 200, [Gap(0, 50, 5000)], RECOVERY) == 5000 + RECOVERY
    assert hold_for_gaps(100, 2000, [Gap(0, 150, 190)], RECOVERY) == 2000


def test_a_deadline_beside_a_gap_fires_in_its_time() -> None:
    assert hold_for_gaps(100, 200, [Gap(0, 40, 100), Gap(0, 200, 290)], RECOVERY) == 200


def test_firing_later_for_one_gap_does_not_overlap_the_next() -> None:
    gaps = [Gap(0, 150, 190), Gap(0, 300, 400)]
    assert hold_for_gaps(100, 200, gaps, RECOVERY) == 190 + RECOVERY
