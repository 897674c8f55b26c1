"""Abandonment: the sentences of semantics 5 one by one, and what an episode is at a watermark."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.abandonment import ABANDONED_EPISODES_MAX, newest_abandoned
from services.journey_state.definition import AbandonmentRule, EnterRule, shipped
from services.journey_state.episodes import Episode, Outlook, no_gaps, outlook, signal_id
from services.journey_state.journey import fold, follows, settle, snapshot
from services.journey_state.payload import payload
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.samples import define, make, match, scope_of

AFTER = 10
WINDOW = 30
GRACE = 2

CART = AbandonmentRule(
    name="cart",
    after_us=AFTER,
    recover_within_us=WINDOW,
    remind_us=(5, 20),
    opens=match("Add", "View"),
    closes=match("Order"),
    drops=match("Empty"),
    adds=match("Add"),
    removes=match("Remove"),
    scope=scope_of,
)
COLD = AbandonmentRule(
    name="cold", after_us=AFTER, recover_within_us=WINDOW, stages=frozenset({"one", "two"})
)
SHOP = define(abandonment=(CART,))
STAGED = define(
    abandonment=(COLD,),
    stages={
        "one": [EnterRule("one[0]", "one", match("One", "Mail"))],
        "two": [EnterRule("two[0]", "two", match("Two"))],
        "out": [EnterRule("out[0]", "out", match("Out", "Quiet out"))],
    },
    passive=frozenset({"Mail", "Quiet out"}),
)


def event(at: int, name: str, cart: str | None = None, **properties: Any) -> Touchpoint:
    if cart is not None:
        properties["cart"] = cart
    return make(at, name, message_id=f"{at:03}{name}{cart}", properties=properties)


def episodes(*events: Touchpoint) -> list[Episode]:
    return fold(SHOP, events).journey.episodes


def staged(*events: tuple[int, str]) -> list[Episode]:
    return fold(STAGED, [event(at, name) for at, name in events]).journey.episodes


def dues(found: list[Episode]) -> list[tuple[str | None, int]]:
    return [(one.scope, one.due) for one in found]


def test_an_event_at_due_is_in_time() -> None:
    assert dues(episodes(event(1, "View"), event(11, "View"))) == [("", 21)]
    assert dues(episodes(event(1, "View"), event(12, "View"))) == [("", 11), ("", 22)]


def test_each_cart_has_its_own_episode_and_an_unscoped_event_concerns_all() -> None:
    two = (event(1, "View", "x"), event(2, "View", "y"))
    assert dues(episodes(*two, event(3, "Add"))) == [("x", 13), ("y", 13)]
    assert dues(episodes(*two, event(3, "Order", "x"))) == [("y", 12)]
    assert episodes(*two, event(3, "Order")) == []


def test_a_scoped_opening_event_names_an_unscoped_episode() -> None:
    assert dues(episodes(event(1, "View"), event(2, "View", "x"))) == [("x", 12)]
    assert dues(episodes(event(1, "View"), event(2, "Remove", "x"))) == [("", 12)]


def test_nothing_opens_at_the_instant_of_an_ending_that_concerns_it() -> None:
    ending = make(5, "Order", message_id="a", properties={"cart": "x"})
    assert episodes(ending, make(5, "View", message_id="b", properties={"cart": "x"})) == []
    assert episodes(ending, make(5, "View", message_id="b")) == []
    other = make(5, "View", message_id="b", properties={"cart": "y"})
    assert dues(episodes(ending, other)) == [("y", 15)]
    assert dues(episodes(ending, event(6, "View", "x"))) == [("x", 16)]
    both = (ending, make(5, "Empty", message_id="ab", properties={"cart": "y"}))
    assert episodes(*both, make(5, "View", message_id="b", properties={"cart": "x"})) == []


def test_a_removal_is_no_ending_in_that_sense() -> None:
    found = episodes(
        event(1, "Add", product_id="p"),
        make(5, "Remove", message_id="a", properties={"product_id": "p"}),
        make(5, "View", message_id="b"),
    )
    assert dues(found) == [("", 15)]


def test_removing_the_last_item_drops_and_other_removals_keep_alive() -> None:
    add = event(1, "Add", product_id="p", quantity=2)
    assert dues(episodes(add, event(4, "Remove", product_id="p", quantity=1))) == [("", 14)]
    assert episodes(add, event(4, "Remove", product_id="p")) == []
    assert episodes(event(4, "Remove", product_id="p")) == []


def test_a_return_in_the_window_recovers_and_a_later_one_does_not() -> None:
    back = episodes(event(1, "View", "x"), event(41, "Order"))[0]
    assert back.recovered is not None
    assert (back.recovered.at, back.recovered.event, back.stopped_at) == (41, "Order", 41)
    late = episodes(event(1, "View", "x"), event(42, "Order", "x"))[0]
    assert (late.recovered, late.stopped_at) == (None, None)
    other = episodes(event(1, "View", "x"), event(20, "Order", "y"))[0]
    assert (other.recovered, other.stopped_at) == (None, None)


@pytest.mark.parametrize("name", ["Add", "View", "Remove", "Empty"])
def test_activity_and_drops_after_due_stop_reminders_only(name: str) -> None:
    found = episodes(event(1, "View", "x"), event(20, name, "x"), event(25, "Order", "x"))[0]
    assert found.stopped_at == 20
    assert found.recovered is not None


def test_a_stage_is_left_alone_from_its_last_activity() -> None:
    assert dues(staged((1, "Mail"))) == [(None, 11)]
    assert dues(staged((1, "Mail"), (5, "Mail"))) == [(None, 11)]
    assert dues(staged((1, "One"), (5, "Two"), (8, "Other"))) == [(None, 18)]
    assert staged((1, "One"), (5, "Quiet out")) == []
    assert staged((1, "One"), (5, "Out")) == []


def test_the_first_activity_after_due_recovers_a_stage_rule_and_opens_anew() -> None:
    stayed = staged((1, "One"), (12, "Mail"), (13, "Other"))
    assert dues(stayed) == [(None, 11), (None, 23)]
    assert stayed[0].recovered is not None
    assert stayed[0].recovered.at == 13
    left = staged((1, "One"), (13, "Out"))
    assert len(left) == 1
    assert left[0].recovered is not None
    quiet = staged((1, "One"), (13, "Quiet out"))
    assert quiet[0].recovered is None
    too_late = staged((1, "One"), (42, "Other"), (43, "Other"))[0]
    assert (too_late.recovered, too_late.stopped_at) == (None, None)


def test_the_first_that_applies_is_what_an_event_means() -> None:
    rule = AbandonmentRule(
        name="all", after_us=10, recover_within_us=10, opens=match("X"), closes=match("X")
    )
    assert fold(define(abandonment=(rule,)), [make(1, "X")]).journey.episodes == []


def test_signal_ids_tell_scopes_and_activities_apart() -> None:
    one = episodes(event(1, "View", "x"))[0]
    moved = episodes(event(1, "View", "x"), event(2, "View", "x"))[0]
    stage = staged((1, "One"))[0]
    assert len(signal_id(one)) == 32
    assert signal_id(one) == signal_id(episodes(event(0, "View", "x"), event(1, "View", "x"))[0])
    assert signal_id(one) != signal_id(moved)
    stage.rule, stage.scope = "cart", ""
    unscoped = signal_id(stage)
    stage.scope = None
    assert signal_id(stage) != unscoped
    stage.last_source, stage.last_message_id = "a", "bc"
    glued = signal_id(stage)
    stage.last_source, stage.last_message_id = "ab", "c"
    assert signal_id(stage) != glued


def view(found: Episode, watermark: int) -> Outlook:
    return outlook(CART, found, watermark=watermark, grace_us=GRACE, hold=no_gaps)


def test_an_outlook_from_before_due_to_the_end() -> None:
    found = episodes(event(1, "View"))[0]
    states = {at: view(found, at).state for at in (12, 13, 42, 43)}
    assert states == {12: None, 13: "raised", 42: "raised", 43: "expired"}
    assert view(found, 0).reminders == ((1, 18), (2, 33))
    assert [view(found, at).next_at for at in (0, 13, 18, 33, 43)] == [13, 18, 33, 43, None]


def test_an_activity_received_late_fires_late() -> None:
    late = make(1, "View", received_at=100)
    found = episodes(late)[0]
    assert view(found, 101).state is None
    assert view(found, 102).state == "expired"


def test_what_stops_reminders_does_so_up_to_its_time() -> None:
    found = episodes(event(1, "View"), event(16, "View"))[0]
    assert view(found, 0).reminders == ()
    after_first = episodes(event(1, "View"), event(17, "View"))[0]
    assert view(after_first, 0).reminders == ((1, 18),)


def test_a_gap_holds_what_fires() -> None:
    found = episodes(event(1, "View"))[0]
    held = outlook(CART, found, watermark=13, grace_us=GRACE, hold=lambda last, fires: fires + last)
    assert (held.state, held.fires_at, held.reminders) == (None, 14, ((1, 19), (2, 34)))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["View", "Add", "Order", "Empty"]))),
    st.integers(0, 120),
)
def test_a_signal_never_comes_undone_as_the_watermark_grows(
    events: list[tuple[int, str]], received_at: int
) -> None:
    found = [make(at, name, message_id=f"{n}", received_at=received_at)
             for n, (at, name) in enumerate(events)]  # fmt: skip
    for one in fold(SHOP, found).journey.episodes:
        order = [None, "raised", "recovered", "expired"]
        seen = [order.index(view(one, at).state) for at in range(250)]
        assert seen == sorted(seen)
        for at in range(250):
            next_at = view(one, at).next_at
            until = 250 if next_at is None else next_at
            assert len(set(seen[at:until])) <= 1


def test_settling_drops_what_is_over_and_asks_for_a_refold_of_its_time() -> None:
    journey = fold(SHOP, [event(1, "View"), event(12, "Page")]).journey
    assert settle(SHOP, journey, 42, GRACE) is journey
    settled = settle(SHOP, journey, 43, GRACE)
    assert (settled.episodes, settled.settled_to) == ([], 41)
    assert not follows(settled, event(41, "Order"))
    assert follows(settled, event(42, "Order"))
    assert journey.episodes


def test_nothing_is_dropped_before_it_has_fired() -> None:
    journey = fold(SHOP, [make(1, "View", received_at=100)]).journey
    assert settle(SHOP, journey, 101, GRACE) is journey
    assert settle(SHOP, journey, 102, GRACE).episodes == []


def test_beyond_their_bound_the_abandoned_due_first_are_forgotten() -> None:
    seen = snapshot(fold(SHOP, []).journey, 0)
    found = [
        msgspec.structs.replace(episodes(event(1, "View", "x"))[0], due=due, abandoned=seen)
        for due in range(ABANDONED_EPISODES_MAX + 3)
    ]
    still_open = msgspec.structs.replace(found[0], due=9_999, abandoned=None)
    kept, forgotten = newest_abandoned([*reversed(found), still_open], {"other": 7})
    assert len(kept) == ABANDONED_EPISODES_MAX + 1
    assert min(one.due for one in kept) == 3
    assert forgotten == {"cart": 2, "other": 7}
    assert newest_abandoned(kept, forgotten) == (kept, forgotten)


def test_a_payload_shows_the_customer_as_of_due() -> None:
    found = [
        make(1, "Add", consent={"marketing": True}, context={"locale": "en"},
             properties={"cart": "x", "product_id": "p", "price": 2.5, "quantity": 2}),
        make(30, "Page", consent={"marketing": False}, context={"locale": "pl"}),
    ]  # fmt: skip
    journey = fold(SHOP, found).journey
    abandoned = journey.episodes[0].abandoned
    assert abandoned is not None
    value = payload(abandoned, journey.episodes[0], CART)
    open_journey = fold(SHOP, found[:1]).journey
    assert payload(snapshot(open_journey, 11), open_journey.episodes[0], CART) == value
    assert value == {
        "rule": "cart",
        "scope": "x",
        "opened_at": 1,
        "last_activity_at": 1,
        "due_at": 11,
        "recover_until": 41,
        "stage": "none",
        "overlays": [],
        "items": [{"product_id": "p", "price": "2.5", "quantity": "2"}],
        "items_complete": False,
        "value": "5",
        "currency": None,
        "last_touchpoint": {
            "event": "Add", "channel": "website", "source": "web", "at": 1, "message_id": "m1",
        },
        "campaign": {"first": None, "last": None},
        "locale": "en",
        "consent": {"marketing": True},
    }  # fmt: skip


def test_the_shipped_shop_abandons_a_cart() -> None:
    minute = 60_000_000
    cart = {"cart_id": "c1", "product_id": "p", "price": 5}
    journey = fold(shipped("ecommerce"), [make(minute, "Product Added", properties=cart)]).journey
    assert [(one.rule, one.scope, one.due) for one in journey.episodes] == [
        ("cart", "c1", 31 * minute)
    ]
