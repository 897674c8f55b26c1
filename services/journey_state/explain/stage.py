"""Why the customer is in this stage, and for every other one why not (semantics 3.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from services.journey_state.definition import NONE_STAGE, Definition, EnterRule, Moment
from services.journey_state.explain.finding import find
from services.journey_state.explain.recording import Kind, Seen, Step, seen
from services.journey_state.explain.telling import NOTHING, Sentence, Told, joined, named, tell
from services.journey_state.explain.words import at_text, either, touchpoint_text
from services.journey_state.journey import Journey, Transition
from services.journey_state.stages import matching

RuleResult = Literal["entered", "no_event", "from", "when", "error", "earlier_rule", "not_folded"]

TRANSITIONS_MAX = 20  # the newest ones are explained
EVENTS_TOLD_MAX = 6  # names of one sentence

_KEPT = "so it is kept and not counted"
_NOT_FOLDED = {
    "repeat": tell("repeat", f"it repeats an earlier one by its `once` key, {_KEPT}"),
    "bot": tell("bot", f"it was made by a bot, {_KEPT}"),
    "consent": tell("consent_only", f"it was reduced to its consent statement, {_KEPT}"),
}


@dataclass(frozen=True, slots=True)
class RuleReason:
    """What one enter rule said of the newest touchpoint that concerned it, and why.

    `from`: the stage before was another than the rule asks for. `when`, `error`: `condition` was
    false, or could not be evaluated. `earlier_rule`: an earlier rule had matched. `times`: how
    many touchpoints of its events came since the present stage was entered, that one included.
    """

    rule: str
    stage: str
    result: RuleResult
    condition: str | None
    values: dict[str, Any]
    text: str
    sentences: tuple[Sentence, ...]
    touchpoint: Seen | None
    times: int


@dataclass(frozen=True, slots=True)
class TransitionReason:
    """A transition, the rule that made it, and what the rule looked at."""

    previous: str
    stage: str
    direction: str
    entered_at: int
    rule: str
    result: RuleResult
    condition: str | None
    values: dict[str, Any]
    text: str
    sentences: tuple[Sentence, ...]
    touchpoint: Seen


@dataclass(frozen=True, slots=True)
class StageReason:
    """Why a stage was not entered: every way into it."""

    stage: str
    text: str
    sentences: tuple[Sentence, ...]
    rules: tuple[RuleReason, ...]


@dataclass(frozen=True, slots=True)
class StageReasons:
    """The stage, what led there (the oldest first), and why no other one was entered since."""

    stage: str
    entered_at: int | None
    text: str
    sentences: tuple[Sentence, ...]
    entered_by: TransitionReason | None
    transitions: tuple[TransitionReason, ...]
    transitions_total: int
    why_not: tuple[StageReason, ...]
    truncated: bool


@dataclass(slots=True)
class _Since:
    """What came since the present stage was entered, the entering touchpoint included."""

    newest: dict[str, tuple[int, Moment, Kind]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def take(self, step: Step) -> None:
        self.total += 1
        event = step.moment.event
        known = self.newest.get(event)
        # A repeat must not hide the one that it repeats, of which the rules have said something.
        if step.kind == "folded" or known is None or known[2] != "folded":
            self.newest[event] = (self.total, step.moment, step.kind)
        self.counts[event] = self.counts.get(event, 0) + 1


class StageWatch:
    """Told the steps of a fold, explains the stage in which it ends."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._made: deque[tuple[Transition, Moment]] = deque(maxlen=TRANSITIONS_MAX)
        self._total = 0
        self._since = _Since()
        self._stage = NONE_STAGE
        self._entered_at: int | None = None

    def begin(self, journey: Journey) -> None:
        """What the fold begins with."""
        self._stage, self._entered_at = journey.stage, journey.entered_at

    def take(self, step: Step, _: Journey) -> None:
        """One more step."""
        if step.transition is not None:
            self._stage, self._entered_at = step.transition.stage, step.transition.entered_at
            self._since, self._total = _Since(), self._total + 1
            self._made.append((step.transition, step.moment))
        self._since.take(step)

    def reasons(self, *, past: bool = False) -> StageReasons:
        """Why the fold ends in its stage, and in no other; `past`: it was so then."""
        definition, since = self._definition, self._since
        reasons = tuple(_transition(definition, one, moment) for one, moment in self._made)
        last = reasons[-1] if reasons else None
        stage = self._stage
        others = [one for one in definition.stages if one.name != stage]
        told = self._headline(last, "was" if past else "is")
        return StageReasons(
            stage=stage,
            entered_at=self._entered_at,
            text=told.text,
            sentences=told.sentences,
            entered_by=last,
            transitions=reasons,
            transitions_total=self._total,
            why_not=tuple(_stage(definition, one.name, one.enter, since) for one in others),
            truncated=self._total > len(reasons),
        )

    def _headline(self, last: TransitionReason | None, is_or_was: str) -> Told:
        definition, came = self._definition, self._since.total
        by = f"by definition {definition.journey} {definition.version}"
        if self._entered_at is None:
            told = f"{came} touchpoints came" if came else "no touchpoint came"
            text = f"The customer {is_or_was} in no stage yet {by}: {told}, and no rule matched."
            return tell("no_stage", text, n=came)
        there = f"The customer {is_or_was} in {self._stage} since {at_text(self._entered_at)} {by}"
        stood = tell("in_stage", there, stage=self._stage, at=self._entered_at)
        if last is None:
            before = tell("from_before", f"{there}, from before the touchpoints that are kept.")
            return joined([stood, before]).within(before.text)
        text = f"{there} ({last.direction}, from {last.previous}): {last.text}"
        return Told(text, (*stood.sentences, *last.sentences))


