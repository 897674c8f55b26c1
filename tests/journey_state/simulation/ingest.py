"""Ingest instances under a virtual clock: they beat, spool, stand still, crash and return."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from services.contracts.heartbeat import Phase, Spool
from services.contracts.times import SECOND_US
from services.journey_state.touchpoint import Touchpoint
from services.journey_state.watermark import Beat

LEASE_US = 120 * SECOND_US
TRUSTED_US = LEASE_US // 2
BEHIND_US_MAX = 2 * SECOND_US
ACK_US_MAX = 4 * SECOND_US


@dataclass(slots=True)
class Record:
    """What stands in a partition: a heartbeat or a touchpoint."""

    append_time: int
    beat: Beat | None = None
    touchpoint: Touchpoint | None = None


@dataclass(slots=True)
class Log:
    """The partitions of the touchpoint topic. Nothing is written while Kafka is away."""

    partitions: list[list[Record]]
    is_away: bool = False

    def append(self, partition: int, record: Record) -> None:
        self.partitions[partition].append(record)


@dataclass(slots=True)
class Event:
    """What a client has to say, until it was answered 200."""

    touchpoint: Touchpoint  # its `received_at` is of the copy that was taken
    partition: int
    retry_at: int
    acknowledged: bool = False
    exempt: bool = False  # taken by an instance that an operator had let go of


@dataclass(slots=True)
class Taken:
    """A copy of an event between its acceptance and the acknowledgement."""

    event: Event
    touchpoint: Touchpoint
    abandoned: bool = False  # the client was answered 503 and sends again


@dataclass
class Instance:
    """One ingest process and its folder. `skew` is how far its clock is ahead, microseconds."""

    number: int
    durable: bool
    skew: int
    keeps_name: bool
    name: str = ""
    up: bool = False
    frozen_until: int = 0
    never_returns: bool = False
    folder_live: bool = False  # hello acknowledged and no goodbye; known after a crash if durable
    greeted: set[int] = field(default_factory=set)
    trusted_until: int = 0
    beat_at: int = 0
    released: bool = False  # and no hello acknowledged since
    pending: list[Taken] = field(default_factory=list)
    starts: int = 0

    def start(self) -> None:
        self.up = True
        self.starts += 1
        if not self.name or not (self.keeps_name or self.durable):
            self.name = f"i{self.number}.{self.starts}"
        self.trusted_until = 0
        self.beat_at = 0

    def works(self, now: int) -> bool:
        return self.up and now >= self.frozen_until

    def clock(self, now: int) -> int:
        return now + self.skew

    def low_watermark(self, now: int) -> int:
        held = [t.touchpoint.received_at for t in self.pending if not t.abandoned]
        return min(held, default=self.clock(now))

    def is_ready(self, now: int) -> bool:
        return self.clock(now) <= self.trusted_until

    def speak(self, log: Log, now: int, chosen: Random) -> None:
        """A heartbeat into every partition, or into some before something breaks."""
        phase: Phase = "beat" if self.is_ready(now) else "hello"
        self.beat_at = now
        if log.is_away or not self._broadcast(log, now, phase, chosen):
            return
        if now - self.clock(now) > BEHIND_US_MAX:
            self.trusted_until = 0
            return
        self.trusted_until = self.clock(now) + TRUSTED_US
        self.folder_live = True
        if phase == "hello":
            self.released = False

    def say_goodbye(self, log: Log, now: int, chosen: Random) -> None:
        """A clean stop, with nothing left to send; it may not reach every partition."""
        self.folder_live = False  # before it is said: it may be heard and not acknowledged
        if not log.is_away:
            self._broadcast(log, now, "goodbye", chosen)
        self.up = False

    def crash(self, log: Log, now: int, chosen: Random) -> None:
        """What a durable one has taken stays on its disk; of others' some was on its way."""
        self.up = False
        if self.durable:
            return
        for taken in self.pending:
            if not log.is_away and chosen.random() < 0.5:
                log.append(taken.event.partition, Record(now, touchpoint=taken.touchpoint))
            taken.event.retry_at = now + chosen.randrange(1, 20) * SECOND_US
        self.pending.clear()

    def accept(self, event: Event, now: int) -> bool:
        """Whether the event is taken; a durable one answers 200 at once."""
        spools = self.durable and self.folder_live
        if not (self.works(now) and (self.is_ready(now) or spools)):
            return False
        copy = replace_received(event.touchpoint, self.clock(now))
        self.pending.append(Taken(event, copy))
        event.retry_at = 1 << 62
        if self.durable:
            event.acknowledged, event.touchpoint = True, copy
            event.exempt = self.released
        return True

    def send(self, log: Log, now: int, chosen: Random) -> None:
        """Some of what waits reaches the log, in any order."""
        for taken in chosen.sample(self.pending, k=chosen.randint(0, len(self.pending))):
            if log.is_away:
                return
            self.pending.remove(taken)
            log.append(taken.event.partition, Record(now, touchpoint=taken.touchpoint))
            event = taken.event
            if self.durable or taken.abandoned or event.acknowledged:
                continue
            if self.is_ready(now):  # asked again when it is acknowledged
                event.acknowledged, event.touchpoint = True, taken.touchpoint
            else:
                event.retry_at = now + SECOND_US

    def give_up_waiting(self, now: int, chosen: Random) -> None:
        """Requests that waited too long are answered 503; their copies may be written yet."""
        if self.durable:
            return
        for taken in self.pending:
            waited = self.clock(now) - taken.touchpoint.received_at
            if waited > ACK_US_MAX and not taken.abandoned:
                taken.abandoned = True
                taken.event.retry_at = now + chosen.randrange(1, 20) * SECOND_US
        self.pending = [t for t in self.pending if not t.abandoned or chosen.random() < 0.5]

    def let_go(self) -> None:
        """An operator has released it: what it holds, and takes until its next hello, is late."""
        self.released = True
        for taken in self.pending:
            taken.event.exempt = True

    def _broadcast(self, log: Log, now: int, phase: Phase, chosen: Random) -> bool:
        count = len(log.partitions)
        reached = count if chosen.random() < 0.97 else chosen.randrange(count)
        spool: Spool = "none"
        if self.durable:
            spool = "pending" if self.pending else "empty"
        for partition in range(reached):
            said = Beat(
                partition=partition,
                instance=self.name,
                low_watermark=self.low_watermark(now),
                append_time=now,
                offset=len(log.partitions[partition]),
                spool=spool,
                phase=phase,
            )
            log.append(partition, Record(now, beat=said))
        return reached == count


def replace_received(touchpoint: Touchpoint, received_at: int) -> Touchpoint:
    """The copy that was received then."""
    fields = {name: getattr(touchpoint, name) for name in touchpoint.__struct_fields__}
    return Touchpoint(**{**fields, "received_at": received_at})
