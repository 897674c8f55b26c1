"""What an abandonment rule made of a customer's past: its episodes, and what was taken back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.journey_state.abandonment import concerns, meaning
from services.journey_state.definition import AbandonmentRule, Moment
from services.journey_state.explain.episode import EPISODES_MAX, EpisodeWatch, Life, Missed, ending
from services.journey_state.explain.finding import find
from services.journey_state.explain.recording import Seen, Step, Watcher, seen, watched
from services.journey_state.explain.signal import (
    Bearing,
    EpisodeReason,
    Kept,
    explain_episode,
    identity_of,
)
from services.journey_state.explain.words import at_text, either, touchpoint_text
from services.journey_state.in_force import Journeys, Term, last_effect, may_signal
from services.journey_state.journey import Journey
from services.journey_state.touchpoint import Touchpoint

OpeningResult = Literal["no_event", "when", "error", "ends", "just_ended", "full"]

_CAUSES = {
    "late_event": "an event that came late",
    "merge": "a merge of customers",
    "split": "a split of customers",
    "unlink": "an identifier that was unlinked",
    "erasure": "an erasure",
    "definition": "a change of the definition",
    "operator": "an operator, who cancelled it",
    "consent": "a withdrawal of consent",
}


@dataclass(frozen=True, slots=True)
class OpeningReason:
    """Why the newest event that could have opened an episode did not, or that none came."""

    rule: str
    result: OpeningResult
    condition: str | None
    values: dict[str, Any]
    text: str
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
        return SignalReasons(
            rule=self.rule,
            text=_headline(self.rule, episodes, retracted, opening),
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
        scope = f" for {kept.scope}" if kept.scope else ""
        raised = "was raised" if kept.published else "was stored"
        text = (
            f"A signal of {kept.rule}{scope}, due on {at_text(kept.due_at)}, {raised} when the "
            f"watermark stood at {at_text(kept.raised_at)}, and was taken back because of "
            f"{_CAUSES.get(kept.cause_kind or '', kept.cause_kind or 'a recomputation')}"
        )
        if moment is not None:
            received = at_text(moment.touchpoint.received_at)
            text += f": {touchpoint_text(moment)}, but was received only on {received}"
        text += f".{_instead(kept, lives)}"
        return RetractedReason(
            rule=kept.rule,
            result="retracted",
            condition=None,
            values={},
            text=text,
            signal_id=kept.signal_id,
            scope=kept.scope,
            due_at=kept.due_at,
            published=kept.published,
            cause=kept.cause_kind,
            touchpoint=None if moment is None else seen(moment),
            replaced_by=kept.replaced_by,
        )


def _instead(kept: Kept, lives: Sequence[tuple[Term, AbandonmentRule, Life]]) -> str:
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
            return f" By what is known now the episode was {how} in time{by}."
        if life.due(rule) != kept.due_at:
            return f" By what is known now the episode went on until {at_text(life.due(rule))}."
    return ""


def _missed(rule: AbandonmentRule, missed: Missed, count: int) -> OpeningReason:
    moment = missed.moment
    assert rule.opens is not None
    result, condition, values, why = _why_missed(rule, missed)
    often = f" (the newest of {count} such events)" if count > 1 else ""
    return OpeningReason(
        rule=rule.name,
        result=result,
        condition=condition,
        values=values,
        text=f"{touchpoint_text(moment)}{often} and opened no episode of {rule.name}: {why}.",
        touchpoint=seen(moment),
        times=count,
    )


def _why_missed(
    rule: AbandonmentRule, missed: Missed
) -> tuple[OpeningResult, str | None, dict[str, Any], str]:
    assert rule.opens is not None
    role = meaning(rule, missed.moment)
    if role in ("closes", "drops"):
        return "ends", None, {}, f"by the rule it {role} episodes, which comes first"
    finding = find(rule.opens.when, missed.moment)
    if finding.result != "true":
        result: OpeningResult = "when" if finding.result == "false" else "error"
        return result, finding.condition, finding.values, finding.text
    if missed.just_ended:
        return "just_ended", None, {}, "one was closed or dropped at the same instant"
    return "full", None, {}, "as many as there may be were open"


def _nothing_came(rule: AbandonmentRule) -> OpeningReason:
    if rule.opens is not None:
        came = f"No {either(sorted(rule.opens.events))} came"
    else:
        came = f"The customer was never in {either(sorted(rule.stages or ()))}"
    text = f"{came}, so there was nothing to abandon."
    return OpeningReason(rule.name, "no_event", None, {}, text, None, 0)


def _headline(
    rule: str,
    episodes: Sequence[EpisodeReason],
    retracted: Sequence[RetractedReason],
    opening: OpeningReason | None,
) -> str:
    """The newest of what there is."""
    if episodes:
        return episodes[0].text
    if retracted:
        return retracted[0].text
    return opening.text if opening is not None else f"Nothing is known of {rule}."
