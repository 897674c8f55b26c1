"""One state for any arrival: order, batches, repeats and W on the way do not matter (1.7, 4.2)."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import msgspec
import pytest

from services.contracts import touchpoint as wire
from services.contracts.times import SECOND_US, format_time, read_time
from services.contracts.touchpoint import Touchpoint
from services.journey_state.customer import decode_state
from tests.journey_state.transacting import HOUR, Transacting, event, states_of, transacting

NAMES = ("page", "Add", "Add", "View", "Order", "Empty", "Remove", "Return", "Ask", "Solved",
         "Mail", "Failed", "Order")  # fmt: skip
END = 5 * HOUR
# What was made known depends on when W passed what; the rest of a signal does not.
PUBLISHED = ("version", "published_at", "raised_at", "revision", "origin", "replaces",
             "replaced_by", "raised_as", "reminder", "cause", "customer_id", "open_signals",
             "journey", "definition")  # fmt: skip


def life(seed: int, count: int) -> list[Touchpoint]:
    """One customer's touchpoints; some were received late, some say the same twice."""
    chosen = random.Random(seed)
    made = []
    for n in range(count):
        name = chosen.choice(NAMES)
        when = chosen.randrange(0, END, 60)
        properties: dict[str, Any] = {"product_id": chosen.choice("pq"), "price": 5}
        if chosen.random() < 0.6:
            properties["cart"] = chosen.choice("xy")
        if name == "Order":
            properties["order_id"] = chosen.randrange(3)
        late = chosen.choice((0, 0, 0, 30, 3000))
        more: dict[str, Any] = {}
        if chosen.random() < 0.2:
            more["consent"] = {"marketing": chosen.random() < 0.6}
        if chosen.random() < 0.2:
            more["traits"] = msgspec.Raw(b'{"n":%d}' % n)
        made.append(
            event(
                name,
                when,
                message_id=f"m{n}",
                received=when + late,
                properties=properties,
                historical=chosen.random() < 0.1,
                bot=chosen.random() < 0.05,
                **more,
            )
        )
        if chosen.random() < 0.15:
            again = made[-1]
            shifted = format_time(read_time(again.occurred_at) + 90 * SECOND_US)
            later = format_time(read_time(again.received_at) + 5 * SECOND_US)
            copy = msgspec.structs.replace(again, occurred_at=shifted, received_at=later)
            made.append(copy)
    return made


async def state_of(world: Transacting) -> dict[str, Any]:
    """Everything that touchpoints and W decide."""
    history = await world.rows(
        "SELECT previous, stage, entered_at, direction, rule, message_id FROM stage_history "
        "WHERE superseded_at IS NULL ORDER BY entered_at, message_id"
    )
    signals = []
    for row in await world.signals():
        if row["state"] != "retracted":
            value = msgspec.json.decode(row["payload"])
            plain = {name: found for name, found in value.items() if name not in PUBLISHED}
            signals.append((row["state"], plain))
    (row,) = await world.rows("SELECT state FROM customers WHERE merged_into IS NULL")
    state = decode_state(row["state"])
    return {
        "history": [tuple(row) for row in history],
        "signals": signals,
        "journey": msgspec.structs.astuple(state.journey),
        "shown": {one: found.state for one, found in (state.past_signals | state.signals).items()},
    }


async def lived(
    world: Transacting,
    found: list[Touchpoint],
    chosen: random.Random,
    *,
    forgetful: bool = False,
) -> Any:
    """The state after these arrive cut into batches, W coming along; it ends where W ends.

    `forgetful`: whatever comes, the window of message keys does not know it any more.
    """
    await world.wipe()
    start, told = 0, []
    haste = chosen.choice((0, 0.4))  # how often W comes along
    while start < len(found):
        size = chosen.randint(1, 6)
        told += await world.take(*found[start : start + size])
        start += size
        if forgetful:
            await world.rows("DELETE FROM dedupe")
        if chosen.random() < haste:
            told += await world.pass_time(chosen.randrange(2 * END))
    told += await world.pass_time(2 * END)
    state = await state_of(world)
    last = states_of(told)[-1].value
    assert {one["signal_id"]: one["state"] for one in last["signals"]} == state["shown"]
    assert last["stage"] == (state["history"][-1][1] if state["history"] else "none")
    return state


@pytest.mark.parametrize("seed", range(5))
async def test_any_arrival_leads_to_one_state(database_url: str, seed: int) -> None:
    chosen = random.Random(1000 + seed)
    sent = life(seed, 32)
    async with transacting(database_url) as world:
        in_order = sorted(sent, key=lambda t: t.occurred_at)
        expected = await lived(world, in_order, chosen)
        for _ in range(3):
            arrived = [*sent, *chosen.sample(sent, 8)]
            chosen.shuffle(arrived)
            assert await lived(world, arrived, chosen) == expected


@pytest.mark.parametrize("seed", range(2))
async def test_copies_count_once_however_long_after_the_first_they_come(
    database_url: str, seed: int
) -> None:
    chosen = random.Random(2000 + seed)
    sent = life(seed, 32)
    async with transacting(database_url) as world:
        expected = await lived(world, sorted(sent, key=lambda t: t.occurred_at), chosen)
        for _ in range(2):
            arrived = [*sent, *chosen.sample(sent, 8)]
            chosen.shuffle(arrived)
            assert await lived(world, arrived, chosen, forgetful=True) == expected
            stored = await world.rows("SELECT message_id FROM timeline")
            assert len(stored) == len({t.message_id for t in sent})


@pytest.mark.parametrize("at_once", [True, False])
async def test_of_copies_received_at_one_instant_the_smallest_bytes_count(
    database_url: str, at_once: bool
) -> None:
    copies = [
        event(name, 5, message_id="m", received=7, properties={"n": n})
        for name, n in (("Add", 1), ("Add", 2), ("Order", 1))
    ]
    async with transacting(database_url) as world:
        for arrived in permutations(copies):
            await world.wipe()
            if at_once:
                await world.take(*arrived)
            else:
                for one in arrived:
                    await world.take(one)
            (row,) = await world.rows("SELECT body FROM timeline")
            assert row["body"] == min(map(wire.encode, copies))
            found = await state_of(world)
            assert [row[1] for row in found["history"]] == ["cart"]
