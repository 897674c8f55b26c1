"""The watermark: up to which instant all events are known, by heartbeats (semantics 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

import msgspec

from services.contracts.heartbeat import Phase, Spool

HoldReason = Literal["stopped", "no_instance", "silent", "spool", "behind", "current"]


class Beat(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A processed heartbeat: what it said and where it stood. Times are microseconds."""

    partition: int
    instance: str
    low_watermark: int
    append_time: int  # by the log of its partition
    offset: int
    spool: Spool = "none"
    phase: Phase = "beat"


class Hold(msgspec.Struct, frozen=True):
    """What determines W: an instance in a partition, or a partition without one (`instance` "").

    `stopped`: the partition's brake is on, or its next record is gone. `no_instance`: nobody is
    live there, W stands. `silent`: no beat for longer than the lease, but
    it has a spool. `spool`: events wait in its spool. `behind`: the partition is processed less
    far than others. `current`: nothing is amiss; if W is old all the same, its next beat is
    awaited. `since` is in microseconds, None: never seen.
    """

    partition: int
    instance: str
    since: int | None
    reason: HoldReason


class Watermark(msgspec.Struct, frozen=True):
    """W in microseconds (None: not yet known) and what determines it, one per instance."""

    at: int | None
    held_by: list[Hold]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker has processed, as W is computed from it.

    `beats`: the newest per (partition, instance). `log_times`: the append time of the newest
    processed record per partition. `released`: instances that operators let go of and that have
    not said hello since, with the instant. `stopped`: partitions that stand still.
    """

    beats: Sequence[Beat]
    log_times: Mapping[int, int]
    released: Mapping[str, int] = {}
    stopped: AbstractSet[int] = frozenset()


class Gap(msgspec.Struct, frozen=True):
    """A time without a heartbeat of any instance, by the partition's append times."""

    partition: int
    start: int
    end: int


def newest(beats: Iterable[Beat]) -> dict[tuple[int, str], Beat]:
    """The newest beat per (partition, instance), by offset: redelivery changes nothing."""
    found: dict[tuple[int, str], Beat] = {}
    for beat in beats:
        key = (beat.partition, beat.instance)
        if key not in found or beat.offset > found[key].offset:
            found[key] = beat
    return found


def is_live(
    beat: Beat, log_time: int | None, *, lease_us: int, released: Mapping[str, int]
) -> bool:
    """Whether the instance of this newest beat counts in its partition.

    `log_time` is the append time of the newest processed record of the partition. A released
    instance counts until all that was written before the release is processed: its last events
    may stand there.
    """
    if beat.phase == "goodbye" or _is_let_go(released.get(beat.instance), log_time):
        return False
    return beat.spool != "none" or not _is_silent(beat, log_time, lease_us)


def watermark(previous: int | None, heard: Heard, partitions: int, *, lease_us: int) -> Watermark:
    """W: the least low watermark over all partitions and live instances, never below `previous`.

    It stands at `previous` while any partition has no live instance.
    """
    log_times = heard.log_times
    live: dict[int, list[Beat]] = defaultdict(list)
    for beat in newest(heard.beats).values():
        log_time = log_times.get(beat.partition)
        if is_live(beat, log_time, lease_us=lease_us, released=heard.released):
            live[beat.partition].append(beat)
    stopped = [Hold(p, "", log_times.get(p), "stopped") for p in sorted(heard.stopped)]
    empty = [partition for partition in range(partitions) if not live.get(partition)]
    if empty:
        nobody = [_no_instance(p, log_times) for p in empty if p not in heard.stopped]
        return Watermark(previous, stopped + nobody)
    counted = [beat for partition in range(partitions) for beat in live[partition]]
    low = min(beat.low_watermark for beat in counted)
    at = low if previous is None else max(previous, low)
    lowest = [beat for beat in counted if beat.low_watermark == low]
    return Watermark(at, stopped + _holds(lowest, heard, lease_us))


def _is_let_go(released_at: int | None, log_time: int | None) -> bool:
    return released_at is not None and log_time is not None and log_time >= released_at


def _is_silent(beat: Beat, log_time: int | None, lease_us: int) -> bool:
    return log_time is not None and log_time - beat.append_time > lease_us


def _no_instance(partition: int, log_times: Mapping[int, int]) -> Hold:
    return Hold(partition, "", log_times.get(partition), "no_instance")


def _holds(lowest: list[Beat], heard: Heard, lease_us: int) -> list[Hold]:
    """One per instance, the gravest: its beats say the same in every partition."""
    gravity: tuple[HoldReason, ...] = ("silent", "spool", "behind", "current")
    found: dict[str, Hold] = {}
    for beat in lowest:
        if beat.partition in heard.stopped:
            continue  # told as such
        hold = _hold(beat, heard.log_times, lease_us)
        other = found.setdefault(beat.instance, hold)
        if gravity.index(hold.reason) < gravity.index(other.reason):
            found[beat.instance] = hold
    return list(found.values())


def _hold(beat: Beat, log_times: Mapping[int, int], lease_us: int) -> Hold:
    log_time = log_times.get(beat.partition, beat.append_time)
    reason: HoldReason = "current"
    since = beat.append_time
    if _is_silent(beat, log_time, lease_us):
        reason = "silent"
    elif beat.spool == "pending":
        reason, since = "spool", beat.low_watermark
    elif max(log_times.values(), default=log_time) - log_time > lease_us:
        reason, since = "behind", log_time
    return Hold(beat.partition, beat.instance, since, reason)


def observe(
    partition: int, latest: int | None, append_times: Iterable[int], *, gap_us: int
) -> tuple[int | None, list[Gap]]:
    """The latest append time of a heartbeat after this batch, and the gaps that the batch shows.

    `latest` is that of the batch before, `append_times` those of the batch's heartbeats as they
    stand in the log, of any instance. None: there was no heartbeat yet, which never is a gap.
    """
    gaps = []
    for append_time in append_times:
        if latest is not None and append_time - latest > gap_us:
            gaps.append(Gap(partition, latest, append_time))
        latest = append_time if latest is None else max(latest, append_time)
    return latest, gaps


def hold_for_gaps(start_us: int, fires_at_us: int, gaps: Iterable[Gap], recovery_us: int) -> int:
    """The W at which a deadline may fire: `recovery_us` after each gap that it overlaps.

    It overlaps from the last activity (`start_us`) to `due + grace` (`fires_at_us`; of a reminder
    `due + remind + grace`). Firing later for one gap does not make it overlap another. Where the
    last activity was received after `due`, the caller takes the later of both.
    """
    ends = [gap.end for gap in gaps if gap.start < fires_at_us and gap.end > start_us]
    return max([fires_at_us, *(end + recovery_us for end in ends)])
