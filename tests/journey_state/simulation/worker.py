"""Workers under a virtual clock: the code that decides is the real one, the store is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.contracts.times import SECOND_US
from services.journey_state.conclusion import Conclusion
from services.journey_state.customer import Customer, CustomerState, Standing
from services.journey_state.definition import load
from services.journey_state.in_force import Activation, fold_under, journeys_of
from services.journey_state.journey import advance, follows
from services.journey_state.publication import Edition, Outgoing
from services.journey_state.signalling import Change, Firing, review, telling_order
from services.journey_state.touchpoint import Touchpoint
from services.journey_state.watermark import (
    Beat,
    Gap,
    Heard,
    hold_for_gaps,
    newest,
    observe,
    watermark,
)
from tests.journey_state.simulation.ingest import LEASE_US, Record

GRACE_US = 60 * SECOND_US
GAP_US = 30 * SECOND_US
RECOVERY_US = 600 * SECOND_US

JOURNEY = """
journey: simulated
stages:
  - name: seen
    enter:
      - {event: [Product Viewed, Product Added], from: [none]}
abandonment:
  - name: cart
    opens: {event: Product Added}
    closes: {event: Order Completed}
    drops: {event: Cart Emptied}
    scope: properties.cart_id
    after: 3m
    remind: [4m, 12m]
    recover_within: 20m
  - {name: cold, stage: seen, after: 5m, recover_within: 10m}
"""
JOURNEYS = journeys_of([Activation(1, load(JOURNEY), None)], GRACE_US)
TERM = JOURNEYS.current


class Told(NamedTuple):
    """A record of the signals topic."""

    kind: str
    customer: str
    signal_id: str
    watermark: int
    at: int  # by the true clock


class FenceLostError(Exception):
    """The batch does not start where the partition stands."""


@dataclass
class Kept:
    """A customer as the store keeps it."""

    state: CustomerState = field(default_factory=lambda: CustomerState(made=(0, "", "")))
    timeline: dict[str, Touchpoint] = field(default_factory=dict)
    signals: dict[str, Standing] = field(default_factory=dict)
    wake_at: int | None = None


@dataclass
class Store:
    """What is committed."""

    partitions: int
    offsets: list[int] = field(default_factory=list)
    log_times: dict[int, int] = field(default_factory=dict)
    heartbeat_at: dict[int, int] = field(default_factory=dict)
    beats: dict[tuple[int, str], Beat] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    releases: dict[str, int] = field(default_factory=dict)  # instance -> when
    last_beats: dict[str, int] = field(default_factory=dict)  # instance -> its newest beat then
    watermark: int | None = None
    customers: dict[str, Kept] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.offsets = [0] * self.partitions

    def take(self, share: Mapping[int, tuple[int, Sequence[Record]]], now: int) -> None:
        """A batch in one transaction: partition to (first offset, records)."""
        if any(self.offsets[partition] != lo for partition, (lo, _) in share.items()):
            raise FenceLostError
        fresh: dict[str, list[Touchpoint]] = {}
        for partition, (lo, records) in share.items():
            self.offsets[partition] = lo + len(records)
            self.log_times[partition] = records[-1].append_time
            self._hear(partition, [record.beat for record in records if record.beat])
            for record in records:
                if record.touchpoint is not None:
                    customer = record.touchpoint.identifiers["user_id"]
                    fresh.setdefault(customer, []).append(record.touchpoint)
        for name, touchpoints in fresh.items():
            self._apply(name, touchpoints, now)

    def fire(self, name: str, now: int) -> None:
        """Look at a customer whose time has come."""
        kept = self.customers[name]
        kept.wake_at = kept.state.wake_at = None
        self._conclude(name, now, again=False)

    def due(self) -> list[str]:
        w = self.watermark
        return [
            name
            for name, kept in self.customers.items()
            if w is not None and kept.wake_at is not None and kept.wake_at <= w
        ]

    def release(self, instance: str, now: int) -> None:
        heard = [b.append_time for b in self.beats.values() if b.instance == instance]
        self.releases[instance], self.last_beats[instance] = now, max(heard)

    def firing(self) -> Firing:
        gaps = list(self.gaps)
        return Firing(
            self.watermark or 0,
            GRACE_US,
            lambda last, fires: hold_for_gaps(last, fires, gaps, RECOVERY_US),
        )

    def _hear(self, partition: int, beats: Sequence[Beat]) -> None:
        times = [beat.append_time for beat in beats]
        latest, gaps = observe(partition, self.heartbeat_at.get(partition), times, gap_us=GAP_US)
        self.gaps += gaps
        if latest is not None:
            self.heartbeat_at[partition] = latest
        self.beats = newest([*self.beats.values(), *beats])
        for beat in beats:
            if beat.phase == "hello" and beat.append_time > self.last_beats.get(beat.instance, -1):
                self.releases.pop(beat.instance, None)

    def _apply(self, name: str, touchpoints: Sequence[Touchpoint], now: int) -> None:
        kept = self.customers.setdefault(name, Kept())
        replaced = False
        fresh: dict[str, Touchpoint] = {}
        for one in touchpoints:
            known = kept.timeline.get(one.message_id)
            if known is None or one.received_at < known.received_at:
                replaced = replaced or (known is not None and one.message_id not in fresh)
                kept.timeline[one.message_id] = fresh[one.message_id] = one
        if not fresh:
            return
        state = kept.state
        again = replaced
        journey = state.journey
        for one in sorted(fresh.values(), key=lambda touchpoint: touchpoint.place):
            if again or not follows(journey, one):
                again = True
                break
            journey, _ = advance(TERM.definition, journey, one)
        if again:
            journey = fold_under(JOURNEYS, TERM, kept.timeline.values()).folded.journey
            state.signals = dict(kept.signals)
            state.past_signals = {}
        state.journey = journey
        self._conclude(name, now, again=again)

    def _conclude(self, name: str, now: int, *, again: bool) -> None:
        kept = self.customers[name]
        firing = self.firing()
        changes = review(kept.state, TERM, JOURNEYS, firing, again=again)
        for change in sorted(changes, key=telling_order):
            self._tell(name, kept, change, now)
        customer = Customer.found(name.encode(), kept.state, TERM.definition_id)
        edition = Outgoing(JOURNEYS, Edition(now, firing.watermark))
        conclusion = Conclusion(JOURNEYS, firing, edition)
        conclusion._settle(customer)
        for _, wake_at in conclusion.wakes:
            kept.wake_at = wake_at

    def _tell(self, name: str, kept: Kept, change: Change, now: int) -> None:
        if change.kind == "retracted":
            del kept.signals[change.signal_id]
        else:
            kept.signals[change.signal_id] = change.standing
        if change.kind != "kept" and change.standing.published:
            told = Told(change.kind, name, change.signal_id, self.watermark or 0, now)
            self.told.append(told)


@dataclass
class Look:
    """Raising W: three statements, between which others commit."""

    store: Store
    log_times: dict[int, int] | None = None
    beats: list[Beat] | None = None

    def step(self) -> bool:
        """Whether W has been raised."""
        if self.log_times is None:
            self.log_times = dict(self.store.log_times)
            return False
        if self.beats is None:
            self.beats = list(self.store.beats.values())
            return False
        heard = Heard(
            beats=self.beats, log_times=self.log_times, released=dict(self.store.releases)
        )
        previous = self.store.watermark
        found = watermark(previous, heard, self.store.partitions, lease_us=LEASE_US)
        if found.at is not None:
            self.store.watermark = max(found.at, self.store.watermark or found.at)
        return True
