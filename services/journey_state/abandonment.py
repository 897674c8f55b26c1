"""What a touchpoint does to abandonment episodes: open, keep alive, end, recover (semantics 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from services.journey_state.definition import AbandonmentRule, EventMatch, Moment
from services.journey_state.episodes import Episode, Recovery
from services.journey_state.items import Change, take_in
from services.journey_state.touchpoint import Touchpoint

Role = Literal["closes", "drops", "opens", "adds", "removes"]
Ended = dict[str, list[tuple[int, str]]]  # rule -> (instant, scope) of the newest endings

OPEN_EPISODES_MAX = 200  # of one rule; an opening event beyond opens nothing
ABANDONED_EPISODES_MAX = 2_000  # of one rule; beyond, those due first are forgotten
ENDINGS_MAX = 200  # scopes ended at one instant; beyond, that instant counts as ended for all

UNSCOPED = ""


class Act(msgspec.Struct, frozen=True, gc=False):
    """What one touchpoint means for one event rule."""

    rule: AbandonmentRule
    role: Role
    scope: str
    moment: Moment
    change: Change | None  # what it does to the items


def newest_abandoned(
    episodes: list[Episode], forgotten: dict[str, int]
) -> tuple[list[Episode], dict[str, int]]:
    """The episodes without those of a rule's abandoned ones that are beyond the bound.

    `forgotten` gives the newest `due` of what was left out, by rule.
    """
    if len(episodes) <= ABANDONED_EPISODES_MAX:
        return episodes, forgotten
    abandoned: dict[str, list[Episode]] = {}
    for one in episodes:
        if one.abandoned is not None:
            abandoned.setdefault(one.rule, []).append(one)
    gone: set[int] = set()
    for rule, found in abandoned.items():
        beyond = sorted(found, key=_due)[: max(len(found) - ABANDONED_EPISODES_MAX, 0)]
        if beyond:
            gone.update(map(id, beyond))
            newest = max(beyond[-1].due, forgotten.get(rule, beyond[-1].due))
            forgotten = {**forgotten, rule: newest}
    return [one for one in episodes if id(one) not in gone], forgotten


def _due(episode: Episode) -> int:
    return episode.due


def act_on_events(
    rules: Iterable[AbandonmentRule], episodes: list[Episode], ended: Ended, moment: Moment
) -> Ended:
    """Let this touchpoint meet the event rules that name its event; gives the endings after it.

    The list and the episodes in it are changed.
    """
    at = moment.touchpoint.occurred_at
    for rule in rules:
        role = meaning(rule, moment)
        if role is None:
            continue
        scope = UNSCOPED if rule.scope is None else rule.scope(moment)
        act = Act(rule, role, scope, moment, _change(rule, role, moment))
        if role in ("closes", "drops"):
            ended = {**ended, rule.name: _ending(ended.get(rule.name, []), at, scope)}
        may_open = role == "opens" and not _just_ended(ended.get(rule.name, ()), at, scope)
        _act(episodes, act, may_open=may_open)
    return ended


def act_on_stage(
    rule: AbandonmentRule, episodes: list[Episode], moment: Moment, stage: str, *, active: bool
) -> None:
    """Let this touchpoint meet a stage rule; `stage` is the one after it.

    The list and the episodes in it are changed. Leaving the rule's stages is what closing is for
    other rules; so is the return of an abandoned one.
    """
    name, after = rule.name, _within(rule, stage)
    ended: list[Episode] = []
    opened = False
    for episode in episodes:
        if episode.rule != name:
            continue
        if episode.abandoned is not None:
            if active and episode.stopped_at is None:
                _stop(episode, rule, moment, recovers=True)
        elif not after:
            ended.append(episode)
        else:
            opened = True
            if active:
                _keep_alive(episode, rule, moment.touchpoint)
                take_in(episode, moment.touchpoint.properties, None)
    if ended:
        _leave_out(episodes, ended)
    if after and not opened and (active or not _within(rule, moment.stage)):
        episodes.append(_opened(rule, None, moment.touchpoint, None))


def meaning(rule: AbandonmentRule, moment: Moment) -> Role | None:
    """What the touchpoint means for an event rule: the first that applies (semantics 5.1)."""
    if _holds(rule.closes, moment):
        return "closes"
    if _holds(rule.drops, moment):
        return "drops"
    if _holds(rule.opens, moment):
        return "opens"
    if _holds(rule.adds, moment):
        return "adds"
    return "removes" if _holds(rule.removes, moment) else None


def concerns(event_scope: str | None, scope: str | None) -> bool:
    """Whether an event of one scope concerns another (semantics 5.2)."""
    return event_scope == scope or UNSCOPED in (event_scope, scope)


def _holds(match: EventMatch | None, moment: Moment) -> bool:
    return match is not None and match.holds(moment)


def _change(rule: AbandonmentRule, role: Role, moment: Moment) -> Change | None:
    if role in ("adds", "removes"):
        return "adds" if role == "adds" else "removes"
    if role == "opens" and _holds(rule.adds, moment):
        return "adds"
    return None


def _act(episodes: list[Episode], act: Act, *, may_open: bool) -> None:
    rule, scope = act.rule, act.scope
    ended: list[Episode] = []
    met = False
    for episode in episodes:
        if episode.rule != rule.name or not concerns(scope, episode.scope):
            continue
        if episode.abandoned is not None:
            _stop(episode, rule, act.moment, recovers=act.role == "closes")
        else:
            met = True
            if not _goes_on(episode, act):
                ended.append(episode)
    if ended:
        _leave_out(episodes, ended)
    if may_open and not met and _room(episodes, rule.name):
        episodes.append(_opened(rule, scope, act.moment.touchpoint, act.change))


def _goes_on(episode: Episode, act: Act) -> bool:
    """Let an event act that concerns an open episode; False: it is closed or dropped."""
    if act.role in ("closes", "drops"):
        return False
    touchpoint = act.moment.touchpoint
    _keep_alive(episode, act.rule, touchpoint)
    if act.role == "opens" and episode.scope == UNSCOPED:
        episode.scope = act.scope
    emptied = take_in(episode, touchpoint.properties, act.change)
    return not (emptied and act.role == "removes")


def _stop(episode: Episode, rule: AbandonmentRule, moment: Moment, *, recovers: bool) -> None:
    """An abandoned episode meets an event that concerns it; after its window none matters."""
    at = moment.touchpoint.occurred_at
    if at > episode.due + rule.recover_within_us:
        return
    if episode.stopped_at is None:
        episode.stopped_at = at
    if recovers and episode.recovered is None:
        episode.recovered = _recovery(moment)


def _within(rule: AbandonmentRule, stage: str) -> bool:
    return rule.stages is not None and stage in rule.stages


def _leave_out(episodes: list[Episode], ended: list[Episode]) -> None:
    gone = set(map(id, ended))
    episodes[:] = [one for one in episodes if id(one) not in gone]


def _opened(
    rule: AbandonmentRule, scope: str | None, touchpoint: Touchpoint, change: Change | None
) -> Episode:
    at = touchpoint.occurred_at
    episode = Episode(
        rule=rule.name,
        scope=scope,
        opened_at=at,
        due=at + rule.after_us,
        last_at=at,
        last_received_at=touchpoint.received_at,
        last_source=touchpoint.source,
        last_message_id=touchpoint.message_id,
        last_historical=touchpoint.historical,
        last_consent_required=touchpoint.consent_required,
    )
    take_in(episode, touchpoint.properties, change)
    return episode


def _keep_alive(episode: Episode, rule: AbandonmentRule, touchpoint: Touchpoint) -> None:
    """The touchpoint is the last activity of an open episode."""
    episode.last_at = at = touchpoint.occurred_at
    episode.due = at + rule.after_us
    episode.last_received_at = touchpoint.received_at
    episode.last_source = touchpoint.source
    episode.last_message_id = touchpoint.message_id
    episode.last_historical = touchpoint.historical
    episode.last_consent_required = touchpoint.consent_required


def _recovery(moment: Moment) -> Recovery:
    touchpoint = moment.touchpoint
    return Recovery(
        touchpoint.occurred_at,
        moment.event,
        touchpoint.channel,
        touchpoint.source,
        touchpoint.message_id,
    )


def _ending(endings: list[tuple[int, str]], at: int, scope: str) -> list[tuple[int, str]]:
    """The endings of the newest instant, this one among them."""
    same = [one for one in endings if one[0] == at]
    if len(same) >= ENDINGS_MAX:
        return [(at, UNSCOPED)]
    return same if (at, scope) in same else [*same, (at, scope)]


def _just_ended(endings: Sequence[tuple[int, str]], at: int, scope: str) -> bool:
    return any(instant == at and concerns(ending, scope) for instant, ending in endings)


def _room(episodes: list[Episode], rule: str) -> bool:
    open_ones = sum(1 for one in episodes if one.rule == rule and one.abandoned is None)
    return open_ones < OPEN_EPISODES_MAX
