"""`GET /v1/pain` and `/v1/insights` over a real database: pain that is there, lists, silence."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from services.contracts.times import format_time
from services.contracts.touchpoint import Touchpoint
from services.journey_state.database import Database
from services.journey_state.filters import parse
from services.journey_state.pain_looking import Periods, View, look_at
from services.journey_state.pain_tables import PAIN_PARTS
from services.journey_state.people_queries import Asked
from services.journey_state.periods import compared
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.test_api_map import ALIASED, END, STAGES, list_behind, lived
from tests.journey_state.transacting import HOUR, Transacting, at, event, transacting

HALF = 12 * HOUR
EACH = 60  # customers of a channel in a period
AGENTS = {"website": "Mozilla/5.0 (X11; Linux x86_64)", "app": "ShopApp/3.2 (iPhone; iOS 19.1)"}
PERIODS = {
    "before": {"from": format_time(at(0)), "to": format_time(at(HALF))},
    "now": {"from": format_time(at(HALF)), "to": format_time(at(2 * HALF))},
}


def customer(start: int, channel: str, n: int, buys: bool) -> Iterator[Touchpoint]:
    """One who looks, fills a cart and buys or not."""
    name = f"{start}{channel}{n}"
    context = {"userAgent": AGENTS[channel], "campaign": {"name": f"c{n % 2}"}}
    money = {"value": 10, "currency": "EUR" if n % 3 else "PLN", "cart": "x"}
    acts = [("page", {}), ("Add", money), ("Order", {"order_id": name})]
    for k, (act, properties) in enumerate(acts[: 2 + buys]):
        yield event(
            act,
            start + n * 300 + k * 60,
            message_id=f"{act}{name}",
            identifiers={"user_id": name},
            channel=channel,
            context=msgspec.Raw(msgspec.json.encode(context)),
            properties=properties,
        )


def customers(start: int, buying: dict[str, int]) -> Iterator[Touchpoint]:
    """`EACH` of each channel, of ten of whom as many buy as `buying` says."""
    for channel, buyers in buying.items():
        for n in range(EACH):
            yield from customer(start, channel, n, n % 10 < buyers)


HALVES = f"{format_time(at(HOUR))}..{format_time(at(HALF))}"


async def shop(world: Transacting, *, app: int) -> None:
    """Two periods; in the second as many of ten app users buy as `app` says, else six."""
    sent = [*customers(0, {"website": 6, "app": 6}), *customers(HALF, {"website": 6, "app": app})]
    sent.sort(key=lambda one: one.occurred_at)
    for first in range(0, len(sent), 200):
        await world.take(*sent[first : first + 200])
    await world.pass_time(2 * HALF)


async def test_a_planted_leak_comes_first_with_its_people_and_money(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(2 * HALF)) as client,
    ):
        await shop(world, app=1)
        answer = await get(client, "/v1/pain", **PERIODS["now"])
        first = answer["items"][0]
        assert (first["kind"], first["stage"]) == ("leak", "cart")
        assert first["where"] in (
            {"dimension": "channel", "value": "app"},
            {"dimension": "device", "value": "mobile"},
        )
        assert answer["before"] == PERIODS["before"]
        struck, baseline = first["struck"], first["baseline"]
        assert (struck["people"], struck["of"]["people"]) == (54, 60)
        assert (baseline["against"], baseline["people"], baseline["of"]) == ("previous", 24, 60)
        assert baseline["high"] < struck["low"] < struck["share"] < struck["high"]
        assert first["lost"] == 30
        left = [n for n in range(EACH) if n % 10 >= 1]
        assert first["at_risk"] == [
            {"currency": "EUR", "value": str(10 * sum(n % 3 > 0 for n in left))},
            {"currency": "PLN", "value": str(10 * sum(n % 3 == 0 for n in left))},
        ]
        assert "did not go on" in first["sentence"]
        for figure in (struck, struck["of"]):
            assert len(await list_behind(client, figure, limit=100)) == figure["people"]
        told = await get(client, "/v1/insights", **PERIODS["now"])
        assert told["items"][0]["code"] == "conversion_fell"
        assert "mostly" in told["items"][0]["sentence"]
        for item in told["items"]:
            assert len(await list_behind(client, item, limit=100)) == item["people"]


DAY = 24 * HOUR
NOW = 60 * DAY
BEGUN = (10, 36, 48, 56)  # days on which customers come; the last of them in the last week


async def test_a_leak_of_the_last_week_is_named_in_the_default_period(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(NOW)) as client,
    ):
        for day in BEGUN:
            app = 1 if day == BEGUN[-1] else 6
            sent = [*customers(day * DAY, {"website": 6, "app": app})]
            sent.sort(key=lambda one: one.occurred_at)
            await world.take(*sent)
        await world.pass_time(NOW)
        answer = await get(client, "/v1/pain")
        (first,) = [one for one in answer["items"] if one["kind"] == "leak"]
        assert (first["stage"], first["where"]["value"]) in (("cart", "app"), ("cart", "mobile"))
        assert (first["struck"]["people"], first["struck"]["of"]["people"]) == (54, 60)
        assert (first["baseline"]["people"], first["baseline"]["of"]) == (24, 60)
        assert first["sentence"].startswith("In the last 7 days 90%")
        assert "40% did in the 7 days before" in first["sentence"]
        latest = {name: answer["latest"][name] for name in ("from", "to")}
        assert first["filters"].items() >= latest.items()
        assert latest == {"from": format_time(at(53 * DAY)), "to": format_time(at(NOW))}
        for figure in (first["struck"], first["struck"]["of"], first["baseline"], *first["also"]):
            assert len(await list_behind(client, figure, limit=100)) == figure["people"]
        narrowed = (await get(client, "/v1/pain", **latest))["items"]
        assert first["struck"]["query"] in [one["struck"]["query"] for one in narrowed]
        told = await get(client, "/v1/insights")
        assert first["sentence"] in [one["sentence"] for one in told["items"]]
        for item in told["items"]:
            assert len(await list_behind(client, item, limit=100)) == item["people"]
        plain = await get(client, "/v1/pain", compare="week")
        assert plain["latest"] is None


async def test_nothing_stands_out_where_all_is_as_ever(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(2 * HALF)) as client,
    ):
        await shop(world, app=6)
        for period in PERIODS.values():
            answer = await get(client, "/v1/pain", **period)
            assert answer["items"] == []
            assert answer["checked"] > 10
        told = await get(client, "/v1/insights", **PERIODS["now"])
        compared = {"conversion_fell", "conversion_rose", "entered_more", "entered_fewer"}
        assert not compared & {item["code"] for item in told["items"]}


async def test_more_visitors_than_before_are_no_pain(database_url: str) -> None:
    """Three of ten meet an error as ever, while many who do nothing stand in the stage too."""

    def visitors(start: int, count: int) -> Iterator[Touchpoint]:
        for n in range(count):
            yield event("page", start + n, user=f"{start}-{n}")
            if n % 10 < 3:
                yield event("Failed", start + n + 1, user=f"{start}-{n}")

    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(2 * HALF)) as client,
    ):
        idle = [event("page", 0, user=f"idle{n}") for n in range(300)]
        busy = [*visitors(HOUR, 40), *visitors(HALF, 200)]
        for sent in (idle, sorted(busy, key=lambda one: one.occurred_at)):
            await world.take(*sent)
        answer = await get(client, "/v1/pain", **PERIODS["now"] | {"compare": HALVES})
        assert answer["checked"] > 2
        assert answer["items"] == []


async def test_an_empty_journey_has_no_pain_and_no_facts(database_url: str) -> None:
    async with transacting(database_url), serving(database_url) as client:
        answer = await get(client, "/v1/pain")
        assert (answer["items"], answer["checked"]) == ([], 0)
        assert (await get(client, "/v1/insights"))["items"] == []


@pytest.mark.parametrize("seed", range(2))
async def test_every_cell_lists_exactly_its_people(database_url: str, seed: int) -> None:
    chosen = random.Random(seed)
    said = chosen.choice(({}, {"channel": "app"}, {"rule": "cart"}))
    async with (
        transacting(database_url, ALIASED) as world,
        serving(database_url, clock=lambda: at(END)) as client,
    ):
        await lived(world, chosen)
        period = {"from": format_time(at(HOUR)), "to": format_time(at(END))}
        looked = await look(database_url, period | said)
        tally = looked.sides.now
        parts = {cell.part for cell in tally}
        assert parts >= set(PAIN_PARTS) - {"stalled", "repeated", "looped"}
        cells = sorted(tally, key=str)
        for cell in chosen.sample(cells, min(40, len(cells))):
            listed = await list_behind(client, {"query": looked.query(cell)}, limit=100)
            assert len(listed) == tally[cell], cell


async def look(database_url: str, said: dict[str, str]) -> View:
    database = Database.at(database_url)
    try:
        async with database.reading() as connection:
            filters = parse(said, at(END))
            asked = Asked(filters, STAGES, {"Purchase": "Order"}, None, ["Failed"])
            periods = Periods(filters, compared(filters, "previous"))
            return (await look_at(connection, asked, periods)).whole
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"stage": "cart", "part": "leaked"}, "within"),
        ({"stage": "cart", "part": "leaked", "within": "1.5"}, "within"),
        ({"stage": "cart", "part": "erred"}, "cause"),
        ({"stage": "cart", "part": "active", "cause": "Failed"}, "cause"),
        ({"stage": "cart", "part": "present", "used_channel": "app"}, "used_channel"),
        ({"entry_device": "mobile"}, "entry_device"),
        ({"part": "came"}, "part"),
    ],
)
async def test_a_wrong_cell_is_refused(
    database_url: str, asked: dict[str, str], named: str
) -> None:
    async with transacting(database_url), serving(database_url) as client:
        found = await problem(client, 400, "/v1/customers", **asked)
        assert [e["where"] for e in found["errors"]] == [f"query parameter {named}"]
