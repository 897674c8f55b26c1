"""Which reminders of a signal went out, and why the others did not (semantics 5.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.journey_state.explain.telling import Sentence, Told, named, tell
from services.journey_state.explain.words import at_text, touchpoint_text

if TYPE_CHECKING:
    from services.journey_state.definition import AbandonmentRule
    from services.journey_state.episodes import Outlook
    from services.journey_state.explain.bearing import Kept
    from services.journey_state.explain.episode import Life

ReminderResult = Literal[
    "sent", "suppressed", "passed", "pending", "stopped", "overtaken", "not_published"
]


@dataclass(frozen=True, slots=True)
class ReminderReason:
    """One reminder of a signal.

    `suppressed`: consent had been withdrawn. `stopped`: something came before its time. `passed`:
    its time was over when the signal was raised. `overtaken`: a later one has gone out; of several
    due at once only the newest goes.
    """

    n: int
    result: ReminderResult
    at: int
    text: str
    sentences: tuple[Sentence, ...]


def reasons(
    rule: AbandonmentRule, life: Life, view: Outlook, watermark: int, kept: Kept
) -> tuple[ReminderReason, ...]:
    """Each reminder of the rule, n from 1; `at` is its time after `due`."""
    due = life.episode.due
    return tuple(
        _reason(n, due + wait, view, watermark, life, kept)
        for n, wait in enumerate(rule.remind_us, 1)
    )


def _reason(
    n: int, at: int, view: Outlook, watermark: int, life: Life, kept: Kept
) -> ReminderReason:
    result, why = _result(n, view, watermark, life, kept)
    text = f"Reminder {n} of {at_text(at)} {why.text}."
    return ReminderReason(n, result, at, text, why.sentences)


def _result(
    n: int, view: Outlook, watermark: int, life: Life, kept: Kept
) -> tuple[ReminderResult, Told]:
    if kept.reminded == n and kept.suppressed:
        text = "was withheld: consent had been withdrawn when it was to be sent"
        return "suppressed", tell("reminder_suppressed", text)
    if kept.reminded == n:
        return "sent", tell("reminder_sent", "went out")
    if kept.reminded > n:
        text = f"went out before reminder {kept.reminded}, or was left out for it"
        return "overtaken", tell("reminder_overtaken", text, number=kept.reminded)
    if not kept.published:
        text = "did not go out, as the signal was not published"
        return "not_published", tell("reminder_not_published", text)
    return _unsent(dict(view.reminders).get(n), view, watermark, life, kept)


def _unsent(
    fires_at: int | None, view: Outlook, watermark: int, life: Life, kept: Kept
) -> tuple[ReminderResult, Told]:
    """Why one that may go out has not yet, or never does."""
    if fires_at is None:
        text = "was stopped by what came before"
        if life.stopped is None:
            return "stopped", tell("reminder_stopped", text)
        text = f"{text}: {touchpoint_text(life.stopped)}"
        return "stopped", tell("reminder_stopped_by", text, **named(life.stopped))
    if fires_at <= kept.raised_at:
        text = "did not go out: its time had passed when the signal was raised"
        return "passed", tell("reminder_passed", text)
    if view.state == "recovered":
        text = "did not go out: the customer was back when its time came"
        return "stopped", tell("reminder_needless", text)
    if fires_at > watermark:
        text = f"goes out when the watermark reaches {at_text(fires_at)}"
        return "pending", tell("reminder_pending", text, at=fires_at)
    return "pending", tell("reminder_next", "is about to go out")
