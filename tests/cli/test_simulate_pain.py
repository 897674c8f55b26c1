"""Planted pain: it strikes where and when it says, and nothing else is changed by it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import pytest

from services.cli.simulate import tempo
from services.cli.simulate.ledger import Ledger
from services.cli.simulate.oracle import DEMO, final_stage
from services.cli.simulate.pain_option import Demo
from services.cli.simulate.pains import OF_THE_DEMO, PAINS, PainName, Planted, chosen, told
from services.cli.simulate.story import Cast, Story
from services.contracts.times import DAY_US
from services.contracts.touchpoint import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from services.cli.simulate.step import Step

BASE_US = 1_795_000_000_000_000
DAYS = 40
CUSTOMERS = 400


@cache
def past(seed: int, *names: PainName) -> list[Story]:
    cast = Cast(seed, "ab12", Planted(names, BASE_US))
    return list(cast.past(CUSTOMERS, DAYS, BASE_US, tempo.past(30)))


def seen(story: Story, name: PainName) -> list[Step]:
    """The message in which the pain can be seen, where the life has come that far."""
    return [step for step in story.deliveries if step.message_id == story.struck.get(name)]


@pytest.mark.parametrize("name", PAINS)
@pytest.mark.parametrize("seed", [3, 5])
def test_a_pain_strikes_since_its_day_and_changes_nothing_before(name: PainName, seed: int) -> None:
    since = BASE_US - int(PAINS[name].days * DAY_US)
    struck = 0
    for before, after in zip(past(seed), past(seed, name), strict=True):
        first = seen(after, name)
        struck += bool(first)
        assert all(step.at_us >= since for step in first)
        if name not in after.struck:
            assert after == before
        untouched = [step for step in before.deliveries if step.at_us < since]
        assert untouched == [step for step in after.deliveries if step.at_us < since]
    assert struck >= 5


@pytest.mark.parametrize("name", PAINS)
def test_whoever_is_struck_is_in_the_cell_that_the_map_must_show(name: PainName) -> None:
    cell = PAINS[name].cell
    for story in past(3, name):
        for step in seen(story, name):
            later = [one for one in story.deliveries if one.at_us >= step.at_us]
            assert is_in(cell, story, later), (story.script, cell)


def is_in(cell: Mapping[str, str], story: Story, later: list[Step]) -> bool:
    """Whether the person has a touchpoint, and is in the stage, as the filter says."""
    touched = [
        one
        for one in later
        if cell.items()
        & {
            ("channel", one.channel),
            ("event", one.event),
            ("campaign", one.context.get("campaign", {}).get("name")),
        }
        >= cell.items() - {("stage", cell.get("stage"))}
    ]
    return bool(touched) and cell.get("stage") in {None, final_stage(story.deliveries)}


def test_pains_of_the_demo_cut_what_the_app_sells_and_make_payments_fail() -> None:
    begun = BASE_US - 14 * DAY_US

    def counted(stories: list[Story], channel: str, *events: str) -> int:
        """People who have done all of these on the channel."""
        done = (
            {s.event for s in story.deliveries if s.channel == channel and s.at_us >= begun}
            for story in stories
        )
        return sum(one >= {*events} for one in done)

    calm, sore = past(5), past(5, *OF_THE_DEMO)
    bought = ("Checkout Started", "Order Completed")
    assert counted(sore, "app", *bought) < counted(calm, "app", *bought) / 2
    failures = [counted(one, "website", "Payment Failed") for one in (calm, sore)]
    assert failures[1] > failures[0] * 2


def test_the_oracle_tells_whom_a_pain_has_struck(tmp_path: Path) -> None:
    planted, ledger, file = Planted(OF_THE_DEMO, BASE_US), Ledger(), tmp_path / "oracle.json"
    stories = past(5, *OF_THE_DEMO)
    for story in stories:
        ledger.enlist(story)
        for step in story.deliveries:
            ledger.taken(step)

    ledger.write(file, timings=DEMO, seed=5, base_us=BASE_US, planted=planted)

    oracle = json.loads(file.read_text())
    assert [one["name"] for one in oracle["pains"]] == list(OF_THE_DEMO)
    ids = {one["id"] for one in oracle["customers"]}
    for pain, name in zip(oracle["pains"], OF_THE_DEMO, strict=True):
        assert len(pain["people"]) == sum(bool(seen(story, name)) for story in stories)
        assert set(pain["people"]) <= ids


def test_none_is_no_pain_and_the_demo_has_some_unless_told() -> None:
    assert chosen([PainName.NONE, PainName.MAIL_STALL], OF_THE_DEMO) == ()
    assert chosen([], OF_THE_DEMO) == OF_THE_DEMO
    assert chosen([PainName.SUPPORT_LOOP] * 2, OF_THE_DEMO) == (PainName.SUPPORT_LOOP,)
    assert told(()) == ["planted pain: none"]


def test_the_demo_gives_nothing_away_unless_asked() -> None:
    assert Demo().lines == []
    assert Demo().arguments == ("--demo",)
    assert Demo((PainName.NONE,), is_told=True).lines == ["planted pain: none"]
    assert [line.split(",")[0] for line in Demo(is_told=True).lines] == [
        f"planted pain: {name}" for name in OF_THE_DEMO
    ]


def test_people_of_three_languages_come_by_campaigns_on_all_devices() -> None:
    steps = [step for story in past(1) for step in story.deliveries]
    contexts = [step.context for step in steps]
    assert {one["locale"] for one in contexts if "locale" in one} == {"en-GB", "ru-RU", "pl-PL"}
    assert {step.properties.get("currency") for step in steps} >= {"GBP", "RUB", "PLN"}
    mobile = {"Mobile" in step.context["userAgent"] for step in steps if step.channel == "website"}
    assert mobile == {True, False}
    campaigns = {one["campaign"]["name"] for one in contexts if "campaign" in one}
    assert campaigns == {"autumn-sale", "trail-stories", "partner-club", "weekend-letter"}
    scores = {step.properties["score"] for step in steps if step.event == "NPS Submitted"}
    ratings = {step.properties["rating"] for step in steps if step.event == "Rating Submitted"}
    assert scores <= set(range(11))
    assert {2, 5} <= ratings <= set(range(1, 6))
    viewed = [step.properties for step in steps if step.event == "Experiment Viewed"]
    assert {one["variation_id"] for one in viewed} == {"a", "b"}
    assert {step.channel for step in steps} == set(CHANNELS)
