"""What a touchpoint does to abandonment episodes: open, keep alive, end, recover (semantics 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Literal

import msgspec
from msgspec.structs import replace

from services.journey_state.definition import AbandonmentRule, Definition, EventMatch, Moment
from services.journey_state.episodes import Episode, Recovery, Snapshot
from services.journey_state.items import Change, take_in
from services.journey_state.touchpoint import Touchpoint

Role = Literal["closes", "drops", "opens", "adds", "removes"]
Ended = dict[str, list[tuple[int, str]]]  # rule -> (instant, scope) of the newest endings

OPEN_EPISODES_MAX = 200  # of one rule; an opening event beyond opens nothing
ABANDONED_EPISODES_MAX = 2_000  # of one rule; beyond, those due first are forgotten
ENDINGS_MAX = 200  # scopes ended at one instant; beyond, that instant counts as ended for all

UNSCOPED = ""


class Act(msgspec.Struct, frozen=True):
    """What one touchpoint means for one rule."""

    rule: AbandonmentRule
    role: Role
    scope: str | None  # None: a stage rule
    touchpoint: Touchpoint
    event: str
    change: Change | None = None  # what it does to the items

    @property
    def at(self) -> int:
        return self.touchpoint.occurred_at


def overdue(episodes: list[Episode], at: int, snapshot: Callable[[int], Snapshot]) -> list[Episode]:
    """The episodes with those abandoned whose `due` is before this instant.

    `snapshot` gives the customer as of a `due`: no later touchpoint has been folded yet.
    """
    if not any(one.abandoned is None and one.due < at for one in episodes):
        return episodes
    changed = []
    for episode in episodes:
        if episode.abandoned is None and episode.due < at:
            changed.append(replace(episode, abandoned=snapshot(episode.due)))
        else:
            changed.append(episode)
    return _newest_abandoned(changed)


def act_on_events(
    definition: Definition, episodes: list[Episode], ended: Ended, moment: Moment
) -> tuple[list[Episode], Ended]:
    """Episodes and endings after this touchpoint met the event rules that name its event."""
    for rule in definition.abandonment_for(moment.event):
        role = meaning(rule, moment)
        if role is None:
            continue
        scope = UNSCOPED if rule.scope is None else rule.scope(moment)
        change = _change(rule, role, moment)
        act = Act(rule, role, scope, moment.touchpoint, moment.event, change)
        if role in ("closes", "drops"):
            ended = {**ended, rule.name: _ending(ended.get(rule.name, []), act.at, scope)}
        may_open = role == "opens" and not _just_ended(ended.get(rule.name, ()), act.at, scope)
        episodes = _act(episodes, act, may_open=may_open)
    return episodes, ended


def act_on_stage(
    definition: Definition, episodes: list[Episode], moment: Moment, stage: str
) -> list[Episode]:
    """Episodes after this touchpoint met the stage rules; `stage` is the one after it."""
    active = moment.event not in definition.passive
    entered = stage != moment.stage
    if not (active or entered):
        return episodes
    for rule in definition.stage_rules:
        episodes = _act_in_stages(episodes, rule, moment, stage, active=active)
    return episodes


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


def _act(episodes: list[Episode], act: Act, *, may_open: bool) -> list[Episode]:
    kept: list[Episode] = []
    met = False
    for episode in episodes:
        if episode.rule != act.rule.name or not concerns(act.scope, episode.scope):
            kept.append(episode)
        elif episode.abandoned is not None:
            kept.append(_afterwards(episode, act))
        else:
            met = True
            alive = _in_time(episode, act)
            if alive is not None:
                kept.append(alive)
    if may_open and not met and _room(kept, act.rule.name):
        kept.append(_opened(act))
    return kept


def _in_time(episode: Episode, act: Act) -> Episode | None:
    """An open episode after an event that concerns it; None: closed or dropped."""
    if act.role in ("closes", "drops"):
        return None
    alive = _active(episode, act)
    if act.role == "opens" and episode.scope == UNSCOPED:
        alive.scope = act.scope
    emptied = take_in(alive, act.touchpoint.properties, act.change)
    return None if emptied and act.role == "removes" else alive


def _afterwards(episode: Episode, act: Act) -> Episode:
    """An abandoned episode after an event that concerns it."""
    changed = episode
    if episode.stopped_at is None:
        changed = replace(episode, stopped_at=act.at)
    in_window = act.at <= episode.due + act.rule.recover_within_us
    if act.role == "closes" and episode.recovered is None and in_window:
        changed = replace(changed, recovered=_recovery(act))
    return changed


def _act_in_stages(
    episodes: list[Episode], rule: AbandonmentRule, moment: Moment, stage: str, *, active: bool
) -> list[Episode]:
    before, after = _within(rule, moment.stage), _within(rule, stage)
    mine = [one for one in episodes if one.rule == rule.name]
    if not mine and not after:
        return episodes
    # Leaving the set is what closing is for other rules; so is the return of an abandoned one.
    act = Act(rule, "opens" if after else "closes", None, moment.touchpoint, moment.event)
    kept: list[Episode] = []
    opened = False
    for episode in episodes:
        if episode.rule != rule.name:
            kept.append(episode)
        elif episode.abandoned is not None:
            kept.append(_returned(episode, act) if active else episode)
        elif after:
            opened = True
            kept.append(_stayed(episode, act) if active else episode)
    if after and not opened and (active or not before):
        kept.append(_opened(act))
    return kept


def _within(rule: AbandonmentRule, stage: str) -> bool:
    return rule.stages is not None and stage in rule.stages


def _returned(episode: Episode, act: Act) -> Episode:
    """A stage rule's abandoned episode after an activity: the first one recovers."""
    if episode.stopped_at is not None:
        return episode
    in_window = act.at <= episode.due + act.rule.recover_within_us
    return replace(episode, stopped_at=act.at, recovered=_recovery(act) if in_window else None)


