"""A person with everything that may be held of one: half of it cut off, some of it with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx2
import msgspec

from services.contracts import touchpoint as wire
from services.contracts.touchpoint import Touchpoint
from services.journey_state.keys import message_key
from tests.journey_state.applying import Applying
from tests.journey_state.asking import get
from tests.journey_state.cutting import CUT, DAY, Cutting
from tests.journey_state.running import a_touchpoint
from tests.journey_state.searching import forms, found_in_tables, key_forms

ANN = {"user_id": "ann-4711", "anonymous_id": "device-of-ann", "email": "ann@example.org"}
NAMED_ONLY = "ann-of-old"  # the previous id of an alias, which never came as an identifier
PARTED = "telegram-of-ann"  # was linked with somebody else's by an operator, and taken out again
OWN = [
    *ANN.items(),
    ("user_id", NAMED_ONLY),
    ("anonymous_id", NAMED_ONLY),
    ("telegram", PARTED),
]
TABLET = {"anonymous_id": "the family tablet"}  # ann's, then bob's
# Of message ids, properties and traits; every message id of hers begins with the first.
PERSONAL = ["m-of-ann", "Ann Wąsik", "Lilac Road 7", "ann's secret", "ann-campaign"]
AFTER = CUT + 31 * DAY  # behind the W of the cut


class Life:
    """Ann's, and those of Bob, Carl and Dora, who had to do with her."""

    def __init__(self, worker: Applying, client: httpx2.AsyncClient) -> None:
        self._worker = worker
        self._client = client
        self.messages: list[tuple[str, str]] = []

    def by_ann(self, event: str, at: float, **fields: Any) -> Touchpoint:
        """An event of hers; its message id is remembered."""
        fields.setdefault("identifiers", ANN)
        fields.setdefault("message_id", f"m-of-ann-{len(self.messages)}")
        found = a_touchpoint(event, at=at, **fields)
        self.messages.append((found.source, found.message_id))
        return found

    def wanted(self) -> list[bytes]:
        """Every form in which something of hers may stand somewhere."""
        texts = [*PERSONAL, *(value for _, value in OWN)]
        wanted = [form for text in texts for form in forms(text)]
        wanted += [form for kind, value in OWN for form in key_forms(kind, value)]
        keys = [UUID(bytes=message_key(*one)) for one in self.messages]
        return wanted + [form for key in keys for form in (key.bytes, str(key).encode())]

    async def left(self) -> list[tuple[str, str, bytes]]:
        """Where something of hers stands."""
        return await found_in_tables(self._worker.url, self.wanted())

    async def lived(self) -> None:
        """All of it."""
        await self.before_the_cut()
        await self.cut()
        await self.after_the_cut()

    async def before_the_cut(self) -> None:
        """Visits, a name, an alias, a shared tablet, a signal, a link by hand and taken back."""
        take = self._worker.take
        visit = {"type": "page", "context": _raw({"campaign": {"name": "ann-campaign"}})}
        await take(
            self.by_ann("page", 1, identifiers={"anonymous_id": ANN["anonymous_id"]}, **visit)
        )
        await take(self.by_ann("page", 2, identifiers={"email": ANN["email"]}, type="page"))
        traits = _raw({"name": "Ann Wąsik", "address": {"street": "Lilac Road 7"}})
        await take(self.by_ann("identify", 3, type="identify", traits=traits))
        old = {"type": "alias", "previous_id": NAMED_ONLY}
        await take(self.by_ann("alias", 4, identifiers={"user_id": ANN["user_id"]}, **old))
        await self._shares_the_tablet(5)
        await take(
            self.by_ann("Product Viewed", 20, identifiers={"telegram": PARTED}, **visit),
            a_touchpoint("page", at=21, type="page", user="carl"),
        )
        await self._ask("/v1/links", a="user_id:carl", b=f"telegram:{PARTED}")
        await take(self.by_ann("identify", 22, type="identify", traits=traits,
                               identifiers={"telegram": PARTED}))  # fmt: skip
        await take(a_touchpoint("Product Added", at=29, user="carl", properties={"cart_id": "c"}))
        await self._cart(30, "ann's secret cart", identifiers={"telegram": PARTED})
        await self._worker.reach(10_000)
        await self._ask("/v1/unlinks", identifier=f"telegram:{PARTED}")
        await self._ask("/v1/links", a="user_id:ann-4711", b=f"telegram:{PARTED}")
        await self._cart(10_001, "ann's secret first cart")
        await self._cancel("cart")
        await take(
            self.by_ann("Order Completed", 10_002, properties={"order_id": "ann's secret order"})
        )
        await self._cancel("lapsed")
        await self._cart(10_010, "ann's secret second cart")
        await self._cancel("lapsed")

    async def cut(self) -> None:
        """What was up to now is cut off."""
        cutting = Cutting(self._worker)
        await cutting.declare()
        await cutting.finish()

    async def after_the_cut(self) -> None:
        """One too late, more carts, dead letters, one of them returning, a refused link."""
        take = self._worker.take
        await take(self.by_ann("Product Viewed", 7, received=AFTER))
        await self._cart(AFTER + 1, "ann's secret third cart")
        await self._cancel("cart")
        await self._cart(AFTER + 2, "ann's secret third cart")
        await take(self.by_ann("Product Viewed", AFTER + 1.5))
        full = {f"kind{n:03}": f"of dora {n}" for n in range(99)}
        await take(a_touchpoint("page", at=AFTER + 3, type="page", user="dora", identifiers=full))
        both: dict[str, Any] = {"identifiers": {"email": ANN["email"]}, "message_id": "m-of-dora"}
        told = _raw({"email": "Ann@example.org", "first": "Dora"})
        named = a_touchpoint("x", at=AFTER + 4, user="dora", type="identify", traits=told, **both)
        await take(named)
        await self._shares_the_tablet(AFTER + 5)
        letter = wire.encode(self.by_ann("page", AFTER + 6))[:-3]
        await self._worker.take_bytes((b"user_id:ann-4711", letter))
        await self._ask("/v1/dead-letters/replay")
        await self._worker.take_bytes((b"user_id:ann-4711", letter), (b"x", letter[:-9]))

    async def _shares_the_tablet(self, at: float) -> None:
        for user in ("ann-4711", "bob"):
            signed_in: dict[str, Any] = {"type": "identify", "identifiers": TABLET, "user": user}
            seen: dict[str, Any] = {"identifiers": TABLET}
            if user == "ann-4711":
                del signed_in["user"]
                signed_in["identifiers"] = {**TABLET, "user_id": user}
                touchpoints = [
                    self.by_ann("identify", at, **signed_in),
                    self.by_ann("Product Viewed", at + 0.1, **seen),
                ]
            else:
                touchpoints = [
                    a_touchpoint("identify", at=at + 0.5, **signed_in),
                    a_touchpoint("Product Viewed", at=at + 0.6, **seen),
                ]
            await self._worker.take(*touchpoints)

    async def _cart(self, at: float, cart: str, **fields: Any) -> None:
        product = {"cart_id": cart, "product_id": "p1", "price": 3}
        await self._worker.take(self.by_ann("Product Added", at, properties=product, **fields))

    async def _cancel(self, rule: str) -> None:
        for one in (await get(self._client, "/v1/deadlines", rule=rule))["items"]:
            answer = await self._client.delete(f"/v1/deadlines/{one['id']}")
            assert answer.status_code == 200, answer.text

    async def _ask(self, path: str, **body: str) -> None:
        answer = await self._client.post(path, json=body or None)
        assert answer.status_code == 200, answer.text


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def places(found: Sequence[tuple[str, str, bytes]]) -> set[tuple[str, str]]:
    """The tables and columns of what was found."""
    return {(table, column) for table, column, _ in found}
