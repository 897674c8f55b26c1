"""Which signals of a customer change at a watermark: episodes in, changes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Literal, NamedTuple

from msgspec.structs import replace

from services.journey_state.customer import CustomerState, Standing
from services.journey_state.definition import AbandonmentRule
from services.journey_state.episodes import Episode, HoldForGaps, Outlook, outlook, signal_id
from services.journey_state.in_force import BEGINNING, FAR, EarlierJourney, Journeys, Term
from services.journey_state.journey import Journey, settle
from services.journey_state.permission import Refusal, refusal
from services.journey_state.publication import newest

ChangeKind = Literal["retracted", "recovered", "reminded", "raised", "kept"]
_TOLD: tuple[ChangeKind, ...] = ("retracted", "recovered", "reminded", "raised", "kept")


@dataclass(frozen=True, slots=True)
class Firing:
    """The instant of W that deadlines are judged at, and by what bounds."""

    watermark: int
    grace_us: int
    hold: HoldForGaps


@dataclass(frozen=True, slots=True)
class Change:
    """One signal that is not as it was; `kept` changes the row and tells nobody."""

    kind: ChangeKind
    signal_id: str
    standing: Standing
    seen: Seen | None  # None: retracted, no episode says so any more
    reminder: int = 0
    refused: Refusal | None = None  # why an episode that still stands is retracted
    is_first: bool = False  # not standing before
    again: bool = False  # its values as of its `due` are to be computed again


class Seen(NamedTuple):
    """An episode, and the journey and definition that it was found by."""

    episode: Episode
    journey: Journey
    term: Term

    @property
    def rule(self) -> AbandonmentRule:
        return self.term.rules[self.episode.rule]


def episodes_of(state: CustomerState, term: Term, journeys: Journeys) -> Iterator[Seen]:
    """The episodes whose signals belong to the definition that found them (semantics 5.11)."""
    for episode in state.journey.episodes:
        if episode.due < term.end_due:
            yield Seen(episode, state.journey, term)
    for one in state.earlier:
        earlier = journeys.by_id[one.definition_id]
        for episode in one.journey.episodes:
            yield Seen(episode, one.journey, earlier)


def review(
    state: CustomerState,
    term: Term,
    journeys: Journeys,
    firing: Firing,
    *,
    again: bool,
    unchanged_to: int = BEGINNING,
) -> list[Change]:
    """What W and the episodes say now against what was made known; `state.signals` is brought up.

    Signals that no episode explains any more are retracted: a touchpoint closed the episode in
    time, or moved its `due`. `again`: the past is not what it was, so every standing signal that is
    what it was is among the changes too, for its other values may not be. Signals due before
    `unchanged_to` stay as they are but for what came after: the fold does not know them all.
    """
    if not state.signals and firing.watermark < earliest(state, firing):
        return []
    changes: list[Change] = []
    explained: set[str] = set()
    refused: dict[str, Refusal] = {}
    for seen in sorted(episodes_of(state, term, journeys), key=seen_order):
        identity = signal_id(seen.episode)
        reason = refusal(state, seen.episode)
        if reason is not None:
            refused[identity] = reason
            continue
        view = _outlook(seen, firing)
        standing = state.signals.get(identity)
        if standing is not None:
            explained.add(identity)
        if view.state is None:
            continue
        if standing is None:
            changes.append(_first(identity, seen, view, firing))
            continue
        later = _later(identity, standing, seen, view, firing.watermark)
        if again:
            later = dataclasses.replace(later, again=standing.due >= unchanged_to)
        if again or later.standing is not standing:
            changes.append(later)
    changes += [
        Change("retracted", identity, standing, None, refused=refused.get(identity))
        for identity, standing in state.signals.items()
        if identity not in explained
        and (identity in refused or not _stays(state, standing, unchanged_to))
    ]
    state.signals = _after(state.signals, changes)
    return changes


def earliest(state: CustomerState, firing: Firing) -> int:
    """A W before which nothing can happen to this customer: cheap, and often too early."""
    first = FAR
    for episode in state.episodes:
        first = min(first, episode.due + firing.grace_us)
    for overlay in state.journey.overlays.values():
        if overlay.expires_at is not None and overlay.expires_at > firing.watermark:
            first = min(first, overlay.expires_at)
    return first


def next_look(state: CustomerState, term: Term, journeys: Journeys, firing: Firing) -> int | None:
    """The next W at which something may happen to this customer; None: nothing is to come."""
    return min(_looks(state, term, journeys, firing), default=None)


def _looks(state: CustomerState, term: Term, journeys: Journeys, firing: Firing) -> Iterator[int]:
    for seen in episodes_of(state, term, journeys):
        view = _outlook(seen, firing)
        if view.next_at is not None:
            yield view.next_at
    for overlay in state.journey.overlays.values():
        if overlay.expires_at is not None and overlay.expires_at > firing.watermark:
            yield overlay.expires_at


def forget(state: CustomerState, term: Term, journeys: Journeys, firing: Firing) -> None:
    """The state without the episodes and signals of which nothing more is to come.

    What an earlier journey's asks of late touchpoints, the customer's own asks after this.
    """
    state.journey = _settled(term, state.journey, firing)
    if state.earlier:
        state.journey = copy(state.journey)
        left = [
            EarlierJourney(
                one.definition_id, _settled(journeys.by_id[one.definition_id], one.journey, firing)
            )
            for one in state.earlier
        ]
        settled_to = max(one.journey.settled_to for one in left)
        state.journey.settled_to = max(state.journey.settled_to, settled_to)
        state.earlier = [one for one in left if one.journey.episodes]
    if state.signals:
        kept = {signal_id(episode) for episode in state.episodes}
        over = {i: s for i, s in state.signals.items() if i not in kept}
        if over:
            state.signals = {i: s for i, s in state.signals.items() if i in kept}
            state.past_signals = newest({**state.past_signals, **over})


def _settled(term: Term, journey: Journey, firing: Firing) -> Journey:
    return settle(term.definition, journey, firing.watermark, firing.grace_us, firing.hold)


def _outlook(seen: Seen, firing: Firing) -> Outlook:
    return outlook(
        seen.rule,
        seen.episode,
        watermark=firing.watermark,
        grace_us=firing.grace_us,
        hold=firing.hold,
    )


def firing_order(one: Episode | Standing) -> tuple[int, str, str]:
    """Signals of one customer by (due, rule, scope): the order they fire and are told in."""
    return (one.due, one.rule, one.scope or "")


def seen_order(seen: Seen) -> tuple[int, str, str]:
    """The same of what was seen."""
    return firing_order(seen.episode)


def telling_order(change: Change) -> tuple[int, tuple[int, str, str]]:
    """What subscribers rely on within one transaction (semantics 7.3)."""
    return (_TOLD.index(change.kind), firing_order(change.standing))


def _stays(state: CustomerState, standing: Standing, unchanged_to: int) -> bool:
    """Whether the fold does not keep episodes as old: the signal stays as it is."""
    if standing.due < unchanged_to:
        return True
    journeys = (state.journey, *(one.journey for one in state.earlier))
    return any(standing.due <= one.forgotten.get(standing.rule, -FAR) for one in journeys)


def _first(identity: str, seen: Seen, view: Outlook, firing: Firing) -> Change:
    """A signal met for the first time, or back after a retraction."""
    episode = seen.episode
    imported = episode.last_historical and episode.due < episode.last_received_at
    raised = view.state == "raised" and not imported
    standing = Standing(
        rule=episode.rule,
        scope=episode.scope,
        due=episode.due,
        state=view.state or "raised",
        published=raised,
        revision=1,
        raised_at=firing.watermark,
    )
    return Change("raised" if raised else "kept", identity, standing, seen, is_first=True)


def _later(identity: str, standing: Standing, seen: Seen, view: Outlook, watermark: int) -> Change:
    """What became of a standing signal; with the same standing: nothing."""
    kind: ChangeKind = "kept"
    state = view.state or standing.state
    if state != standing.state:
        standing = replace(standing, state=state)
        if state == "recovered" and standing.published:
            kind = "recovered"
    # That the window is over stops no reminder: one may stand at its very end (semantics 5.6).
    reminder = 0
    if state != "recovered" and standing.published:
        reminder = _newest_reminder(standing, view, watermark)
    if reminder:
        kind, standing = "reminded", replace(standing, reminded=reminder)
    return Change(kind, identity, standing, seen, reminder)


def _newest_reminder(standing: Standing, view: Outlook, watermark: int) -> int:
    """Of several passed at once only the newest, and none passed when the signal was raised."""
    passed = [n for n, at in view.reminders if standing.raised_at < at <= watermark]
    newest = max(passed, default=0)
    return newest if newest > standing.reminded else 0


def _after(signals: dict[str, Standing], changes: list[Change]) -> dict[str, Standing]:
    if not changes:
        return signals
    after = dict(signals)
    for change in changes:
        if change.kind == "retracted":
            del after[change.signal_id]
        else:
            after[change.signal_id] = change.standing
    return after
