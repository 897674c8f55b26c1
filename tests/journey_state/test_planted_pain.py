"""Pain that `milepost simulate` plants is named in the API's first words; without it, silence."""

from __future__ import annotations

import pytest

from services.cli.simulate.pains import PainName
from services.contracts.times import DAY_US, format_time
from tests.journey_state.asking import get, serving
from tests.journey_state.running import START_US
from tests.journey_state.simulated import JOURNEY, absorb, history
from tests.journey_state.transacting import transacting

DAYS = 28  # the second half has the pain
CUSTOMERS = 450
SEED = 12
BASE_US = START_US + DAYS * DAY_US
PERIOD = {"from": format_time(BASE_US - DAYS // 2 * DAY_US), "to": format_time(BASE_US)}
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
    names = () if pain is PainName.NONE else (pain,)
    sent = history(CUSTOMERS, DAYS, BASE_US, SEED, names)
    async with (
        transacting(database_url, JOURNEY) as world,
        serving(database_url, clock=lambda: BASE_US) as client,
    ):
        await absorb(world, sent, BASE_US)
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
