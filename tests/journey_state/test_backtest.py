"""A backtest: the same definition differs in nothing, and what was planted is counted exactly."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.backtest import Backtest, Bounds, stored_differences
from services.journey_state.backtest_tally import SAMPLES_MAX, RuleTally, Tally
from services.journey_state.definition import AbandonmentRule, Definition, EnterRule
from services.journey_state.episodes import no_gaps
from services.journey_state.journey import Journey, advance, fold, in_order
from services.journey_state.permission import cancellation_key
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.samples import define, definitions, make, match, scope_of, timelines

FAR = 1_000
Past = list[list[Touchpoint]]


def bounds(since: int = 0, watermark: int = FAR, cancelled: Sequence[str] = ()) -> Bounds:
    return Bounds(since, watermark, 1, no_gaps, list(cancelled))


def compared(
    current: Definition, proposed: Definition, past: Past, within: Bounds | None = None
) -> Tally:
    work = Backtest(current, proposed, within or bounds())
    for number, touchpoints in enumerate(past):
        work.take(f"c{number:03}", touchpoints, fold(current, touchpoints).journey)
    return work.finish()


def shop(after: int = 10, buys: tuple[str, ...] = ("Order",), rule: str = "cart") -> Definition:
    cart = AbandonmentRule(
        rule, after, 100, opens=match("Add"), closes=match("Order"), scope=scope_of
    )
    return define(
        stages={
            "look": [EnterRule("look[0]", "look", match("Page", "Add"), frozenset({"none"}))],
            "buy": [EnterRule("buy[0]", "buy", match(*buys))],
        },
        abandonment=(cart,),
    )


def customer(*events: tuple[int, str], cart: str = "x") -> list[Touchpoint]:
    return [make(at, name, properties={"cart": cart}) for at, name in events]


def differences(rule: RuleTally) -> tuple[int, int, int, int]:
    return (rule.appear.count, rule.vanish.count, rule.move.count, rule.turn.count)


@settings(max_examples=40, deadline=None)
@given(definitions(), st.lists(timelines, max_size=3), st.integers(0, 30))
def test_the_definition_in_force_differs_in_nothing(
    definition: Definition, past: Past, watermark: int
) -> None:
    tally = compared(definition, definition, past, bounds(watermark=watermark))
    assert (tally.customers, tally.moved, tally.histories) == (len(past), {}, 0)
    assert tally.transitions == {}
    assert tally.stored.count == 0
    assert {differences(rule) for rule in tally.rules.values()} == {(0, 0, 0, 0)}
    assert all(pair.current == pair.proposed for pair in tally.stages.values())


@settings(max_examples=40, deadline=None)
@given(definitions(), definitions(), st.lists(timelines, max_size=4), st.integers(0, 4))
def test_parts_add_up_to_the_whole(
    current: Definition, proposed: Definition, past: Past, cut: int
) -> None:
    parts = [Backtest(current, proposed, bounds()) for _ in range(2)]
    for number, touchpoints in enumerate(past):
        parts[number >= cut].take(f"c{number:03}", touchpoints)
    whole = Tally()
    for part in reversed(parts):
        sent = msgspec.msgpack.encode(part.finish())
        whole.merge(msgspec.msgpack.decode(sent, type=Tally))
    at_once = Backtest(current, proposed, bounds())
    for number, touchpoints in enumerate(past):
        at_once.take(f"c{number:03}", touchpoints)
    assert whole == at_once.finish()


@settings(max_examples=40, deadline=None)
@given(definitions(), timelines)
def test_what_steps_led_to_is_what_is_stored(
    definition: Definition, found: list[Touchpoint]
) -> None:
    journey = Journey()
    for touchpoint in in_order(found):
        journey, _ = advance(definition, journey, touchpoint)
    assert stored_differences(journey, fold(definition, found).journey) == []
    journey.stage = "elsewhere"
    assert stored_differences(journey, fold(definition, found).journey) == ["stage"]


def test_another_stage_is_counted_by_where_from_and_where_to() -> None:
    past = [
        customer((1, "Page"), (2, "Pay")),
        customer((1, "Page"), (2, "Pay"), (3, "Order")),
        customer((2, "Pay")),
        customer((1, "Page")),
        [],
    ]
    tally = compared(shop(), shop(buys=("Order", "Pay")), past)
    moved = {(a, b): found for a, ways in tally.moved.items() for b, found in ways.items()}
    assert {way: found.count for way, found in moved.items()} == {
        ("look", "buy"): 1,
        ("none", "buy"): 1,
    }
    (sample,) = moved["look", "buy"].samples
    assert sample.customer_id == "c000"
    assert sample.current is not None
    assert sample.proposed is not None
    assert (sample.current.rule, sample.proposed.rule) == ("look[0]", "buy[0]")
    assert (sample.proposed.event, sample.proposed.at) == ("Pay", 2)
    assert moved["none", "buy"].samples[0].current is None
    assert (tally.stages["look"].current, tally.stages["look"].proposed) == (2, 1)
    # The second customer is in the same stage, but since another event.
    assert tally.histories == 3
    ways = tally.transitions["look"]["buy"]
    assert (ways.current, ways.proposed) == (1, 2)


def test_signals_appear_vanish_move_and_turn() -> None:
    past = [
        customer((1, "Add")),  # moves, being due later
        customer((1, "Add"), (15, "Order")),  # in time under the longer wait
        customer((1, "Add"), (15, "Add")),  # two signals become one
        customer((1, "Add"), (5, "Order")),
    ]
    tally = compared(shop(after=10), shop(after=20), past)
    assert differences(tally.rules["cart"]) == (0, 2, 2, 0)
    signals = tally.rules["cart"].signals
    assert (signals.current, signals.proposed) == (4, 2)
    moved = tally.rules["cart"].move.samples
    assert [(s.current and s.current.due, s.proposed and s.proposed.due) for s in moved] == [
        (11, 21),
        (25, 35),
    ]
    back = compared(shop(after=20), shop(after=10), past)
    assert differences(back.rules["cart"]) == (2, 0, 2, 0)


def test_a_rule_by_another_name_is_another_rule() -> None:
    tally = compared(shop(), shop(rule="basket"), [customer((1, "Add"))])
    assert differences(tally.rules["cart"]) == (0, 1, 0, 0)
    assert differences(tally.rules["basket"]) == (1, 0, 0, 0)


def test_a_signal_that_another_event_would_have_recovered_turns() -> None:
    narrow = define(
        abandonment=(AbandonmentRule("cart", 10, 100, opens=match("Add"), closes=match("Order")),)
    )
    wide = define(
        abandonment=(
            AbandonmentRule("cart", 10, 100, opens=match("Add"), closes=match("Order", "Pay")),
        )
    )
    opens = customer((1, "Add"), (20, "Pay"))
    tally = compared(narrow, wide, [opens], bounds(watermark=50))
    assert differences(tally.rules["cart"]) == (0, 0, 0, 1)
    (sample,) = tally.rules["cart"].turn.samples
    assert sample.current is not None
    assert sample.proposed is not None
    assert (sample.current.state, sample.proposed.state) == ("raised", "recovered")


def test_only_what_is_due_since_then_and_by_now_is_a_signal() -> None:
    past = [customer((1, "Add"))]  # due at 11
    cases = [(bounds(11), 1), (bounds(12), 0), (bounds(0, 12), 1), (bounds(0, 11), 0)]
    for within, expected in cases:
        tally = compared(shop(), define(), past, within)
        assert tally.rules["cart"].vanish.count == expected


def test_what_consent_imports_and_operators_forbid_is_no_signal() -> None:
    refused = [make(1, "Add", consent={"marketing": False})]
    imported = [make(1, "Add", historical=True, received_at=50)]
    cancelled = customer((1, "Add"))
    (episode,) = fold(shop(), cancelled).journey.episodes
    within = bounds(cancelled=[cancellation_key(episode)])
    tally = compared(define(), shop(), [refused, imported, cancelled], within)
    assert differences(tally.rules["cart"]) == (0, 0, 0, 0)


def test_samples_are_few_and_do_not_depend_on_how_work_was_shared() -> None:
    past = [customer((1, "Pay")) for _ in range(3 * SAMPLES_MAX)]
    tally = compared(shop(), shop(buys=("Pay",)), past)
    found = tally.moved["none"]["buy"]
    assert found.count == len(past)
    assert [one.customer_id for one in found.samples] == [f"c{n:03}" for n in range(SAMPLES_MAX)]
