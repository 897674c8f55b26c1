"""What an abandonment rule made of a customer's past: its episodes, and what was taken back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.journey_state.abandonment import concerns, meaning
from services.journey_state.definition import AbandonmentRule, Moment
from services.journey_state.explain.bearing import Bearing, Kept
from services.journey_state.explain.episode import EPISODES_MAX, EpisodeWatch, Life, Missed, ending
from services.journey_state.explain.finding import find
from services.journey_state.explain.recording import Seen, Step, Watcher, seen, watched
from services.journey_state.explain.signal import EpisodeReason, explain_episode, identity_of
from services.journey_state.explain.telling import NOTHING, Sentence, Told, joined, named, tell
from services.journey_state.explain.words import at_text, either, touchpoint_text
from services.journey_state.in_force import Journeys, Term, last_effect, may_signal
from services.journey_state.journey import Journey
from services.journey_state.touchpoint import Touchpoint

OpeningResult = Literal["no_event", "when", "error", "ends", "just_ended", "full"]

_CAUSES = {
    "late_event": tell("cause_late_event", "an event that came late"),
    "merge": tell("cause_merge", "a merge of customers"),
    "split": tell("cause_split", "a split of customers"),
    "unlink": tell("cause_unlink", "an identifier that was unlinked"),
    "erasure": tell("cause_erasure", "an erasure"),
    "definition": tell("cause_definition", "a change of the definition"),
    "operator": tell("cause_operator", "an operator, who cancelled it"),
    "consent": tell("cause_consent", "a withdrawal of consent"),
}
_RECOMPUTATION = tell("cause_recomputation", "a recomputation")
_INSTEAD = {
    "closed": "instead_closed",
    "dropped": "instead_dropped",
    "emptied": "instead_dropped",
    "left": "instead_left",
}


@dataclass(frozen=True, slots=True)
class OpeningReason:
    """Why the newest event that could have opened an episode did not, or that none came."""

    rule: str
    result: OpeningResult
    condition: str | None
    values: dict[str, Any]
    text: str
    sentences: tuple[Sentence, ...]
    touchpoint: Seen | None
    times: int


@dataclass(frozen=True, slots=True)
class RetractedReason:
    """A signal that was made known and taken back, and by what."""

    rule: str
    result: Literal["retracted"]
    condition: str | None
    values: dict[str, Any]
    text: str
    sentences: tuple[Sentence, ...]
    signal_id: str
    scope: str | None
    due_at: int
    published: bool
    cause: str | None
    touchpoint: Seen | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class SignalReasons:
    """All that a rule made of the past, the newest first."""

    rule: str
    text: str
    sentences: tuple[Sentence, ...]
    watermark: int | None
    episodes: tuple[EpisodeReason, ...]
    not_opened: OpeningReason | None
    retracted: tuple[RetractedReason, ...]
    truncated: bool


Start = Callable[[Term], Journey | None]


def _from_nothing(_: Term) -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Causes:
    """Remembers the touchpoints that are asked for by their message ids."""

    wanted: frozenset[str]
    found: dict[str, Moment]

    def begin(self, journey: Journey) -> None:
        """Nothing is known of touchpoints before."""

    def take(self, step: Step, _: Journey) -> None:
        """One more step."""
        message_id = step.moment.touchpoint.message_id
        if message_id in self.wanted:
            self.found[message_id] = step.moment


class RulePast:
    """A rule's episodes in a past, each by the definition that its signal belongs to.

    `signal`: one of them is asked for alone, by the id of its signal.
    """

    def __init__(self, rule: str, signal: str | None = None) -> None:
        self.rule = rule
        self._signal = signal
        self._lives_max = EPISODES_MAX if signal is None else None
        self.journey = Journey()  # under the customer's own definition
        self.causes: dict[str, Moment] = {}  # touchpoints that were asked for, by message id
        self._found: list[tuple[Term, EpisodeWatch]] = []

    def fold(
        self,
        journeys: Journeys,
        own: Term,
        touchpoints: Sequence[Touchpoint],
        wanted: Iterable[str] = (),
        start: Start = _from_nothing,
    ) -> None:
        """Fold touchpoints that stand in the order under each definition that may own signals.

        `wanted` are message ids of touchpoints that explanations will name; `start` gives what a
        fold goes on from.
        """
        times = [touchpoint.occurred_at for touchpoint in touchpoints]
        for term in journeys.before(own):
            begun = start(term)
            due = may_signal(term, times) or (begun is not None and begun.episodes)
            if self.rule in term.rules and due:
                watch = EpisodeWatch(term.rules[self.rule], self._lives_max)
                part = touchpoints[: bisect_right(times, last_effect(term))]
                watched(term.definition, part, watch, start=begun)
                self._found.append((term, watch))
        watchers: list[Watcher] = [_Causes(frozenset(wanted), self.causes)]
        if self.rule in own.rules:
            watch = EpisodeWatch(own.rules[self.rule], self._lives_max)
            watchers.append(watch)
            self._found.append((own, watch))
        self.journey = watched(own.definition, touchpoints, *watchers, start=start(own)).journey

    def lives(self) -> list[tuple[Term, AbandonmentRule, Life]]:
        """The episodes, the newest first."""
        found = [
            (term, watch.rule, life)
            for term, watch in self._found
            for life in watch.lives
            if term.first_due <= life.due(watch.rule) < term.end_due
        ]
        return sorted(found, key=lambda one: one[2].opened_at, reverse=True)

    def reasons(self, at: Bearing) -> SignalReasons:
        """Why there is a signal, or none."""
        lives = self.lives()
        asked = [one for one in lives if self._is_asked(identity_of(one[2]))]
        episodes = [explain_episode(*one, at) for one in asked[:EPISODES_MAX]]
        standing = {identity_of(life) for _, _, life in lives}
        taken = [
            one
            for one in at.kept.values()
            if one.state == "retracted"
            and one.signal_id not in standing
            and self._is_asked(one.signal_id)
        ]
        taken.sort(key=lambda one: one.due_at, reverse=True)
        retracted = [self._retracted(one, lives) for one in taken[:EPISODES_MAX]]
        opening = self._opening() if self._signal is None else None
        left_out = any(watch.total > len(watch.lives) for _, watch in self._found)
        told = _headline(self.rule, episodes, retracted, opening)
        return SignalReasons(
            rule=self.rule,
            text=told.text,
            sentences=told.sentences,
            watermark=at.watermark,
            episodes=tuple(episodes),
            not_opened=opening,
            retracted=tuple(retracted),
            truncated=left_out or len(asked) > EPISODES_MAX or len(taken) > EPISODES_MAX,
        )

    def _is_asked(self, identity: str | None) -> bool:
        return self._signal is None or identity == self._signal

    def _opening(self) -> OpeningReason | None:
        if not self._found:
            return None
        watch = self._found[-1][1]
        if watch.missed is not None:
            return _missed(watch.rule, watch.missed, watch.missed_total)
        return None if watch.lives else _nothing_came(watch.rule)

    def _retracted(
        self, kept: Kept, lives: Sequence[tuple[Term, AbandonmentRule, Life]]
    ) -> RetractedReason:
        moment = self.causes.get(kept.cause_message_id or "")
        told = _taken(kept, moment, _instead(kept, lives))
        return RetractedReason(
            rule=kept.rule,
            result="retracted",
            condition=None,
            values={},
            text=told.text,
            sentences=told.sentences,
            signal_id=kept.signal_id,
            scope=kept.scope,
            due_at=kept.due_at,
            published=kept.published,
            cause=kept.cause_kind,
            touchpoint=None if moment is None else seen(moment),
            replaced_by=kept.replaced_by,
        )


def _taken(kept: Kept, moment: Moment | None, instead: Told) -> Told:
    """That a signal was taken back, because of what, and what is known of it now."""
    scope = f" for {kept.scope}" if kept.scope else ""
    due, raised = at_text(kept.due_at), at_text(kept.raised_at)
    known = f"{'raised' if kept.published else 'stored'} when the watermark stood at {raised}"
    text = f"A signal of {kept.rule}{scope}, due on {due}, was {known}"
    due_at, at = kept.due_at, kept.raised_at
    told = [
        tell("was_raised", text, rule=kept.rule, due_at=due_at, at=at)
        if kept.published
        else tell("was_stored", text, rule=kept.rule, due_at=due_at, at=at)
    ]
    cause = _CAUSES.get(kept.cause_kind or "", _RECOMPUTATION)
    text += f", and was taken back because of {cause.text}"
    told.append(tell("was_taken_back", "", because=cause.sentences))
    if moment is not None:
        received = moment.touchpoint.received_at
        text += f": {touchpoint_text(moment)}, but was received only on {at_text(received)}"
        told.append(tell("received_late", "", received_at=received, **named(moment)))
    return joined([*told, instead]).within(f"{text}.{instead.text}")


def _instead(kept: Kept, lives: Sequence[tuple[Term, AbandonmentRule, Life]]) -> Told:
    """What the touchpoints say now of the episode that the signal was about."""
    last = kept.last_activity_at
    for _, rule, life in lives:
        if last is None or not life.opened_at <= last <= life.last_at:
            continue
        if life.episode.scope != kept.scope and not concerns(life.episode.scope, kept.scope):
            continue
        if life.ended is not None:
            how = ending(rule, life.ended)
            by_it = life.ended.touchpoint.message_id == kept.cause_message_id
            by = " by it" if by_it else f": {touchpoint_text(life.ended)}"
            text = f" By what is known now the episode was {how} in time{by}."
            return tell(_INSTEAD[how], text, **named(life.ended))
        if life.due(rule) != kept.due_at:
            due = life.due(rule)
            text = f" By what is known now the episode went on until {at_text(due)}."
            return tell("instead_later", text, at=due)
    return NOTHING


def _missed(rule: AbandonmentRule, missed: Missed, count: int) -> OpeningReason:
    moment = missed.moment
    assert rule.opens is not None
    result, condition, values, why = _why_missed(rule, missed)
    often = f" (the newest of {count} such events)" if count > 1 else ""
    text = f"{touchpoint_text(moment)}{often} and opened no episode of {rule.name}: {why.text}."
    missing = tell("missed", text, rule=rule.name, n=count, **named(moment))
    return OpeningReason(
        rule=rule.name,
        result=result,
        condition=condition,
        values=values,
        text=text,
        sentences=(*missing.sentences, *why.sentences),
        touchpoint=seen(moment),
        times=count,
    )


def _why_missed(
    rule: AbandonmentRule, missed: Missed
) -> tuple[OpeningResult, str | None, dict[str, Any], Told]:
    assert rule.opens is not None
    role = meaning(rule, missed.moment)
    if role in ("closes", "drops"):
        text = f"by the rule it {role} episodes, which comes first"
        return "ends", None, {}, tell("ends_first", text)
    finding = find(rule.opens.when, missed.moment)
    if finding.result != "true":
        result: OpeningResult = "when" if finding.result == "false" else "error"
        return result, finding.condition, finding.values, finding.told
    if missed.just_ended:
        text = "one was closed or dropped at the same instant"
        return "just_ended", None, {}, tell("just_ended", text)
    return "full", None, {}, tell("full", "as many as there may be were open")


def _nothing_came(rule: AbandonmentRule) -> OpeningReason:
    so = "so there was nothing to abandon."
    if rule.opens is not None:
        events = sorted(rule.opens.events)
        told = tell("nothing_came", f"No {either(events)} came, {so}", events=events)
    else:
        stages = sorted(rule.stages or ())
        told = tell("never_in", f"The customer was never in {either(stages)}, {so}", stages=stages)
    return OpeningReason(rule.name, "no_event", None, {}, told.text, told.sentences, None, 0)


def _headline(
    rule: str,
    episodes: Sequence[EpisodeReason],
    retracted: Sequence[RetractedReason],
    opening: OpeningReason | None,
) -> Told:
    """The newest of what there is."""
    if episodes:
        return Told(episodes[0].text, episodes[0].sentences)
    if retracted:
        return Told(retracted[0].text, retracted[0].sentences)
    if opening is not None:
        return Told(opening.text, opening.sentences)
    return tell("nothing_known", f"Nothing is known of {rule}.", rule=rule)
