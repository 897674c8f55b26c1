"""A customer's journey as a fold over touchpoints: stage, history, overlays, counters, episodes."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from operator import attrgetter, methodcaller
from typing import Any, Protocol

import msgspec

from services.journey_state import consent as consents
from services.journey_state import overlays as flags
from services.journey_state.abandonment import (
    act_on_events,
    act_on_stage,
    newest_abandoned,
)
from services.journey_state.aside import Aside
from services.journey_state.consent import Statement
from services.journey_state.definition import (
    NONE_STAGE,
    AbandonmentRule,
    Definition,
    EventRules,
    Moment,
    TextOf,
)
from services.journey_state.episodes import (
    Episode,
    HoldForGaps,
    LastTouchpoint,
    Snapshot,
    no_gaps,
    outlook,
)
from services.journey_state.overlays import OpenOverlay
from services.journey_state.profile import campaign_of, locale_of, merged_traits, seen_key
from services.journey_state.stages import Direction, direction, entered
from services.journey_state.touchpoint import Place, Touchpoint

__all__ = [
    "Direction",
    "Folded",
    "Journey",
    "LastTouchpoint",
    "OpenOverlay",
    "Statement",
    "Transition",
    "Watch",
    "advance",
    "fold",
    "follows",
    "in_order",
    "moment_of",
    "open_overlays",
    "settle",
    "snapshot",
]

ONCE_KEYS_MAX = 1_000  # per event name; a repeat of an older key is folded again


class Transition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One row of the stage history: the stage was entered, and by what."""

    previous: str
    stage: str
    entered_at: int
    direction: Direction
    rule: str
    message_id: str
    event: str
    channel: str
    source: str
    historical: bool = False


