"""A customer's past under the definition in force and under another: what would differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.journey_state.backtest_tally import (
    Cause,
    Raised,
    SignalSample,
    StageSample,
    StoredSample,
    Tally,
)
from services.journey_state.checkpoint import Checkpoint
from services.journey_state.customer import CustomerState
from services.journey_state.definition import NONE_STAGE, AbandonmentRule, Definition
from services.journey_state.episodes import Episode, HoldForGaps, outlook, signal_id
from services.journey_state.journey import Folded, Journey, Transition, fold, in_order
from services.journey_state.permission import refusal
from services.journey_state.touchpoint import Touchpoint

# What a stored journey and a fold must agree on; episodes that are over are not kept.
STORED_FIELDS = (
    "stage", "entered_at", "visited", "counts", "last_at", "once", "traits", "overlays", "consent",
    "campaign_first", "campaign_last", "locale", "last_touchpoint", "first_seen_at",
    "last_seen_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is looked at: from `since` on, as of the watermark (both in microseconds)."""

    since: int
    watermark: int
    grace_us: int
    hold: HoldForGaps
    cancelled: list[str]  # keys of the episodes that operators cancelled


class Signal(NamedTuple):
    """A signal that one of the definitions has."""

    episode: Episode
    raised: Raised


class Backtest:
    """Compares two definitions, each as if it had been in force all along."""

    def __init__(self, current: Definition, proposed: Definition, bounds: Bounds) -> None:
        self.tally = Tally()
        self._current, self._proposed = current, proposed
        self._bounds = bounds
        self._rules = (_by_name(current), _by_name(proposed))
        for rule in (*current.abandonment, *proposed.abandonment):
            self.tally.rule(rule.name)

    def take(
        self,
        customer_id: str,
        touchpoints: Sequence[Touchpoint],
        stored: Journey | None = None,
        start: Checkpoint | None = None,
    ) -> None:
        """Add a customer; `stored` is the journey that is kept under the definition in force.

        `start` is what was before the first touchpoint, if the timeline was cut.
        """
        ordered = in_order(touchpoints)
        current = _folded(self._current, ordered, start)
        proposed = _folded(self._proposed, ordered, start)
        self.tally.customers += 1
        self.tally.touchpoints += len(ordered)
        self._compare_stages(customer_id, current.history, proposed.history)
        self._compare_histories(current.history, proposed.history)
        self._compare_signals(customer_id, current.journey, proposed.journey)
        if stored is not None:
            differing = stored_differences(stored, current.journey)
            if differing:
                self.tally.stored.add(StoredSample(customer_id, differing))

    def finish(self) -> Tally:
        """The tally, with the errors of each expression since the definitions were loaded."""
        self.tally.current_errors = self._current.evaluation_errors()
        self.tally.proposed_errors = self._proposed.evaluation_errors()
        return self.tally

    def _compare_stages(
        self, customer_id: str, current: Sequence[Transition], proposed: Sequence[Transition]
    ) -> None:
        before, after = _stage(current), _stage(proposed)
        self.tally.present(before).current += 1
        self.tally.present(after).proposed += 1
        if before != after:
            sample = StageSample(customer_id, _cause(current), _cause(proposed))
            self.tally.moves(before, after).add(sample)

    def _compare_histories(
        self, current: Sequence[Transition], proposed: Sequence[Transition]
    ) -> None:
        since = self._bounds.since
        before, after = set(_rows(current, since)), set(_rows(proposed, since))
        if before == after:
            return
        self.tally.histories += 1
        for previous, stage, *_ in before - after:
            self.tally.way(previous, stage).current += 1
        for previous, stage, *_ in after - before:
            self.tally.way(previous, stage).proposed += 1

    def _compare_signals(self, customer_id: str, current: Journey, proposed: Journey) -> None:
        if not current.episodes and not proposed.episodes:
            return
        before = dict(self._signals(current, self._rules[0]))
        after = dict(self._signals(proposed, self._rules[1]))
        for found in before.values():
            self.tally.rule(found.episode.rule).signals.current += 1
        for found in after.values():
            self.tally.rule(found.episode.rule).signals.proposed += 1
        for identity in before.keys() & after.keys():
            one, other = before.pop(identity), after.pop(identity)
            if one.raised.state != other.raised.state:
                turned = self.tally.rule(one.episode.rule).turn
                turned.add(_sample(customer_id, one, other))
        for one, other in _moved(before, after):
            moved = self.tally.rule(one.episode.rule).move
            moved.add(_sample(customer_id, one, other))
        for one in before.values():
            self.tally.rule(one.episode.rule).vanish.add(_sample(customer_id, one, None))
        for other in after.values():
            self.tally.rule(other.episode.rule).appear.add(_sample(customer_id, None, other))

    def _signals(
        self, journey: Journey, rules: Mapping[str, AbandonmentRule]
    ) -> Iterator[tuple[str, Signal]]:
        """Those due since then that W has passed, but what consent or an operator forbids."""
        bounds = self._bounds
        state = CustomerState(made=(0, "", ""), journey=journey, cancelled=bounds.cancelled)
        for episode in journey.episodes:
            if not bounds.since <= episode.due <= bounds.watermark - bounds.grace_us:
                continue
            view = outlook(
                rules[episode.rule],
                episode,
                watermark=bounds.watermark,
                grace_us=bounds.grace_us,
                hold=bounds.hold,
            )
            if view.state is None or _imported(episode) or refusal(state, episode) is not None:
                continue
            identity = signal_id(episode)
            yield identity, Signal(episode, Raised(identity, episode.due, view.state))


