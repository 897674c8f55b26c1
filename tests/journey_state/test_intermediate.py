"""Late touchpoints folded on from checkpoints within the past: only less is read for them."""

from __future__ import annotations

import random
import re
from typing import Any

import msgspec
import pytest

from services.contracts.touchpoint import Touchpoint
from services.journey_state.active import publish
from services.journey_state.customer import decode_state
from services.journey_state.definition import load
from services.journey_state.in_force import CHECKPOINT_EVERY
from services.journey_state.intermediate import LISTED_MAX, Mark, decode, thinned
from services.journey_state.publication import id_text
from services.journey_state.store.pool import Connection
from tests.journey_state.applying import Applying, applying
from tests.journey_state.transacting import HOUR, JOURNEY, at, event

NEVER = 1_000_000
# Published on the way: carts are left sooner, and a mail says nothing any more.
OTHER = JOURNEY.replace("after: 10m\n    remind", "after: 7m\n    remind").replace(
    "[page, Mail], from", "[page], from"
)
MESSAGE_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
NAMES = ("page", "Add", "Add", "View", "Order", "Empty", "Remove", "Return", "Ask", "Solved",
         "Mail", "Failed")  # fmt: skip
END = 6 * HOUR
WHO = (
    {"user_id": "u1"},
    {"user_id": "u1"},
    {"user_id": "u1", "anonymous_id": "a1"},
    {"anonymous_id": "a1"},
    {"anonymous_id": "a2"},
    {"user_id": "u2", "anonymous_id": "a1"},
    {"user_id": "u2"},
)


def lives(chosen: random.Random, count: int) -> list[Touchpoint]:
    """Touchpoints of people who share a device, in the order; some have copies elsewhere."""
    made = []
    few = chosen.random() < 0.5  # then hardly anybody is joined or moved
    for n in range(count):
        when = n * END / count + chosen.randrange(60)
        more: dict[str, Any] = {}
        if chosen.random() < 0.15:
            more["consent"] = {"marketing": chosen.random() < 0.6}
        if chosen.random() < 0.2:
            more["traits"] = msgspec.Raw(b'{"n":%d}' % n)
        one = event(
            chosen.choice(NAMES),
            when,
            message_id=f"m{n}",
            received=when + chosen.choice((0, 0, 30, 3000)),
            identifiers=dict(WHO[0] if few and chosen.random() < 0.9 else chosen.choice(WHO)),
            properties={"product_id": chosen.choice("pq"), "cart": chosen.choice("xy"),
                        "order_id": chosen.randrange(9)},
            historical=chosen.random() < 0.1,
            bot=chosen.random() < 0.05,
            **more,
        )  # fmt: skip
        made.append(one)
        if chosen.random() < 0.05:
            received = when + chosen.choice((-20, 4000))
            again = event(one.event, when + 900, message_id=f"m{n}", received=received,
                          identifiers=dict(one.identifiers), bot=one.bot)  # fmt: skip
            made.append(again)
    return made


