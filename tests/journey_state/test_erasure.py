"""A person erased: nothing is left of them, nothing comes back, others keep theirs (8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from services.contracts import touchpoint as wire
from services.contracts.times import DAY_US, SECOND_US, format_time
from services.journey_state.keys import identifier_key
from services.journey_state.store import progress
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.running import START_US, a_touchpoint, until
from tests.journey_state.searching import forms, found_in_tables, key_forms

ANN = {"user_id": "ann-4711", "anonymous_id": "device-of-ann", "email": "ann@example.org"}
PERSONAL = [*ANN.values(), "Ann Wąsik", "ann's secret cart", "Lilac Road 7", "m-of-ann"]
ERASED_AT = 10_000  # seconds after START_US


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url, clock=lambda: START_US + ERASED_AT * SECOND_US) as client:
        yield client


def by_ann(event: str, at: float, **fields: Any) -> Any:
    fields.setdefault("message_id", f"m-of-ann-{event}-{at}")
    return a_touchpoint(event, at=at, identifiers=dict(ANN), **fields)


async def live_of_ann(worker: Applying) -> None:
    """A visit, a name, carts and orders, a signal, a deadline, a merge, dead letters."""
    visitor = {"anonymous_id": ANN["anonymous_id"]}
    await worker.take(
        a_touchpoint("page", at=1, type="page", identifiers=visitor, message_id="m-of-ann-1"),
        a_touchpoint("page", at=2, type="page", identifiers={"email": ANN["email"]},
                     message_id="m-of-ann-2"),
    )  # fmt: skip
    traits = msgspec.Raw(msgspec.json.encode({"name": "Ann Wąsik", "street": "Lilac Road 7"}))
    await worker.take(by_ann("identify", 3, type="identify", traits=traits))
    cart = {"cart_id": "ann's secret cart", "product_id": "p1", "price": 3}
    await worker.take(by_ann("Product Added", 4, properties=cart))
    await worker.reach(2_000)
    await worker.take(by_ann("Order Completed", 2_001, properties={"order_id": "m-of-ann-o"}))
    await worker.take(by_ann("Product Added", 5, properties=cart))
    await worker.take(by_ann("Product Added", 9_000, properties=cart))
    letter = wire.encode(by_ann("page", 6))
    await worker.take_bytes(
        (b"user_id:ann-4711", letter[:-3]), (b"user_id:bob", letter.replace(b"ann", b"bob")[:-3])
    )


async def erase(client: httpx2.AsyncClient, who: str = "user_id:ann-4711") -> dict[str, Any]:
    answer = await client.delete(f"/v1/customers/{who}")
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def left_of_ann(worker: Applying) -> list[tuple[str, str, bytes]]:
    wanted = [form for text in PERSONAL for form in forms(text)]
    wanted += [form for kind, value in ANN.items() for form in key_forms(kind, value)]
    return await found_in_tables(worker.url, wanted)


async def test_nothing_is_left_nothing_comes_back_and_what_comes_later_is_someone_new(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    before = await get(client, "/v1/customers/user_id:ann-4711")
    assert "intermediate_checkpoints" in {table for table, *_ in await left_of_ann(worker)}
    await erase(client)
    assert await left_of_ann(worker) == []

    late = await worker.take(by_ann("Product Viewed", 7, received=11_000, message_id="m-of-ann-l"))
    assert (late.applied, late.erased) == (0, 1)
    assert await left_of_ann(worker) == []

    await worker.take(by_ann("Product Viewed", 12_000))
    after = await get(client, "/v1/customers/user_id:ann-4711")
    assert after["customer_id"] != before["customer_id"]
    assert (after["stage"], len(after["history"]), after["traits"]) == ("consideration", 1, {})

    late = await worker.take(by_ann("Order Completed", 8, received=13_000))
    assert late.erased == 1
    assert (await get(client, "/v1/customers/user_id:ann-4711"))["stage"] == "consideration"


async def test_the_receipt_says_what_was_removed_and_what_ends_when(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    before = await get(client, "/v1/customers/user_id:ann-4711")
    receipt = await erase(client)
    assert receipt["customer_id"] == before["customer_id"]
    assert receipt["merged_ids"] == before["merged_ids"]
    removed = receipt["removed"]
    assert (removed["customers"], removed["identifiers"], removed["touchpoints"]) == (3, 3, 7)
    assert (removed["signals"], removed["dead_letters"], removed["timers"]) == (2, 1, 1)
    assert min(removed["queued_messages"], removed["stage_history"]) > 0
    assert receipt["erased_at"] == format_time(START_US + ERASED_AT * SECOND_US)
    ends = {one["topic"]: (one["ends_at"], one["by"]) for one in receipt["ends_by_retention"]}
    assert ends["milepost.touchpoints.v1"] == (in_days(400), "retention")
    assert ends["milepost.stage-changes.v1"] == (in_days(30), "retention")
    assert ends["milepost.abandonment-signals.v1"] == (in_days(30), "retention")
    assert ends["milepost.rejected.v1"] == (in_days(30), "retention")
    assert ends["milepost.customers.v1"] == (in_days(7), "compaction")


def in_days(days: int) -> str:
    return format_time(START_US + ERASED_AT * SECOND_US + days * DAY_US)


async def test_an_erased_id_is_gone_and_its_identifiers_are_not_found(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    receipt = await erase(client)
    for one in (receipt["customer_id"], *receipt["merged_ids"]):
        for path in ("", "?as_of=2026-11-01", "/timeline", "/export", "/explain"):
            gone = await problem(client, 410, f"/v1/customers/{one}{path}")
            assert gone["code"] == "customer_erased"
    for kind, value in ANN.items():
        missing = await problem(client, 404, f"/v1/customers/{kind}:{value}")
        assert missing["code"] == "customer_unknown"


async def test_an_erasure_done_again_says_the_same_and_does_nothing(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    receipt = await erase(client)
    queued = await worker.queued()
    for one in (receipt["customer_id"], *receipt["merged_ids"]):
        assert await erase(client, one) == receipt
    assert await worker.queued() == queued
    answer = await client.delete("/v1/customers/user_id:ann-4711")
    assert (answer.status_code, answer.json()["code"]) == (404, "customer_unknown")


async def test_every_key_of_the_person_gets_a_tombstone_and_nothing_else_is_queued(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    receipt = await erase(client)
    rows = await worker.execute("SELECT customer_id::text, ce_type, value FROM outbox")
    ids = [receipt["customer_id"], *receipt["merged_ids"]]
    assert sorted(rows) == sorted((one, "tombstone", None) for one in ids)


async def test_an_erasure_that_fails_has_changed_nothing(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    before = await left_of_ann(worker)
    await worker.execute("ALTER TABLE erasures RENAME TO away")
    assert (await client.delete("/v1/customers/user_id:ann-4711")).status_code == 503
    await worker.execute("ALTER TABLE away RENAME TO erasures")
    assert await left_of_ann(worker) == before
    assert await worker.execute("SELECT 1 FROM erased_identifiers") == []
    await erase(client)
    assert await left_of_ann(worker) == []


async def test_an_erased_event_does_not_come_back_under_another_identifier(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """A shared device's copy: the same source and message id, until the topic has forgotten it."""
    await worker.take(by_ann("page", 1, type="page", message_id="m-of-ann-c"))
    await erase(client)
    copy: dict[str, Any] = {
        "identifiers": {"anonymous_id": "the library"},
        "message_id": "m-of-ann-c",
    }
    assert (await worker.take(a_touchpoint("page", at=12_000, **copy))).erased == 1
    await worker.execute("UPDATE erased_messages SET expires_at = now() - interval '1 second'")
    assert (await worker.take(a_touchpoint("page", at=12_000, **copy))).applied == 1