def stored_differences(stored: Journey, folded: Journey) -> list[str]:
    """The fields that a stored journey and the fold of the same touchpoints disagree about."""
    return [name for name in STORED_FIELDS if getattr(stored, name) != getattr(folded, name)]


def _folded(
    definition: Definition, ordered: Sequence[Touchpoint], start: Checkpoint | None
) -> Folded:
    if start is None:
        return fold(definition, ordered)
    found = fold(definition, ordered, start.latest(definition))
    return Folded(found.journey, (*start.history, *found.history))


def _by_name(definition: Definition) -> dict[str, AbandonmentRule]:
    return {rule.name: rule for rule in definition.abandonment}


def _stage(history: Sequence[Transition]) -> str:
    return history[-1].stage if history else NONE_STAGE


def _cause(history: Sequence[Transition]) -> Cause | None:
    if not history:
        return None
    last = history[-1]
    return Cause(last.rule, last.event, last.message_id, last.source, last.entered_at)


def _rows(history: Sequence[Transition], since: int) -> Iterator[tuple[str, str, int, str, str]]:
    """What makes a transition the same one, whatever the rule is called."""
    for row in history:
        if row.entered_at >= since:
            yield row.previous, row.stage, row.entered_at, row.message_id, row.source


def _imported(episode: Episode) -> bool:
    """Whether its signal is stored and nobody is told (semantics 5.10)."""
    return episode.last_historical and episode.due < episode.last_received_at


def _moved(before: dict[str, Signal], after: dict[str, Signal]) -> Iterator[tuple[Signal, Signal]]:
    """Takes out the pairs that are one episode with another `due`.

    One episode has the same rule and scope, and the same last activity or the same opening.
    """
    for key in (_last_activity, _opening):
        new = {key(found.episode): identity for identity, found in after.items()}
        for identity, found in list(before.items()):
            other = new.pop(key(found.episode), None)
            if other is not None:
                yield before.pop(identity), after.pop(other)


def _last_activity(episode: Episode) -> tuple[object, ...]:
    return (episode.rule, episode.scope, episode.last_source, episode.last_message_id)


def _opening(episode: Episode) -> tuple[object, ...]:
    return (episode.rule, episode.scope, episode.opened_at)


def _sample(customer_id: str, one: Signal | None, other: Signal | None) -> SignalSample:
    found = one or other
    return SignalSample(
        customer_id,
        None if found is None else found.episode.scope,
        one and one.raised,
        other and other.raised,
    )
