"""Lives and their expected outcomes, without a network."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from services.cli.simulate import scripts, tempo
from services.cli.simulate.diary import Diary
from services.cli.simulate.ledger import customer
from services.cli.simulate.oracle import DEMO, SHOP, Timings, abandoned, final_stage
from services.cli.simulate.persona import make_persona
from services.cli.simulate.scripts import Script
from services.cli.simulate.step import Step
from services.cli.simulate.story import Cast, Story, run_name
from services.contracts.touchpoint import CHANNELS

BASE_US = 1_795_000_000_000_000
RUN = run_name(BASE_US)
CAST = Cast(7, RUN)
LIVE = tempo.live(30)


def lived(script: Script, *, speed: float = 1.0, seed: int = 3) -> list[Step]:
    rng = Random(seed)
    diary = Diary(make_persona(rng, RUN, seed), rng, tempo.live(speed), BASE_US)
    script(diary)
    return diary.steps


def past(customers: int = 200) -> list[Story]:
    return list(CAST.past(customers, 20, BASE_US, tempo.past(1.0)))


def rules(steps: list[Step], timings: Timings = SHOP) -> list[str]:
    """Without the stage rules, whose waits are longer than these lives."""
    left = abandoned(steps, timings)
    return [one.rule for one in left if one.scope is not None]


def test_the_same_seed_and_time_give_the_same_lives() -> None:
    assert past(30) == past(30)
    assert CAST.live(0, 5, BASE_US, LIVE) == CAST.live(0, 5, BASE_US, LIVE)
    assert Cast(8, RUN).live(0, 5, BASE_US, LIVE) != CAST.live(0, 5, BASE_US, tempo.live(30))


def test_a_later_run_shares_no_identifier_with_this_one() -> None:
    def ids(cast: Cast) -> set[str]:
        stories = cast.past(50, 5, BASE_US, tempo.past(1.0))
        steps = [step for story in stories for step in story.deliveries]
        return {value for step in steps for value in (step.message_id, *step.ids.values())}

    assert ids(CAST).isdisjoint(ids(Cast(7, run_name(BASE_US + 1_000_000))))


def test_the_past_is_historical_over_and_on_every_channel() -> None:
    steps = [step for story in past() for step in story.deliveries]
    assert all(step.historical and step.sent_us < BASE_US for step in steps)
    assert {step.channel for step in steps} == set(CHANNELS)
    assert len({step.message_id for step in steps}) < len(steps)  # some are sent twice


def test_every_script_is_among_the_first_live_lives() -> None:
    names = [CAST.live(100, 100 + n, BASE_US, LIVE).script for n in range(len(scripts.WEIGHTS))]
    assert names == [script.__name__ for script in scripts.WEIGHTS]


def test_only_linked_devices_are_late_or_straggle() -> None:
    for story in past():
        met: dict[str, int] = {}
        for step in sorted(story.deliveries, key=lambda one: (one.at_us, one.sent_us)):
            for value in (*step.ids.values(), *step.traits.values()):
                met.setdefault(value, step.sent_us)
        for step in story.deliveries:
            if step.late:
                assert all(met[value] < step.sent_us for value in step.ids.values())


@pytest.mark.parametrize(
    ("script", "stage", "left"),
    [
        (scripts.visitor, "awareness", []),
        (scripts.reader, "awareness", []),
        (scripts.window_shopper, "consideration", []),
        (scripts.subscriber, "consideration", []),
        (scripts.hasty_leaver, "consideration", ["cart"]),
        (scripts.cart_leaver, "consideration", ["cart"]),
        (scripts.returner, "purchase", ["cart"]),
        (scripts.late_buyer, "purchase", []),
        (scripts.buyer, "purchase", []),
        (scripts.mind_changer, "consideration", []),
        (scripts.regular, "retention", []),
        (scripts.traveller, "purchase", []),
        (scripts.complainer, "purchase", []),
    ],
)
@pytest.mark.parametrize(("timings", "speed"), [(SHOP, 1.0), (DEMO, 30.0)])
@pytest.mark.parametrize("seed", range(5))
def test_a_script_ends_as_its_name_says(
    script: Script, stage: str, left: list[str], timings: Timings, speed: float, seed: int
) -> None:
    steps = lived(script, speed=speed, seed=seed)
    assert final_stage(steps) == stage
    assert rules(steps, timings) == left


def test_a_returner_recovers_and_a_late_buyer_disproves() -> None:
    (cart,) = [one for one in abandoned(lived(scripts.returner), SHOP) if one.rule == "cart"]
    assert cart.recovered_us is not None
    steps = lived(scripts.late_buyer)
    entry = customer(make_persona(Random(3), RUN, 3), "late_buyer", steps, SHOP, BASE_US)
    assert [one["rule"] for one in entry["disproved"]].count("cart") == 1
    assert entry["id"].startswith("user_id:")


def test_the_demo_leaves_its_first_cart_within_seconds() -> None:
    story = CAST.live(0, 0, BASE_US, LIVE)
    left = [one for one in abandoned(story.deliveries, DEMO) if one.rule == "cart"]
    assert left[0].due_us - BASE_US < 80_000_000


def test_a_crawler_is_nobody() -> None:
    entry = customer(
        make_persona(Random(3), RUN, 3), "crawler", lived(scripts.crawler), SHOP, BASE_US
    )
    assert (entry["bot"], entry["stage"], entry["signals"]) == (True, "none", [])


def test_the_past_holds_every_outcome() -> None:
    stages = Counter(final_stage(story.deliveries) for story in past(400))
    assert set(stages) >= {"awareness", "consideration", "purchase", "retention", "advocacy"}
