"""Pain that `milepost simulate` plants is named in the API's first words; without it, silence."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec
import pytest

from services.cli.simulate import tempo
from services.cli.simulate.pains import PainName, Planted
from services.cli.simulate.story import Cast
from services.contracts.times import DAY_US, format_time
from services.contracts.touchpoint import Touchpoint
from tests.journey_state.asking import get, serving
from tests.journey_state.running import START_US
from tests.journey_state.transacting import transacting

if TYPE_CHECKING:
    from services.cli.simulate.step import Step

DAYS = 28  # the second half has the pain
CUSTOMERS = 450
SEED = 12
BASE_US = START_US + DAYS * DAY_US
PERIOD = {"from": format_time(BASE_US - DAYS // 2 * DAY_US), "to": format_time(BASE_US)}
JOURNEY = files("services.journey_state") / "journeys" / "demo.yaml"
BATCH = 2_000
# What of it must be named: kinds with words of their sentences and where; and what may follow.
NAMED: dict[PainName, tuple[dict[str, tuple[str, str]], set[str]]] = {
    PainName.APP_CHECKOUT_LEAK: (
        {"leak": ("did not go on", "app mobile"), "abandonment": ("(cart)", "app mobile")},
        set(),
    ),
    PainName.PAYMENT_ERRORS: ({"error": ("Payment Failed", "all website")}, {"abandonment"}),
    PainName.CHECKOUT_SLOW: ({"abandonment": ("(cart)", "all")}, {"stall"}),
    PainName.NONE: ({}, set()),
}


@pytest.mark.parametrize("pain", NAMED)
async def test_what_is_planted_is_named_and_nothing_else(database_url: str, pain: PainName) -> None:
    sent = lived() if pain is PainName.NONE else lived(pain)
    async with (
        transacting(database_url, JOURNEY.read_text("utf-8")) as world,
        serving(database_url, clock=lambda: BASE_US) as client,
    ):
        for first in range(0, len(sent), BATCH):
            await world.take(*sent[first : first + BATCH])
        await world.pass_time((BASE_US - START_US) / 1e6)
        await world.rows("ANALYZE")
        found = (await get(client, "/v1/pain", **PERIOD))["items"]
        told = (await get(client, "/v1/insights", **PERIOD))["items"]
    must, may = NAMED[pain]
    kinds = {one["kind"]: one for one in found}
    assert must.keys() <= kinds.keys() <= must.keys() | may
    for kind, (words, where) in must.items():
        assert kinds[kind]["stage"] == "consideration"
        assert words in kinds[kind]["sentence"]
        assert (kinds[kind]["where"]["value"] or "all") in where.split()
    if must:
        assert found[0]["kind"] in must
        first = told[0]["parameters"]
        assert told[0]["code"] in ("conversion_fell", found[0]["code"])
        assert (first["stage"], first["value"]) == ("consideration", found[0]["where"]["value"])
    else:
        compared = {"conversion_fell", "conversion_rose", "entered_more", "entered_fewer"}
        assert not compared & {one["code"] for one in told}


def lived(*names: PainName) -> list[Touchpoint]:
    """Everything that happened, each once, in the order in which it was sent."""
    cast = Cast(SEED, "e2e", Planted(names, BASE_US))
    stories = cast.past(CUSTOMERS, DAYS, BASE_US, tempo.past(30))
    steps = {one.message_id: one for story in stories for one in story.deliveries}
    return [touchpoint(one) for one in sorted(steps.values(), key=lambda one: one.sent_us)]


def touchpoint(step: Step) -> Touchpoint:
    """What ingest makes of it."""
    return Touchpoint(
        message_id=step.message_id,
        source=step.channel,
        channel=step.channel,
        type=step.call,
        event=step.event,
        occurred_at=format_time(step.at_us),
        received_at=format_time(step.sent_us),
        identifiers=dict(step.ids),
        properties=msgspec.Raw(msgspec.json.encode(step.properties)),
        traits=msgspec.Raw(msgspec.json.encode(step.traits)),
        context=msgspec.Raw(msgspec.json.encode(step.context)),
        historical=True,
    )
