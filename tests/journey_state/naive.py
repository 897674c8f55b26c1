"""Semantics 1.6 to 5 and 8.2 taken word by word, slowly: sort, then loop over everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.journey_state.definition import AbandonmentRule, Definition, EventMatch, Moment
from services.journey_state.touchpoint import Touchpoint

Plain = dict[str, Any]


def ordered(touchpoints: Iterable[Touchpoint]) -> list[Touchpoint]:
    touchpoints = list(touchpoints)
    counting = []
    for key in {(t.source, t.message_id) for t in touchpoints}:
        copies = [t for t in touchpoints if (t.source, t.message_id) == key]
        counting.append(min(copies, key=lambda t: t.received_at))
    return sorted(counting, key=lambda t: (t.occurred_at, t.message_id, t.source))


def holds(match: EventMatch | None, moment: Moment) -> bool:
    if match is None or moment.event not in match.events:
        return False
    return match.when is None or match.when(moment)


def moments_of(definition: Definition, touchpoints: Sequence[Touchpoint]) -> list[Moment]:
    """One per folded touchpoint, with what an expression sees at it."""
    folded: list[Moment] = []
    stage = "none"
    for touchpoint in touchpoints:
        if touchpoint.bot or touchpoint.call == "consent":
            continue
        event = touchpoint.event.strip()
        if touchpoint.call == "track":
            event = definition.aliases.get(event, event)
        names = [m.event for m in folded] + [event]
        counts = {name: names.count(name) for name in definition.counted if name in names}
        last_at = {
            name: max(m.touchpoint.occurred_at for m in folded if m.event == name)
            for name in definition.timed
            if name in names[:-1]
        }
        traits = traits_of([m.touchpoint for m in folded] + [touchpoint])
        moment = Moment(touchpoint, event, stage, traits, counts, last_at)
        if event in definition.once:
            key = definition.once[event]
            if key(moment) and any(key(m) == key(moment) for m in folded if m.event == event):
                continue
        folded.append(moment)
        stage = stage_after(definition, moment)
    return folded


def traits_of(touchpoints: Sequence[Touchpoint]) -> Plain:
    traits: Plain = {}
    for touchpoint in touchpoints:
        if touchpoint.call != "group":
            traits.update(touchpoint.traits)
        traits = {name: value for name, value in traits.items() if value is not None}
    return traits


def stage_after(definition: Definition, moment: Moment) -> str:
    rule = matching(definition, moment)
    return moment.stage if rule is None else rule.stage


def matching(definition: Definition, moment: Moment) -> Any:
    for stage in definition.stages:
        for rule in stage.enter:
            allowed = rule.from_stages is None or moment.stage in rule.from_stages
            if allowed and holds(rule.match, moment):
                return rule
    return None


def history_of(definition: Definition, moments: Sequence[Moment]) -> list[Plain]:
    rank = [stage.name for stage in definition.stages]
    history: list[Plain] = []
    for moment in moments:
        rule = matching(definition, moment)
        if rule is None or rule.stage == moment.stage:
            continue
        if not history:
            way = "first"
        elif rule.stage in [row["stage"] for row in history]:
            way = "re-entry"
        else:
            ahead = rank.index(rule.stage) > rank.index(moment.stage)
            way = "forward" if ahead else "backward"
        history.append(
            {
                "previous": moment.stage,
                "stage": rule.stage,
                "entered_at": moment.touchpoint.occurred_at,
                "direction": way,
                "rule": rule.id,
                "message_id": moment.touchpoint.message_id,
                "event": moment.event,
                "channel": moment.touchpoint.channel,
                "source": moment.touchpoint.source,
                "historical": moment.touchpoint.historical,
            }
        )
    return history


def overlays_at(definition: Definition, moments: Sequence[Moment], at: int) -> Plain:
    found: Plain = {}
    for rule in definition.overlays:
        opened: tuple[int, int | None] | None = None
        for moment in moments:
            t = moment.touchpoint.occurred_at
            if opened is not None and opened[1] is not None and t >= opened[1]:
                opened = None
            if holds(rule.closes, moment):
                opened = None
            if holds(rule.opens, moment):
                expires_at = None if rule.expires_us is None else t + rule.expires_us
                opened = (t if opened is None else opened[0], expires_at)
        if opened is not None and (opened[1] is None or at < opened[1]):
            found[rule.name] = opened
    return found


def consent_at(touchpoints: Iterable[Touchpoint], at: int) -> dict[str, bool]:
    stated = [t for t in touchpoints if t.consent and not t.bot and t.occurred_at <= at]
    purposes = {purpose for t in stated for purpose in t.consent or {}}
    return {
        purpose: not withdrawn_at(
            [
                (t.occurred_at, t.received_at, t.consent[purpose])
                for t in stated
                if t.consent and purpose in t.consent
            ],
            at,
        )
        for purpose in purposes
    }


def withdrawn_at(statements: Iterable[tuple[int, int, bool]], at: int) -> bool:
    """8.2: a withdrawal up to T which no grant up to T, later in both times, has lifted."""
    known = [one for one in statements if one[0] <= at]
    return any(
        not any(g[0] > w[0] and g[1] > w[1] for g in known if g[2]) for w in known if not w[2]
    )


@dataclass
class Stay:
    """An episode as the list of its events."""

    rule: AbandonmentRule
    scope: str | None
    events: list[tuple[Moment, str]] = field(default_factory=list)  # with the role
    ended: bool = False

    @property
    def due(self) -> int:
        return self.events[-1][0].touchpoint.occurred_at + self.rule.after_us


def role_of(rule: AbandonmentRule, moment: Moment) -> str:
    for role in ("closes", "drops", "opens", "adds", "removes"):
        if holds(getattr(rule, role), moment):
            return role
    return ""


def concerned(event_scope: str, scope: str) -> bool:
    return event_scope == scope or not event_scope or not scope


def event_episodes(rule: AbandonmentRule, moments: Sequence[Moment]) -> list[Plain]:
    acts = [(m, role_of(rule, m), rule.scope(m) if rule.scope else "") for m in moments]
    acts = [act for act in acts if act[1]]
    stays: list[Stay] = []
    for n, (moment, role, scope) in enumerate(acts):
        t = moment.touchpoint.occurred_at
        met = [
            stay
            for stay in stays
            if not stay.ended and t <= stay.due and concerned(scope, stay.scope or "")
        ]
        for stay in met:
            _let_act(stay, moment, role, scope)
        just_ended = any(
            other.touchpoint.occurred_at == t
            and kind in ("closes", "drops")
            and concerned(ending, scope)
            for other, kind, ending in acts[:n]
        )
        if role == "opens" and not met and not just_ended:
            stays.append(Stay(rule, scope, [(moment, role)]))
    found = []
    for stay in stays:
        if not stay.ended:
            later = [
                (m, role)
                for m, role, scope in acts
                if m.touchpoint.occurred_at > stay.due and concerned(scope, stay.scope or "")
            ]
            returns = [m for m, role in later if role == "closes"]
            found.append(_plain(stay, returns, [m for m, _ in later]))
    return found


def _let_act(stay: Stay, moment: Moment, role: str, scope: str) -> None:
    if role in ("closes", "drops"):
        stay.ended = True
        return
    before = items_of(stay)
    stay.events.append((moment, role))
    if role == "opens" and stay.scope == "":
        stay.scope = scope
    if role == "removes" and before and not items_of(stay):
        stay.ended = True


def stage_episodes(
    definition: Definition, rule: AbandonmentRule, moments: Sequence[Moment]
) -> list[Plain]:
    stages = rule.stages or frozenset()
    stays: list[Stay] = []
    for moment in moments:
        t = moment.touchpoint.occurred_at
        active = moment.event not in definition.passive
        inside = stage_after(definition, moment) in stages
        present = [stay for stay in stays if not stay.ended and t <= stay.due]
        for stay in present:
            if not inside:
                stay.ended = True
            elif active:
                stay.events.append((moment, "opens"))
        if inside and not present and (active or moment.stage not in stages):
            stays.append(Stay(rule, None, [(moment, "opens")]))
    found = []
    for stay in stays:
        if not stay.ended:
            later = [
                m
                for m in moments
                if m.event not in definition.passive and m.touchpoint.occurred_at > stay.due
            ]
            found.append(_plain(stay, later[:1], later[:1]))
    return found


def _plain(stay: Stay, returns: Sequence[Moment], stops: Sequence[Moment]) -> Plain:
    last = stay.events[-1][0].touchpoint
    window_end = stay.due + stay.rule.recover_within_us
    in_window = [m for m in returns if m.touchpoint.occurred_at <= window_end]
    back = in_window[0] if in_window else None
    return {
        "rule": stay.rule.name,
        "scope": stay.scope,
        "opened_at": stay.events[0][0].touchpoint.occurred_at,
        "due": stay.due,
        "last": (
            last.occurred_at,
            last.received_at,
            last.source,
            last.message_id,
            last.historical,
        ),
        "items": items_of(stay),
        "items_complete": any(
            isinstance(m.touchpoint.properties.get("products"), list) for m, _ in stay.events
        ),
        "value": value_of(stay),
        "recovered": None
        if back is None
        else (back.touchpoint.occurred_at, back.event, back.touchpoint.message_id),
        "stopped_at": _stopped_at(stops, window_end),
    }


def _stopped_at(stops: Sequence[Moment], window_end: int) -> int | None:
    """Reminders end with the window, so later nothing is left to stop."""
    times = [m.touchpoint.occurred_at for m in stops[:1]]
    return times[0] if times and times[0] <= window_end else None


def items_of(stay: Stay) -> dict[str, Decimal]:
    items: dict[str, Decimal] = {}
    for moment, role in stay.events:
        properties = moment.touchpoint.properties
        adds = role == "adds" or (role == "opens" and holds(stay.rule.adds, moment))
        key = properties.get("product_id")
        if isinstance(properties.get("products"), list):
            items = {}
            for product in properties["products"]:
                _add(items, product)
        elif adds:
            _add(items, properties)
        elif role == "removes" and key in items:
            items[key] -= Decimal(properties.get("quantity", items[key]))
            if items[key] <= 0:
                del items[key]
    return items


def _add(items: dict[str, Decimal], properties: Mapping[str, Any]) -> None:
    key = properties.get("product_id")
    if key:
        items[key] = items.get(key, Decimal(0)) + Decimal(properties.get("quantity", 1))


def value_of(stay: Stay) -> str | None:
    for moment, _ in reversed(stay.events):
        for name in ("value", "total", "revenue"):
            if name in moment.touchpoint.properties:
                return str(moment.touchpoint.properties[name])
    return None


def abandonment_of(
    definition: Definition, touchpoints: Sequence[Touchpoint], moments: Sequence[Moment]
) -> list[Plain]:
    """Every episode that was neither closed nor dropped in time; with the customer as of due."""
    found: list[Plain] = []
    for rule in definition.abandonment:
        if rule.stages is None:
            found += event_episodes(rule, moments)
        else:
            found += stage_episodes(definition, rule, moments)
    for one in found:
        past = any(t.occurred_at > one["due"] for t in touchpoints)
        one["abandoned"] = as_of(definition, touchpoints, one["due"]) if past else None
    return found


def as_of(definition: Definition, touchpoints: Sequence[Touchpoint], at: int) -> Plain:
    known = [t for t in touchpoints if t.occurred_at <= at]
    moments = moments_of(definition, known)
    return {
        "stage": stage_after(definition, moments[-1]) if moments else "none",
        "overlays": sorted(overlays_at(definition, moments, at)),
        "last_touchpoint": moments[-1].touchpoint.message_id if moments else None,
        "consent": consent_at(known, at),
    }


def journey_of(definition: Definition, touchpoints: Iterable[Touchpoint], at: int) -> Plain:
    """Everything that semantics 4 and 5 say of these touchpoints; overlays and consent at `at`."""
    known = [t for t in ordered(touchpoints) if not t.bot]
    moments = moments_of(definition, known)
    names = [m.event for m in moments]
    return {
        "stage": stage_after(definition, moments[-1]) if moments else "none",
        "history": history_of(definition, moments),
        "counts": {name: names.count(name) for name in definition.counted if name in names},
        "traits": traits_of([m.touchpoint for m in moments]),
        "overlays": overlays_at(definition, moments, at),
        "consent": consent_at(known, at),
        "episodes": abandonment_of(definition, known, moments),
    }