def _stayed(episode: Episode, act: Act) -> Episode:
    alive = _active(episode, act)
    take_in(alive, act.touchpoint.properties, None)
    return alive


def _opened(act: Act) -> Episode:
    touchpoint = act.touchpoint
    episode = Episode(
        rule=act.rule.name,
        scope=act.scope,
        opened_at=act.at,
        due=act.at + act.rule.after_us,
        last_at=act.at,
        last_received_at=touchpoint.received_at,
        last_source=touchpoint.source,
        last_message_id=touchpoint.message_id,
        last_historical=touchpoint.historical,
    )
    take_in(episode, touchpoint.properties, act.change)
    return episode


def _active(episode: Episode, act: Act) -> Episode:
    """A copy of an open episode with the touchpoint as its last activity."""
    touchpoint = act.touchpoint
    alive = copy(episode)
    alive.due = act.at + act.rule.after_us
    alive.last_at = act.at
    alive.last_received_at = touchpoint.received_at
    alive.last_source = touchpoint.source
    alive.last_message_id = touchpoint.message_id
    alive.last_historical = touchpoint.historical
    return alive


def _recovery(act: Act) -> Recovery:
    touchpoint = act.touchpoint
    return Recovery(act.at, act.event, touchpoint.channel, touchpoint.source, touchpoint.message_id)


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


def _newest_abandoned(episodes: list[Episode]) -> list[Episode]:
    """The episodes without those of a rule's abandoned ones that are beyond the bound."""
    if len(episodes) <= ABANDONED_EPISODES_MAX:
        return episodes
    abandoned: dict[str, list[int]] = {}
    for n, one in enumerate(episodes):
        if one.abandoned is not None:
            abandoned.setdefault(one.rule, []).append(n)
    gone: set[int] = set()
    for places in abandoned.values():
        oldest_first = sorted(places, key=lambda n: episodes[n].due)
        gone.update(oldest_first[: max(len(places) - ABANDONED_EPISODES_MAX, 0)])
    return [one for n, one in enumerate(episodes) if n not in gone]
