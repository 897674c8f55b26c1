"""What is left of a customer where the timeline was cut: journeys to go on from (semantics 4.4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from typing import TypeVar

import msgspec

from services.journey_state import consent
from services.journey_state.consent import Statement
from services.journey_state.definition import NONE_STAGE, Definition
from services.journey_state.episodes import Episode
from services.journey_state.identity import Fact
from services.journey_state.journey import Journey, Transition, settle
from services.journey_state.touchpoint import Identifier, Place
from services.journey_state.traces import without_texts

Value = TypeVar("Value")


class Held(msgspec.Struct, frozen=True, array_like=True):
    """An identifier that the customer owned at the cut, and how often it had moved."""

    kind: str
    value: str
    moves: int = 0

    @property
    def identifier(self) -> Identifier:
        return (self.kind, self.value)


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One customer as of the cut. `identifiers` in key order; `journeys` by definition id."""

    made: Place
    identifiers: list[Held]
    history: list[Transition]
    journeys: dict[int, Journey]

    def fact(self) -> Fact:
        """What identity knows of the customer: these identifiers are one customer's."""
        return Fact(
            place=self.made,
            identifiers=tuple(held.identifier for held in self.identifiers),
            moves=tuple(held.moves for held in self.identifiers),
        )

    def journey(self, definition_id: int, definition: Definition) -> Journey:
        """What a fold under the definition goes on from.

        Under one that was published after the cut: the journey under the last one before it.
        """
        found = self.journeys.get(definition_id)
        if found is not None:
            return found
        earlier = [known for known in self.journeys if known < definition_id]
        return _adopted(self.journeys[max(earlier, default=min(self.journeys))], definition)

    @property
    def episodes(self) -> list[Episode]:
        """Every episode that something after the cut may still change, by whatever definition."""
        return [episode for journey in self.journeys.values() for episode in journey.episodes]

    def latest(self, definition: Definition) -> Journey:
        """The journey under the last definition that was in force, as this one understands it."""
        return _adopted(self.journeys[max(self.journeys)], definition)


def settled(
    definition: Definition, journey: Journey, cut: int, rule_names: Iterable[str]
) -> Journey:
    """The journey at the cut, without episodes that nothing after it can change.

    Signals of these rules that were due before the cut and that no kept episode explains stay as
    they are.
    """
    after = copy(settle(definition, journey, cut - 1, grace_us=0))
    after.forgotten = dict.fromkeys(rule_names, cut - 1)
    return after


def combined(found: Sequence[Checkpoint]) -> Checkpoint | None:
    """The checkpoint of a customer who has joined those of all these; None: of nobody.

    The later one gives stage and episodes, counters add (semantics 4.4).
    """
    if len(found) < 2:
        return found[0] if found else None
    by_time = sorted(found, key=_newest)
    ids = {definition_id for one in found for definition_id in one.journeys}
    return Checkpoint(
        made=min(one.made for one in found),
        identifiers=[held for one in by_time for held in one.identifiers],
        history=by_time[-1].history,
        journeys={i: _joined([o.journeys[i] for o in by_time if i in o.journeys]) for i in ids},
    )


def _newest(checkpoint: Checkpoint) -> tuple[Place, Place]:
    places = [j.place for j in checkpoint.journeys.values() if j.place is not None]
    return (max(places, default=checkpoint.made), checkpoint.made)


def _joined(journeys: list[Journey]) -> Journey:
    """Journeys from the one that ended first to the last, as one."""
    joined = copy(journeys[-1])
    for earlier in reversed(journeys[:-1]):
        joined.counts = _added(earlier.counts, joined.counts)
        joined.last_at = _later(earlier.last_at, joined.last_at)
        joined.once = {
            name: list(dict.fromkeys([*earlier.once.get(name, []), *joined.once.get(name, [])]))
            for name in {**earlier.once, **joined.once}
        }
        joined.traits = {**earlier.traits, **joined.traits}
        joined.visited = list(dict.fromkeys([*earlier.visited, *joined.visited]))
        joined.consent = _both(earlier.consent, joined.consent)
        joined.forgotten = _later(earlier.forgotten, joined.forgotten)
        joined.settled_to = max(earlier.settled_to, joined.settled_to)
        joined.campaign_last = joined.campaign_last or earlier.campaign_last
        joined.locale = joined.locale or earlier.locale
        joined.last_touchpoint = joined.last_touchpoint or earlier.last_touchpoint
        joined.last_seen_at = joined.last_seen_at or earlier.last_seen_at
        _begin(joined, earlier)
    return joined


def _begin(joined: Journey, other: Journey) -> None:
    """Who was seen first says when, and by which campaign."""
    if other.first_seen_at is None:
        return
    if joined.first_seen_at is None or other.first_seen_at < joined.first_seen_at:
        joined.first_seen_at = other.first_seen_at
        joined.campaign_first = other.campaign_first or joined.campaign_first
    else:
        joined.campaign_first = joined.campaign_first or other.campaign_first


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _later(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    names = {**one, **other}
    return {name: max(part[name] for part in (one, other) if name in part) for name in names}


def _both(
    one: dict[str, list[Statement]], other: dict[str, list[Statement]]
) -> dict[str, list[Statement]]:
    """The statements of both in the order."""
    said: dict[str, list[Statement]] = {}
    for purpose in {**one, **other}:
        for made in sorted(
            [*one.get(purpose, []), *other.get(purpose, [])], key=lambda s: s.occurred_at
        ):
            said = consent.stated(said, {purpose: made.granted}, made.occurred_at, made.received_at)
    return said


def without(left: Checkpoint, gone: Collection[Identifier], made: Place) -> Checkpoint:
    """Somebody's checkpoint that does not name these identifiers of somebody else any more."""
    journeys = {}
    for definition_id, journey in left.journeys.items():
        journeys[definition_id] = copy(journey)
        journeys[definition_id].traits = without_texts(journey.traits, gone)
    kept = [held for held in left.identifiers if held.identifier not in gone]
    return msgspec.structs.replace(left, made=made, identifiers=kept, journeys=journeys)


def _adopted(journey: Journey, definition: Definition) -> Journey:
    """A journey as another definition understands it: names that it does not have are left out."""
    stages = {stage.name for stage in definition.stages}
    after = copy(journey)
    if after.stage not in stages:
        after.stage, after.entered_at = NONE_STAGE, None
    after.visited = [stage for stage in journey.visited if stage in stages]
    after.overlays = _of(journey.overlays, (rule.name for rule in definition.overlays))
    rules = {rule.name for rule in definition.abandonment}
    after.episodes = [episode for episode in journey.episodes if episode.rule in rules]
    after.ended = _of(journey.ended, rules)
    return after


def _of(values: dict[str, Value], names: Iterable[str]) -> dict[str, Value]:
    return {name: values[name] for name in names if name in values}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Checkpoint)


def encode(checkpoint: Checkpoint) -> bytes:
    """The bytes that the store keeps."""
    return _encoder.encode(checkpoint)


def decode(value: bytes) -> Checkpoint:
    """The checkpoint of stored bytes."""
    return _decoder.decode(value)
