"""The query API on a real PostgreSQL: shapes, ids, pages, errors, access."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from services.contracts.times import DAY_US, SECOND_US, format_time, to_datetime
from services.journey_state import tables
from services.journey_state.api.cursor import encode
from services.journey_state.consent import Statement
from services.journey_state.episodes import signal_id
from services.journey_state.journey import Journey
from services.journey_state.overlays import OpenOverlay
from tests.journey_state.asking import NOW, get, problem, serving
from tests.journey_state.counting import everything
from tests.journey_state.rows import MINUTE, NOON, Rows, episode, key_of

UNKNOWN = "018f0000-0000-7000-8000-000000000000"


def at(minute: int) -> str:
    return format_time(NOON + minute * MINUTE)


@pytest_asyncio.fixture
async def client(database_url: str, rows: Rows) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url) as client:
        yield client


# One customer


HISTORY = [
    {
        "stage": "awareness",
        "entered_at": at(0),
        "left_at": at(5),
        "direction": "first",
        "cause": {
            "kind": "touchpoint",
            "message_id": "m0",
            "event": "page",
            "channel": "website",
            "source": "web-shop",
            "rule": "awareness[0]",
        },
        "definition": "v1",
    },
    {
        "stage": "consideration",
        "entered_at": at(5),
        "left_at": None,
        "direction": "forward",
        "cause": {
            "kind": "touchpoint",
            "message_id": "m5",
            "event": "page",
            "channel": "website",
            "source": "web-shop",
            "rule": "consideration[0]",
        },
        "definition": "v1",
    },
]


async def a_customer(rows: Rows) -> UUID:
    """Someone with a history, an overlay, consent and an open cart."""
    definition_id = await rows.definition()
    journey = Journey(
        stage="consideration",
        entered_at=NOON + 5 * MINUTE,
        counts={"Product Viewed": 2},
        traits={"plan": "pro", "nested": {"a": [1, None]}},
        overlays={"support": OpenOverlay(NOON, NOON + DAY_US)},
        consent={"marketing": [Statement(NOON, NOON, False)]},
        first_seen_at=NOON,
        last_seen_at=NOON + 5 * MINUTE + 1,
        episodes=[episode(scope="c1", at=NOON + 5 * MINUTE)],
    )
    customer_id = await rows.customer(
        ("email", "ann@example.com"),
        ("user_id", "u1"),
        journey=journey,
        definition_id=definition_id,
    )
    await rows.entered(customer_id, "awareness", minute=0)
    await rows.entered(customer_id, "consideration", minute=5, previous="awareness")
    return customer_id


async def test_a_customer_is_answered_to_the_letter(client: httpx2.AsyncClient, rows: Rows) -> None:
    customer_id = await a_customer(rows)
    gone = await rows.customer(merged_into=customer_id)
    earlier = await rows.customer(merged_into=gone)
    signal = await rows.signal(customer_id, minute=-60)

    answer = await get(client, f"/v1/customers/{customer_id}")

    assert answer.pop("history") == HISTORY
    assert answer.pop("signals") == [
        {
            "signal_id": signal.hex,
            "customer_id": str(customer_id),
            "revision": 1,
            "rule": "cart",
            "scope": "",
            "due_at": at(-60),
            "state": "raised",
            "published": True,
            "suppressed": None,
            "journey": "shop",
            "definition": "v1",
            "value": "99.90",
            "currency": "EUR",
            "stage": "consideration",
        }
    ]
    assert answer == {
        "customer_id": str(customer_id),
        "stage": "consideration",
        "entered_at": "2026-11-21T12:05:00.000Z",
        "overlays": [
            {"name": "support", "opened_at": at(0), "expires_at": format_time(NOON + DAY_US)}
        ],
        "identifiers": [
            {"kind": "user_id", "value": "u1", "since": at(0)},
            {"kind": "email", "value": "ann@example.com", "since": at(0)},
        ],
        "traits": {"plan": "pro", "nested": {"a": [1, None]}},
        "consent": {"marketing": False},
        "counters": {"Product Viewed": 2},
        "episodes": [
            {
                "rule": "cart",
                "scope": "c1",
                "opened_at": at(5),
                "last_activity_at": at(5),
                "due_at": at(35),
            }
        ],
        "first_seen_at": at(0),
        "last_seen_at": "2026-11-21T12:05:00.000001Z",
        "definition": "v1",
        "merged_ids": sorted([str(gone), str(earlier)]),
    }


async def test_a_customer_before_any_stage_has_none(client: httpx2.AsyncClient, rows: Rows) -> None:
    customer_id = await rows.customer(("anonymous_id", "a1"))
    answer = await get(client, f"/v1/customers/{customer_id}")
    assert (answer["stage"], answer["entered_at"], answer["history"]) == ("none", None, [])
    assert (answer["first_seen_at"], answer["merged_ids"]) == (None, [])


@pytest.mark.parametrize(
    "text",
    [
        "user_id:u:1",
        "u:1",
        "email:Ann@Example.com",
        "ANN@example.com",
        "phone:+48 601 234 567",
        "+48601234567",
        "telegram:77",
        "77",
        "0f000000-0000-4000-8000-000000000000",
    ],
)
async def test_any_identifier_means_its_present_owner(
    client: httpx2.AsyncClient, rows: Rows, text: str
) -> None:
    customer_id = await rows.customer(
        ("user_id", "u:1"),
        ("email", "ann@example.com"),
        ("phone", "+48601234567"),
        ("telegram", "77"),
        ("anonymous_id", "0f000000-0000-4000-8000-000000000000"),
    )
    await rows.customer(("user_id", "u2"))
    answer = await get(client, f"/v1/customers/{text}")
    assert answer["customer_id"] == str(customer_id)


async def test_a_bare_value_is_tried_in_the_order_of_kinds(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    await rows.customer(("anonymous_id", "x"), ("telegram", "x"))
    user = await rows.customer(("user_id", "x"))
    assert (await get(client, "/v1/customers/x"))["customer_id"] == str(user)


async def test_an_id_with_slashes_is_found(client: httpx2.AsyncClient, rows: Rows) -> None:
    customer_id = await rows.customer(("user_id", "shop/7"))
    for text in ("shop%2F7", "user_id:shop/7"):
        assert (await get(client, f"/v1/customers/{text}"))["customer_id"] == str(customer_id)
        timeline = await get(client, f"/v1/customers/{text}/timeline")
        assert timeline["customer_id"] == str(customer_id)


async def test_an_id_merged_away_means_the_survivor(client: httpx2.AsyncClient, rows: Rows) -> None:
    survivor = await rows.customer(("user_id", "u1"))
    middle = await rows.customer(merged_into=survivor)
    first = await rows.customer(merged_into=middle)
    assert (await get(client, f"/v1/customers/{first}"))["customer_id"] == str(survivor)


async def test_overlays_expire_by_the_watermark_not_by_the_clock(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    overlays = {"support": OpenOverlay(NOON, NOON + 30 * MINUTE)}
    customer_id = await rows.customer(journey=Journey(overlays=overlays))
    path = f"/v1/customers/{customer_id}"
    assert (await get(client, path))["overlays"] == []  # no watermark: now
    await rows.watermark(NOON + 30 * MINUTE - 1)
    assert [o["name"] for o in (await get(client, path))["overlays"]] == ["support"]


async def test_superseded_history_is_not_shown(client: httpx2.AsyncClient, rows: Rows) -> None:
    customer_id = await rows.customer()
    await rows.entered(customer_id, "awareness", minute=0, superseded_at=to_datetime(NOON))
    await rows.entered(customer_id, "purchase", minute=1)
    answer = await get(client, f"/v1/customers/{customer_id}")
    assert [h["stage"] for h in answer["history"]] == ["purchase"]


async def test_unknown_and_bad_ids_are_refused(client: httpx2.AsyncClient, rows: Rows) -> None:
    for text in ("nobody", UNKNOWN, "user_id:nobody", "a" * 900):
        assert (await problem(client, 404, f"/v1/customers/{text}"))["code"] == "customer_unknown"
        await problem(client, 404, f"/v1/customers/{text}/timeline")
    for text in ("%20", "%00", "a" * 1100, "u1%092"):
        await problem(client, 400, f"/v1/customers/{text}")


async def test_the_timeline_pages_through_all_identifiers_in_order(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    user, anonymous = ("user_id", "u1"), ("anonymous_id", "a1")
    customer_id = await rows.customer(user, anonymous)
    await rows.customer(("user_id", "other"))
    await rows.touchpoint(("user_id", "other"), minute=1)
    records = [
        await rows.touchpoint(user if n % 2 else anonymous, minute=n // 2 * 5, message_id=f"n{n}")
        for n in range(7)
    ]
    await rows.entered(customer_id, "awareness", minute=5, message_id="n3")
    path = f"/v1/customers/{customer_id}/timeline"

    pages: list[list[dict[str, Any]]] = []
    after: dict[str, str] = {}
    while True:
        page = await get(client, path, limit=2, **after)
        pages.append(page["items"])
        assert page["bands"] == [{"stage": "awareness", "entered_at": at(5), "left_at": None}]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    backwards, _ = await everything(client, path, limit=2, order="newest")
    items = [item for page in pages for item in page]
    assert backwards == items[::-1]
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [item["message_id"] for item in items] == [record.message_id for record in records]
    assert [item["stage"] for item in items] == ["none"] * 3 + ["awareness"] * 4
    assert items[0] == {
        "schema": 1,
        "message_id": "n0",
        "source": "web-shop",
        "channel": "website",
        "type": "track",
        "event": "page",
        "occurred_at": at(0),
        "received_at": at(0),
        "original_timestamp": None,
        "sent_at": None,
        "clock": "none",
        "zone": None,
        "identifiers": {"anonymous_id": "a1"},
        "previous_id": None,
        "group_id": None,
        "properties": {},
        "traits": {},
        "context": {},
        "consent": None,
        "bot": False,
        "historical": False,
        "stage": "none",
    }


async def test_an_identifier_that_moved_counts_for_its_time(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    shared = ("anonymous_id", "tablet")
    first, second = await rows.customer(("user_id", "u1")), await rows.customer(shared)
    gone = await rows.customer(merged_into=first)
    for owner, minute in ((gone, None), (second, 10), (first, 20)):
        begins = to_datetime(NOON - 400 * DAY_US if minute is None else NOON + minute * MINUTE)
        await rows.add(
            tables.ownership_periods,
            identifier_key=key_of(*shared),
            from_at=begins,
            from_message_id="" if minute is None else f"m{minute}",
            from_source="" if minute is None else "web-shop",
            customer_id=owner,
        )
    for minute in (0, 10, 15, 20, 25):
        await rows.touchpoint(shared, minute=minute)
    await rows.touchpoint(("user_id", "u1"), minute=12)

    async def seen(customer_id: UUID) -> list[str]:
        page = await get(client, f"/v1/customers/{customer_id}/timeline")
        return [item["message_id"] for item in page["items"]]

    assert await seen(first) == ["m0", "m12", "m20", "m25"]
    assert await seen(second) == ["m10", "m15"]


# Signals, deadlines, conflicts


async def test_signals_are_filtered_and_paged_newest_first(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    ann, bob = await rows.customer(("user_id", "ann")), await rows.customer(("user_id", "bob"))
    ids = [await rows.signal(ann, minute=n // 2) for n in range(4)]
    other = await rows.signal(
        bob,
        minute=9,
        rule="lapsed",
        scope=None,
        state="expired",
        published=False,
        suppressed="consent",
    )

    async def found(**filters: Any) -> list[str]:
        page = await get(client, "/v1/signals", **filters)
        assert page["next"] is None
        return [item["signal_id"] for item in page["items"]]

    newest_first = [i.hex for i in (*sorted(ids[2:], reverse=True), *sorted(ids[:2], reverse=True))]
    assert await found() == [other.hex, *newest_first]
    assert await found(rule="lapsed") == [other.hex]
    assert await found(state="raised") == newest_first
    assert await found(customer="user_id:ann", state="raised", rule="cart") == newest_first
    assert await found(customer=str(bob)) == [other.hex]
    assert await found(rule="nothing") == []

    paged: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = await get(client, "/v1/signals", limit=2, **after)
        paged += [item["signal_id"] for item in page["items"]]
        after = {"after": page["next"]}
    assert paged == [other.hex, *newest_first]
    assert after == {"after": None}

    item = (await get(client, "/v1/signals", rule="lapsed"))["items"][0]
    assert (item["scope"], item["published"], item["suppressed"]) == (None, False, "consent")
    assert (item["customer_id"], item["value"]) == (str(bob), "99.90")


async def test_stage_changes_are_listed_newest_recorded_first(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    ann, bob = await rows.customer(("user_id", "ann")), await rows.customer(("user_id", "bob"))
    await rows.entered(ann, "awareness", minute=5)
    await rows.entered(bob, "purchase", minute=3, superseded_at=to_datetime(NOON))
    await rows.entered(bob, "awareness", minute=2, cause_kind="refold")
    await rows.entered(
        ann, "purchase", minute=9, previous="awareness", recorded_at=to_datetime(NOW)
    )

    async def found(**filters: Any) -> list[tuple[str, str]]:
        page = await get(client, "/v1/stage-changes", **filters)
        assert page["next"] is None
        return [(item["customer_id"], item["current"]) for item in page["items"]]

    newest_first = [(str(ann), "purchase"), (str(bob), "awareness"), (str(ann), "awareness")]
    assert await found() == newest_first
    assert await found(customer="user_id:ann") == [newest_first[0], newest_first[2]]
    await problem(client, 404, "/v1/stage-changes", customer="nobody")

    first = await get(client, "/v1/stage-changes", limit=1)
    assert first["items"] == [
        {
            "customer_id": str(ann),
            "previous": "awareness",
            "current": "purchase",
            "direction": "forward",
            "entered_at": at(9),
            "recorded_at": format_time(NOW),
            "cause": {
                "kind": "touchpoint",
                "message_id": "m9",
                "event": "page",
                "channel": "website",
                "source": "web-shop",
                "rule": "purchase[0]",
            },
            "correction": False,
        }
    ]
    rest = await get(client, "/v1/stage-changes", limit=2, after=first["next"])
    assert [(i["customer_id"], i["current"]) for i in rest["items"]] == newest_first[1:]
    assert [i["correction"] for i in rest["items"]] == [True, False]
    assert rest["next"] is None


async def test_a_cursor_that_was_made_up_is_refused(client: httpx2.AsyncClient, rows: Rows) -> None:
    customer_id = await rows.customer()
    for path, place in (
        ("/v1/stage-changes", (1 << 63,)),
        ("/v1/stage-changes", (-1,)),
        ("/v1/signals", (1 << 62, UNKNOWN)),
        ("/v1/deadlines", (1 << 62, UNKNOWN, 0, "")),
        ("/v1/conflicts", (UNKNOWN, UNKNOWN, UNKNOWN, "\0")),
        (f"/v1/customers/{customer_id}/timeline", (1 << 62, "m", "s")),
        (f"/v1/customers/{customer_id}/timeline", (0, "\0", "s")),
    ):
        assert (await problem(client, 400, path, after=encode(place)))["code"] == "bad_cursor"


async def test_a_deadline_says_when_it_fires_and_what_holds_it(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    cart = episode(scope="c1", at=NOON)
    late = episode("payment_failed", last_received_at=NOON + 50 * MINUTE)
    raised = episode("cart", scope="c2")
    customer_id = await rows.customer(
        ("user_id", "u1"), journey=Journey(episodes=[late, cart, raised])
    )
    await rows.signal(customer_id, signal_id=UUID(signal_id(raised)))
    await rows.timer(customer_id, minute=30)
    page = await get(client, "/v1/deadlines")
    assert page["next"] is None
    assert page["items"][0] == {
        "id": f"{customer_id}.{signal_id(cart)}",
        "signal_id": signal_id(cart),
        "rule": "cart",
        "scope": "c1",
        "customer_id": str(customer_id),
        "last_activity_at": at(0),
        "due_at": at(30),
        "fires_not_before": at(31),
        "held_by": "watermark",
    }
    assert [d["fires_not_before"] for d in page["items"]] == [at(31), at(51)]

    await rows.watermark(NOW - 2 * SECOND_US)
    held = await get(client, "/v1/deadlines", customer="u1", rule="cart")
    assert [(d["scope"], d["held_by"]) for d in held["items"]] == [("c1", None)]

    gap = {"from_at": to_datetime(NOON + 10 * MINUTE), "to_at": to_datetime(NOON + 28 * MINUTE)}
    await rows.add(tables.ingest_gaps, partition=0, **gap)
    held = await get(client, "/v1/deadlines", customer="u1", rule="cart")
    assert [(d["fires_not_before"], d["held_by"]) for d in held["items"]] == [(at(38), "gap")]


async def test_deadlines_page_through_customers_and_their_episodes(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    for n in range(3):
        episodes = [episode(scope=f"{n}{m}", at=NOON + m * MINUTE) for m in range(3)]
        customer_id = await rows.customer(journey=Journey(episodes=episodes))
        await rows.timer(customer_id, minute=n)
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(5):
        page = await get(client, "/v1/deadlines", limit=2, **after)
        found += [item["scope"] for item in page["items"]]
        after = {"after": page["next"]}
    assert found == [f"{n}{m}" for n in range(3) for m in range(3)]
    assert after == {"after": None}


async def test_conflicts_name_the_identifier_and_both_sides(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    ann, bob = await rows.customer(("anonymous_id", "tablet")), await rows.customer()
    for reason in ("moved", "two_known"):
        await rows.add(
            tables.conflicts,
            identifier_key=key_of("anonymous_id", "tablet"),
            from_customer_id=bob,
            to_customer_id=ann,
            reason=reason,
            count=3,
            first_at=to_datetime(NOON),
            last_at=to_datetime(NOON + MINUTE),
        )
    page = await get(client, "/v1/conflicts", limit=1)
    assert page["items"] == [
        {
            "kind": "anonymous_id",
            "value": "tablet",
            "from_customer_id": str(bob),
            "to_customer_id": str(ann),
            "reason": "moved",
            "count": 3,
            "first_at": at(0),
            "last_at": at(1),
        }
    ]
    rest = await get(client, "/v1/conflicts", limit=1, after=page["next"])
    assert [item["reason"] for item in rest["items"]] == ["two_known"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("/v1/signals", {"stat": "raised"}, "bad_parameter"),
        ("/v1/signals", {"state": "open"}, "bad_parameter"),
        ("/v1/signals", {"rule": "a\0b"}, "bad_parameter"),
        ("/v1/signals", {"limit": 0}, "bad_parameter"),
        ("/v1/signals", {"limit": "many"}, "bad_parameter"),
        ("/v1/signals", {"after": "!"}, "bad_cursor"),
        ("/v1/signals", {"after": "zzzz"}, "bad_cursor"),
        ("/v1/signals", {"after": "ü"}, "bad_cursor"),
        ("/v1/deadlines", {"after": "kgE"}, "bad_cursor"),
        ("/v1/conflicts", {"owner": "u1"}, "bad_parameter"),
        ("/v1/status", {"verbose": 1}, "bad_parameter"),
        ("/v1/segments", {"name": "vip"}, "bad_parameter"),
    ],
)
async def test_bad_parameters_are_named(
    client: httpx2.AsyncClient, path: str, parameters: dict[str, Any], code: str
) -> None:
    refused = await problem(client, 400, path, **parameters)
    assert refused["code"] == code
    assert refused["detail"].startswith(f"query parameter {next(iter(parameters))}: ")


async def test_an_unknown_customer_in_a_filter_is_not_found(client: httpx2.AsyncClient) -> None:
    await problem(client, 404, "/v1/signals", customer="nobody")
    await problem(client, 404, "/v1/deadlines", customer="nobody")
