"""Definitions folded: what rules, names and roles mean (semantics 1.6, 1.7, 3, 4.1 and 5.1)."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest

from services.journey_state.definition import Definition, load
from services.journey_state.journey import (
    Folded,
    Journey,
    advance,
    fold,
    follows,
    in_order,
    open_overlays,
)
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.samples import make

SECOND = 1_000_000
DAY = 86_400 * SECOND


def defined(text: str, *, stages: str = "{name: s, enter: [{event: S}]}") -> Definition:
    return load(f"journey: test\nstages: [{stages}]\n{text}")


def told(definition: Definition, *events: Touchpoint) -> Folded:
    """The fold of these, which is the same in any order of arrival."""
    folded = fold(definition, events)
    for arrived in list(permutations(events))[:24]:
        assert fold(definition, arrived) == folded
    return folded


def stages(definition: Definition, *events: Touchpoint) -> list[str]:
    return [row.stage for row in told(definition, *events).history]


def test_ties_of_the_order_are_settled_by_bytes_not_by_locale_or_utf_16() -> None:
    ids = ["Z", "a", "z", "é", "\uffff", "\U00010000"]
    assert sorted(ids, key=str.encode) == ids
    same = [make(5, message_id=name, source="s") for name in ids]
    random.Random(1).shuffle(same)
    assert [t.message_id for t in in_order(same)] == ids
    sources = [make(5, message_id="m", source=name) for name in reversed(ids)]
    assert [t.source for t in in_order(sources)] == ids
    crossed = [make(5, message_id="a", source="z"), make(5, message_id="b", source="y")]
    assert in_order(reversed(crossed)) == crossed
    assert not follows(fold(defined(""), crossed[1:]).journey, crossed[0])


def test_of_copies_the_one_received_first_counts_wherever_it_stands() -> None:
    definition = defined(
        "", stages="{name: s, enter: [{event: S}]}, {name: t, enter: [{event: T}]}"
    )
    late, early = make(9, "S", message_id="m", received_at=20), make(3, "T", message_id="m")
    folded = told(definition, late, early)
    assert [(row.stage, row.entered_at) for row in folded.history] == [("t", 3)]


NAMES = """
once: {S: properties.n}
aliases: {S: [Old S], Other: [Elsewhere]}
overlays: [{name: o, opens: {event: S, when: "stage == 'none'"}}]
abandonment:
  - name: named
    opens: {event: S, when: "stage == 'none' && event == 'S'"}
    scope: "stage == 'none' ? 'before' : 'after'"
    after: 1s
  - {name: plain, opens: {event: S}, closes: {event: Other}, after: 1s}
