"""How an episode began, what became of it, and what kept its signal back: in sentences."""

from __future__ import annotations

from services.journey_state.consent import withdrawn
from services.journey_state.customer import CustomerState
from services.journey_state.definition import AbandonmentRule
from services.journey_state.episodes import Episode, Outlook
from services.journey_state.explain.bearing import Bearing, HeldBy, Kept
from services.journey_state.explain.episode import Ending, Life
from services.journey_state.explain.telling import NOTHING, Told, joined, named, seconds, tell
from services.journey_state.explain.words import (
    at_text,
    came_text,
    duration_text,
    times,
    touchpoint_text,
)
from services.journey_state.permission import PURPOSES, Refusal


def beginning(rule: AbandonmentRule, life: Life, *, is_over: bool) -> Told:
    """How it was opened and kept alive, and when it was due for that."""
    told = [_opened(rule, life)]
    further = life.activities - 1
    if further and life.last is not None:
        text = f"It was kept alive {times(further)}; as the last activity"
        text = f"{text} {touchpoint_text(life.last)}."
        told.append(tell("kept_alive", text, n=further, **named(life.last)))
    due, after = life.due(rule), rule.after_us
    text = f"{duration_text(after)} later, on {at_text(due)}."
    told.append(
        tell("was_due", f"It was due {text}", after_seconds=seconds(after), at=due)
        if is_over
        else tell("is_due", f"It is due {text}", after_seconds=seconds(after), at=due)
    )
    return joined(told)


def _opened(rule: AbandonmentRule, life: Life) -> Told:
    scope = f" for {life.episode.scope}" if life.episode.scope else ""
    concerned = tell("scope", "", scope=life.episode.scope) if scope else NOTHING
    if life.opened is None:
        kept = f"opened on {at_text(life.opened_at)}, from before the touchpoints that are kept"
        text = f"There was an episode of {rule.name}{scope}, {kept}."
        told = tell("opened_before", text, rule=rule.name, at=life.opened_at)
    else:
        text = f"{touchpoint_text(life.opened)} and opened an episode of {rule.name}{scope}."
        told = tell("opened", text, rule=rule.name, **named(life.opened))
    return joined([told, concerned])


_ENDED: dict[Ending, tuple[str, str]] = {  # a sentence's code, and what English has of it
    "closed": ("closed", "closed it"),
    "dropped": ("dropped", "dropped it"),
    "emptied": ("emptied", "took the last known item off, which dropped it"),
    "left": ("left", "led out of the rule's stages, which ended it"),
}


def ended(how: Ending, life: Life, due: int) -> Told:
    """What ended it in time."""
    assert life.ended is not None
    ending = _ENDED[how][1]
    before = due - life.ended.touchpoint.occurred_at
    early = f"{duration_text(before)} before it was due" if before else "just as it was due"
    text = f"{touchpoint_text(life.ended)} and {ending} {early}, so there is no signal."
    when = tell("early", "", before_seconds=seconds(before)) if before else tell("just_due", "")
    return joined([tell(_ENDED[how][0], text, **named(life.ended)), when])


def refused(refusal: Refusal, episode: Episode, state: CustomerState) -> Told:
    """Why it may have no signal."""
    if refusal == "operator":
        return tell("cancelled", "An operator cancelled its deadline, so there is no signal.")
    for purpose in PURPOSES:
        statements = state.journey.consent.get(purpose, ())
        if withdrawn(statements, episode.due):
            said = [one for one in statements if not one.granted and one.occurred_at <= episode.due]
            return _withdrawn(purpose, said[-1].occurred_at if said else None)
    source = episode.last_source
    text = (
        f"The source of its last activity, {source}, demands a statement of consent, "
        "and none had been made by then, so there is no signal."
    )
    return tell("unstated", text, source=source)


def _withdrawn(purpose: str, at: int | None) -> Told:
    why = "before that, so there is no signal."
    text = f"Consent to {purpose} was withdrawn"
    if at is None:
        return tell("withdrawn", f"{text}, {why}", purpose=purpose)
    return tell("withdrawn_then", f"{text} on {at_text(at)}, {why}", purpose=purpose, at=at)


def taken_back(kept: Kept) -> Told:
    """That it had been raised before it was forbidden."""
    raised = at_text(kept.raised_at)
    text = f"It had been raised when the watermark stood at {raised}, and was taken back."
    return tell("taken_back", text, at=kept.raised_at)


def coming(episode: Episode, at: Bearing, view: Outlook) -> Told:
    """That it is not due at W, or what keeps its signal back."""
    stands = (
        tell("watermark", f"The watermark stands at {at_text(at.watermark)}", at=at.watermark)
        if at.watermark
        else tell("no_watermark", "There is no watermark yet")
    )
    fires = f"the signal is raised when the watermark reaches {at_text(view.fires_at)}"
    if (at.watermark or 0) < episode.due:
        text = f"it is not due yet, and {fires} unless something happens."
        told = [stands, tell("not_due", text, at=view.fires_at)]
    else:
        held = _held(episode, at, view)
        text = f"it is due, but {held.text}, so {fires}."
        due = tell("is_held", text, because=held.sentences)
        told = [stands, due, tell("fires", "", at=view.fires_at)]
    return joined(told, ": ")


