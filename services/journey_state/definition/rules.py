"""The rules of a journey definition as a fold asks them (semantics 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from services.journey_state.touchpoint import Touchpoint

NONE_STAGE = "none"


class Moment(msgspec.Struct, gc=False):
    """What an expression may look at: one touchpoint and its customer just then."""

    touchpoint: Touchpoint
    event: str  # canonical name
    stage: str  # before this event
    traits: dict[str, Any]  # the customer's, as of this event
    counts: dict[str, int]  # folded touchpoints by canonical name, this one included
    last_at: Mapping[str, int]  # the latest earlier one by canonical name, this one excluded
    # What expressions share once one of them has prepared it; a changed moment is a new Moment.
    prepared: dict[str, Any] | None = None


Condition = Callable[[Moment], bool]  # an evaluation error is False
TextOf = Callable[[Moment], str]  # "" where there is none (semantics 5.2)


_TYPES = frozenset({"page", "screen", "identify", "group", "alias", "consent"})


@dataclass(frozen=True, slots=True)
class EventMatch:
    """Events by canonical name, and what must hold."""

    events: frozenset[str]
    when: Condition | None = None

    def holds(self, moment: Moment) -> bool:
        return moment.event in self.events and (self.when is None or self.when(moment))


@dataclass(frozen=True, slots=True)
class EnterRule:
    """One way into a stage."""

    id: str
    stage: str
    match: EventMatch
    from_stages: frozenset[str] | None = None  # None: any
    text: str = ""  # the `when` expression as written, for explanations


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, in file order the forward direction."""

    name: str
    labels: Mapping[str, str]
    enter: tuple[EnterRule, ...]


@dataclass(frozen=True, slots=True)
class OverlayRule:
    """A flag beside the stage."""

    name: str
    opens: EventMatch
    closes: EventMatch | None = None
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class AbandonmentRule:
    """When something left alone is a signal. `stages` set: a stage rule; else an event rule."""

    name: str
    after_us: int
    recover_within_us: int
    remind_us: tuple[int, ...] = ()
    opens: EventMatch | None = None
    closes: EventMatch | None = None
    drops: EventMatch | None = None
    adds: EventMatch | None = None
    removes: EventMatch | None = None
    scope: TextOf | None = None
    stages: frozenset[str] | None = None

    @property
    def events(self) -> frozenset[str]:
        """Every event that the rule names, in any role; none for a stage rule."""
        roles = (self.opens, self.closes, self.drops, self.adds, self.removes)
        return frozenset().union(*(role.events for role in roles if role))


@dataclass(frozen=True, slots=True)
class TouchpointName:
    """A display name on the map."""

    name: str
    match: EventMatch


class EventRules(msgspec.Struct, frozen=True, gc=False):
    """All that a definition says of one event; rules in file order."""

    enter: tuple[EnterRule, ...] = ()
    overlays: tuple[OverlayRule, ...] = ()
    abandonment: tuple[AbandonmentRule, ...] = ()  # event rules that name it in any role
    once: TextOf | None = None
    passive: bool = False
    counted: bool = False
    timed: bool = False


_NO_RULES = EventRules()


class Counting(Protocol):
    """A compiled expression, which counts its evaluations that ended in an error."""

    errors: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A compiled journey definition; the methods find the rules of one event (semantics 3.5)."""

    journey: str
    version: str  # content hash
    text: str  # the YAML as loaded
    labels: Mapping[str, str]
    stages: tuple[Stage, ...]
    overlays: tuple[OverlayRule, ...] = ()
    abandonment: tuple[AbandonmentRule, ...] = ()
    touchpoints: tuple[TouchpointName, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)  # other name -> canonical
    once: Mapping[str, TextOf] = field(default_factory=dict)  # canonical name -> key text
    passive: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()  # names that some count() asks for
    timed: frozenset[str] = frozenset()  # names that some since() asks for
    expressions: Mapping[str, Counting] = field(default_factory=dict, repr=False, compare=False)
    stage_rules: tuple[AbandonmentRule, ...] = field(init=False, repr=False, compare=False)
    _rules: Mapping[str, EventRules] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        stage_rules = tuple(rule for rule in self.abandonment if rule.stages is not None)
        object.__setattr__(self, "stage_rules", stage_rules)
        object.__setattr__(self, "_rules", self._by_event())

    def _by_event(self) -> dict[str, EventRules]:
        enter = _index((rule.match.events, rule) for stage in self.stages for rule in stage.enter)
        overlays = _index((_overlay_events(rule), rule) for rule in self.overlays)
        abandonment = _index((rule.events, rule) for rule in self.abandonment if not rule.stages)
        said = self.passive | self.counted | self.timed
        return {
            event: EventRules(
                enter=enter.get(event, ()),
                overlays=overlays.get(event, ()),
                abandonment=abandonment.get(event, ()),
                once=self.once.get(event),
                passive=event in self.passive,
                counted=event in self.counted,
                timed=event in self.timed,
            )
            for event in said.union(enter, overlays, abandonment, self.once)
        }

    def canonical(self, call: str, event: str) -> str:
        """The name that rules know the event by; aliases concern `track` only (semantics 3.6)."""
        name = event.strip()
        return self.aliases.get(name, name) if call == "track" else name

    @property
    def track_aliases(self) -> dict[str, str]:
        """The aliases of what is known by its name: other calls are known by their type."""
        return {other: name for other, name in self.aliases.items() if other not in _TYPES}

    def rules_for(self, event: str) -> EventRules:
        """What concerns an event, by its canonical name."""
        return self._rules.get(event, _NO_RULES)

    def enter_rules(self, event: str) -> tuple[EnterRule, ...]:
        """The ways into a stage by this event: stages in file order, rules in theirs."""
        return self.rules_for(event).enter

    def touchpoint_name(self, moment: Moment) -> str:
        """The display name on the map: the first match, else the event's name."""
        names = (named.name for named in self.touchpoints if named.match.holds(moment))
        return next(names, moment.event)

    def evaluation_errors(self) -> dict[str, int]:
        """How often each expression, by its place in the file, ended in an error since load."""
        return {place: expression.errors for place, expression in self.expressions.items()}


_Rule = TypeVar("_Rule")


def _index(rules: Iterable[tuple[frozenset[str], _Rule]]) -> dict[str, tuple[_Rule, ...]]:
    index: dict[str, list[_Rule]] = {}
    for events, rule in rules:
        for event in events:
            index.setdefault(event, []).append(rule)
    return {event: tuple(found) for event, found in index.items()}


def _overlay_events(rule: OverlayRule) -> frozenset[str]:
    return rule.opens.events | (rule.closes.events if rule.closes else frozenset())
