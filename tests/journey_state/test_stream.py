"""The live stream on a real PostgreSQL over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec
import pytest
import pytest_asyncio

from services.contracts.times import SECOND_US
from services.journey_state.api.app import system_clock
from services.journey_state.api.stream_events import Wanted
from services.journey_state.api.streaming import Bounds, Stream
from services.journey_state.database import Database
from services.journey_state.places import Place, RowKey, Snapshot, read_place
from tests.journey_state.asking import problem
from tests.journey_state.events import Heard, Told, reading_along, told_until
from tests.journey_state.listening import listening
from tests.journey_state.rows import Rows
from tests.waiting import until

QUICK = Bounds(look_seconds=0.01, status_seconds=0.05)
TOKEN = "a-token-of-some-length"


@pytest_asyncio.fixture
async def url(database_url: str, rows: Rows) -> AsyncIterator[str]:
    async with listening(database_url, stream_bounds=QUICK) as url:
        yield url


async def enter(connection: asyncpg.Connection, rule: str, *, stage: str = "cart") -> None:
    """A row of the history that is known by its rule."""
    await connection.execute(
        """
        INSERT INTO stage_history (customer_id, previous, stage, entered_at, direction, rule,
          message_id, event, channel, source, cause_kind, definition_id)
        VALUES ($1, 'none', $2, now(), 'first', $3, 'm', 'page', 'website', 'shop', 'touchpoint', 1)
        """,
        uuid4(),
        stage,
        rule,
    )


def rules(told: list[Told]) -> list[str]:
    return [one.data["cause"]["rule"] for one in told]


# Nothing lost, nothing twice


async def test_who_commits_late_is_told_though_others_were_before(
    database_url: str, url: str
) -> None:
    early, late = [await asyncpg.connect(database_url) for _ in range(2)]
    async with reading_along(url) as stream:
        await stream.next("ready")
        waiting = late.transaction()
        await waiting.start()
        await enter(late, "taken first")
        await enter(early, "committed first")
        first = await stream.next("stage")
        await waiting.commit()
        second = await stream.next("stage")
        last = stream.last
    assert rules([first, second]) == ["committed first", "taken first"]

    async with reading_along(url, last=first.id) as stream:
        assert rules([await stream.next("stage")]) == ["taken first"]
    async with reading_along(url, last=last) as stream:
        ready = await stream.next("ready")
        assert ready.data == {"replayed": 0}
    await early.close()
    await late.close()


class Writers:
    """Transactions of several connections, which commit in any order, or not at all."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.committed: list[str] = []
        self.ended = False

    async def write(self, database_url: str, number: int) -> None:
        connection = await asyncpg.connect(database_url)
        for turn in range(8):
            names = [f"{number}.{turn}.{n}" for n in range(self._random.randint(1, 3))]
            transaction = connection.transaction()
            await transaction.start()
            for name in names:
                await enter(connection, name)
                await asyncio.sleep(self._random.random() / 100)
            if self._random.random() < 0.2:
                await transaction.rollback()
            else:
                self.committed.extend(names)
                await transaction.commit()
        await connection.close()

    def are_all(self, found: list[Told]) -> bool:
        return self.ended and len(found) >= len(self.committed)

    async def read(self, url: str, last: str | None, pieces: range) -> list[Told]:
        """All changes, by connections of so many each."""
        found: list[Told] = []
        while not self.are_all(found):
            async with reading_along(url, last=last, topics="stages,status") as stream:
                enough = len(found) + self._random.choice(pieces)
                while len(found) < enough and not self.are_all(found):
                    told = await stream.next("stage", "status")
                    found += [told] if told.name == "stage" else []
                last = stream.last
        return found


@pytest.mark.parametrize("seed", range(2))
async def test_each_change_comes_once_however_often_the_client_comes_again(
    database_url: str, url: str, seed: int
) -> None:
    writers = Writers(Random(seed))
    async with reading_along(url) as stream:
        start = (await stream.next("ready")).id
    reading = [
        asyncio.create_task(writers.read(url, start, pieces))
        for pieces in (range(1, 7), range(1, 7), range(1000, 1001))
    ]
    await asyncio.gather(*(writers.write(database_url, number) for number in range(5)))
    writers.ended = True
    for found in await asyncio.gather(*reading):
        assert sorted(rules(found)) == sorted(writers.committed)
    async with reading_along(url, after=start, topics="stages") as stream:
        whole = [await stream.next("stage") for _ in writers.committed]
    assert sorted(rules(whole)) == sorted(writers.committed)