"""


def test_the_stage_in_an_expression_is_the_one_before_the_event() -> None:
    journey = told(defined(NAMES), make(0, "S")).journey
    assert journey.stage == "s"
    assert open_overlays(journey, 0)
    assert [one.scope for one in journey.episodes] == ["before", ""]


def test_other_names_are_the_canonical_one_everywhere_but_in_the_record() -> None:
    definition = defined(NAMES, stages="{name: s, enter: [{event: S, when: 'count(\"S\") > 0'}]}")
    record = make(0, " Old S ")
    folded = told(definition, record, make(3 * SECOND, "Elsewhere"))
    assert record.event == " Old S "
    assert folded.history[0].event == "S"
    assert folded.journey.counts == {"S": 1}
    assert folded.journey.last_touchpoint is not None
    assert folded.journey.last_touchpoint.event == "Other"
    recovered = folded.journey.episodes[-1].recovered
    assert recovered is not None
    assert recovered.event == "Other"


def test_of_repeats_the_first_in_the_order_is_folded_whenever_it_comes() -> None:
    definition = defined("once: {S: properties.n}", stages="{name: s, enter: [{event: S}]}")
    site = make(5, "S", properties={"n": 7}, traits={"from": "site"})
    server = make(3, "S", properties={"n": "7"}, source="server", traits={"from": "server"})
    without = [make(n, "S") for n in (1, 2)]
    counting = defined(
        "once: {S: properties.n}", stages="{name: s, enter: [{event: S, when: 'count(\"S\") > 0'}]}"
    )
    folded = told(definition, site, server)
    assert folded.history[0].source == "server"
    assert folded.journey.traits == {"from": "server"}
    assert told(counting, site, server, *without).journey.counts == {"S": 3}


@pytest.mark.parametrize("empty", [None, "", True, [1], {"a": 1}])
def test_without_a_key_every_one_is_folded(empty: object) -> None:
    counting = defined(
        "once: {S: properties.n}", stages="{name: s, enter: [{event: S, when: 'count(\"S\") > 0'}]}"
    )
    found = [make(n, "S", properties={"n": empty}) for n in range(3)]
    assert told(counting, *found).journey.counts == {"S": 3}


def test_a_count_is_of_what_was_folded_up_to_and_with_this_one_matched_or_not() -> None:
    definition = defined(
        "once: {A: properties.n}",
        stages="{name: s, enter: [{event: A, from: [s]}, {event: B, when: 'count(\"A\") == 2'}]}",
    )
    two = [make(0, "A", properties={"n": 1}), make(1, "A")]
    ignored = [make(2, "A", properties={"n": 1}), make(3, "A", bot=True)]
    assert stages(definition, *two, *ignored, make(4, "B")) == ["s"]
    assert stages(definition, two[0], *ignored, make(4, "B")) == []
    own = defined("", stages="{name: s, enter: [{event: A, when: 'count(\"A\") == 1'}]}")
    assert stages(own, make(0, "A")) == ["s"]


def test_since_is_the_time_from_the_latest_earlier_one() -> None:
    definition = defined(
        "", stages="{name: s, enter: [{event: A, when: 'since(\"A\") >= days(1)'}]}"
    )
    assert stages(definition, make(0, "A")) == []
    assert stages(definition, make(0, "A"), make(DAY, "A")) == ["s"]
    assert stages(definition, make(0, "A"), make(DAY - 1, "A")) == []
    assert stages(definition, make(0, "A"), make(DAY // 2, "A"), make(DAY, "A")) == []


@pytest.mark.parametrize(
    ("before", "own", "match"),
    [
        ({"traits": {"plan": "pro"}}, {}, True),
        ({}, {"traits": {"plan": "pro"}}, True),
        ({"traits": {"plan": "pro"}}, {"traits": {"plan": None}}, False),
        ({"traits": {"plan": "pro"}, "call": "group"}, {}, False),
        ({"traits": {"plan": "pro"}, "bot": True}, {}, False),
    ],
)
def test_traits_are_the_customers_as_of_this_event(
    before: dict[str, Any], own: dict[str, Any], match: bool
) -> None:
    definition = defined(
        "", stages="{name: s, enter: [{event: A, when: \"traits.plan == 'pro'\"}]}"
    )
    found = stages(definition, make(0, "B", **before), make(1, "A", **own))
    assert found == (["s"] if match else [])


def test_the_first_match_in_file_order_ends_the_search() -> None:
    definition = defined(
        "",
        stages="{name: one, enter: [{event: A, from: [two]}, {id: named, event: B}]}, "
        "{name: two, enter: [{event: A}, {event: [B, C]}]}",
    )
    history = told(
        definition, make(0, "A"), make(1, "A"), make(2, "B"), make(3, "C"), make(4, "C")
    ).history
    assert [(row.stage, row.rule) for row in history] == [
        ("two", "two[0]"),
        ("one", "one[0]"),
        ("two", "two[1]"),
    ]


def test_an_overlay_closes_before_it_opens() -> None:
    definition = defined(
        "overlays: [{name: o, opens: {event: [A, B]}, closes: {event: B}, expires: 10s}]"
    )
    journey = told(definition, make(0, "A"), make(SECOND, "B")).journey
    overlay = open_overlays(journey, SECOND)["o"]
    assert (overlay.opened_at, overlay.expires_at) == (SECOND, 11 * SECOND)


def test_counters_hold_what_the_definition_counts_and_has_met() -> None:
    when = 'count(\\"A\\") + count(\\"B\\") > 9'
    definition = defined("", stages=f'{{name: s, enter: [{{event: S, when: "{when}"}}]}}')
    assert told(definition, make(0, "A"), make(1, "C"), make(2, "A")).journey.counts == {"A": 2}


def test_bots_leave_no_trace_in_a_journey() -> None:
    definition = defined("abandonment: [{name: r, opens: {event: S}, after: 1s}]")
    people = [make(0, "S"), make(1, "S")]
    bot = make(5 * SECOND, "S", bot=True, traits={"x": 1}, consent={"marketing": False})
    alone = fold(definition, people)
    assert fold(definition, [*people, bot]) == alone
    journey, _ = advance(definition, alone.journey, bot)
    assert journey == alone.journey
    assert follows(journey, make(2, "S"))


ROLES = ("closes", "drops", "opens", "adds", "removes")


@pytest.mark.parametrize("first", range(len(ROLES)))
def test_of_several_roles_the_first_applies(first: int) -> None:
    """5.1: an event that has this role and all later ones, met by an open episode."""
    roles = [f"{role}: {{event: [X, {'Open' if role == 'opens' else 'Nothing'}]}}"
             if place >= first else f"{role}: {{event: {'Open' if role == 'opens' else 'No'}}}"
             for place, role in enumerate(ROLES)]  # fmt: skip
    definition = defined(f"abandonment: [{{name: r, {', '.join(roles)}, after: 10s}}]")
    before = make(0, "Open")
    found = told(definition, before, make(SECOND, "X")).journey.episodes
    alone = told(definition, make(SECOND, "X")).journey.episodes
    after = told(definition, before, make(12 * SECOND, "X")).journey.episodes[0]
    role = ROLES[first]
    assert [one.due for one in found] == ([] if role in ("closes", "drops") else [11 * SECOND])
    assert [one.due for one in alone] == ([11 * SECOND] if role == "opens" else [])
    assert (after.recovered is not None) == (role == "closes")
    assert after.stopped_at == 12 * SECOND


def test_an_opening_that_names_its_cart_goes_on_with_the_cart_without_a_name() -> None:
    definition = defined(
        "abandonment: [{name: r, opens: {event: A}, closes: {event: C}, removes: {event: R}, "
        "scope: properties.cart, after: 10s}]"
    )
    found = told(
        definition,
        make(0, "A"),
        make(1, "R", properties={"cart": "y"}),
        make(2, "A", properties={"cart": "x"}),
        make(3, "A", properties={"cart": "y"}),
    ).journey.episodes
    assert [(one.scope, one.opened_at) for one in found] == [("x", 0), ("y", 3)]
    # Whatever has no name of its own concerns both.
    assert told(definition, *_carts(), make(4, "C")).journey.episodes == []
    assert [
        one.scope for one in told(definition, *_carts(), make(4, "C", properties={"cart": 1.0}))
        .journey.episodes
    ] == ["x", "y"]  # fmt: skip


def _carts() -> list[Touchpoint]:
    return [make(n, "A", properties={"cart": name}) for n, name in enumerate("xy")]


def test_an_empty_journey_is_that_of_nothing() -> None:
    assert fold(defined(""), []) == Folded(Journey(), ())