def _transition(definition: Definition, transition: Transition, moment: Moment) -> TransitionReason:
    rule = next(r for r in definition.enter_rules(moment.event) if r.id == transition.rule)
    finding = find(rule.match.when, moment)
    text = f"{touchpoint_text(moment)} and matched rule {rule.id}"
    matched = tell("matched", text, id=rule.id, **named(moment))
    told = joined([matched, _from_told(rule, moment), finding.told])
    return TransitionReason(
        previous=transition.previous,
        stage=transition.stage,
        direction=transition.direction,
        entered_at=transition.entered_at,
        rule=rule.id,
        result="entered",
        condition=finding.condition,
        values=finding.values,
        text=f"{text}{_from_told(rule, moment).text}"
        f"{', as ' + finding.text if finding.text else ''}.",
        sentences=told.sentences,
        touchpoint=seen(moment),
    )


def _from_told(rule: EnterRule, moment: Moment) -> Told:
    if rule.from_stages is None:
        return NOTHING
    stages = sorted(rule.from_stages)
    text = f", which may be entered from {either(stages)} ({_was(moment)})"
    return tell("from_met", text, stages=stages, stage=moment.stage)


def _was(moment: Moment) -> str:
    return f"the stage was {moment.stage}"


def _stage(
    definition: Definition, stage: str, rules: Iterable[EnterRule], since: _Since
) -> StageReason:
    reasons = tuple(_rule(definition, rule, since) for rule in rules)
    near = [reason for reason in reasons if reason.touchpoint is not None]
    told = joined([Told(one.text, one.sentences) for one in near or reasons])
    return StageReason(stage, told.text, told.sentences, reasons)


def _rule(definition: Definition, rule: EnterRule, since: _Since) -> RuleReason:
    """What became of the newest touchpoint of the rule's events, a folded one if there is one."""
    met = [since.newest[event] for event in rule.match.events if event in since.newest]
    if not met:
        told = _none_came(rule)
        return RuleReason(
            rule.id, rule.stage, "no_event", None, {}, told.text, told.sentences, None, 0
        )
    _, moment, kind = max(met, key=lambda one: (one[2] == "folded", one[0]))
    result, condition, values, why = verdict(definition, rule, moment, kind)
    count = sum(since.counts.get(event, 0) for event in rule.match.events)
    came = _came(rule, moment, count)
    return RuleReason(
        rule=rule.id,
        stage=rule.stage,
        result=result,
        condition=condition,
        values=values,
        text=f"{came.text}, but {why.text}.",
        sentences=(*came.sentences, *why.sentences),
        touchpoint=seen(moment),
        times=count,
    )


def _came(rule: EnterRule, moment: Moment, count: int) -> Told:
    text = f"Rule {rule.id}: {touchpoint_text(moment)}"
    if count == 1:
        return tell("came", text, id=rule.id, **named(moment))
    text += f" (of {count} such events since)"
    return tell("came_of", text, id=rule.id, n=count, **named(moment))


def verdict(
    definition: Definition, rule: EnterRule, moment: Moment, kind: Kind
) -> tuple[RuleResult, str | None, dict[str, Any], Told]:
    """Why this touchpoint did not lead to the rule's stage: result, condition, values, clause."""
    if kind != "folded":
        return "not_folded", None, {}, _NOT_FOLDED[kind]
    if rule.from_stages is not None and moment.stage not in rule.from_stages:
        stages = sorted(rule.from_stages)
        asked = either(stages)
        text = f"the rule may only be entered from {asked}, and {_was(moment)}"
        told = tell("from_other", text, stages=stages, stage=moment.stage)
        return "from", f"from {asked}", {"stage": moment.stage}, told
    finding = find(rule.match.when, moment)
    if finding.result != "true":
        result: RuleResult = "when" if finding.result == "false" else "error"
        return result, finding.condition, finding.values, finding.told
    first = matching(definition, moment)
    assert first is not None  # this rule matches; being the first, it would have been entered
    text = f"rule {first.id} stands before it and matched first"
    return "earlier_rule", None, {}, tell("earlier_rule", text, id=first.id)


def _none_came(rule: EnterRule) -> Told:
    events = sorted(rule.match.events)
    more = len(events) - EVENTS_TOLD_MAX
    if more <= 0:
        text = f"Rule {rule.id}: no {either(events)} came since."
        return tell("none_came", text, id=rule.id, events=events)
    told = events[:EVENTS_TOLD_MAX]
    text = f"Rule {rule.id}: none of its events ({', '.join(told)} and {more} more) came since."
    return tell("none_came_more", text, id=rule.id, events=told, n=more)
