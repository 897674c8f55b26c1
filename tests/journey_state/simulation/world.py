"""Everything at once, by a seed: clients, instances, Kafka, workers and an operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from services.contracts.times import SECOND_US
from services.journey_state.episodes import Outlook, outlook, signal_id
from services.journey_state.journey import fold
from services.journey_state.touchpoint import Touchpoint
from services.journey_state.watermark import Gap
from tests.journey_state.simulation.ingest import LEASE_US, Event, Instance, Log, Record
from tests.journey_state.simulation.worker import (
    GAP_US,
    GRACE_US,
    RECOVERY_US,
    TERM,
    FenceLostError,
    Look,
    Store,
    Told,
)

START_US = 1_000_000 * SECOND_US
# Events come and things break for so long; afterwards all is mended.
BUSY_SECONDS = (1200, 1200, 1200, 1600, 3600)
QUIET_STEP_US = 29 * SECOND_US  # no gap
QUIET_US = 2700 * SECOND_US
AHEAD_US = 2 * SECOND_US
BEHIND_US = SECOND_US * 3 // 2
EVENTS = ("Product Added", "Product Added", "Product Viewed", "Order Completed", "Cart Emptied")


@dataclass
class World:
    """One run. `check` raises AssertionError with what is wrong."""

    seed: int
    chosen: Random = field(init=False)
    now: int = START_US
    kafka_back_at: int = 0
    events: list[Event] = field(default_factory=list)
    unprocessed: list[Event] = field(default_factory=list)
    waiting: list[Event] = field(default_factory=list)  # to be answered 200
    looks: list[Look] = field(default_factory=list)
    checked: int = 0

    def __post_init__(self) -> None:
        self.chosen = chosen = Random(self.seed)
        partitions = chosen.randint(1, 3)
        self.log = Log([[] for _ in range(partitions)])
        self.store = Store(partitions)
        self.stuck = [0] * partitions
        self.skewed = chosen.random() < 0.4
        skews = [0, AHEAD_US, -BEHIND_US, -5 * SECOND_US] if self.skewed else [0]
        self.instances = [
            Instance(n, chosen.random() < 0.5, chosen.choice(skews), chosen.random() < 0.5)
            for n in range(chosen.randint(1, 3))
        ]
        self.instances[0].skew = max(self.instances[0].skew, -BEHIND_US)
        self.customers = [f"c{n}" for n in range(chosen.randint(1, 4))]
        # How far W may be ahead of what a newcomer receives, by the clocks alone.
        self.tolerance = AHEAD_US + 2 * SECOND_US if self.skewed else 0

    def run(self) -> None:
        busy = self.chosen.choice(BUSY_SECONDS) * SECOND_US
        while self.now < START_US + busy:
            self.now += self.chosen.choice([1, 2, 3, 5, 8, 13]) * SECOND_US
            self.break_things()
            self.clients()
            self.ingest()
            self.work()
        self.mend()
        end = self.now + QUIET_US
        while self.now < end:
            self.now += QUIET_STEP_US if self.is_drained() else SECOND_US
            self.clients(more=False)
            self.ingest(always=True)
            self.work(always=True)
        self.check_end()

    # --- what goes wrong ------------------------------------------------------------------------

    def break_things(self) -> None:
        chosen = self.chosen
        if self.log.is_away:
            self.log.is_away = self.now < self.kafka_back_at
        elif chosen.random() < 0.006:
            self.log.is_away = True
            self.kafka_back_at = self.now + chosen.choice([3, 20, 40, 150, 400]) * SECOND_US
        for partition in range(len(self.stuck)):
            if chosen.random() < 0.004:
                self.stuck[partition] = self.now + chosen.choice([10, 60, 300]) * SECOND_US
        for instance in self.instances:
            self.trouble(instance)

    def trouble(self, instance: Instance) -> None:
        chosen, now = self.chosen, self.now
        if not instance.up:
            self.operate(instance)
            if not instance.never_returns and chosen.random() < 0.1:
                instance.start()
        elif now >= instance.frozen_until:
            luck = chosen.random()
            if luck < 0.005:
                instance.frozen_until = now + chosen.choice([5, 30, 70, 130, 300]) * SECOND_US
            elif luck < 0.013:
                instance.crash(self.log, now, chosen)
                instance.never_returns = instance.durable and chosen.random() < 0.4
            elif luck < 0.018 and not instance.pending:
                instance.say_goodbye(self.log, now, chosen)

    def operate(self, instance: Instance) -> None:
        """Let go of an instance that has a spool and was not heard for a lease."""
        heard = [
            (beat.append_time, self.store.log_times[beat.partition])
            for beat in self.store.beats.values()
            if beat.instance == instance.name and beat.phase != "goodbye"
        ]
        silent = heard and all(log - beat > LEASE_US for beat, log in heard)
        odds = 0.2 if instance.never_returns else 0.02
        if instance.durable and silent and not instance.released and self.chosen.random() < odds:
            instance.let_go()
            self.store.release(instance.name, self.now)

    # --- what goes its way ----------------------------------------------------------------------

    def clients(self, *, more: bool = True) -> None:
        chosen = self.chosen
        if more and chosen.random() < 0.2:
            self.events.append(self.happens())
            self.unprocessed.append(self.events[-1])
            self.waiting.append(self.events[-1])
        self.waiting = [event for event in self.waiting if not event.acknowledged]
        for event in self.waiting:
            if event.retry_at <= self.now:
                event.retry_at = self.now + chosen.randrange(2, 40) * SECOND_US
                chosen.choice(self.instances).accept(event, self.now)

    def happens(self) -> Event:
        """Something a customer does; some clients are offline and tell of it later."""
        chosen = self.chosen
        customer = chosen.choice(self.customers)
        late = chosen.choice([0, 0, 0, 0, 1, 5, 200, 900, 1500]) * SECOND_US
        touchpoint = Touchpoint(
            occurred_at=self.now - late,
            received_at=0,
            message_id=f"m{len(self.events)}",
            source="web",
            channel="website",
            call="track",
            event=chosen.choice(EVENTS),
            identifiers={"user_id": customer},
            properties={"cart_id": chosen.choice(["", "a"])},
        )
        # One customer's events come under several keys: anonymous and known.
        partition = (self.customers.index(customer) + chosen.randint(0, 1)) % len(self.stuck)
        return Event(touchpoint, partition, retry_at=self.now)

    def ingest(self, *, always: bool = False) -> None:
        chosen = self.chosen
        for instance in chosen.sample(self.instances, k=len(self.instances)):
            if not instance.works(self.now):
                continue
            if chosen.random() < 0.8 or always:
                instance.send(self.log, self.now, chosen)
            instance.give_up_waiting(self.now, chosen)
            if always or self.now - instance.beat_at >= chosen.choice([1, 1, 5]) * SECOND_US:
                instance.speak(self.log, self.now, chosen)

    def work(self, *, always: bool = False) -> None:
        chosen = self.chosen
        self.process(all_of_it=always)
        for _ in range(3):
            if len(self.looks) < 2:
                self.looks.append(Look(self.store))
            look = chosen.choice(self.looks)
            before = self.store.watermark
            if look.step():
                self.looks.remove(look)
                self.check_watermark(before)
        for name in self.store.due():
            if always or chosen.random() < 0.7:
                self.store.fire(name, self.now)
        self.check_told()

    def process(self, *, all_of_it: bool) -> None:
        """One worker's batch, of some partitions together; it may die before it commits."""
        chosen = self.chosen
        share: dict[int, tuple[int, list[Record]]] = {}
        for partition, records in enumerate(self.log.partitions):
            if self.now < self.stuck[partition] or (not all_of_it and chosen.random() < 0.2):
                continue
            lo = self.store.offsets[partition]
            count = len(records) if all_of_it else chosen.choice([1, 3, 10, 40])
            if records[lo : lo + count]:
                share[partition] = (lo, records[lo : lo + count])
        if chosen.random() < 0.05:
            return
        self.store.take(share, self.now)
        if share and chosen.random() < 0.1:
            self.zombie(share)

    def zombie(self, share: dict[int, tuple[int, list[Record]]]) -> None:
        """A worker that does not know that its partitions went to another one."""
        try:
            self.store.take(share, self.now)
        except FenceLostError:
            return
        raise AssertionError("a batch was applied twice")

    def mend(self) -> None:
        self.log.is_away = False
        self.stuck = [0] * len(self.stuck)
        for instance in self.instances:
            instance.frozen_until = 0
            if not instance.up:
                instance.start()

    def is_drained(self) -> bool:
        return all(event.acknowledged for event in self.events) and not any(
            instance.pending for instance in self.instances
        )

    # --- what must hold -------------------------------------------------------------------------

    def check_watermark(self, before: int | None) -> None:
        w = self.store.watermark
        assert before is None or (w is not None and w >= before), "W has decreased"
        self.unprocessed = [event for event in self.unprocessed if not self.is_processed(event)]
        for event in self.known_at(w or 0, self.unprocessed):
            raise AssertionError(f"W has passed {event}")

    def is_processed(self, event: Event) -> bool:
        kept = self.store.customers.get(event.touchpoint.identifiers["user_id"])
        return kept is not None and event.touchpoint.message_id in kept.timeline

    def known_at(self, w: int, among: list[Event]) -> list[Event]:
        """Acknowledged events that were received before W, released instances' apart."""
        limit = w - self.tolerance
        return [
            event
            for event in among
            if event.acknowledged and not event.exempt and event.touchpoint.received_at < limit
        ]

    def check_told(self) -> None:
        """What has just been told stands by all that is known, and waited for gaps."""
        for told in self.store.told[self.checked :]:
            if told.kind in ("raised", "reminded"):
                view = self.view(told, self.known_to(told.customer))
                assert view is not None, f"{told} is disproved by what was received in time"
                episode_view, last_at, due = view
                assert episode_view.state in ("raised", "expired"), told
                if told.kind == "raised":
                    assert episode_view.state == "raised", told
                    self.check_gaps(told, last_at, due + GRACE_US)
                else:
                    assert any(at <= told.watermark for _, at in episode_view.reminders), told
        self.checked = len(self.store.told)

    def known_to(self, customer: str) -> list[Touchpoint]:
        kept = self.store.customers[customer]
        known = dict(kept.timeline)
        for event in self.known_at(self.store.watermark or 0, self.unprocessed):
            if event.touchpoint.identifiers["user_id"] == customer:
                known.setdefault(event.touchpoint.message_id, event.touchpoint)
        return list(known.values())

    def view(self, told: Told, touchpoints: list[Touchpoint]) -> tuple[Outlook, int, int] | None:
        """What a signal is by these touchpoints at the W that it was told at."""
        for episode in fold(TERM.definition, touchpoints).journey.episodes:
            if signal_id(episode) == told.signal_id:
                firing = self.store.firing()
                found = outlook(
                    TERM.rules[episode.rule],
                    episode,
                    watermark=told.watermark,
                    grace_us=GRACE_US,
                    hold=firing.hold,
                )
                return found, episode.last_at, episode.due
        return None

    def check_gaps(self, told: Told, last_at: int, fires_at: int) -> None:
        for gap in self.true_gaps():
            if gap.start + self.tolerance < fires_at and gap.end > last_at:
                assert told.watermark >= gap.end + RECOVERY_US, f"{told} did not wait for {gap}"

    def true_gaps(self) -> list[Gap]:
        """The silences that the whole log shows, however far it was processed."""
        found = []
        for partition, records in enumerate(self.log.partitions):
            times = [record.append_time for record in records if record.beat]
            found += [Gap(partition, a, b) for a, b in pairwise(times) if b - a > GAP_US]
        return found

    def check_end(self) -> None:
        assert self.is_drained(), "not everything was delivered"
        for name, kept in self.store.customers.items():
            copies: dict[str, Touchpoint] = {}
            for record in (one for log in self.log.partitions for one in log):
                one = record.touchpoint
                if one is not None and one.identifiers["user_id"] == name:
                    other = copies.get(one.message_id)
                    if other is None or one.received_at < other.received_at:
                        copies[one.message_id] = one
            self.check_customer(name, copies)
            missing = {e.touchpoint.message_id for e in self.events_of(name)} - copies.keys()
            assert not missing, f"{missing} of {name} never came"
            assert kept.timeline.keys() == copies.keys()

    def events_of(self, name: str) -> list[Event]:
        return [e for e in self.events if e.touchpoint.identifiers["user_id"] == name]

    def check_customer(self, name: str, copies: dict[str, Touchpoint]) -> None:
        """The signals are those of the fold over everything; subscribers know the same."""
        expected = {}
        firing = self.store.firing()
        for episode in fold(TERM.definition, copies.values()).journey.episodes:
            view = outlook(
                TERM.rules[episode.rule],
                episode,
                watermark=firing.watermark,
                grace_us=GRACE_US,
                hold=firing.hold,
            )
            if view.state is not None:
                expected[signal_id(episode)] = view.state
        kept = self.store.customers[name].signals
        assert {identity: one.state for identity, one in kept.items()} == expected
        last = {told.signal_id: told.kind for told in self.store.told if told.customer == name}
        for identity, kind in last.items():
            standing = kept.get(identity)
            if standing is None:
                assert kind == "retracted", (name, identity, kind)
            elif standing.published:  # else it came back when its window was over
                assert (standing.state == "recovered") == (kind == "recovered"), (identity, kind)
        for identity, standing in kept.items():
            assert standing.published == (last.get(identity, "retracted") != "retracted")
            # Only what was over when it was first seen may go unpublished.
            assert standing.published or standing.state != "raised"
