"""A fold from a checkpoint is the fold of everything; joined checkpoints add up."""

from __future__ import annotations

from copy import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.journey_state import checkpoint
from services.journey_state.checkpoint import Checkpoint, Held, combined, settled
from services.journey_state.consent import Statement
from services.journey_state.definition import Definition
from services.journey_state.journey import Journey, fold, in_order, settle
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.samples import LAST_INSTANT, define, definitions, timelines


def comparable(definition: Definition, journey: Journey, cut: int) -> dict[str, Any]:
    """The journey without what was final at the cut; episodes in no order."""
    left = copy(settle(definition, journey, cut - 1, grace_us=0))
    left.episodes = sorted(left.episodes, key=lambda e: (e.rule, e.scope or "", e.opened_at))
    values = {name: getattr(left, name) for name in Journey.__struct_fields__}
    return {k: v for k, v in values.items() if k not in ("settled_to", "forgotten")}


@given(definitions(), timelines, st.integers(1, LAST_INSTANT + 1))
def test_going_on_from_a_checkpoint_gives_what_the_whole_past_gives(
    definition: Definition, found: list[Touchpoint], cut: int
) -> None:
    ordered = in_order(found)
    before = fold(definition, [t for t in ordered if t.occurred_at < cut])
    start = settled(definition, before.journey, cut, ["rule0"])
    left = Checkpoint(
        made=(0, "", ""), identifiers=[Held("user_id", "u")], history=[], journeys={1: start}
    )
    start = checkpoint.decode(checkpoint.encode(left)).journey(1, definition)

    after = fold(definition, [t for t in ordered if t.occurred_at >= cut], start)

    whole = fold(definition, ordered)
    assert before.history + after.history == whole.history
    assert comparable(definition, after.journey, cut) == comparable(definition, whole.journey, cut)


def left_by(name: str, at: int, **fields: Any) -> Checkpoint:
    journey = Journey(place=(at, name, "web"), **fields)
    return Checkpoint(
        made=(at - 5, name, "web"),
        identifiers=[Held("anonymous_id", name)],
        history=[],
        journeys={1: journey},
    )


def test_the_later_of_joined_checkpoints_gives_the_stage_and_counters_add() -> None:
    early = left_by(
        "a",
        10,
        stage="two",
        counts={"A": 2, "B": 1},
        last_at={"A": 9},
        traits={"name": "x", "age": 3},
        visited=["one", "two"],
        first_seen_at=5,
        campaign_first={"source": "mail"},
        consent={"marketing": [Statement(8, 8, granted=False)]},
    )
    late = left_by(
        "b",
        20,
        stage="one",
        counts={"A": 1},
        last_at={"A": 19},
        traits={"name": "y"},
        visited=["one"],
        first_seen_at=15,
        campaign_first={"source": "search"},
        consent={"marketing": [Statement(16, 16, granted=True)]},
    )

    joined = combined([late, early])

    assert joined is not None
    assert joined == combined([early, late])
    journey = joined.journeys[1]
    assert (journey.stage, journey.place) == ("one", (20, "b", "web"))
    assert journey.counts == {"A": 3, "B": 1}
    assert journey.last_at == {"A": 19}
    assert journey.traits == {"name": "y", "age": 3}
    assert journey.visited == ["one", "two"]
    assert (journey.first_seen_at, journey.campaign_first) == (5, {"source": "mail"})
    assert [s.granted for s in journey.consent["marketing"]] == [False, True]
    assert joined.made == early.made
    assert [held.value for held in joined.identifiers] == ["a", "b"]


def test_nobody_and_a_single_customer_are_combined_as_they_are() -> None:
    one = left_by("a", 10)

    assert combined([]) is None
    assert combined([one]) is one


def test_a_definition_published_after_the_cut_goes_on_with_what_it_knows() -> None:
    definition = define(stages={"one": []})
    journeys = {
        1: Journey(stage="old", entered_at=1),
        3: Journey(stage="one", entered_at=2, visited=["gone", "one"], counts={"A": 1}),
    }
    left = Checkpoint(made=(0, "", ""), identifiers=[], history=[], journeys=journeys)

    assert left.journey(3, definition) is journeys[3]
    later = left.journey(4, definition)
    assert (later.stage, later.visited, later.counts) == ("one", ["one"], {"A": 1})
    between = left.journey(2, definition)
    assert (between.stage, between.entered_at) == ("none", None)