def keeper(episode: Episode, at: Bearing, view: Outlook) -> HeldBy:
    """What keeps a signal longest."""
    grace_end = episode.due + at.grace_us
    arrived = episode.last_received_at + at.grace_us
    if view.fires_at > max(grace_end, arrived):
        return "gap"
    return "late_arrival" if arrived > grace_end else "grace"


def _held(episode: Episode, at: Bearing, view: Outlook) -> Told:
    held_by = keeper(episode, at, view)
    grace_text = f"{duration_text(at.grace_us)} of grace"
    grace = seconds(at.grace_us)
    if held_by == "gap":
        return _silent(episode, at)
    if held_by == "late_arrival":
        arrived = episode.last_received_at
        text = f"its last activity was received on {at_text(arrived)} only, and has {grace_text}"
        return tell("held_late", text, at=arrived, grace_seconds=grace)
    return tell("held_grace", f"it has {grace_text}", grace_seconds=grace)


def _silent(episode: Episode, at: Bearing) -> Told:
    fires = episode.due + at.grace_us
    met = [gap for gap in at.gaps if gap.start < fires and gap.end > episode.last_at]
    silent = max(met, key=lambda gap: gap.end, default=None)
    sending = "and clients may still be sending what they could not"
    if silent is None:
        return tell("held_gap", f"ingest was silent {sending}")
    when = f"from {at_text(silent.start)} to {at_text(silent.end)}"
    text = f"ingest was silent {when} {sending}"
    return tell("held_gap_of", text, from_at=silent.start, to_at=silent.end)


def made_known(
    rule: AbandonmentRule, life: Life, at: Bearing, view: Outlook, kept: Kept | None
) -> Told:
    """That it was abandoned, what was published of that, and what came of it."""
    episode = life.episode
    told = [
        tell("abandoned", "Nothing more of it came by then, so it was abandoned."),
        _made(episode, at, view, kept),
    ]
    until = episode.due + rule.recover_within_us
    if episode.recovered is not None:
        told.append(_recovered(episode))
    elif view.state == "expired":
        text = f"Nothing brought the customer back until {at_text(until)}: expired."
        told.append(tell("expired", text, at=until))
    else:
        text = f"It can be recovered until {at_text(until)}."
        told.append(tell("recoverable", text, at=until))
    return joined(told)


def _recovered(episode: Episode) -> Told:
    back = episode.recovered
    assert back is not None
    after = back.at - episode.due
    came = came_text(back.event, back.at, back.channel, back.source, back.message_id)
    text = f"{came}, {duration_text(after)} after it was due: recovered."
    return tell(
        "recovered",
        text,
        event=back.event,
        channel=back.channel,
        at=back.at,
        after_seconds=seconds(after),
    )


_WITHHELD = "consent had been withdrawn when it was to be sent"


def _made(episode: Episode, at: Bearing, view: Outlook, kept: Kept | None) -> Told:
    """When the signal was raised, or why nothing was published of it."""
    if kept is None:
        text = f"The watermark passed {at_text(view.fires_at)}; its signal is about to be stored."
        return tell("about_to_be_stored", text, at=view.fires_at)
    if kept.published:
        return _raised(episode, at, view, kept)
    if kept.suppressed:
        text = f"The signal was stored, but nothing was published of it: {_WITHHELD}."
        return tell("withheld", text)
    if episode.last_historical and episode.due < episode.last_received_at:
        text = "Its last activity was imported after it was due, so it was stored, not published."
        return tell("imported", text)
    if episode.recovered is not None:
        text = (
            "When it first became known it was recovered already, so it was stored, not published."
        )
        return tell("recovered_before", text)
    text = "When it first became known it was past its time to recover already"
    return tell("past_before", f"{text}, so it was stored, not published.")


def _raised(episode: Episode, at: Bearing, view: Outlook, kept: Kept) -> Told:
    stood = f"The signal was raised when the watermark stood at {at_text(kept.raised_at)}"
    told = tell("raised", stood, at=kept.raised_at)
    if keeper(episode, at, view) == "grace":
        text = f"after {duration_text(at.grace_us)} of grace."
        why = tell("after_grace", text, grace_seconds=seconds(at.grace_us))
    else:
        held = _held(episode, at, view)
        text = f"and not before {at_text(view.fires_at)}, as {held.text}."
        why = tell("not_before", text, at=view.fires_at, because=held.sentences)
    told = joined([told, why], ", ")
    if not kept.suppressed:
        return told
    reminder = f"A reminder of it was withheld: {_WITHHELD}."
    return joined([told, tell("reminder_withheld", reminder)])