def arrivals(chosen: random.Random, made: list[Touchpoint]) -> list[list[Touchpoint]]:
    """In the order but for some that are late, in batches of any size."""
    late = [one for one in made if chosen.random() < 0.2]
    sent = [one for one in made if one not in late]
    for one in late:
        sent.insert(chosen.randint(0, len(sent)), one)
    sent += chosen.sample(made, len(made) // 10)
    batches = []
    while sent:
        size = chosen.randint(1, 7)
        batches.append(sent[:size])
        sent = sent[size:]
    return batches


async def everything(connection: Any) -> dict[str, Any]:
    """All that is kept and told, ids as the order in which they were made."""
    ids = [row[0] for row in await connection.fetch("SELECT customer_id FROM customers ORDER BY 1")]
    names = {id_text(one): f"customer {n}" for n, one in enumerate(ids)}

    def plain(value: Any) -> Any:
        text = str(value)
        for one in ids:
            text = text.replace(str(one), names[id_text(one)])
        for known, name in names.items():
            text = text.replace(known, name)
        return MESSAGE_ID.sub("a message", text)

    found: dict[str, Any] = {}
    for table, columns in (
        ("stage_history", "customer_id, previous, stage, entered_at, direction, rule, message_id, "
         "source, cause_kind, definition_id, superseded_at IS NULL"),
        ("signals", "customer_id, signal_id, rule, scope, due_at, state, published, suppressed, "
         "revision, raised_at, reminded, raised_as, definition_id, payload - 'version'"),
        ("timers", "customer_id, wake_at"),
        ("identifiers", "identifier_key, customer_id, since, moves"),
        ("dedupe", "message_key, received_at, identifier_key, occurred_at"),
        ("timeline", "identifier_key, occurred_at, message_id, body"),
        ("outbox", "customer_id, topic, version, ce_type, convert_from(value, 'UTF8')::jsonb"),
    ):  # fmt: skip
        rows = await connection.fetch(f"SELECT {columns} FROM {table}")
        found[table] = sorted(plain(tuple(row)) for row in rows)
    states = await connection.fetch(
        "SELECT customer_id, state, merged_into FROM customers ORDER BY 1"
    )
    for customer_id, body, merged_into in states:
        state = decode_state(body)
        state.checkpoints, state.since_checkpoint, state.seen = [], 0, b""
        for journey in (state.journey, *(one.journey for one in state.earlier)):
            journey.settled_to = 0
        found[names[id_text(customer_id)]] = (plain(merged_into), msgspec.to_builtins(state))
    return found


async def assert_listed(connection: Connection) -> None:
    """Whatever checkpoint is kept is one that its customer's state lists."""
    kept = await connection.fetch(
        "SELECT customer_id, at, message_id, source, body FROM intermediate_checkpoints"
    )
    listed = {
        (row[0], mark.place): mark
        for row in await connection.fetch("SELECT customer_id, state FROM customers")
        for mark in decode_state(row[1]).checkpoints
    }
    assert {(row[0], tuple(row)[1:4]) for row in kept} == listed.keys()
    for row in kept:
        assert decode(listed[(row[0], tuple(row)[1:4])], row[4]) is not None


async def lived(url: str, seed: int, checkpoint_every: int) -> list[tuple[int, dict[str, Any]]]:
    """After each batch how many touchpoints a refold has read, and everything that is kept."""
    chosen = random.Random(seed)
    batches = arrivals(chosen, lives(chosen, 60))
    found = []
    async with (
        applying(url, load(JOURNEY), checkpoint_every=checkpoint_every) as world,
        world.store.connection() as connection,
    ):
        published = chosen.choice((None, len(batches) // 3, len(batches) // 2))
        for number, batch in enumerate(batches):
            if number == published:
                async with world.store.transaction() as transaction:
                    await publish(transaction, load(OTHER))
            tally = await world.take(*batch)
            if chosen.random() < 0.3:
                now = chosen.random() * 1.5 * END * number / len(batches)
                await world.reach(max(now, world.now))
            await assert_listed(connection)
            found.append((tally.refolded_touchpoints, await everything(connection)))
        await world.execute(
            "TRUNCATE customers, identifiers, identifier_links, ownership_periods, conflicts, "
            "dedupe, timeline, stage_history, signals, timers, outbox, intermediate_checkpoints, "
            "consumer_offsets, definitions RESTART IDENTITY"
        )
        await world.execute("UPDATE watermark SET at = NULL")
    return found


@pytest.mark.parametrize("seed", [0, 39, 220])
async def test_nothing_differs_by_where_a_late_touchpoint_is_folded_on_from(
    database_url: str, seed: int
) -> None:
    near = await lived(database_url, seed, 3)
    far = await lived(database_url, seed, NEVER)
    for number, ((_, one), (_, other)) in enumerate(zip(near, far, strict=True)):
        for name in one:
            assert one[name] == other[name], f"{name} after batch {number}"
    assert sum(read for read, _ in near) < sum(read for read, _ in far)


async def read_for(world: Applying, when: float) -> int:
    """How many touchpoints are read when one comes late at this time."""
    tally = await world.take(event("View", when, message_id=f"late{when}", received=9_000))
    assert tally.refolds == {"refold": 1}
    return tally.refolded_touchpoints


async def views(world: Applying, count: int, size: int = 300) -> None:
    """As many views of one customer, a second apart, in the order."""
    for start in range(0, count, size):
        await world.take(
            *(event("View", n, message_id=f"m{n}") for n in range(start, start + size))
        )


async def test_a_late_touchpoint_has_only_what_follows_the_newest_checkpoint_before_it_read(
    database_url: str,
) -> None:
    async with applying(database_url, checkpoint_every=CHECKPOINT_EVERY) as world:
        await views(world, 1_500)
        assert await read_for(world, 1_499.5 - 10) <= 300 + 1
        assert await read_for(world, 1_250.5) <= 600 + 2
        # Of the whole past, which leaves checkpoints where there are none yet.
        assert await read_for(world, 0.5) == 1_503
        for when in (1_400.5, 1_000.5, 700.5, 300.5):
            after = 1_500 - int(when)
            assert after <= await read_for(world, when) <= after + CHECKPOINT_EVERY + 10
        (state,) = await world.execute("SELECT state FROM customers")
        assert len(decode_state(state[0]).checkpoints) == 5


async def test_a_checkpoint_that_is_not_what_was_left_is_not_gone_on_from(
    database_url: str,
) -> None:
    async with applying(database_url) as world:
        await views(world, 30, 10)
        assert await read_for(world, 15.5) < 31
        await world.execute("UPDATE intermediate_checkpoints SET body = body || body")
        assert await read_for(world, 16.5) == 32
        await world.execute("DELETE FROM intermediate_checkpoints")
        assert await read_for(world, 17.5) == 33
        (state,) = await world.execute("SELECT state FROM customers")
        assert decode_state(state[0]).journey.last_seen_at == at(29)


async def test_a_copy_that_replaces_another_has_the_whole_past_read(database_url: str) -> None:
    async with applying(database_url) as world:
        await world.take(event("View", 0, message_id="m", received=50))
        await views(world, 30, 10)
        tally = await world.take(event("View", 25.5, message_id="m", received=40))
        assert tally.refolded_touchpoints == 31


def test_the_checkpoints_listed_are_bounded_and_the_newest_closest_together() -> None:
    marks: list[Mark] = []
    for n in range(1_000):
        marks = thinned([*marks, Mark((n, "", ""), 0, b"")])
        assert len(marks) <= LISTED_MAX
    places = [mark.place[0] for mark in marks]
    assert places == sorted(places)
    assert places[-20:] == list(range(980, 1_000))
    assert places[0] < 100