class Journey(msgspec.Struct, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """What `advance` needs to know of the touchpoints so far. Encoded as msgpack in the store."""

    place: Place | None = None  # of the newest touchpoint that went through `advance`
    stage: str = NONE_STAGE
    entered_at: int | None = None
    visited: list[str] = []
    counts: dict[str, int] = {}
    last_at: dict[str, int] = {}
    once: dict[str, list[str]] = {}
    traits: dict[str, Any] = {}
    overlays: dict[str, OpenOverlay] = {}
    consent: dict[str, list[Statement]] = {}
    campaign_first: dict[str, Any] | None = None
    campaign_last: dict[str, Any] | None = None
    locale: str | None = None
    last_touchpoint: LastTouchpoint | None = None
    first_seen_at: int | None = None
    last_seen_at: int | None = None
    episodes: list[Episode] = []  # open ones, and abandoned ones that `settle` has not dropped
    ended: dict[str, list[tuple[int, str]]] = {}  # rule -> (instant, scope) of its newest endings
    settled_to: int = 0  # a touchpoint at or before this may concern a dropped episode: refold
    forgotten: dict[str, int] = {}  # rule -> newest `due` of those beyond ABANDONED_EPISODES_MAX


class Folded(msgspec.Struct, frozen=True):
    """The whole journey and the history that led to it."""

    journey: Journey
    history: tuple[Transition, ...]


class Watch(Protocol):
    """Sees a fold at work: the journey, which changes in place, around each touchpoint."""

    def before(self, journey: Journey, touchpoint: Touchpoint) -> None: ...

    def after(self, journey: Journey, transition: Transition | None) -> None: ...


def advance(
    definition: Definition, journey: Journey, touchpoint: Touchpoint
) -> tuple[Journey, Transition | None]:
    """The journey after one more touchpoint, which must `follow` it; the input stays as it is.

    A bot's leaves no trace.
    """
    if touchpoint.bot:
        return journey, None
    after = _own(journey)
    after.place = touchpoint.place
    transition = _take(definition, after, touchpoint)
    after.episodes, after.forgotten = newest_abandoned(after.episodes, after.forgotten)
    return after, transition


def fold(
    definition: Definition,
    touchpoints: Iterable[Touchpoint],
    start: Journey | None = None,
    watch: Watch | None = None,
) -> Folded:
    """The journey of these touchpoints, in whatever order and however often they are given.

    `start` is a checkpoint that all of them follow; the history is that of these touchpoints.
    `watch` sees each of them and changes nothing.
    """
    journey = Journey() if start is None else _own(start)
    history = []
    aside = Aside(definition)
    last = None
    for touchpoint in in_order(touchpoints):
        if watch is not None:
            watch.before(journey, touchpoint)
        transition = _take(definition, journey, touchpoint)
        if transition is not None:
            history.append(transition)
        if watch is not None:
            watch.after(journey, transition)
        if len(journey.episodes) > aside.room:
            aside.take(journey.episodes, touchpoint.occurred_at)
        if not touchpoint.bot:
            last = touchpoint
    if last is not None:
        journey.place = last.place
    episodes = aside.all(journey.episodes)
    journey.episodes, journey.forgotten = newest_abandoned(episodes, journey.forgotten)
    return Folded(journey, tuple(history))


def follows(journey: Journey, touchpoint: Touchpoint) -> bool:
    """Whether `advance` may be used: the touchpoint is after all folded ones (semantics 4.2)."""
    if touchpoint.occurred_at <= journey.settled_to:
        return False
    return journey.place is None or touchpoint.place > journey.place


def in_order(touchpoints: Iterable[Touchpoint]) -> list[Touchpoint]:
    """One copy of each, the one received first, in the order (semantics 1.6, 1.7)."""
    copies: dict[tuple[str, str], Touchpoint] = {}
    for touchpoint in touchpoints:
        key = (touchpoint.message_id, touchpoint.source)
        other = copies.setdefault(key, touchpoint)
        if other is not touchpoint and _counts_before(touchpoint, other):
            copies[key] = touchpoint
    return sorted(copies.values(), key=_place)


def open_overlays(journey: Journey, at: int) -> dict[str, OpenOverlay]:
    """The overlays open at this time, which is not before the newest touchpoint."""
    return flags.open_at(journey.overlays, at)


def snapshot(journey: Journey, at: int) -> Snapshot:
    """The customer as of this time, which is not before the newest folded touchpoint."""
    overlays = sorted(open_overlays(journey, at).items())
    return Snapshot(
        stage=journey.stage,
        overlays=[name for name, _ in overlays],
        last_touchpoint=journey.last_touchpoint,
        campaign_first=journey.campaign_first,
        campaign_last=journey.campaign_last,
        consent=consents.current(journey.consent, at),
        locale=journey.locale,
        opened=[(name, one.opened_at, one.expires_at) for name, one in overlays],
    )


def settle(
    definition: Definition,
    journey: Journey,
    watermark: int,
    grace_us: int,
    hold: HoldForGaps = no_gaps,
) -> Journey:
    """The journey without the episodes of which nothing more is to come at this watermark.

    A touchpoint at or before the end of their windows no longer `follows`. With the `hold` of
    the deadlines, nothing is dropped before it has fired. The input stays as it is.
    """
    kept = []
    settled_to = journey.settled_to
    rules = {rule.name: rule for rule in definition.abandonment}
    for episode in journey.episodes:
        rule = rules.get(episode.rule)
        if rule is None or _to_come(rule, episode, watermark, grace_us, hold):
            kept.append(episode)
        else:
            settled_to = max(settled_to, episode.due + rule.recover_within_us)
    if len(kept) == len(journey.episodes):
        return journey
    after = copy(journey)
    after.episodes, after.settled_to = kept, settled_to
    return after


def _to_come(
    rule: AbandonmentRule, episode: Episode, watermark: int, grace_us: int, hold: HoldForGaps
) -> bool:
    view = outlook(rule, episode, watermark=watermark, grace_us=grace_us, hold=hold)
    return view.next_at is not None


_place = attrgetter("occurred_at", "message_id", "source")  # of a touchpoint: its `place`


def _counts_before(one: Touchpoint, other: Touchpoint) -> bool:
    """Whether this copy counts and not the other; a tie is settled by content."""
    if one.received_at != other.received_at:
        return one.received_at < other.received_at
    return _content(one) < _content(other)


def _content(touchpoint: Touchpoint) -> bytes:
    return msgspec.json.encode(touchpoint, order="deterministic")


def _own(journey: Journey) -> Journey:
    """A copy that `_take` may change: it alters episodes, and replaces all other values."""
    own = copy(journey)
    own.episodes = list(map(_copied, journey.episodes))
    return own


_copied = methodcaller("__copy__")  # what `copy` comes to, in half the time


def _take(definition: Definition, journey: Journey, touchpoint: Touchpoint) -> Transition | None:
    """Fold the touchpoint into the journey, all but its `place`; gives the transition it made."""
    if touchpoint.bot:
        return None
    at = touchpoint.occurred_at
    for episode in journey.episodes:
        if episode.due < at and episode.abandoned is None:
            episode.abandoned = snapshot(journey, episode.due)
    if touchpoint.consent:
        said, received_at = touchpoint.consent, touchpoint.received_at
        journey.consent = consents.stated(journey.consent, said, at, received_at)
    if touchpoint.call == "consent":
        return None
    return _step(definition, journey, touchpoint)


def moment_of(definition: Definition, journey: Journey, touchpoint: Touchpoint) -> Moment:
    """What expressions see of a touchpoint that is folded next after this journey."""
    event = definition.canonical(touchpoint.call, touchpoint.event)
    return _moment(definition.rules_for(event), event, journey, touchpoint)


def _moment(rules: EventRules, event: str, journey: Journey, touchpoint: Touchpoint) -> Moment:
    counts, traits = journey.counts, journey.traits
    if rules.counted:
        counts = {**counts, event: counts.get(event, 0) + 1}
    if touchpoint.traits:
        traits = merged_traits(traits, touchpoint)
    return Moment(touchpoint, event, journey.stage, traits, counts, journey.last_at)


def _step(definition: Definition, after: Journey, touchpoint: Touchpoint) -> Transition | None:
    event = definition.canonical(touchpoint.call, touchpoint.event)
    rules = definition.rules_for(event)
    moment = _moment(rules, event, after, touchpoint)
    if rules.once is not None and _repeats(rules.once, after, moment):
        return None
    after.counts, after.traits = moment.counts, moment.traits
    if rules.overlays:
        after.overlays = flags.flagged(after.overlays, rules.overlays, moment)
    if rules.abandonment:
        after.ended = act_on_events(rules.abandonment, after.episodes, after.ended, moment)
    transition = _move(definition, after, moment) if rules.enter else None
    if not rules.passive or transition is not None:
        for rule in definition.stage_rules:
            act_on_stage(rule, after.episodes, moment, after.stage, active=not rules.passive)
    if rules.timed:
        after.last_at = {**after.last_at, event: touchpoint.occurred_at}
    _remember(after, event, touchpoint)
    return transition


def _repeats(once: TextOf, after: Journey, moment: Moment) -> bool:
    """Whether an earlier one had the same key; a new key is noted in `after`."""
    key = seen_key(once(moment))
    if not key:
        return False
    keys = after.once.get(moment.event, [])
    if key in keys:
        return True
    after.once = {**after.once, moment.event: [*keys, key][-ONCE_KEYS_MAX:]}
    return False


def _move(definition: Definition, after: Journey, moment: Moment) -> Transition | None:
    rule = entered(definition, moment)
    if rule is None:
        return None
    touchpoint = moment.touchpoint
    way = direction(definition, moment.stage, rule.stage, after.visited)
    after.stage, after.entered_at = rule.stage, touchpoint.occurred_at
    if rule.stage not in after.visited:
        after.visited = [*after.visited, rule.stage]
    return Transition(
        previous=moment.stage,
        stage=rule.stage,
        entered_at=touchpoint.occurred_at,
        direction=way,
        rule=rule.id,
        message_id=touchpoint.message_id,
        event=moment.event,
        channel=touchpoint.channel,
        source=touchpoint.source,
        historical=touchpoint.historical,
    )


def _remember(after: Journey, event: str, touchpoint: Touchpoint) -> None:
    """Who was seen last, where and when."""
    at = touchpoint.occurred_at
    after.last_touchpoint = LastTouchpoint(
        event, touchpoint.channel, touchpoint.source, at, touchpoint.message_id
    )
    if after.first_seen_at is None:
        after.first_seen_at = at
    after.last_seen_at = at
    context = touchpoint.context
    if not context:
        return
    campaign = campaign_of(context) if "campaign" in context else None
    if campaign is not None and campaign != after.campaign_last:
        after.campaign_last = campaign
        if after.campaign_first is None:
            after.campaign_first = campaign
    after.locale = locale_of(context) or after.locale
