"""Checkpoints within the kept past, for late touchpoints to be folded on from (semantics 4.2).

One is what the customer's state was, as far as touchpoints make it, at a place of its past. It
counts only while the state lists it with a digest of its bytes: whoever computes the past again
from its beginning, for whatever reason, lists only what that gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise

import msgspec

from services.journey_state.checkpoint import Checkpoint
from services.journey_state.episodes import Episode
from services.journey_state.in_force import (
    BEGINNING,
    EarlierJourney,
    Journeys,
    Past,
    Term,
    fold_on,
    fold_under,
    index_after,
)
from services.journey_state.journey import Folded, Journey, in_order
from services.journey_state.touchpoint import Place, Touchpoint

LISTED_MAX = 48  # of one customer; beyond, every second of the older half goes
DIGEST_BYTES = 8

Settle = Callable[[Term, Journey], Journey]  # of which nothing is to come at some watermark


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Where a checkpoint of the customer stands, and how its bytes are recognized."""

    place: Place
    settled_to: int  # before `place`: by then everything was over that it does not keep
    digest: bytes


class Intermediate(msgspec.Struct, frozen=True, array_like=True):
    """A customer's journeys at a place of its past, under the definition it was computed by."""

    definition_id: int
    journey: Journey
    earlier: list[EarlierJourney]

    @property
    def past(self) -> Past:
        """The same for a fold to go on from; the history is that of what comes."""
        return Past(Folded(self.journey, ()), self.earlier)

    @property
    def episodes(self) -> list[Episode]:
        """Every episode in it, under whatever definition."""
        every = (self.journey, *(one.journey for one in self.earlier))
        return [episode for journey in every for episode in journey.episodes]

    def settled(self, journeys: Journeys, settle: Settle) -> Intermediate:
        """The same without the episodes that were over by its place and need no more looking at.

        Those that had not ended when one which is kept was due stay: its signal tells of them.
        """
        assert self.journey.place is not None
        before = self.journey.place[0]
        parts = [(journeys.by_id[self.definition_id], self.journey)]
        parts += [(journeys.by_id[one.definition_id], one.journey) for one in self.earlier]
        for term, journey in parts:
            for episode in journey.episodes:
                if not _is_over(term, episode, self.journey.place[0]):
                    before = min(before, episode.due)
        (_, after), *others = [(t, _settled(t, journey, before, settle)) for t, journey in parts]
        after.settled_to = max(after.settled_to, *(j.settled_to for _, j in others), 0)
        earlier = [EarlierJourney(t.definition_id, j) for t, j in others if j.episodes]
        return Intermediate(self.definition_id, after, earlier)


def _is_over(term: Term, episode: Episode, before: int) -> bool:
    """Whether no touchpoint from the instant on can concern the episode."""
    rule = term.rules.get(episode.rule)
    return rule is not None and episode.due + rule.recover_within_us < before


def _settled(term: Term, journey: Journey, before: int, settle: Settle) -> Journey:
    over, after = copy(journey), copy(journey)
    over.episodes = [one for one in journey.episodes if _is_over(term, one, before)]
    left = settle(term, over)
    gone = set(map(id, over.episodes)) - set(map(id, left.episodes))
    after.episodes = [one for one in journey.episodes if id(one) not in gone]
    after.settled_to = left.settled_to
    return after


@dataclass(frozen=True, slots=True)
class Stretches:
    """A past folded, what it was on the way, and how many touchpoints came after the last stop."""

    past: Past
    stops: list[Intermediate] = field(default_factory=list)
    since: int = 0


def fold_in_stretches(
    journeys: Journeys,
    term: Term,
    touchpoints: Sequence[Touchpoint],
    start: Checkpoint | None = None,
    begun: Intermediate | None = None,
) -> Stretches:
    """The past under the term, with a stop at each so many touchpoints.

    `begun`: all of them follow this one. Else it is their beginning, or `start` is before them.
    """
    ordered = in_order(touchpoints)
    # While an earlier definition may have a say in it, the past is in no state to go on from.
    first = 0 if begun is not None else index_after(ordered, term.first_due)
    every = max(journeys.checkpoint_every, -(-len(ordered) // LISTED_MAX))
    ends = list(range(first + every, len(ordered) + 1, every))
    if len(ordered) < len(touchpoints):
        ends, first = [], len(ordered)  # of a copy that does not count, a part cannot know
    cuts = [0, *ends, len(ordered)]
    past, place = (None, None) if begun is None else (begun.past, begun.journey.place)
    stops = []
    for low, high in pairwise(cuts):
        part = ordered[low:high]
        if past is None:
            past = fold_under(journeys, term, part, start)
        else:
            past = fold_on(journeys, term, past, part)
        if high in ends and past.folded.journey.place != place:
            place = past.folded.journey.place
            stops.append(Intermediate(term.definition_id, past.folded.journey, list(past.earlier)))
    assert past is not None
    return Stretches(past, stops, len(ordered) - (ends[-1] if ends else first))


def newest_before(marks: Sequence[Mark], place: Place, since: int | None) -> list[Mark]:
    """Those that stand when a touchpoint comes late at this place, the newest last.

    `since`: where the timeline begins, if it was cut: nothing before it is there to go on with.
    """
    from_at = BEGINNING if since is None else since
    return [mark for mark in marks if mark.place < place and mark.place[0] >= from_at]


def thinned(marks: Sequence[Mark]) -> list[Mark]:
    """Not too many of them, the newest closest together."""
    kept = list(marks)
    while len(kept) > LISTED_MAX:
        half = len(kept) // 2
        kept = [*kept[:half:2], *kept[half:]]
    return kept


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Intermediate)


def encode(one: Intermediate) -> tuple[Mark, bytes]:
    """Where it stands, and the bytes that the store keeps."""
    assert one.journey.place is not None
    body = _encoder.encode(one)
    return Mark(one.journey.place, one.journey.settled_to, _digest(body)), body


def decode(mark: Mark, body: bytes) -> Intermediate | None:
    """The checkpoint; None: these bytes are not what the mark was put on."""
    return _decoder.decode(body) if _digest(body) == mark.digest else None


def read(body: bytes) -> Intermediate:
    """The checkpoint of stored bytes, whatever is listed."""
    return _decoder.decode(body)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=DIGEST_BYTES).digest()
