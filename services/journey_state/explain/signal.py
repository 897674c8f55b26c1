"""Why an episode of an abandonment rule became a signal, or why not (semantics 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from services.journey_state.consent import withdrawn
from services.journey_state.customer import CustomerState
from services.journey_state.definition import AbandonmentRule
from services.journey_state.episodes import Episode, HoldForGaps, Outlook, outlook, signal_id
from services.journey_state.explain import reminder
from services.journey_state.explain.episode import Life, ending
from services.journey_state.explain.finding import Finding, find
from services.journey_state.explain.recording import Seen, seen
from services.journey_state.explain.reminder import ReminderReason
from services.journey_state.explain.words import (
    at_text,
    came_text,
    duration_text,
    times,
    touchpoint_text,
)
from services.journey_state.in_force import Term
from services.journey_state.permission import PURPOSES, Refusal, refusal
from services.journey_state.watermark import Gap

EpisodeResult = Literal[
    "open",
    "waiting",
    "closed",
    "dropped",
    "emptied",
    "left",
    "consent",
    "operator",
    "raised",
    "recovered",
    "expired",
]
HeldBy = Literal["watermark", "grace", "late_arrival", "gap"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of a signal: what was made known of it."""

    signal_id: str
    rule: str
    scope: str | None
    due_at: int
    state: str
    published: bool
    suppressed: str | None
    raised_at: int
    reminded: int
    last_activity_at: int | None = None
    cause_kind: str | None = None
    cause_message_id: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Bearing:
    """What signals depend on besides the touchpoints; times in microseconds.

    `state` holds the customer's consent, and what an operator cancelled.
    """

    watermark: int | None
    grace_us: int
    hold: HoldForGaps
    gaps: Sequence[Gap]
    state: CustomerState
    kept: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpisodeReason:
    """What became of one episode and why, by the definition that its signal belongs to.

    `condition` and `values` are those of the opening event (`opened_by`, null: it is not kept any
    more). `closed`, `dropped`, `emptied` (its
    last item was removed), `left` (the stage): `ended_by` ended it before it was due. `open`: it is
    not due yet at W. `waiting`: it is due and `held_by` keeps it. `consent`, `operator`: forbidden.
    """

    rule: str
    definition: str
    result: EpisodeResult
    condition: str | None
    values: dict[str, Any]
    text: str
    signal_id: str | None
    scope: str | None
    opened_at: int
    opened_by: Seen | None
    activities: int
    last_activity: Seen | None
    due_at: int
    fires_not_before: int | None
    held_by: HeldBy | None
    ended_by: Seen | None
    recovered_at: int | None
    published: bool | None
    suppressed: str | None
    raised_at: int | None
    reminders: tuple[ReminderReason, ...]


def explain_episode(term: Term, rule: AbandonmentRule, life: Life, at: Bearing) -> EpisodeReason:
    """Why this episode, whose signal is the term's, is what it is at the bearing's W."""
    episode = life.episode
    identity = identity_of(life)
    kept = at.kept.get(identity or "")
    finding = _opening(rule, life)
    result, clause, view = _outcome(rule, life, at, kept)
    is_signal = result in ("raised", "recovered", "expired")
    held_by = _held_by(episode, at, view) if result == "waiting" and view else None
    stated = is_signal and kept is not None
    return EpisodeReason(
        rule=rule.name,
        definition=term.definition.version,
        result=result,
        condition=finding.condition,
        values=finding.values,
        text=f"{_beginning(rule, life, is_over=result not in ('open', 'waiting'))} {clause}",
        signal_id=identity,
        scope=episode.scope,
        opened_at=life.opened_at,
        opened_by=None if life.opened is None else seen(life.opened),
        activities=life.activities,
        last_activity=None if life.last is None else seen(life.last),
        due_at=life.due(rule),
        fires_not_before=view.fires_at if view and not is_signal else None,
        held_by=held_by,
        ended_by=None if life.ended is None else seen(life.ended),
        recovered_at=episode.recovered.at if is_signal and episode.recovered else None,
        published=kept.published if stated and kept else None,
        suppressed=kept.suppressed if stated and kept else None,
        raised_at=kept.raised_at if stated and kept else None,
        reminders=reminder.reasons(rule, life, view, at.watermark or 0, kept)
        if is_signal and view and kept
        else (),
    )


def _opening(rule: AbandonmentRule, life: Life) -> Finding:
    if life.opened is None:
        return Finding("true")
    return find(rule.opens.when if rule.opens else None, life.opened)


def identity_of(life: Life) -> str | None:
    """The id of its signal; None: it was ended before it was due."""
    return signal_id(life.episode) if life.ended is None else None


def _outcome(
    rule: AbandonmentRule, life: Life, at: Bearing, kept: Kept | None
) -> tuple[EpisodeResult, str, Outlook | None]:
    episode = life.episode
    if life.ended is not None:
        how = ending(rule, life.ended)
        return how, _ended_text(how, life, life.due(rule)), None
    refused = refusal(at.state, episode)
    if refused is not None:
        taken = f" {_taken_back(kept)}" if kept is not None and kept.published else ""
        return refused, f"{_refused_text(refused, episode, at.state)}{taken}", None
    watermark = at.watermark or 0
    view = outlook(rule, episode, watermark=watermark, grace_us=at.grace_us, hold=at.hold)
    if view.state is None:
        return *_coming(episode, at, view), view
    return view.state, _signal_text(rule, life, at, view, kept), view


