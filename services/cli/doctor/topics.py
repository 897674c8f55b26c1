"""Whether a topic is as the services need it: partitions, copies, times, retention, sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.cli.doctor.finding import Finding, fail, warn
from services.contracts.topics import DAY_MS, TopicSpec
from services.ingest.sink import BATCH_BYTES_MAX

# What a record takes beside its event: identifiers, times, the envelope of what is rejected.
RECORD_BYTES_FACTOR = 2
COPIES = 3
FIX = "run `milepost topics`, which sets it"
_KEPT_LONG = "retention.ms"


class Topic(NamedTuple):
    """A topic as Kafka describes it; `copies` of the partition that has the fewest."""

    partitions: int
    copies: int
    leaderless: int
    behind: int  # partitions with a copy that is not in sync
    configs: dict[str, str]


class Wanted(NamedTuple):
    """What a topic is judged against."""

    spec: TopicSpec
    brokers: int
    event_bytes_max: int


def judge_topic(wanted: Wanted, found: Topic | None) -> Iterator[Finding]:
    """What is wrong with a topic; None: it is not there."""
    name = wanted.spec.name
    if found is None:
        yield fail(name, "it is not there", "run `milepost topics`")
        return
    yield from _partitions(wanted, found)
    yield from _settings(wanted.spec, found.configs)
    yield from _copies(wanted, found)
    yield from _sizes(wanted, found.configs)


def _partitions(wanted: Wanted, found: Topic) -> Iterator[Finding]:
    name, partitions = wanted.spec.name, wanted.spec.partitions
    if found.partitions != partitions:
        what = f"it has {found.partitions} partitions, and {partitions} are set"
        fix = (
            f"set MILEPOST_KAFKA__PARTITIONS to {found.partitions} everywhere, or choose another"
            " MILEPOST_KAFKA__TOPIC_PREFIX; never add partitions"
        )
        yield fail(name, what, fix)
    if found.leaderless:
        what = f"{found.leaderless} partitions have no leader, so nothing is written or read there"
        yield fail(name, what, "bring their brokers back")
    elif found.behind:
        what = f"{found.behind} partitions have copies that are not in sync"
        yield warn(name, what, "bring the brokers back that hold them")


def _settings(spec: TopicSpec, configs: dict[str, str]) -> Iterator[Finding]:
    if spec.configs.get("cleanup.policy") != "compact" and "compact" in configs["cleanup.policy"]:
        yield fail(spec.name, "it is compacted, which removes events", "set cleanup.policy=delete")
    for name, value in spec.configs.items():
        there = configs.get(name)
        if there == value:
            continue
        if name != _KEPT_LONG:
            yield fail(spec.name, f"{name} is {there}, and must be {value}", FIX)
        elif _milliseconds(there) < int(value):
            what = f"records are kept for {_days(there)} days, and {_days(value)} are needed"
            yield fail(spec.name, what, FIX)
        else:
            days = "for ever" if _milliseconds(there) == float("inf") else f"{_days(there)} days"
            what = f"records are kept {days}, longer than the {_days(value)} days that are told"
            yield warn(spec.name, what, FIX)


def _copies(wanted: Wanted, found: Topic) -> Iterator[Finding]:
    name = wanted.spec.name
    least = int(found.configs.get("min.insync.replicas", "1"))
    if wanted.brokers >= COPIES and found.copies < COPIES:
        what = f"it has {found.copies} copies on {wanted.brokers} brokers"
        fix = f"raise its replication factor to {COPIES} by kafka-reassign-partitions"
        yield fail(name, f"{what}: a lost broker loses or stops it", fix)
    if found.copies >= COPIES and least < 2:
        what = "min.insync.replicas is 1: what one broker has is answered 200, and lost with it"
        yield fail(name, what, FIX)
    if found.copies > 1 and least >= found.copies:
        what = f"min.insync.replicas is {least} of {found.copies} copies: one broker away stops it"
        yield warn(name, what, f"set min.insync.replicas to {found.copies - 1}")
    if found.copies > 1 and found.configs.get("unclean.leader.election.enable") == "true":
        what = "unclean.leader.election.enable is true: records that were acknowledged can be lost"
        yield fail(name, what, "set unclean.leader.election.enable=false")


def _sizes(wanted: Wanted, configs: dict[str, str]) -> Iterator[Finding]:
    there = int(configs.get("max.message.bytes", BATCH_BYTES_MAX))
    needed = max(BATCH_BYTES_MAX, wanted.event_bytes_max * RECORD_BYTES_FACTOR)
    if there < needed:
        what = f"max.message.bytes is {there}, and batches of {needed} bytes are sent"
        yield fail(wanted.spec.name, what, f"set max.message.bytes to {needed} or more")


def _milliseconds(text: str | None) -> float:
    """Of a retention; -1 is for ever."""
    value = int(text or 0)
    return float("inf") if value < 0 else value


def _days(text: str | None) -> str:
    return f"{_milliseconds(text) / DAY_MS:g}"
