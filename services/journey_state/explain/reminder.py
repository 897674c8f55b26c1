"""Which reminders of a signal went out, and why the others did not (semantics 5.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.journey_state.explain.words import at_text, touchpoint_text

if TYPE_CHECKING:
    from services.journey_state.definition import AbandonmentRule
    from services.journey_state.episodes import Outlook
    from services.journey_state.explain.episode import Life
    from services.journey_state.explain.signal import Kept

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
    return ReminderReason(n, result, at, f"Reminder {n} of {at_text(at)} {why}.")


def _result(
    n: int, view: Outlook, watermark: int, life: Life, kept: Kept
) -> tuple[ReminderResult, str]:
    if kept.reminded == n and kept.suppressed:
        return "suppressed", "was withheld: consent had been withdrawn when it was to be sent"
    if kept.reminded == n:
        return "sent", "went out"
    if kept.reminded > n:
        return "overtaken", f"went out before reminder {kept.reminded}, or was left out for it"
    if not kept.published:
        return "not_published", "did not go out, as the signal was not published"
    return _unsent(dict(view.reminders).get(n), view, watermark, life, kept)


def _unsent(
    fires_at: int | None, view: Outlook, watermark: int, life: Life, kept: Kept
) -> tuple[ReminderResult, str]:
    """Why one that may go out has not yet, or never does."""
    if fires_at is None:
        came = f": {touchpoint_text(life.stopped)}" if life.stopped else ""
        return "stopped", f"was stopped by what came before{came}"
    if fires_at <= kept.raised_at:
        return "passed", "did not go out: its time had passed when the signal was raised"
    if view.state == "recovered":
        return "stopped", "did not go out: the customer was back when its time came"
    if fires_at > watermark:
        return "pending", f"goes out when the watermark reaches {at_text(fires_at)}"
    return "pending", "is about to go out"