async def test_events_of_others_come_in_as_before(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(by_ann("page", 1, type="page"))
    await worker.take(a_touchpoint("Product Viewed", at=1, user="bob"))
    bob = await get(client, "/v1/customers/user_id:bob")
    await erase(client)
    assert (await worker.take(a_touchpoint("page", at=2, type="page", user="bob"))).applied == 1
    after = await get(client, "/v1/customers/user_id:bob")
    assert (after["customer_id"], after["history"]) == (bob["customer_id"], bob["history"])


async def test_a_failed_copy_is_not_set_aside_either(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(by_ann("page", 1, type="page"))
    await erase(client)
    copy = by_ann("page", 2, type="page")
    tally = await worker.take_bytes((b"k", wire.encode(copy)), condemned="it failed")
    assert (tally.dead, tally.erased) == (0, 1)
    assert await left_of_ann(worker) == []


SHARED = {"anonymous_id": "the family tablet"}


async def shared_with_bob(worker: Applying, *, last: str) -> None:
    """Ann and Bob use one tablet, in turns."""
    turns = ["ann-4711", "bob", "ann-4711"] if last == "ann-4711" else ["ann-4711", "bob"]
    at = 0
    for user in turns:
        signed_in = a_touchpoint("identify", at=at + 1, type="identify", user=user,
                                 identifiers=SHARED, message_id=f"m-{user}-{at}")  # fmt: skip
        await worker.take(signed_in)
        seen: dict[str, Any] = {"identifiers": SHARED, "message_id": f"m-tablet-{at}"}
        await worker.take(a_touchpoint("Product Viewed", at=at + 2, **seen))
        at += 10


async def tablet(client: httpx2.AsyncClient) -> tuple[str, list[str]]:
    """Whose it is, and the messages of the owner."""
    found = await get(client, "/v1/customers/anonymous_id:the family tablet")
    timeline = await get(client, f"/v1/customers/{found['customer_id']}/timeline")
    return found["customer_id"], [item["message_id"] for item in timeline["items"]]


@pytest.mark.parametrize("last", ["bob", "ann-4711"])
async def test_of_a_shared_device_only_their_own_part_goes(
    worker: Applying, client: httpx2.AsyncClient, last: str
) -> None:
    await shared_with_bob(worker, last=last)
    bob = (await get(client, "/v1/customers/user_id:bob"))["customer_id"]
    receipt = await erase(client)
    assert receipt["shared_identifiers"] == 1
    assert await tablet(client) == (bob, ["m-bob-10", "m-tablet-10"])
    assert await worker.execute("SELECT message_id FROM timeline ORDER BY 1") == [
        ("m-bob-10",),
        ("m-tablet-10",),
    ]
    owned = [i["value"] for i in (await get(client, "/v1/customers/user_id:bob"))["identifiers"]]
    assert owned == ["bob", "the family tablet"]
    snapshots = [v for k, v in await worker.queued() if k == "milepost.customer.state.v1"]
    assert [i["value"] for i in snapshots[-1]["identifiers"]] == owned
    assert await worker.execute("SELECT 1 FROM ownership_periods") == []

    times = {5: 0, 15: 1, 25: 0 if last == "ann-4711" else 1, 12_000: 1}
    for at, applied in times.items():
        late = a_touchpoint("page", at=at, type="page", identifiers=SHARED)
        tally = await worker.take(late)
        assert (at, tally.applied, tally.erased) == (at, applied, 1 - applied)


async def test_records_of_others_that_name_the_person_name_them_no_more(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """Bob owns as many identifiers as he may: Ann's address in his event is not joined to him."""
    await worker.take(by_ann("page", 1, type="page"))
    full = {f"kind{n:03}": f"of bob {n}" for n in range(99)}
    await worker.take(a_touchpoint("page", at=2, type="page", user="bob", identifiers=full))
    both: dict[str, Any] = {"identifiers": {"email": ANN["email"]}, "message_id": "m-both"}
    await worker.take(a_touchpoint("Product Viewed", at=3, user="bob", **both))
    assert await worker.execute("SELECT reason FROM conflicts") == [("cap",)]
    await erase(client)
    assert await left_of_ann(worker) == []
    timeline = (await get(client, "/v1/customers/user_id:bob/timeline"))["items"]
    assert [item["identifiers"].get("email") for item in timeline] == [None, None]
    assert await worker.execute("SELECT 1 FROM conflicts") == []


async def test_the_signals_of_who_was_parted_from_them_name_them_no_more(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    await worker.take(a_touchpoint("page", at=1, type="page", user="bob"))
    ((bob,),) = await worker.execute("SELECT customer_id FROM identifiers WHERE value = 'bob'")
    ((ann,),) = await worker.execute("SELECT customer_id FROM identifiers WHERE value = 'ann-4711'")
    ((theirs,),) = await worker.execute("SELECT signal_id FROM signals WHERE state = 'recovered'")
    payload = {
        "identifiers": [
            {"kind": "email", "value": ANN["email"]},
            {"kind": "user_id", "value": "b"},
        ],
        "open_signals": [{"signal_id": theirs.hex}],
        "raised_as": str(ann),
    }
    await worker.execute(
        """
        INSERT INTO signals (signal_id, customer_id, rule, due_at, state, published, revision,
          raised_at, raised_as, definition_id, payload)
        SELECT gen_random_uuid(), $1, 'cart', now(), 'raised', true, 1, now(), $2, 1, $3::jsonb
        """,
        bob,
        ann,
        msgspec.json.encode(payload).decode(),
    )
    await erase(client)
    assert await left_of_ann(worker) == []
    assert await worker.execute("SELECT raised_as, payload::text FROM signals") == [
        (
            None,
            '{"raised_as": null, "identifiers": [{"kind": "user_id", "value": "b"}], '
            '"open_signals": []}',
        )
    ]


async def test_how_much_there_was_stays_without_saying_whose_it_was(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    await erase(client)
    counts = await worker.execute("SELECT what, name, detail, count FROM anonymous_counts")
    assert ("touchpoint", "Product Added", "website", 3) in counts
    assert ("stage", "purchase", "awareness", 1) in counts
    assert ("signal", "cart", "recovered", 1) in counts


async def test_a_cancelled_deadline_goes_with_whom_it_was_about(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    (deadline,) = (await get(client, "/v1/deadlines", rule="cart"))["items"]
    assert (await client.delete(f"/v1/deadlines/{deadline['id']}")).status_code == 200
    receipt = await erase(client)
    assert receipt["removed"]["cancelled_deadlines"] == 1
    assert await left_of_ann(worker) == []


async def test_a_second_erasure_covers_what_came_after_the_first(
    worker: Applying, database_url: str, client: httpx2.AsyncClient
) -> None:
    await worker.take(by_ann("page", 1, type="page"))
    await erase(client)
    await worker.take(by_ann("page", 12_000, type="page"))
    later = START_US + 13_000 * SECOND_US
    async with serving(database_url, clock=lambda: later) as again:
        await erase(again)
    assert await left_of_ann(worker) == []
    for at, applied in ((5, 0), (12_500, 0), (13_001, 1)):
        assert (await worker.take(by_ann("Product Viewed", at))).applied == applied


async def test_a_new_partition_knows_of_erasures_too(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(by_ann("page", 1, type="page"))
    await erase(client)
    async with worker.store.connection() as connection:
        await progress.begin_offsets(connection, "milepost.touchpoints.v1", [0, 1])
    assert await worker.execute("SELECT DISTINCT erasures FROM consumer_offsets") == [(True,)]


async def test_a_batch_under_way_is_waited_for_and_erased_with_the_rest(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(by_ann("page", 1, type="page"))
    async with worker.store.transaction() as connection:
        await connection.execute("UPDATE consumer_offsets SET next_offset = next_offset")
        erasing = asyncio.create_task(erase(client))
        await until(lambda: worker.execute(WAITING), bool)
        assert not erasing.done()
    await erasing
    assert await left_of_ann(worker) == []


WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'consumer_offsets'::regclass"


async def test_what_operators_did_with_their_identifiers_goes_too(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    keys = [identifier_key("email", ANN["email"]).hex(), identifier_key("email", "b@x").hex()]
    link = """
        INSERT INTO operator_links (at, a_key, a_kind, a_value, b_key, b_kind, b_value)
        VALUES (now(), $1, 'email', $3, $2, 'email', $4)
    """
    await worker.execute(link, *keys, ANN["email"], "b@x")
    await worker.execute(link, *reversed(keys), "b@x", ANN["email"])
    await erase(client)
    assert await left_of_ann(worker) == []
    assert await worker.execute("SELECT 1 FROM operator_links") == []


async def test_dead_letters_on_their_way_back_go_too(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    assert (await client.post("/v1/dead-letters/replay")).status_code == 200
    assert await worker.execute("SELECT count(*) FROM outbox WHERE topic = 4") == [(2,)]
    await erase(client)
    assert await worker.execute("SELECT count(*) FROM outbox WHERE topic = 4") == [(1,)]
    assert await left_of_ann(worker) == []


async def test_what_only_they_have_named_goes_and_does_not_come_back(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """The previous id of an alias is no identifier of anybody until it comes as one."""
    old = {"type": "alias", "user": "ann-4711", "previous_id": "m-of-ann-before"}
    await worker.take(a_touchpoint("alias", at=1, message_id="m-of-ann-1", **old))
    await erase(client)
    assert await left_of_ann(worker) == []
    for previous in ("m-of-ann-before", "ann-4711"):
        named = {**old, "user": "cy", "previous_id": previous}
        again = a_touchpoint("alias", at=2, message_id="m-of-ann-2", **named)
        assert (await worker.take(again)).erased == 1
    assert await left_of_ann(worker) == []


async def test_a_shared_devices_own_part_alone_is_dropped(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """An event of somebody else's that only names the device, too, is theirs."""
    await shared_with_bob(worker, last="bob")
    await erase(client)
    bobs = a_touchpoint("page", at=5, type="page", user="bob", identifiers=SHARED)
    assert (await worker.take(bobs)).applied == 1