def _beginning(rule: AbandonmentRule, life: Life, *, is_over: bool) -> str:
    """How it was opened and kept alive, and when it was due for that."""
    scope = f" for {life.episode.scope}" if life.episode.scope else ""
    if life.opened is None:
        kept = f"opened on {at_text(life.opened_at)}, from before the touchpoints that are kept"
        opened = f"There was an episode of {rule.name}{scope}, {kept}."
    else:
        opened = f"{touchpoint_text(life.opened)} and opened an episode of {rule.name}{scope}."
    further = life.activities - 1
    if further and life.last is not None:
        came = touchpoint_text(life.last)
        opened += f" It was kept alive {times(further)}; as the last activity {came}."
    due = f"{duration_text(rule.after_us)} later, on {at_text(life.due(rule))}"
    return f"{opened} It {'was' if is_over else 'is'} due {due}."


_ENDED = {
    "closed": "closed it",
    "dropped": "dropped it",
    "emptied": "took the last known item off, which dropped it",
    "left": "led out of the rule's stages, which ended it",
}


def _ended_text(how: str, life: Life, due: int) -> str:
    assert life.ended is not None
    before = due - life.ended.touchpoint.occurred_at
    early = f"{duration_text(before)} before it was due" if before else "just as it was due"
    return f"{touchpoint_text(life.ended)} and {_ENDED[how]} {early}, so there is no signal."


def _refused_text(refused: Refusal, episode: Episode, state: CustomerState) -> str:
    if refused == "operator":
        return "An operator cancelled its deadline, so there is no signal."
    for purpose in PURPOSES:
        statements = state.journey.consent.get(purpose, ())
        if withdrawn(statements, episode.due):
            said = [one for one in statements if not one.granted and one.occurred_at <= episode.due]
            when = f" on {at_text(said[-1].occurred_at)}" if said else ""
            return f"Consent to {purpose} was withdrawn{when}, before that, so there is no signal."
    return (
        f"The source of its last activity, {episode.last_source}, demands a statement of consent, "
        "and none had been made by then, so there is no signal."
    )


def _taken_back(kept: Kept) -> str:
    raised = at_text(kept.raised_at)
    return f"It had been raised when the watermark stood at {raised}, and was taken back."


def _coming(episode: Episode, at: Bearing, view: Outlook) -> tuple[EpisodeResult, str]:
    watermark = at.watermark or 0
    stands = (
        f"The watermark stands at {at_text(at.watermark)}"
        if at.watermark
        else ("There is no watermark yet")
    )
    fires = f"the signal is raised when the watermark reaches {at_text(view.fires_at)}"
    if watermark < episode.due:
        return "open", f"{stands}: it is not due yet, and {fires} unless something happens."
    return "waiting", f"{stands}: it is due, but {_held_text(episode, at, view)}, so {fires}."


def _held_by(episode: Episode, at: Bearing, view: Outlook) -> HeldBy:
    grace_end = episode.due + at.grace_us
    arrived = episode.last_received_at + at.grace_us
    if view.fires_at > max(grace_end, arrived):
        return "gap"
    return "late_arrival" if arrived > grace_end else "grace"


def _held_text(episode: Episode, at: Bearing, view: Outlook) -> str:
    held_by = _held_by(episode, at, view)
    grace = f"{duration_text(at.grace_us)} of grace"
    if held_by == "gap":
        fires = episode.due + at.grace_us
        met = [gap for gap in at.gaps if gap.start < fires and gap.end > episode.last_at]
        silent = max(met, key=lambda gap: gap.end, default=None)
        when = f" from {at_text(silent.start)} to {at_text(silent.end)}" if silent else ""
        return f"ingest was silent{when} and clients may still be sending what they could not"
    if held_by == "late_arrival":
        arrived = at_text(episode.last_received_at)
        return f"its last activity was received on {arrived} only, and has {grace}"
    return f"it has {grace}"


def _signal_text(
    rule: AbandonmentRule, life: Life, at: Bearing, view: Outlook, kept: Kept | None
) -> str:
    episode = life.episode
    until = episode.due + rule.recover_within_us
    nothing = "Nothing more of it came by then, so it was abandoned."
    made = _made_text(episode, at, view, kept)
    if episode.recovered is not None:
        back = episode.recovered
        after = duration_text(back.at - episode.due)
        came = came_text(back.event, back.at, back.channel, back.source, back.message_id)
        return f"{nothing} {made} {came}, {after} after it was due: recovered."
    if view.state == "expired":
        return (
            f"{nothing} {made} Nothing brought the customer back until {at_text(until)}: expired."
        )
    return f"{nothing} {made} It can be recovered until {at_text(until)}."


_WITHHELD = "consent had been withdrawn when it was to be sent"


def _made_text(episode: Episode, at: Bearing, view: Outlook, kept: Kept | None) -> str:
    """When the signal was raised, or why nothing was published of it."""
    if kept is None:
        return f"The watermark passed {at_text(view.fires_at)}; its signal is about to be stored."
    if kept.published:
        stood = f"The signal was raised when the watermark stood at {at_text(kept.raised_at)}"
        told = f"{stood}, {_why_then(episode, at, view)}."
        return f"{told} A reminder of it was withheld: {_WITHHELD}." if kept.suppressed else told
    if kept.suppressed:
        return f"The signal was stored, but nothing was published of it: {_WITHHELD}."
    if episode.last_historical and episode.due < episode.last_received_at:
        return "Its last activity was imported after it was due, so it was stored, not published."
    was = "recovered" if episode.recovered is not None else "past its time to recover"
    return f"When it first became known it was {was} already, so it was stored, not published."


def _why_then(episode: Episode, at: Bearing, view: Outlook) -> str:
    if _held_by(episode, at, view) == "grace":
        return f"after {duration_text(at.grace_us)} of grace"
    return f"and not before {at_text(view.fires_at)}, as {_held_text(episode, at, view)}"
