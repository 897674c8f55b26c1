"""Whoever is erased from a world at random, cut or not: nothing is left of them (semantics 8.3)."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest

from services.contracts.times import SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.journey_state.keys import message_key
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.cutting import CUT, DAY, Cutting, refolded
from tests.journey_state.lives import AFTER
from tests.journey_state.running import START_US, a_touchpoint
from tests.journey_state.searching import found_in_tables, key_forms

EVENTS = ("page", "Product Viewed", "Product Added", "Checkout Started", "Order Completed")
PHASES = ("declared", "cutting", "reached", "dropping", "idle")


class World:
    """People who share devices and addresses; each touchpoint has texts of its own."""

    def __init__(self, chosen: random.Random, worker: Applying, client: httpx2.AsyncClient) -> None:
        self._chosen = chosen
        self._worker = worker
        self._client = client
        self._number = 0
        self.unlinks = True  # what is parted after a cut leaves its past before it where it was

    def _identifiers(self) -> dict[str, str]:
        found = {}
        if self._chosen.random() < 0.6:
            found["user_id"] = f"user-{self._chosen.randrange(4)}x"
        if self._chosen.random() < 0.6:
            found["anonymous_id"] = f"device-{self._chosen.randrange(5)}x"
        if self._chosen.random() < 0.3 or not found:
            found["email"] = f"mail-{self._chosen.randrange(4)}x@example.org"
        return found

    def touchpoint(self, start: float, end: float, **fields: Any) -> Touchpoint:
        """An event of somebody in this time: one of a few kinds, with links by all means."""
        self._number += 1
        n, kind, identifiers = self._number, self._chosen.random(), self._identifiers()
        if kind < 0.15:
            traits = {f"k{self._chosen.randrange(3)}": f"trait-{n}-x"}
            fields |= {"type": "identify", "traits": msgspec.Raw(msgspec.json.encode(traits))}
        elif kind < 0.25 and "user_id" in identifiers:
            previous = self._chosen.choice([f"user-{self._chosen.randrange(4)}x", f"old-{n}-x"])
            fields |= {"type": "alias", "previous_id": previous}
        return a_touchpoint(
            self._chosen.choice(EVENTS),
            at=round(self._chosen.uniform(start, end), 3),
            identifiers=identifiers,
            properties={"order_id": f"order-{n}-x", "cart_id": f"cart-{n}-x", "product_id": "p"},
            message_id=f"msg-{n}-x",
            **fields,
        )

    async def act(self) -> None:
        """An operator links, unlinks or cancels something."""
        kind = self._chosen.random()
        rows = await self._worker.execute("SELECT kind, value FROM identifiers ORDER BY 1, 2")
        one, other = (":".join(self._chosen.choice(rows)) for _ in range(2))
        if kind < 0.5 and one != other:
            await self._client.post("/v1/links", json={"a": one, "b": other})
        elif kind < 0.8 and self.unlinks:
            await self._client.post("/v1/unlinks", json={"identifier": one})
        for deadline in (await get(self._client, "/v1/deadlines"))["items"][:1]:
            await self._client.delete(f"/v1/deadlines/{deadline['id']}")

    async def before_the_cut(self) -> None:
        for _ in range(self._chosen.randint(3, 12)):
            count = self._chosen.randint(1, 4)
            await self._worker.take(*(self.touchpoint(0, CUT - 1) for _ in range(count)))
            if self._chosen.random() < 0.4:
                await self.act()
            if self._chosen.random() < 0.3:
                await self._worker.reach(max(self._worker.now, self._chosen.uniform(0, 8 * DAY)))

    async def cut(self) -> None:
        """The cut comes to some phase, and goes on or not after what happens then."""
        cutting = Cutting(self._worker)
        await cutting.declare()
        phase = self._chosen.choice(PHASES)
        await (cutting.finish() if phase == "idle" else cutting.until(phase))
        self.unlinks = False
        for _ in range(self._chosen.randint(0, 8)):
            if self._chosen.random() < 0.3:
                await self._worker.take(self.touchpoint(0, CUT - 1, received=AFTER))
            await self._worker.take(self.touchpoint(CUT + 1, AFTER + DAY))
            if self._chosen.random() < 0.3:
                await self.act()
        if self._chosen.random() < 0.5:
            await cutting.finish()

    async def owners(self) -> dict[str, str]:
        """Whose each message is, by the exports of everybody."""
        found: dict[str, str] = {}
        for (one,) in await self._worker.execute(
            "SELECT customer_id::text FROM customers WHERE merged_into IS NULL"
        ):
            held = await get(self._client, f"/v1/customers/{one}/export")
            found |= {touchpoint["message_id"]: one for touchpoint in held["touchpoints"]}
        return found


def wanted_of(messages: set[str], identifiers: list[tuple[str, str]]) -> list[bytes]:
    """The texts of these touchpoints, and the identifiers."""
    found = []
    for message_id in messages:
        number = message_id.split("-")[1]
        names = ("msg", "trait", "order", "cart")
        found += [f"{name}-{number}-x".encode() for name in names]
        key = UUID(bytes=message_key("shop", message_id))
        found += [key.bytes, str(key).encode()]
    for kind, value in identifiers:
        found += [value.encode(), *key_forms(kind, value)]
    return found


@pytest.mark.parametrize("seed", [5, 8, 22, 38])
async def test_nothing_is_left_of_whoever_is_erased(database_url: str, seed: int) -> None:
    chosen = random.Random(seed)
    now = START_US + int((AFTER + 2 * DAY) * SECOND_US)
    async with (
        applying(database_url) as worker,
        serving(database_url, clock=lambda: now) as client,
    ):
        world = World(chosen, worker, client)
        await world.before_the_cut()
        past: dict[str, str] = {}
        if seed % 4:
            past = await world.owners()
            await world.cut()
        owners = await world.owners()
        who = chosen.choice(sorted({*owners.values()} or {*past.values()}))
        held = await get(client, f"/v1/customers/{who}/export")
        ids = {who, *held["merged_ids"]}
        theirs = {message for message, owner in {**past, **owners}.items() if owner in ids}
        before = await worker.execute("SELECT kind, value FROM identifiers")
        answer = await client.delete(f"/v1/customers/{who}")
        assert answer.status_code == 200, answer.text
        after = await worker.execute("SELECT kind, value FROM identifiers")
        # An alias's previous id stands as two kinds; one of them may be somebody else's.
        values = {value for _, value in after}
        gone = [one for one in {*before} - {*after} if one[1] not in values]
        assert await found_in_tables(worker.url, wanted_of(theirs, gone)) == []
        stored, computed = await refolded(worker)
        assert stored == computed
