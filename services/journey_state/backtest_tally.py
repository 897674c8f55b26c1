"""What a backtest has found, as values that add up and can be sent between processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

SAMPLES_MAX = 5  # of each difference: those of the least customer ids, however work is shared


class Cause(msgspec.Struct, frozen=True):
    """The transition that led to a stage; `at` in microseconds."""

    rule: str
    event: str
    message_id: str
    source: str
    at: int


class Sample(msgspec.Struct, frozen=True):
    """A customer who shows a difference."""

    customer_id: str


class StageSample(Sample, frozen=True):
    """A customer who would be in another stage; without a cause: in none."""

    current: Cause | None
    proposed: Cause | None


class Raised(msgspec.Struct, frozen=True):
    """A signal as one definition has it; `due` in microseconds."""

    signal_id: str
    due: int
    state: str  # raised, recovered, expired


class SignalSample(Sample, frozen=True):
    """A signal that differs, or that one of the definitions does not have."""

    scope: str | None
    current: Raised | None
    proposed: Raised | None


class StoredSample(Sample, frozen=True):
    """A customer whose stored state is not what the definition in force makes of the past."""

    fields: list[str]


S = TypeVar("S", bound=Sample)


class Found(msgspec.Struct, Generic[S]):
    """How often a difference was found, and who shows it."""

    count: int = 0
    samples: list[S] = []

    def add(self, sample: S) -> None:
        """Once more."""
        self.merge(Found(1, [sample]))

    def merge(self, other: Found[S]) -> None:
        """As often as both; the samples are those of the least ids."""
        self.count += other.count
        both = [*self.samples, *other.samples]
        self.samples = sorted(both, key=lambda one: one.customer_id)[:SAMPLES_MAX]


class Pair(msgspec.Struct):
    """A number under the definition in force, and under the proposed one."""

    current: int = 0
    proposed: int = 0

    def add(self, current: int, proposed: int) -> None:
        """So many more."""
        self.current += current
        self.proposed += proposed


class RuleTally(msgspec.Struct):
    """The signals of one rule: how many each definition has, and how they differ."""

    signals: Pair = msgspec.field(default_factory=Pair)
    appear: Found[SignalSample] = msgspec.field(default_factory=Found[SignalSample])
    vanish: Found[SignalSample] = msgspec.field(default_factory=Found[SignalSample])
    move: Found[SignalSample] = msgspec.field(default_factory=Found[SignalSample])  # other `due`
    turn: Found[SignalSample] = msgspec.field(default_factory=Found[SignalSample])  # other state

    def merge(self, other: RuleTally) -> None:
        """The signals of both."""
        self.signals.add(other.signals.current, other.signals.proposed)
        self.appear.merge(other.appear)
        self.vanish.merge(other.vanish)
        self.move.merge(other.move)
        self.turn.merge(other.turn)


class Tally(msgspec.Struct):
    """What was found in some customers; the tallies of parts add up to that of the whole."""

    customers: int = 0
    touchpoints: int = 0
    stages: dict[str, Pair] = {}  # customers present
    moved: dict[str, dict[str, Found[StageSample]]] = {}  # from -> to
    histories: int = 0  # customers whose history differs
    transitions: dict[str, dict[str, Pair]] = {}  # from -> to; those of one definition alone
    rules: dict[str, RuleTally] = {}
    stored: Found[StoredSample] = msgspec.field(default_factory=Found[StoredSample])
    current_errors: dict[str, int] = {}  # by the expression's place in the file
    proposed_errors: dict[str, int] = {}

    def present(self, stage: str) -> Pair:
        """The customers in this stage."""
        return self.stages.setdefault(stage, Pair())

    def moves(self, before: str, after: str) -> Found[StageSample]:
        """The customers who would be in stage `after` instead of `before`."""
        return self.moved.setdefault(before, {}).setdefault(after, Found())

    def way(self, previous: str, stage: str) -> Pair:
        """The transitions from one stage to another that only one definition has."""
        return self.transitions.setdefault(previous, {}).setdefault(stage, Pair())

    def rule(self, name: str) -> RuleTally:
        """The signals of this rule."""
        return self.rules.setdefault(name, RuleTally())

    def merge(self, other: Tally) -> None:
        """After this it speaks of the other's customers too."""
        self.customers += other.customers
        self.touchpoints += other.touchpoints
        self.histories += other.histories
        for stage, pair in other.stages.items():
            self.present(stage).add(pair.current, pair.proposed)
        for before, found in other.moved.items():
            for after, moved in found.items():
                self.moves(before, after).merge(moved)
        for previous, ways in other.transitions.items():
            for stage, pair in ways.items():
                self.way(previous, stage).add(pair.current, pair.proposed)
        for name, rule in other.rules.items():
            self.rule(name).merge(rule)
        self.stored.merge(other.stored)
        _add_all(self.current_errors, other.current_errors)
        _add_all(self.proposed_errors, other.proposed_errors)


def _add_all(errors: dict[str, int], more: Mapping[str, int]) -> None:
    for place, count in more.items():
        errors[place] = errors.get(place, 0) + count