async def test_what_is_superseded_is_not_told_again(
    database_url: str, url: str, rows: Rows
) -> None:
    customer_id = await rows.customer()
    async with reading_along(url) as stream:
        await stream.next("ready")
        await rows.entered(customer_id, "cart", minute=0)
        await stream.next("stage")
        connection = await asyncpg.connect(database_url)
        await connection.execute("UPDATE stage_history SET superseded_at = now()")
        await connection.close()
        await rows.entered(customer_id, "checkout", minute=1, previous="cart")
        told = await stream.next("stage")
    assert told.data["current"] == "checkout"


async def test_a_signal_is_told_anew_when_something_becomes_of_it(
    database_url: str, url: str, rows: Rows
) -> None:
    signal_id = await rows.signal(await rows.customer())
    connection = await asyncpg.connect(database_url)
    async with reading_along(url) as stream:
        start = (await stream.next("ready")).id
        for state in ("recovered", "retracted"):
            await _become(connection, signal_id, state)
            told = await stream.next("signal")
            assert (told.data["signal_id"], told.data["state"]) == (signal_id.hex, state)
    async with reading_along(url, last=start) as stream:
        assert (await stream.next("signal")).data["state"] == "retracted"
        assert (await stream.next("status")).name == "status"
    await connection.close()


async def _become(connection: asyncpg.Connection, signal_id: UUID, state: str) -> None:
    await connection.execute(
        "UPDATE signals SET state = $2, written_by = DEFAULT WHERE signal_id = $1", signal_id, state
    )


# Coming again


async def test_whoever_comes_too_late_begins_anew(url: str) -> None:
    async with reading_along(url) as stream:
        here = read_place((await stream.next("ready")).id or "")
    hours_ago = Place(here.at - 2 * 3600 * SECOND_US, here.seen)
    elsewhere = Place(here.at, Snapshot(here.seen.first, here.seen.end + 10**6, frozenset()))
    for last, reason in (
        (str(hours_ago), "too_old"),
        (str(elsewhere), "other_database"),
        ("42", "unreadable"),
    ):
        async with reading_along(url, last=last) as stream:
            await stream.next()
            told = await stream.next()
            assert (told.name, told.data) == ("reset", {"reason": reason})
        async with reading_along(url, last=told.id) as stream:
            assert (await stream.next("ready", "reset")).name == "ready"


async def test_more_than_is_replayed_begins_anew(database_url: str, rows: Rows) -> None:
    customer_id = await rows.customer()
    bounds = Bounds(look_seconds=0.01, replay_events_max=2, look_events_max=2)
    async with listening(database_url, stream_bounds=bounds) as url:
        async with reading_along(url) as stream:
            start = (await stream.next("ready")).id
        for minute in range(3):
            await rows.entered(customer_id, "cart", minute=minute)
        async with reading_along(url, last=start) as stream:
            assert (await stream.next("ready", "reset")).data == {"reason": "too_many"}
            connection = await asyncpg.connect(database_url)
            async with connection.transaction():
                for _ in range(3):
                    await enter(connection, "many at once")
            await connection.close()
            told = await stream.next("stage", "reset")
            assert (told.name, told.data) == ("reset", {"reason": "too_many"})
            await rows.entered(customer_id, "cart", minute=4)
            assert (await stream.next("stage")).data["cause"]["message_id"] == "m4"


async def test_a_database_that_is_not_as_far_begins_anew(database_url: str, rows: Rows) -> None:
    database = Database.at(database_url)
    stream = Stream(database, system_clock, QUICK)
    reader = await stream.join(Wanted(), None)
    told = reader.chunks()
    assert b"retry: " in await anext(told)
    assert b"event: ready" in await anext(told)
    seen = stream.place.seen
    stream.place = Place(stream.place.at, Snapshot(seen.first, seen.end + 1000, frozenset()))
    assert b'event: reset\ndata: {"reason":"other_database"}' in await anext(told)
    await rows.entered(await rows.customer(), "cart", minute=0)
    while b"event: stage" not in await anext(told):
        continue
    await stream.close()
    assert [one async for one in told if b"event: stage" in one] == []
    reader.leave()
    await database.close()


def test_an_id_is_read_as_it_was_written() -> None:
    seen, reading = Snapshot(5, 9, frozenset({5, 7})), Snapshot(7, 12, frozenset({7}))
    for place in (
        Place(12, seen),
        Place(12, Snapshot(5, 5, frozenset())),
        Place(12, seen, reading, RowKey("c", 3, "")),
        Place(12, seen, reading, RowKey("s", 8, uuid4().hex)),
    ):
        assert read_place(str(place)) == place
    for text in ("", "x", "1-9:5:", "1-5:9:5-7:12:7", f"1-5:9:{'5,' * 3000}5", "1-5:9:5\n"):
        with pytest.raises(ValueError, match=r".*"):
            read_place(text)


