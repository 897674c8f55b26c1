"""What a touchpoint does to abandonment episodes: open, keep alive, end, recover (semantics 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from services.journey_state.definition import AbandonmentRule, Definition, EventMatch, Moment
from services.journey_state.episodes import Episode, Recovery
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
    definition: Definition, episodes: list[Episode], ended: Ended, moment: Moment
) -> Ended:
    """Let this touchpoint meet the event rules that name its event; gives the endings after it.

    The list and the episodes in it are changed.
    """
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
        _act(episodes, act, may_open=may_open)
    return ended


def act_on_stage(
    definition: Definition, episodes: list[Episode], moment: Moment, stage: str
) -> None:
    """Let this touchpoint meet the stage rules; `stage` is the one after it.

    The list and the episodes in it are changed.
    """
    active = moment.event not in definition.passive
    entered = stage != moment.stage
    if not (active or entered):
        return
    for rule in definition.stage_rules:
        if episodes or _within(rule, stage):
            _act_in_stages(episodes, rule, moment, stage, active=active)


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
    name, scope = act.rule.name, act.scope
    ended: list[Episode] = []
    met = False
    for episode in episodes:
        if episode.rule != name or not concerns(scope, episode.scope):
            continue
        if episode.abandoned is not None:
            _stop(episode, act, recovers=act.role == "closes")
        else:
            met = True
            if not _goes_on(episode, act):
                ended.append(episode)
    _leave_out(episodes, ended)
    if may_open and not met and _room(episodes, name):
        episodes.append(_opened(act))


def _goes_on(episode: Episode, act: Act) -> bool:
    """Let an event act that concerns an open episode; False: it is closed or dropped."""
    if act.role in ("closes", "drops"):
        return False
    _keep_alive(episode, act)
    if act.role == "opens" and episode.scope == UNSCOPED:
        episode.scope = act.scope
    emptied = take_in(episode, act.touchpoint.properties, act.change)
    return not (emptied and act.role == "removes")


def _stop(episode: Episode, act: Act, *, recovers: bool) -> None:
    """An abandoned episode meets an event that concerns it; after its window none matters."""
    if act.at > episode.due + act.rule.recover_within_us:
        return
    if episode.stopped_at is None:
        episode.stopped_at = act.at
    if recovers and episode.recovered is None:
        episode.recovered = _recovery(act)


def _act_in_stages(
    episodes: list[Episode], rule: AbandonmentRule, moment: Moment, stage: str, *, active: bool
) -> None:
    before, after = _within(rule, moment.stage), _within(rule, stage)
    # Leaving the set is what closing is for other rules; so is the return of an abandoned one.
    act = Act(rule, "opens" if after else "closes", None, moment.touchpoint, moment.event)
    ended: list[Episode] = []
    opened = False
    for episode in episodes:
        if episode.rule != rule.name:
            continue
        if episode.abandoned is not None:
            if active:
                _return(episode, act)
        elif not after:
            ended.append(episode)
        else:
            opened = True
            if active:
                _keep_alive(episode, act)
                take_in(episode, act.touchpoint.properties, None)
    _leave_out(episodes, ended)
    if after and not opened and (active or not before):
        episodes.append(_opened(act))


def _within(rule: AbandonmentRule, stage: str) -> bool:
    return rule.stages is not None and stage in rule.stages


def _return(episode: Episode, act: Act) -> None:
    """A stage rule's abandoned episode meets an activity: the first one recovers."""
    if episode.stopped_at is None:
        _stop(episode, act, recovers=True)


def _leave_out(episodes: list[Episode], ended: list[Episode]) -> None:
    if ended:
        gone = set(map(id, ended))
        episodes[:] = [one for one in episodes if id(one) not in gone]


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
        last_consent_required=touchpoint.consent_required,
    )
    take_in(episode, touchpoint.properties, act.change)
    return episode


def _keep_alive(episode: Episode, act: Act) -> None:
    """The touchpoint is the last activity of an open episode."""
    touchpoint = act.touchpoint
    episode.last_at = at = touchpoint.occurred_at
    episode.due = at + act.rule.after_us
    episode.last_received_at = touchpoint.received_at
    episode.last_source = touchpoint.source
    episode.last_message_id = touchpoint.message_id
    episode.last_historical = touchpoint.historical
    episode.last_consent_required = touchpoint.consent_required


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
