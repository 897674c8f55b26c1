"""The journey definition: YAML and CEL, compiled to rules that a fold can ask (semantics 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.journey_state.touchpoint import Touchpoint

NONE_STAGE = "none"


@dataclass(slots=True)
class Moment:
    """What an expression may look at: one touchpoint and its customer just then."""

    touchpoint: Touchpoint
    event: str  # canonical name
    stage: str  # before this event
    traits: Mapping[str, Any]  # the customer's, as of this event
    counts: Mapping[str, int]  # folded touchpoints by canonical name, this one included
    last_at: Mapping[str, int]  # the latest earlier one by canonical name, this one excluded


Condition = Callable[[Moment], bool]  # an evaluation error is False
TextOf = Callable[[Moment], str]  # "" where there is none (semantics 5.2)


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


@dataclass(frozen=True, slots=True)
class TouchpointName:
    """A display name on the map."""

    name: str
    match: EventMatch


@dataclass(frozen=True, slots=True)
class Definition:
    """A compiled journey definition."""

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
