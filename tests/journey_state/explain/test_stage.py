"""Why a customer is in a stage, and why in no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given

from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.definition import Definition, EnterRule, Moment, shipped
from services.journey_state.explain.recording import watched
from services.journey_state.explain.stage import (
    TRANSITIONS_MAX,
    RuleReason,
    StageReasons,
    StageWatch,
)
from services.journey_state.journey import fold, in_order
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.naive import moments_of
from tests.journey_state.samples import define, definitions, make, match, timelines

SHOP = shipped()


def explained(definition: Definition, touchpoints: Sequence[Touchpoint]) -> StageReasons:
    watch = StageWatch(definition)
    watched(definition, touchpoints, watch)
    return watch.reasons()


def shop(*events: tuple[str, dict[str, Any]]) -> StageReasons:
    found = [
        make(n * DAY_US, event, message_id=f"m{n}", properties=properties)
        for n, (event, properties) in enumerate(events, 1)
    ]
    return explained(SHOP, found)


def rule(reasons: StageReasons, name: str) -> RuleReason:
    return next(one for each in reasons.why_not for one in each.rules if one.rule == name)


def test_the_transition_names_rule_touchpoint_and_values() -> None:
    reasons = shop(("Product Viewed", {}), ("Order Completed", {"order_id": "o1"}))
    by = reasons.entered_by
    assert by is not None
    assert (reasons.stage, by.previous, by.rule) == ("purchase", "consideration", "first_order")
    assert by.touchpoint.message_id == "m2"
    assert by.values == {'count("Order Completed")': 1, 'count("Order Cancelled")': 0}
    assert reasons.text == (
        f"The customer is in purchase since 1970-01-03 00:00:00 UTC by definition shop "
        f"{SHOP.version} (forward, from consideration): Order Completed came on "
        "1970-01-03 00:00:00 UTC (website, web, message m2) and matched rule first_order, as "
        '`count("Order Completed") - count("Order Cancelled") <= 1` was true: 1 - 0 = 1.'
    )


def test_each_other_rule_names_its_first_failing_condition() -> None:
    reasons = shop(
        ("Product Viewed", {}),
        ("Order Completed", {"order_id": "o1"}),
        ("Product Viewed", {}),
        ("Product Reviewed", {"rating": 2}),
    )
    retention = rule(reasons, "retention[0]")
    assert (retention.result, retention.values['count("Order Completed")']) == ("when", 1)
    assert "> 1` was false: 1 - 0 = 1" in retention.text
    looked = rule(reasons, "consideration[0]")
    assert (looked.result, looked.values) == ("from", {"stage": "purchase"})
    assert looked.text.endswith(
        "but the rule may only be entered from awareness or none, and the stage was purchase."
    )
    again = rule(reasons, "consideration[1]")
    assert again.result == "when"
    assert 'since("Order Completed") = 1d' in again.text
    rated = rule(reasons, "advocacy[0]")
    assert (rated.result, rated.values) == ("when", {"properties.rating": 2})
    seen = rule(reasons, "awareness[0]")
    assert (seen.result, seen.touchpoint) == ("no_event", None)


def test_an_evaluation_error_is_told_as_one() -> None:
    reasons = shop(("Order Completed", {}), ("Product Reviewed", {"rating": "five"}))
    assert rule(reasons, "advocacy[0]").result == "error"


def test_a_repeat_is_told_as_one_and_hides_nothing() -> None:
    order = ("Order Completed", {"order_id": "o1"})
    reasons = shop(order, ("Product Shared", {}), order)
    repeated = rule(reasons, "retention[0]")
    assert (repeated.result, repeated.times) == ("not_folded", 1)
    assert "repeats an earlier one" in repeated.text
    at_once = rule(shop(order, order), "retention[0]")
    assert (at_once.result, at_once.times) == ("when", 2)


def test_an_earlier_rule_that_matched_first_is_named() -> None:
    definition = define(
        stages={
            "one": [EnterRule("one[0]", "one", match("A"))],
            "two": [EnterRule("two[0]", "two", match("A"))],
        }
    )
    reasons = explained(definition, [make(1, "A")])
    assert rule(reasons, "two[0]").result == "earlier_rule"
    assert "rule one[0] stands before it" in rule(reasons, "two[0]").text


def test_a_customer_of_whom_nothing_matched_is_in_no_stage() -> None:
    reasons = shop(("Something Else", {}))
    assert (reasons.stage, reasons.entered_by, reasons.transitions) == ("none", None, ())
    assert "in no stage yet" in reasons.text
    assert {one.rule for each in reasons.why_not for one in each.rules} >= {"first_order"}


def test_of_many_transitions_the_newest_are_told() -> None:
    definition = define(
        stages={name: [EnterRule(f"{name}[0]", name, match(name))] for name in ("A", "B")}
    )
    many = [make(n * SECOND_US, "AB"[n % 2], message_id=f"m{n:03}") for n in range(60)]
    reasons = explained(definition, many)
    assert (len(reasons.transitions), reasons.transitions_total) == (TRANSITIONS_MAX, 60)
    assert reasons.truncated


@given(definitions(), timelines)
def test_explanations_never_disagree_with_the_fold(
    definition: Definition, touchpoints: list[Touchpoint]
) -> None:
    folded = fold(definition, touchpoints)
    reasons = explained(definition, touchpoints)
    assert (reasons.stage, reasons.entered_at) == (folded.journey.stage, folded.journey.entered_at)
    told = [(t.rule, t.stage, t.touchpoint.message_id) for t in reasons.transitions]
    made = [(t.rule, t.stage, t.message_id) for t in folded.history]
    assert told == made[-TRANSITIONS_MAX:]


@given(definitions(), timelines)
def test_what_is_named_as_the_reason_against_a_stage_holds(
    definition: Definition, touchpoints: list[Touchpoint]
) -> None:
    moments = {
        (m.touchpoint.source, m.touchpoint.message_id): m
        for m in moments_of(definition, in_order(touchpoints))
    }
    reasons = explained(definition, touchpoints)
    rules = {r.id: r for stage in definition.stages for r in stage.enter}
    assert {each.stage for each in reasons.why_not} == {
        stage.name for stage in definition.stages
    } - {reasons.stage}
    for reason in (one for each in reasons.why_not for one in each.rules):
        found = reason.touchpoint
        key = None if found is None else (found.source, found.message_id)
        _check(definition, rules[reason.rule], reason, moments.get(key) if key else None)


def _check(
    definition: Definition, rule: EnterRule, reason: RuleReason, moment: Moment | None
) -> None:
    if reason.result in ("no_event", "not_folded"):
        assert moment is None
        return
    assert moment is not None
    allowed = rule.from_stages is None or moment.stage in rule.from_stages
    holds = rule.match.when is None or rule.match.when(moment)
    if reason.result == "from":
        assert not allowed
    elif reason.result == "earlier_rule":
        assert allowed
        assert holds
        earlier = definition.enter_rules(moment.event)
        assert earlier.index(rule) > 0
    else:
        assert reason.result == "when"
        assert allowed
        assert not holds


def test_a_stage_from_before_a_checkpoint_is_told_as_such() -> None:
    before = make(DAY_US, "Order Completed", message_id="a")
    after = make(3 * DAY_US, "Product Viewed", message_id="b")
    start = fold(SHOP, [before]).journey
    for touchpoints in ([], [after]):
        watch = StageWatch(SHOP)
        watched(SHOP, touchpoints, watch, start=start)
        reasons = watch.reasons()
        assert (reasons.stage, reasons.entered_at, reasons.entered_by) == ("purchase", DAY_US, None)
        assert "in purchase since 1970-01-02 00:00:00 UTC by definition shop" in reasons.text
        assert reasons.text.endswith("from before the touchpoints that are kept.")
    assert rule(reasons, "consideration[0]").result == "from"
