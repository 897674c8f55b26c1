"""A small log, written by instances that crash, stop, spool and return, and its one consumer."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.contracts.heartbeat import Phase, Spool
from services.journey_state.watermark import Beat, Heard, Watermark, newest, watermark

LEASE = 120


def compute(
    previous: int | None,
    beats: list[Beat],
    partitions: int = 2,
    log_times: dict[int, int] | None = None,
    released: set[str] | None = None,
) -> Watermark:
    heard = Heard(beats=beats, log_times=log_times or {}, released=dict.fromkeys(released or (), 0))
    return watermark(previous, heard, partitions, lease_us=LEASE)


@dataclass
class Record:
    """An event (its `received_at`) or a heartbeat, as it stands in a partition."""

    append_time: int
    beat: Beat | None = None
    event: Event | None = None


@dataclass
class Event:
    instance: str
    partition: int
    received_at: int


@dataclass
class Instance:
    """Accepts events, sends them later, says how far it is. Its clock may be behind."""

    name: str
    durable: bool
    behind: int
    running: bool = False
    greeted: set[int] = field(default_factory=set)
    ready_at: int = 0
    pending: list[Event] = field(default_factory=list)


@dataclass
class World:
    """Instances, partitions and one consumer that has processed a prefix of each."""

    instances: list[Instance]
    partitions: int
    now: int = 1000
    logs: list[list[Record]] = field(default_factory=list)
    processed: list[int] = field(default_factory=list)
    accepted: list[Event] = field(default_factory=list)
    released: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)  # left behind by lease or release
    w: int | None = None

    def __post_init__(self) -> None:
        self.logs = [[] for _ in range(self.partitions)]
        self.processed = [0] * self.partitions

    def clock(self, instance: Instance) -> int:
        return self.now - instance.behind

    def start(self, instance: Instance) -> None:
        instance.running = True

    def say(self, instance: Instance, partition: int, phase: Phase = "beat") -> None:
        """A heartbeat into one partition; the first one there is its hello."""
        if phase == "beat" and partition not in instance.greeted:
            phase = "hello"
            instance.ready_at = max(instance.ready_at, self.now)
            instance.greeted.add(partition)
        spool: Spool = "none"
        if instance.durable:
            spool = "pending" if instance.pending else "empty"
        waiting = [event.received_at for event in instance.pending]
        said = Beat(
            partition=partition,
            instance=instance.name,
            low_watermark=min(waiting, default=self.clock(instance)),
            append_time=self.now,
            offset=len(self.logs[partition]),
            spool=spool,
            phase=phase,
        )
        self.logs[partition].append(Record(self.now, beat=said))

    def accept(self, instance: Instance, partition: int) -> None:
        """A request is answered 200 only after a hello in every partition and a clock that follows.

        A durable instance has it on disk; the other answers when the log has it, so a crash before
        that is no acceptance.
        """
        ready = len(instance.greeted) == self.partitions
        if not ready or self.clock(instance) < instance.ready_at:
            return
        event = Event(instance.name, partition, self.clock(instance))
        instance.pending.append(event)
        if instance.durable:
            self.accepted.append(event)

    def send(self, instance: Instance) -> None:
        """One waiting event reaches the log; acknowledgements come in any order."""
        event = instance.pending.pop(self.now % len(instance.pending))
        self.logs[event.partition].append(Record(self.now, event=event))
        if not instance.durable:
            self.accepted.append(event)

    def crash(self, instance: Instance) -> None:
        instance.running = False
        if not instance.durable:
            instance.pending.clear()

    def stop(self, instance: Instance) -> None:
        """A clean stop, with nothing left to send."""
        for partition in sorted(instance.greeted):
            self.say(instance, partition, "goodbye")
        instance.greeted.clear()
        instance.running = False

    def process(self, partition: int, records: int) -> None:
        self.processed[partition] = min(
            self.processed[partition] + records, len(self.logs[partition])
        )

    def look(self) -> None:
        """Compute W from what is processed, and check both promises."""
        prefixes = [log[:n] for log, n in zip(self.logs, self.processed, strict=True)]
        seen = [record for prefix in prefixes for record in prefix]
        beats = [record.beat for record in seen if record.beat]
        times = {p: prefix[-1].append_time for p, prefix in enumerate(prefixes) if prefix}
        self.give_up(beats, times)
        before, self.w = self.w, compute(self.w, beats, self.partitions, times, self.released).at
        if before is not None:
            assert self.w is not None
            assert self.w >= before
        done = {id(record.event) for record in seen if record.event}
        for event in self.accepted:
            if event.instance not in self.given_up and id(event) not in done:
                assert self.w is None or event.received_at >= self.w

    def give_up(self, beats: list[Beat], times: dict[int, int]) -> None:
        for last in newest(beats).values():
            silent = times[last.partition] - last.append_time > LEASE
            if (last.spool == "none" and silent) or last.instance in self.released:
                self.given_up.add(last.instance)


def act(world: World, action: str, instance: Instance, partition: int) -> None:
    if action == "process":
        world.process(partition, 1 + world.now % 4)
    elif action == "release" and instance.durable and not instance.running and world.now % 5 == 0:
        world.released.add(instance.name)
    elif instance.name in world.released:
        return
    elif not instance.running:
        world.start(instance)
        world.say(instance, partition)
    else:
        run(world, action, instance, partition)


def run(world: World, action: str, instance: Instance, partition: int) -> None:
    if action == "beat":
        world.say(instance, partition)
    elif action == "beat all":
        for p in range(world.partitions):
            world.say(instance, p)
    elif action == "accept":
        world.accept(instance, partition)
    elif action == "send" and instance.pending:
        world.send(instance)
    elif action == "crash":
        world.crash(instance)
    elif action == "stop" and not instance.pending:
        world.stop(instance)
