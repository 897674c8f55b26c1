"""Why an episode of an abandonment rule became a signal, or why not (semantics 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.journey_state.definition import AbandonmentRule
from services.journey_state.episodes import Outlook, outlook, signal_id
from services.journey_state.explain import reminder
from services.journey_state.explain.bearing import Bearing, EpisodeResult, HeldBy, Kept
from services.journey_state.explain.episode import Life, ending
from services.journey_state.explain.finding import Finding, find
from services.journey_state.explain.outcome import (
    beginning,
    coming,
    ended,
    keeper,
    made_known,
    refused,
    taken_back,
)
from services.journey_state.explain.recording import Seen, seen
from services.journey_state.explain.reminder import ReminderReason
from services.journey_state.explain.telling import Sentence, Told, joined
from services.journey_state.in_force import Term
from services.journey_state.permission import refusal


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
    sentences: tuple[Sentence, ...]
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
    result, outcome, view = _outcome(rule, life, at, kept)
    told = joined([beginning(rule, life, is_over=result not in ("open", "waiting")), outcome])
    is_signal = result in ("raised", "recovered", "expired")
    held_by = keeper(episode, at, view) if result == "waiting" and view else None
    stated = is_signal and kept is not None
    return EpisodeReason(
        rule=rule.name,
        definition=term.definition.version,
        result=result,
        condition=finding.condition,
        values=finding.values,
        text=told.text,
        sentences=told.sentences,
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
) -> tuple[EpisodeResult, Told, Outlook | None]:
    episode = life.episode
    if life.ended is not None:
        how = ending(rule, life.ended)
        return how, ended(how, life, life.due(rule)), None
    forbidden = refusal(at.state, episode)
    if forbidden is not None:
        told = [refused(forbidden, episode, at.state)]
        if kept is not None and kept.published:
            told.append(taken_back(kept))
        return forbidden, joined(told), None
    watermark = at.watermark or 0
    view = outlook(rule, episode, watermark=watermark, grace_us=at.grace_us, hold=at.hold)
    if view.state is None:
        return "open" if watermark < episode.due else "waiting", coming(episode, at, view), view
    return view.state, made_known(rule, life, at, view, kept), view
