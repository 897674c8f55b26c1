"""Signals across definitions: the union of semantics 5.11, whatever comes when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.journey_state.customer import CustomerState, Standing
from services.journey_state.definition import AbandonmentRule, Definition, EnterRule
from services.journey_state.episodes import Episode, no_gaps, signal_id
from services.journey_state.in_force import (
    Activation,
    Journeys,
    Term,
    advance_earlier,
    begun_under,
    fold_under,
    journeys_of,
)
from services.journey_state.journey import advance, follows
from services.journey_state.signalling import Firing, forget, review
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state import naive
from tests.journey_state.samples import define, make, match, scope_of

GRACE = 1
PURPOSES = ("analytics", "marketing")
END = 1_000  # later than every due


@dataclass
class World:
    """One customer as a worker treats it: in memory, with definitions published on the way."""

    activations: list[Activation]
    watermark: int | None = None
    state: CustomerState = field(default_factory=lambda: CustomerState(made=(0, "", "")))
    definition_id: int = 1
    seen: list[Touchpoint] = field(default_factory=list)
    known: dict[str, Standing] = field(default_factory=dict)
    refolds: int = 0

    @classmethod
    def under(cls, definition: Definition) -> World:
        return cls([Activation(1, definition, None)])

    @property
    def journeys(self) -> Journeys:
        return journeys_of(self.activations, GRACE)

    @property
    def term(self) -> Term:
        return self.journeys.by_id[self.definition_id]

    def publish(self, definition: Definition) -> None:
        at = None if self.watermark is None else self.watermark + 1
        self.activations.append(Activation(len(self.activations) + 1, definition, at))

    def recompute(self) -> None:
        self.definition_id = self.journeys.current.definition_id
        self._refold()
        self._review(again=True)

    def take(self, touchpoint: Touchpoint) -> None:
        if not self.seen:
            self.definition_id = self.journeys.current.definition_id
            begun_under(self.term, self.state.journey)
        self.seen.append(touchpoint)
        if follows(self.state.journey, touchpoint):
            journey, _ = advance(self.term.definition, self.state.journey, touchpoint)
            self.state.earlier = advance_earlier(self.journeys, self.state.earlier, touchpoint)
            self.state.journey = journey
            self._review(again=False)
        else:
            self._refold()
            self._review(again=True)

    def raise_watermark(self, to: int) -> None:
        self.watermark = to
        self._review(again=False)

    def _refold(self) -> None:
        self.refolds += 1
        past = fold_under(self.journeys, self.term, self.seen)
        self.state.journey, self.state.earlier = past.folded.journey, past.earlier

    def _review(self, *, again: bool) -> None:
        firing = Firing(self.watermark or 0, GRACE, no_gaps)
        if again:
            self.state.signals, self.state.past_signals = dict(self.known), {}
        for change in review(self.state, self.term, self.journeys, firing, again=again):
            if change.kind == "retracted":
                del self.known[change.signal_id]
            else:
                self.known[change.signal_id] = change.standing
        forget(self.state, self.term, self.journeys, firing)


def union(world: World) -> dict[str, str]:
    """Semantics 5.11 word by word, from all touchpoints at once: state by signal."""
    found: dict[str, str] = {}
    starts = [a.at for a in world.activations[: world.definition_id]]
    following = world.activations[world.definition_id :]
    ends: list[int | None] = [*starts[1:], following[0].at if following else END]
    known = naive.ordered(world.seen)
    for activation, start, end in zip(world.activations, starts, ends, strict=False):
        definition = activation.definition
        moments = naive.moments_of(definition, known)
        rules = {rule.name: rule for rule in definition.abandonment}
        for plain in naive.abandonment_of(definition, known, moments):
            fires = plain["due"] + GRACE
            belongs = (start is None or start <= fires) and end is not None and fires < end
            state = state_of(rules[plain["rule"]], plain, world.watermark or 0)
            if belongs and state is not None and allowed(known, plain["due"]):
                found[identity(plain)] = state
    return found


def state_of(rule: AbandonmentRule, plain: dict[str, Any], watermark: int) -> str | None:
    if watermark < max(plain["due"], plain["last"][1]) + GRACE:
        return None
    if plain["recovered"] is not None:
        return "recovered"
    over = watermark >= plain["due"] + rule.recover_within_us + GRACE
    return "expired" if over else "raised"


def allowed(known: list[Touchpoint], due: int) -> bool:
    stated = naive.consent_at(known, due)
    return all(stated.get(purpose, True) for purpose in PURPOSES)


def identity(plain: dict[str, Any]) -> str:
    at, received_at, source, message_id, _ = plain["last"]
    return signal_id(
        Episode(
            rule=plain["rule"],
            scope=plain["scope"],
            opened_at=plain["opened_at"],
            due=plain["due"],
            last_at=at,
            last_received_at=received_at,
            last_source=source,
            last_message_id=message_id,
        )
    )


@st.composite
def shops(draw: st.DrawFn) -> Definition:
    """Definitions by which much is left alone, and returned to."""
    event_rule = AbandonmentRule(
        name="cart",
        after_us=draw(st.integers(1, 8)),
        recover_within_us=draw(st.integers(1, 15)),
        opens=match("A", draw(st.sampled_from("AB"))),
        closes=match("C"),
        drops=draw(st.sampled_from([None, match("D")])),
        scope=draw(st.sampled_from([None, scope_of])),
    )
    stage_rule = AbandonmentRule(
        name="stay",
        after_us=draw(st.integers(1, 8)),
        recover_within_us=draw(st.integers(1, 15)),
        stages=frozenset(draw(st.sampled_from([("one",), ("two",), ("one", "two")]))),
    )
    stages = {
        "one": [EnterRule("one[0]", "one", match(*draw(st.sampled_from(["A", "AB", "AD"]))))],
        "two": [EnterRule("two[0]", "two", match(*draw(st.sampled_from(["C", "BC", "CE"]))))],
    }
    passive = draw(st.sampled_from([frozenset[str](), frozenset({"E"})]))
    return define(abandonment=(event_rule, stage_rule), stages=stages, passive=passive)


visits = st.tuples(
    st.sampled_from("AABCDE"),
    st.sampled_from(["x", "y", ""]),
    st.sampled_from([0, 0, 0, 0, 1, 3, 9, 20]),  # how much later it arrives
)
steps = st.one_of(visits, visits, st.integers(1, 5), st.integers(1, 5), shops(), st.none())


@given(first=shops(), steps=st.lists(steps, min_size=20, max_size=40))
def test_signals_are_the_union_over_definitions_of_those_due_in_their_time(
    first: Definition, steps: list[Any]
) -> None:
    world = World.under(first)
    now = 30
    for number, step in enumerate(steps):
        if isinstance(step, Definition):
            world.publish(step)
        elif isinstance(step, int):
            now += step
            world.raise_watermark(now)
        elif step is not None:
            event, scope, late = step
            visit = make(
                now - late,
                event,
                received_at=now,
                message_id=f"m{number:02}",
                properties={"cart": scope},
                consent={"marketing": False} if (event, scope, late) == ("E", "y", 9) else None,
            )
            world.take(visit)
        else:
            world.recompute()
        assert {i: s.state for i, s in world.known.items()} == union(world)
    world.recompute()
    world.raise_watermark(now + 100)
    assert {i: s.state for i, s in world.known.items()} == union(world)
    assert world.state.earlier == []


def cart(after: int) -> Definition:
    rule = AbandonmentRule(
        name="cart",
        after_us=after,
        recover_within_us=50,
        remind_us=(20,),
        opens=match("Add"),
        closes=match("Order"),
    )
    return define(abandonment=(rule,))


def test_a_signal_raised_under_the_old_definition_is_recovered_by_it() -> None:
    world = World.under(cart(after=5))
    world.take(make(1, "Add"))
    world.raise_watermark(10)
    world.publish(cart(after=500))
    world.recompute()
    assert [s.state for s in world.known.values()] == ["raised"]
    world.take(make(30, "Order"))
    assert [s.state for s in world.known.values()] == ["recovered"]
    assert world.refolds == 1


def test_what_is_due_behind_the_activation_is_due_by_the_new_definition() -> None:
    world = World.under(cart(after=20))
    world.take(make(1, "Add"))
    world.raise_watermark(10)
    world.publish(cart(after=30))
    world.raise_watermark(25)
    assert world.known == {}
    world.recompute()
    world.raise_watermark(35)
    assert [s.due for s in world.known.values()] == [31]


def test_a_late_event_retracts_a_signal_of_an_old_definition() -> None:
    world = World.under(cart(after=5))
    world.take(make(1, "Add"))
    world.raise_watermark(10)
    world.publish(cart(after=500))
    world.recompute()
    world.raise_watermark(200)
    assert [s.state for s in world.known.values()] == ["expired"]
    world.take(make(3, "Order", received_at=210))
    assert world.known == {}


def test_a_late_return_recovers_a_forgotten_signal_of_an_old_definition() -> None:
    world = World.under(cart(after=5))
    world.take(make(1, "Add"))
    world.raise_watermark(10)
    world.publish(cart(after=500))
    world.recompute()
    world.raise_watermark(200)
    world.take(make(30, "Order", received_at=210))
    assert [s.state for s in world.known.values()] == ["recovered"]


def test_a_new_customer_from_before_the_activation_is_signaled_by_the_old_definition() -> None:
    world = World.under(cart(after=5))
    world.raise_watermark(40)
    world.publish(cart(after=3))
    world.take(make(20, "Add", received_at=40))
    world.raise_watermark(50)
    assert [s.due for s in world.known.values()] == [25]


def test_an_old_definition_published_again_is_in_force_from_then_on_only() -> None:
    world = World.under(cart(after=5))
    world.raise_watermark(10)
    world.publish(cart(after=9))
    world.take(make(11, "Add"))
    world.raise_watermark(30)
    world.publish(cart(after=5))
    world.take(make(40, "Add"))
    world.recompute()
    world.raise_watermark(60)
    assert sorted(s.due for s in world.known.values()) == [20, 45]
