"""Made-up lives of `milepost simulate`, as the touchpoints that ingest would make of them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from services.cli.simulate import tempo
from services.cli.simulate.pains import PainName, Planted
from services.cli.simulate.story import Cast
from services.contracts.times import SECOND_US, format_time
from services.contracts.touchpoint import Touchpoint
from tests.journey_state.running import START_US

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.cli.simulate.step import Step
    from tests.journey_state.transacting import Transacting

JOURNEY = (files("services.journey_state") / "journeys" / "demo.yaml").read_text("utf-8")
SPEED = 30  # the demo's
BATCH = 2_000


def history(
    customers: int, days: int, until_us: int, seed: int, pains: Collection[PainName] = ()
) -> list[Touchpoint]:
    """What the demo's customers did until then, each once, in the order in which it was sent."""
    cast = Cast(seed, "run", Planted(pains, until_us))
    stories = cast.past(customers, days, until_us, tempo.past(SPEED))
    steps = {one.message_id: one for story in stories for one in story.deliveries}
    return [_touchpoint(one) for one in sorted(steps.values(), key=lambda one: one.sent_us)]


async def absorb(world: Transacting, sent: list[Touchpoint], until_us: int) -> None:
    """All of it is applied, and W is there."""
    for first in range(0, len(sent), BATCH):
        await world.take(*sent[first : first + BATCH])
    await world.pass_time((until_us - START_US) / SECOND_US)
    await world.rows("ANALYZE")


def _touchpoint(step: Step) -> Touchpoint:
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