# Which events, and for whom


async def test_only_what_is_asked_for_is_told(url: str, rows: Rows) -> None:
    await rows.definition()
    ann, bob = [await rows.customer(("user_id", name)) for name in ("ann", "bob")]
    async with contextlib.AsyncExitStack() as opened:
        asked = (
            {"topics": "stages", "stage": "cart"},
            {"topics": "signals", "rule": "checkout"},
            {"customer": "user_id:bob", "topics": "stages,signals"},
        )
        streams: list[Heard] = []
        for query in asked:
            streams.append(await opened.enter_async_context(reading_along(url, **query)))
            await streams[-1].next("ready")
        await rows.entered(ann, "awareness", minute=0)
        await rows.entered(ann, "cart", minute=1)
        await rows.signal(ann)
        await rows.entered(bob, "checkout", minute=2, previous="cart")
        await rows.signal(bob, rule="checkout")
        found = [await told_until(s, lambda told: len(told) == 2) for s in streams[::2]]
        rule_told = await streams[1].next("signal")

    assert [t.data["current"] for t in found[0]] == ["cart", "checkout"]
    assert rule_told.data["rule"] == "checkout"
    assert [t.name for t in found[1]] == ["stage", "signal"]
    assert {t.data["customer_id"] for t in found[1]} == {str(bob)}


