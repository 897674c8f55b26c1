"""The oracle, which knows nothing of journey_state, against the fold by the shipped journeys."""

from __future__ import annotations

from random import Random

import pytest

from services.cli.simulate import tempo
from services.cli.simulate.oracle import (
    DEMO,
    SHOP,
    Timings,
    abandoned,
    final_stage,
    support_until,
)
from services.cli.simulate.step import Step
from services.cli.simulate.story import Cast
from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.definition import Definition, shipped
from services.journey_state.journey import Folded, fold
from services.journey_state.touchpoint import Touchpoint

BASE_US = 1_795_000_000_000_000
LIVES = 250
JOURNEYS = [("ecommerce", SHOP, 1.0), ("demo", DEMO, 30.0)]


def touchpoint(step: Step) -> Touchpoint:
    return Touchpoint(
        occurred_at=step.at_us,
        received_at=step.sent_us,
        message_id=step.message_id,
        source=step.channel,
        channel=step.channel,
        call=step.call,
        event=step.event,
        identifiers=dict(step.ids),
        properties=dict(step.properties),
        traits=dict(step.traits),
        context=dict(step.context),
        historical=step.historical,
    )


def folded(definition: Definition, steps: tuple[Step, ...]) -> Folded:
    touchpoints = [touchpoint(step) for step in steps]
    Random(1).shuffle(touchpoints)
    return fold(definition, touchpoints)


@pytest.mark.parametrize(("name", "timings", "speed"), JOURNEYS)
@pytest.mark.parametrize("is_live", [False, True])
def test_oracle_and_fold_agree_on_every_life(
    name: str, timings: Timings, speed: float, is_live: bool
) -> None:
    definition, cast = shipped(name), Cast(5, "ab12")
    if is_live:
        pace = tempo.live(speed)
        stories = [cast.live(0, index, BASE_US, pace) for index in range(LIVES)]
    else:
        stories = list(cast.past(LIVES, 40, BASE_US, tempo.past(speed)))
    for story in stories:
        if story.script == "crawler":
            continue
        journey = folded(definition, story.deliveries).journey
        assert final_stage(story.deliveries) == journey.stage, story
        expected = {
            (one.rule, one.scope, one.due_us, one.recovered_us)
            for one in abandoned(story.deliveries, timings)
        }
        found = {
            (one.rule, one.scope, one.due, one.recovered.at if one.recovered else None)
            for one in journey.episodes
        }
        assert expected == found, story
        support = journey.overlays.get("support")
        assert support_until(story.deliveries, timings) == (support and support.expires_at), story


@pytest.mark.parametrize(("name", "timings", "_speed"), JOURNEYS)
def test_the_waits_are_those_of_the_shipped_journey(
    name: str, timings: Timings, _speed: float
) -> None:
    definition = shipped(name)
    assert definition.journey == timings.journey
    for rule in definition.abandonment:
        after, within = getattr(timings, rule.name)
        assert (rule.after_us, rule.recover_within_us) == (after * SECOND_US, within * SECOND_US)
    (support,) = definition.overlays
    assert support.expires_us == timings.support * SECOND_US == 14 * DAY_US
