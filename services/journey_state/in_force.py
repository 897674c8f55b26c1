"""Which definition is in force when, and a customer's journeys under each that still matters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from services.journey_state.checkpoint import Checkpoint
from services.journey_state.definition import AbandonmentRule, Definition
from services.journey_state.episodes import Episode
from services.journey_state.journey import Folded, Journey, advance, fold, in_order
from services.journey_state.touchpoint import Touchpoint

BEGINNING = -(1 << 62)  # earlier than any W
FAR = 1 << 62  # later than any W
CHECKPOINT_EVERY = 256  # touchpoints, from one intermediate checkpoint of a customer to the next


@dataclass(frozen=True, slots=True)
class Term:
    """A definition and the due times of the signals that are its own (semantics 5.11).

    A signal belongs to the definition in force at `due + grace`: from `first_due` on, before
    `end_due`, both in microseconds with the grace already taken off.
    """

    definition_id: int
    definition: Definition
    first_due: int  # BEGINNING: the first definition
    end_due: int  # FAR: the definition in force now
    rules: Mapping[str, AbandonmentRule] = field(repr=False)

    def owns(self, episode: Episode) -> bool:
        """Whether the episode's signal, if it becomes one, is this definition's."""
        return self.first_due <= episode.due < self.end_due


class Activation(msgspec.Struct, frozen=True):
    """A definition and the W from which on it is in force; None: the first, from ever."""

    definition_id: int
    definition: Definition
    at: int | None


class EarlierJourney(msgspec.Struct, frozen=True, array_like=True):
    """A journey under a definition before the customer's own, while signals of it may change."""

    definition_id: int
    journey: Journey


@dataclass(frozen=True, slots=True)
class Journeys:
    """Every definition that was ever in force, the present one last."""

    terms: tuple[Term, ...]
    by_id: Mapping[int, Term]
    checkpoint_every: int = CHECKPOINT_EVERY

    @property
    def current(self) -> Term:
        """The definition in force."""
        return self.terms[-1]

    def lasting(self, instant: int) -> list[Term]:
        """The definitions of which signals may come or change after the instant."""
        return [term for term in self.terms if last_effect(term) >= instant]

    def before(self, term: Term) -> Iterator[Term]:
        """The earlier definitions that can have signals of their own."""
        for other in self.terms:
            if other.definition_id == term.definition_id:
                return
            if other.first_due < other.end_due:
                yield other


def journeys_of(
    activations: Sequence[Activation], grace_us: int, checkpoint_every: int = CHECKPOINT_EVERY
) -> Journeys:
    """The definitions with their terms; `activations` in the order of their publication."""
    starts = [BEGINNING if a.at is None else a.at - grace_us for a in activations]
    ends = [*starts[1:], FAR]
    terms = tuple(
        Term(
            a.definition_id,
            a.definition,
            start,
            end,
            {rule.name: rule for rule in a.definition.abandonment},
        )
        for a, start, end in zip(activations, starts, ends, strict=True)
    )
    return Journeys(terms, {term.definition_id: term for term in terms}, checkpoint_every)


@dataclass(frozen=True, slots=True)
class Past:
    """A customer's touchpoints folded: under the customer's definition, and those before it."""

    folded: Folded
    earlier: list[EarlierJourney]


def fold_under(
    journeys: Journeys,
    term: Term,
    touchpoints: Iterable[Touchpoint],
    start: Checkpoint | None = None,
) -> Past:
    """The past under `term`, and under every earlier definition that has signals in it.

    `start` is what was before the first touchpoint; the history goes on from its own.

    Episodes whose signals belong to another definition are left out: a touchpoint that could
    change that does not `follow`.
    """
    ordered = in_order(touchpoints)
    folded = fold(term.definition, ordered, _begun(start, term))
    earlier = []
    times = [touchpoint.occurred_at for touchpoint in ordered]
    for other in journeys.before(term):
        begun = _begun(start, other)
        if may_signal(other, times) or (begun is not None and begun.episodes):
            part = ordered[: bisect_right(times, last_effect(other))]
            journey = _owned(other, fold(other.definition, part, begun).journey)
            if journey.episodes:
                earlier.append(EarlierJourney(other.definition_id, journey))
    journey = folded.journey
    journey.episodes = [one for one in journey.episodes if one.due >= term.first_due]
    history = folded.history if start is None else (*start.history, *folded.history)
    return Past(Folded(begun_under(term, journey), history), earlier)


def fold_on(journeys: Journeys, term: Term, past: Past, touchpoints: Sequence[Touchpoint]) -> Past:
    """The past after touchpoints that all `follow` it under `term`, in the order."""
    folded = fold(term.definition, touchpoints, past.folded.journey)
    journey = folded.journey
    journey.episodes = [one for one in journey.episodes if one.due >= term.first_due]
    earlier = []
    for one in past.earlier:
        other = journeys.by_id[one.definition_id]
        part = touchpoints[: index_after(touchpoints, last_effect(other))]
        after = _owned(other, fold(other.definition, part, one.journey).journey)
        if after.episodes:
            earlier.append(EarlierJourney(one.definition_id, after))
    history = (*past.folded.history, *folded.history)
    return Past(Folded(begun_under(term, journey), history), earlier)


def index_after(touchpoints: Sequence[Touchpoint], instant: int) -> int:
    """How many of these, which are in the order, occurred by the instant."""
    return bisect_right(touchpoints, instant, key=attrgetter("occurred_at"))


def _begun(start: Checkpoint | None, term: Term) -> Journey | None:
    return None if start is None else start.journey(term.definition_id, term.definition)


def begun_under(term: Term, journey: Journey) -> Journey:
    """The journey, which no touchpoint follows that an earlier definition may have a say in."""
    journey.settled_to = max(journey.settled_to, term.first_due)
    return journey


def advance_earlier(
    journeys: Journeys, earlier: Iterable[EarlierJourney], touchpoint: Touchpoint
) -> list[EarlierJourney]:
    """The earlier journeys after a touchpoint that follows the customer's own."""
    after = []
    for one in earlier:
        term = journeys.by_id[one.definition_id]
        journey = _owned(term, advance(term.definition, one.journey, touchpoint)[0])
        if journey.episodes:
            after.append(EarlierJourney(one.definition_id, journey))
    return after


def _owned(term: Term, journey: Journey) -> Journey:
    journey.episodes = [one for one in journey.episodes if term.owns(one)]
    return journey


def may_signal(term: Term, times: Sequence[int]) -> bool:
    """Whether any touchpoint can be the last activity of a signal of this definition."""
    return any(
        bisect_left(times, term.first_due - rule.after_us)
        < bisect_left(times, term.end_due - rule.after_us)
        for rule in term.rules.values()
    )


def last_effect(term: Term) -> int:
    """The last instant at which a touchpoint can change a signal of this definition."""
    return term.end_due + max((rule.recover_within_us for rule in term.rules.values()), default=0)