async def test_a_wrong_question_is_explained(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as client:
        wrong = await problem(client, 400, "/v1/stream", topics="stages,money")
        assert "'money'" in wrong["detail"]
        await problem(client, 404, "/v1/stream", customer="user_id:nobody")
        await problem(client, 400, "/v1/stream", colour="red")


async def test_nothing_told_names_the_person(url: str, rows: Rows) -> None:
    customer_id = await rows.customer(("email", "ann@example.org"))
    payload = {
        "stage": "cart", "value": "9.90", "currency": "EUR", "locale": "pl",
        "items": [{"name": "Mug", "quantity": "1"}],
        "identifiers": [{"kind": "email", "value": "ann@example.org"}],
        "consent": {"marketing": True}, "campaign": {"first": {"name": "ann@"}, "last": None},
        "last_touchpoint": {"event": "page", "channel": "website", "source": "shop", "at": "..."},
    }  # fmt: skip
    async with reading_along(url) as stream:
        await stream.next("ready")
        await rows.signal(customer_id, payload=payload)
        told = await stream.next("signal")
    assert "ann@" not in str(told)
    assert told.data["customer_id"] == str(customer_id)
    assert told.data["items"] == payload["items"]
    assert not {"identifiers", "consent", "campaign", "locale"} & told.data.keys()


async def test_with_a_token_file_a_token_is_needed(
    database_url: str, rows: Rows, tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(f"{TOKEN} read\n{TOKEN}-of-pii pii\n")
    async with listening(database_url, tokens_file=tmp_path / "tokens") as url:
        async with httpx2.AsyncClient(base_url=url) as client:
            await problem(client, 401, "/v1/stream")
            headers = {"Authorization": f"Bearer {TOKEN}-of-pii"}
            assert (await client.get("/v1/stream", headers=headers)).status_code == 403
        async with reading_along(url, token=TOKEN) as stream:
            assert (await stream.next("ready")).data == {"replayed": 0}


# How it bears many and slow clients


async def test_a_heartbeat_says_how_far_all_was_told(database_url: str, rows: Rows) -> None:
    bounds = Bounds(look_seconds=0.01, heartbeat_seconds=0.05)
    async with listening(database_url, stream_bounds=bounds) as url:
        async with (
            reading_along(url, topics="signals") as quiet,
            reading_along(url, topics="stages") as stream,
        ):
            await quiet.next("ready")
            await stream.next("ready")
            await rows.entered(await rows.customer(), "cart", minute=0)
            told = read_place((await stream.next("stage")).id or "")
            beat = await until(lambda: _beat_behind(quiet, told))
        assert quiet.retry is not None
        assert 2000 <= quiet.retry <= 4000
        async with reading_along(url, last=beat.id) as again:
            assert (await again.next("ready")).data == {"replayed": 0}


async def _beat_behind(stream: Heard, place: Place) -> Told | None:
    beat = await stream.next(":")
    is_behind = beat.id is not None and read_place(beat.id).seen.end >= place.newest.end
    return beat if is_behind else None


async def test_as_many_as_may_listen_do_and_the_next_come_later(
    database_url: str, rows: Rows
) -> None:
    bounds = Bounds(look_seconds=0.01, clients_max=8)
    async with listening(database_url, stream_bounds=bounds) as url:
        async with (
            contextlib.AsyncExitStack() as opened,
            httpx2.AsyncClient(base_url=url) as client,
        ):
            streams = [
                await opened.enter_async_context(reading_along(url, topics="stages"))
                for _ in range(bounds.clients_max)
            ]
            refused = await client.get("/v1/stream")
            assert refused.status_code == 503
            assert refused.json()["code"] == "too_many_streams"
            assert int(refused.headers["retry-after"]) > 0
            assert "milepost_api_stream_clients 8.0" in (await client.get("/metrics")).text
            for stream in streams:
                await stream.next("ready")
            await rows.entered(await rows.customer(), "cart", minute=0)
            told = [await stream.next("stage") for stream in streams]
            assert len({one.id for one in told}) == 1
        await until(lambda: _is_admitted(url))


async def _is_admitted(url: str) -> bool:
    async with httpx2.AsyncClient(base_url=url) as client, client.stream("GET", "/v1/stream") as s:
        return s.status_code == 200


async def test_a_slow_reader_is_dropped_and_can_go_on_where_it_was(
    database_url: str, rows: Rows
) -> None:
    customer_id = await rows.customer()
    payload = {"stage": "cart", "items": [{"name": "x" * 200_000, "quantity": "1"}]}
    bounds = Bounds(look_seconds=0.01, queue_events_max=15, status_seconds=60)
    async with (
        listening(database_url, stream_bounds=bounds) as url,
        httpx2.AsyncClient(base_url=url) as client,
        reading_along(url) as quick,
    ):
        await quick.next("ready")
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", urlsplit(url).port or 0))
        slow.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await until(lambda: _metric(client, "milepost_api_stream_clients 2.0"))
        written: list[str] = []
        while not await _metric(client, "milepost_api_stream_dropped_total 1.0"):
            assert len(written) < 2000
            ids = [await rows.signal(customer_id, payload=payload) for _ in range(10)]
            written += [one.hex for one in ids]
            await told_until(quick, lambda told: len(told) == 10)
        text = await asyncio.to_thread(_all_of, slow)
        slow.close()
        seen, last = _signals_in(text)
        assert text.endswith(b"0\r\n\r\n")
        assert len(seen) < len(written)
        async with reading_along(url, last=last) as again:
            rest = [await again.next("signal") for _ in range(len(written) - len(seen))]
    assert sorted(seen + [one.data["signal_id"] for one in rest]) == sorted(written)


def _all_of(connection: socket.socket) -> bytes:
    connection.settimeout(20)
    text = bytearray()
    while not text.endswith(b"0\r\n\r\n"):
        piece = connection.recv(1 << 20)
        assert piece
        text += piece
    return bytes(text)


def _signals_in(text: bytes) -> tuple[list[str], str]:
    """Ids of the signals in a chunked answer, and the id to go on from."""
    body = bytearray()
    rest = text.partition(b"\r\n\r\n")[2]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    lines = body.decode().split("\n")
    ids = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]
    signals = [after for line, after in pairwise(lines) if line == "event: signal"]
    told = [msgspec.json.decode(one.removeprefix("data: "))["signal_id"] for one in signals]
    return told, ids[-1]


async def _metric(client: httpx2.AsyncClient, line: str) -> bool:
    return line in (await client.get("/metrics")).text


async def test_the_role_stops_in_time_while_somebody_listens(database_url: str, rows: Rows) -> None:
    async with contextlib.AsyncExitStack() as opened:
        async with listening(database_url, stream_bounds=QUICK) as url:
            stream = await opened.enter_async_context(reading_along(url, topics="stages"))
            await stream.next("ready")
        # `listening` has waited for its end.
        assert [one.name for one in await stream.rest() if one.name != ":"] == []


async def test_the_status_tells_how_far_things_are(url: str, rows: Rows) -> None:
    async with reading_along(url) as stream:
        status: Any = (await stream.next("status")).data
        later = await until(lambda: _with_rate(stream))
    assert status["watermark"] is None
    assert status["outbox_pending"] == 0
    assert status["dead_letters"] == 0
    assert later["touchpoints_per_second"] == 0


async def _with_rate(stream: Heard) -> Any:
    data = (await stream.next("status")).data
    return data if data["touchpoints_per_second"] is not None else None
