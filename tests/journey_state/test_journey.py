"""The fold: one result for any arrival, steps that equal it, and the text taken naively."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.aside import ASIDE_ROOM
from services.journey_state.consent import current
from services.journey_state.definition import AbandonmentRule, Definition, EnterRule, OverlayRule
from services.journey_state.episodes import Episode, Snapshot
from services.journey_state.journey import (
    Journey,
    OpenOverlay,
    advance,
    fold,
    follows,
    in_order,
    open_overlays,
    settle,
)
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state import naive
from tests.journey_state.samples import (
    define,
    definitions,
    make,
    match,
    scope_of,
    timelines,
    touchpoints,
)

GRACE = 1


def plain_snapshot(snapshot: Snapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    last = snapshot.last_touchpoint
    return {
        "stage": snapshot.stage,
        "overlays": snapshot.overlays,
        "last_touchpoint": last.message_id if last else None,
        "consent": snapshot.consent,
    }


def plain_episode(episode: Episode) -> dict[str, Any]:
    back = episode.recovered
    return {
        "rule": episode.rule,
        "scope": episode.scope,
        "opened_at": episode.opened_at,
        "due": episode.due,
        "last": (
            episode.last_at,
            episode.last_received_at,
            episode.last_source,
            episode.last_message_id,
            episode.last_historical,
        ),
        "items": {item.key: Decimal(item.quantity) for item in episode.items},
        "items_complete": episode.items_complete,
        "value": episode.value,
        "recovered": (back.at, back.event, back.message_id) if back else None,
        "stopped_at": episode.stopped_at,
        "abandoned": plain_snapshot(episode.abandoned),
    }


def plain(definition: Definition, found: list[Touchpoint], at: int) -> dict[str, Any]:
    journey, history = msgspec.structs.astuple(fold(definition, found))
    overlays = open_overlays(journey, at)
    return {
        "stage": journey.stage,
        "history": [msgspec.structs.asdict(row) for row in history],
        "counts": journey.counts,
        "traits": journey.traits,
        "overlays": {name: (one.opened_at, one.expires_at) for name, one in overlays.items()},
        "consent": current(journey.consent, at),
        "episodes": [plain_episode(one) for one in journey.episodes],
    }


def in_rule_order(state: dict[str, Any]) -> dict[str, Any]:
    def key(one: dict[str, Any]) -> tuple[object, ...]:
        return (one["rule"], one["opened_at"], one["scope"] or "", one["due"])

    return {**state, "episodes": sorted(state["episodes"], key=key)}


def bytes_of(journey: Journey) -> bytes:
    return msgspec.msgpack.encode(journey)


@settings(max_examples=400, deadline=None)
@given(definitions(), timelines, st.integers(0, 8))
def test_a_fold_is_what_the_text_says(
    definition: Definition, found: list[Touchpoint], later: int
) -> None:
    at = max((t.occurred_at for t in found), default=0) + later
    expected = naive.journey_of(definition, found, at)
    assert in_rule_order(plain(definition, found, at)) == in_rule_order(expected)


@settings(deadline=None)
@given(definitions(), timelines, st.data())
def test_arrival_does_not_matter(
    definition: Definition, found: list[Touchpoint], data: st.DataObject
) -> None:
    expected = fold(definition, found)
    again = data.draw(st.lists(st.sampled_from(found), max_size=5)) if found else []
    shuffled = data.draw(st.permutations([*found, *again]))
    assert fold(definition, shuffled) == expected


@settings(deadline=None)
@given(definitions(), st.lists(touchpoints, max_size=12), st.data())
def test_copies_received_at_one_instant_have_one_winner(
    definition: Definition, found: list[Touchpoint], data: st.DataObject
) -> None:
    assert fold(definition, data.draw(st.permutations(found))) == fold(definition, found)


@settings(deadline=None)
@given(definitions(), timelines, st.integers(0, 24))
def test_a_fold_goes_on_from_a_checkpoint(
    definition: Definition, found: list[Touchpoint], cut: int
) -> None:
    whole = fold(definition, found)
    known = in_order(found)
    first = fold(definition, known[:cut])
    stored = msgspec.msgpack.decode(bytes_of(first.journey), type=Journey)
    assert stored == first.journey
    rest = fold(definition, known[cut:], start=stored)
    assert rest.journey == whole.journey
    assert first.history + rest.history == whole.history


@settings(deadline=None)
@given(definitions(), timelines)
def test_a_step_leaves_its_input_alone(definition: Definition, found: list[Touchpoint]) -> None:
    journey = Journey()
    for touchpoint in in_order(found):
        before = bytes_of(journey)
        after, _ = advance(definition, journey, touchpoint)
        assert bytes_of(journey) == before
        assert follows(journey, touchpoint)
        assert follows(after, touchpoint) is touchpoint.bot
        journey = after


@settings(deadline=None)
@given(definitions(), timelines, st.integers(0, 24), st.integers(0, 40))
def test_settling_changes_nothing_for_what_follows(
    definition: Definition, found: list[Touchpoint], cut: int, watermark: int
) -> None:
    known = in_order(found)
    journey = fold(definition, known[:cut]).journey
    settled = settle(definition, journey, watermark, GRACE)
    dropped = [one for one in journey.episodes if one not in settled.episodes]
    for touchpoint in known[cut:]:
        if follows(settled, touchpoint):
            journey, moved = advance(definition, journey, touchpoint)
            settled, moved_too = advance(definition, settled, touchpoint)
            assert moved == moved_too
    gone = {(one.rule, one.scope, one.due, one.opened_at) for one in dropped}
    rest = [e for e in journey.episodes if (e.rule, e.scope, e.due, e.opened_at) not in gone]
    assert settled.episodes == rest
    both = msgspec.structs.replace(journey, episodes=[], settled_to=settled.settled_to)
    assert msgspec.structs.replace(settled, episodes=[]) == both


def test_a_long_past_folds_to_what_its_steps_give() -> None:
    look = EnterRule("look[0]", "look", match("Page"))
    definition = define(
        stages={"look": [look], "buy": [EnterRule("buy[0]", "buy", match("Order"))]},
        abandonment=(
            AbandonmentRule("cart", 3, 40, opens=match("Add"), closes=match("Order"),
                            scope=scope_of),
            AbandonmentRule("cold", 10, 5, stages=frozenset({"look"})),
        ),
    )  # fmt: skip
    chosen = random.Random(1)
    found = [
        make(
            at_before + chosen.choice([0, 1, 2, 15]),
            chosen.choice(["Page", "Add", "Add", "Order"]),
            message_id=f"m{n:04}",
            properties={"cart": chosen.choice(["", "x", f"c{n}", f"c{n - 3}"])},
        )
        for n, at_before in enumerate(range(0, 6_000, 4))
    ]
    journey = Journey()
    for touchpoint in in_order(found):
        journey, _ = advance(definition, journey, touchpoint)
    assert len(journey.episodes) > 3 * ASIDE_ROOM
    assert fold(definition, found).journey == journey
    # A bot comes last: it leaves no trace, and takes nothing with it.
    bot = make(found[-1].occurred_at + 90, "Page", message_id="bot", bot=True)
    assert fold(definition, [bot], journey).journey == journey


def test_settling_raises_the_line_only_when_it_drops() -> None:
    journey = Journey()
    assert settle(define(), journey, 100, GRACE) is journey


SHOP = define(
    stages={
        "look": [EnterRule("look[0]", "look", match("Page"), frozenset({"none"}))],
        "buy": [EnterRule("buy[0]", "buy", match("Order"))],
        "return": [EnterRule("return[0]", "return", match("Return"))],
    },
    counted=frozenset({"Order"}),
    aliases={"Purchase": "Order"},
    once={"Order": lambda m: str(m.touchpoint.properties.get("order_id", ""))},
)


def test_directions() -> None:
    events = ["Page", "Return", "Order", "Return", "Order"]
    history = fold(SHOP, [make(n, event) for n, event in enumerate(events)]).history
    assert [(row.stage, row.direction) for row in history] == [
        ("look", "first"),
        ("return", "forward"),
        ("buy", "backward"),
        ("return", "re-entry"),
        ("buy", "re-entry"),
    ]


def test_a_rule_that_names_the_present_stage_ends_the_search() -> None:
    definition = define(
        stages={
            "one": [EnterRule("one[0]", "one", match("A"))],
            "two": [EnterRule("two[0]", "two", match("A"))],
        }
    )
    assert [row.stage for row in fold(definition, [make(0), make(1)]).history] == ["one"]


def test_aliases_concern_tracked_names_and_repeats_are_not_folded() -> None:
    first = make(0, " Purchase ", properties={"order_id": "1"})
    page = make(1, "Purchase", call="page")
    again = make(2, "Order", properties={"order_id": "1"}, source="till", traits={"x": 1},
                 consent={"marketing": False})  # fmt: skip
    journey = fold(SHOP, [first, page, again]).journey
    assert journey.counts == {"Order": 1}
    assert journey.traits == {}
    assert current(journey.consent, 2) == {"marketing": False}
    assert journey.place == again.place
    assert journey.last_touchpoint is not None
    assert journey.last_touchpoint.event == "Purchase"


def test_bots_state_nothing_and_reduced_events_state_their_consent() -> None:
    bot = make(0, "Page", bot=True, consent={"marketing": False})
    reduced = make(1, "", call="consent", consent={"analytics": False})
    journey, history = msgspec.structs.astuple(fold(SHOP, [bot, reduced]))
    assert history == ()
    assert journey == Journey(place=reduced.place, consent=journey.consent)
    assert current(journey.consent, 1) == {"analytics": False}


def test_an_overlay_has_expired_at_its_very_instant() -> None:
    support = OverlayRule("support", match("Ask"), match("Solved"), expires_us=10)
    definition = define(overlays=(support,))
    journey = fold(definition, [make(0, "Ask"), make(4, "Ask")]).journey
    assert open_overlays(journey, 13) == {"support": OpenOverlay(0, 14)}
    assert open_overlays(journey, 14) == {}
    again, _ = advance(definition, journey, make(14, "Ask"))
    assert open_overlays(again, 14) == {"support": OpenOverlay(14, 24)}
    solved, _ = advance(definition, again, make(15, "Solved"))
    assert open_overlays(solved, 15) == {}


def test_campaigns_and_locale_are_remembered() -> None:
    spring = {"name": "spring", "source": "mail", "junk": {"deep": 1}}
    journey = fold(
        SHOP,
        [
            make(0, context={"campaign": spring, "locale": "pl-PL"}),
            make(1, context={"campaign": {"name": "summer"}}),
            make(2, context={"campaign": "none", "locale": None}),
        ],
    ).journey
    assert journey.campaign_first == {"name": "spring", "source": "mail"}
    assert journey.campaign_last == {"name": "summer"}
    assert journey.locale == "pl-PL"
    assert (journey.first_seen_at, journey.last_seen_at) == (0, 2)
