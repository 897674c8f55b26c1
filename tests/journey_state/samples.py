"""Small random definitions and touchpoints: few names, few scopes, few instants, many ties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from services.journey_state.definition import (
    AbandonmentRule,
    Condition,
    Definition,
    EnterRule,
    EventMatch,
    Moment,
    OverlayRule,
    Stage,
)
from services.journey_state.touchpoint import Touchpoint

EVENTS = ("A", "B", "C", "D", "E")
STAGES = ("one", "two", "three")
LAST_INSTANT = 14


def make(at: int = 0, event: str = "A", **fields: Any) -> Touchpoint:
    """A touchpoint with everything that a test does not care about."""
    defaults: dict[str, Any] = {
        "occurred_at": at,
        "received_at": at,
        "message_id": f"m{at}",
        "source": "web",
        "channel": "website",
        "call": "track",
        "event": event,
        "identifiers": {"user_id": "u"},
    }
    return Touchpoint(**{**defaults, **fields})


def match(*events: str, when: Condition | None = None) -> EventMatch:
    return EventMatch(frozenset(events), when)


def scope_of(moment: Moment) -> str:
    return str(moment.touchpoint.properties.get("cart", ""))


def define(**parts: Any) -> Definition:
    """A definition of these parts, without the YAML."""
    stages = parts.pop("stages", {})
    return Definition(
        journey="test",
        version="1",
        text="",
        labels={},
        stages=tuple(Stage(name, {}, tuple(rules)) for name, rules in stages.items()),
        **parts,
    )


CONDITIONS: tuple[Condition | None, ...] = (
    None,
    None,
    lambda m: m.counts.get("A", 0) % 2 == 1,
    lambda m: m.stage != "two",
    lambda m: m.traits.get("vip") == 1,
    lambda m: "A" in m.last_at and m.touchpoint.occurred_at - m.last_at["A"] > 1,
    lambda m: "flag" in m.touchpoint.properties,
)

matches = st.builds(
    EventMatch,
    st.frozensets(st.sampled_from(EVENTS), min_size=1, max_size=3),
    st.sampled_from(CONDITIONS),
)
maybe = st.none() | matches


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    stages = {
        name: [
            EnterRule(f"{name}[{n}]", name, draw(matches), from_stages=draw(_from_stages))
            for n in range(draw(st.integers(1, 2)))
        ]
        for name in STAGES
    }
    return define(
        stages=stages,
        overlays=tuple(
            OverlayRule(f"flag{n}", draw(matches), draw(maybe), draw(st.sampled_from([None, 2, 5])))
            for n in range(draw(st.integers(0, 2)))
        ),
        abandonment=(*(draw(event_rules(n)) for n in range(2)), draw(stage_rules())),
        aliases={"a": "A"},
        once=draw(st.sampled_from([{}, {"A": scope_of}])),
        passive=draw(st.sampled_from([frozenset(), frozenset({"E"}), frozenset({"B", "E"})])),
        counted=frozenset({"A", "B"}),
        timed=frozenset({"A"}),
    )


_from_stages = st.none() | st.frozensets(st.sampled_from(("none", *STAGES)), min_size=1)


@st.composite
def event_rules(draw: st.DrawFn, n: int) -> AbandonmentRule:
    return AbandonmentRule(
        name=f"rule{n}",
        after_us=draw(st.integers(1, 4)),
        recover_within_us=draw(st.integers(1, 6)),
        opens=draw(matches),
        closes=draw(maybe),
        drops=draw(maybe),
        adds=draw(maybe),
        removes=draw(maybe),
        scope=draw(st.sampled_from([None, scope_of, scope_of])),
    )


@st.composite
def stage_rules(draw: st.DrawFn) -> AbandonmentRule:
    return AbandonmentRule(
        name="stay",
        after_us=draw(st.integers(1, 4)),
        recover_within_us=draw(st.integers(1, 6)),
        stages=draw(st.frozensets(st.sampled_from(STAGES), min_size=1)),
    )


_products = st.fixed_dictionaries(
    {"product_id": st.sampled_from(["p", "q"])}, optional={"quantity": st.integers(1, 2)}
)
_properties = st.fixed_dictionaries(
    {},
    optional={
        "cart": st.sampled_from(["x", "y"]),
        "flag": st.just(1),
        "product_id": st.sampled_from(["p", "q"]),
        "quantity": st.integers(1, 2),
        "products": st.lists(_products, max_size=2),
        "value": st.integers(1, 9),
        "revenue": st.integers(1, 9),
    },
)
_consent = st.none() | st.dictionaries(
    st.sampled_from(["marketing", "analytics"]), st.booleans(), max_size=2
)

touchpoints = st.builds(
    make,
    at=st.integers(1, LAST_INSTANT),
    event=st.sampled_from((*EVENTS, "a", " A ")),
    received_at=st.integers(0, 2 * LAST_INSTANT),
    message_id=st.integers(0, 30).map("m{:02}".format),
    source=st.sampled_from(["web", "app"]),
    call=st.sampled_from(["track"] * 5 + ["group", "identify", "consent"]),
    properties=_properties,
    traits=st.just({}) | st.just({"vip": 1}) | st.just({"vip": None}),
    consent=_consent,
    bot=st.sampled_from([False] * 9 + [True]),
    historical=st.booleans(),
)


def unambiguous(found: list[Touchpoint]) -> bool:
    """No two copies of one message received at one instant: which of them counts is open."""
    keys = {(t.source, t.message_id, t.received_at) for t in found}
    return len(keys) == len(found)


timelines = st.lists(touchpoints, max_size=24).filter(unambiguous)
