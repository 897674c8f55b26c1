"""HTTP as clients write it, over a socket: the short way answers as ASGI would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import uvicorn
from uvicorn.server import ServerState

from services.ingest.answers import SDK_SUCCESS, Answer
from services.ingest.http_protocol import IngestProtocol, wire_of
from tests.ingest.memory import KEY, Desk
from tests.waiting import until

BODY = b'{"event":"Order Completed","userId":"u-1","messageId":"m-%d"}'
DATE = (b"date", b"Wed, 25 Nov 2026 20:00:00 GMT")
SUCCESS = b'{"success": true}'


class Connection(NamedTuple):
    """One client of a server whose collector is the desk's."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocols: set[Any]

    async def answer(self) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """The next answer's status line, headers and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        status, *lines = head.rstrip(b"\r\n").split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        return status, headers, await self.reader.readexactly(int(headers[b"content-length"]))


@asynccontextmanager
async def connected(desk: Desk) -> AsyncIterator[Connection]:
    """A connection to the desk's collector behind the protocol."""
    config = uvicorn.Config(
        desk.collector, lifespan="off", log_config=None, access_log=False, interface="asgi3"
    )
    state = ServerState()
    state.default_headers = [DATE]
    server = await asyncio.get_running_loop().create_server(
        lambda: IngestProtocol(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        try:
            yield Connection(reader, writer, state.connections)
        finally:
            writer.close()
            await writer.wait_closed()


def posting(number: int, *headers: bytes, path: bytes = b"/v1/track", version: int = 1) -> bytes:
    """A request with one event."""
    body = BODY % number
    lines = [
        b"POST %b HTTP/1.%d" % (path, version),
        b"Host: ingest",
        b"X-Write-Key: %b" % KEY.encode(),
        b"Content-Length: %d" % len(body),
        *headers,
    ]
    return b"\r\n".join([*lines, b"", body])


def ids(desk: Desk) -> list[str]:
    return [touchpoint.message_id for touchpoint in desk.sink.touchpoints]


async def test_a_connection_carries_one_request_after_another(desk: Desk) -> None:
    async with connected(desk) as client:
        for number in range(3):
            client.writer.write(posting(number))
            status, headers, body = await client.answer()
            assert (status, body) == (b"HTTP/1.1 200 OK", SUCCESS)
            assert headers == dict([DATE, *SDK_SUCCESS.headers])
    assert ids(desk) == ["m-0", "m-1", "m-2"]


async def test_answers_of_different_kinds_are_not_mixed_up(desk: Desk) -> None:
    async with connected(desk) as client:
        client.writer.write(posting(1))
        assert (await client.answer())[2] == SUCCESS
        client.writer.write(posting(2, path=b"/v1/events"))
        assert b'"m-2"' in (await client.answer())[2]
        client.writer.write(posting(3, path=b"/v1/events"))
        assert b'"m-3"' in (await client.answer())[2]
        client.writer.write(posting(4).replace(b"POST ", b"PUT ", 1))
        assert (await client.answer())[0].startswith(b"HTTP/1.1 405")
        client.writer.write(posting(5))
        assert (await client.answer())[2] == SUCCESS


async def test_pipelined_requests_are_answered_in_their_order(desk: Desk) -> None:
    async with connected(desk) as client:
        client.writer.write(b"".join(posting(n, path=b"/v1/events") for n in range(4)))
        for number in range(4):
            assert b'"m-%d"' % number in (await client.answer())[2]
    assert ids(desk) == ["m-0", "m-1", "m-2", "m-3"]


async def test_a_body_that_comes_in_pieces_is_awaited(desk: Desk) -> None:
    whole = posting(7)
    async with connected(desk) as client:
        client.writer.write(whole[:-20])
        await client.writer.drain()
        await until_reading(client)
        client.writer.write(whole[-20:])
        assert (await client.answer())[2] == SUCCESS
    assert ids(desk) == ["m-7"]


async def until_reading(client: Connection) -> None:
    """Returns when the server waits for the rest of a body."""

    async def reads() -> bool:
        return any(one.cycle is not None and one.cycle.more_body for one in client.protocols)

    await until(reads)


async def test_who_asks_first_whether_to_send_is_told_to(desk: Desk) -> None:
    whole = posting(8, b"Expect: 100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    async with connected(desk) as client:
        client.writer.write(head + b"\r\n\r\n")
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.writer.write(body)
        assert (await client.answer())[2] == SUCCESS


async def test_a_connection_that_is_not_kept_is_ended_and_says_so(desk: Desk) -> None:
    for request in (posting(1, b"Connection: close"), posting(2, version=0)):
        async with connected(desk) as client:
            client.writer.write(request)
            _, headers, body = await client.answer()
            assert (headers[b"connection"], body) == (b"close", SUCCESS)
            assert await client.reader.read() == b""


async def test_a_head_alone_is_answered_without_a_body(desk: Desk) -> None:
    async with connected(desk) as client:
        client.writer.write(b"HEAD /v1/pixel/page HTTP/1.1\r\nHost: ingest\r\n\r\n")
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        client.writer.write(posting(1))
        assert (await client.answer())[2] == SUCCESS


async def test_an_event_of_a_client_that_is_gone_is_kept(desk: Desk) -> None:
    async with connected(desk) as client:
        client.writer.write(posting(9))
        client.writer.write_eof()

    async def kept() -> bool:
        return ids(desk) == ["m-9"]

    await until(kept)


def test_a_value_cannot_begin_a_header_of_its_own() -> None:
    for value in (b"a\r\nset-cookie: x", b"a\nb", b"a\rb"):
        assert wire_of([DATE], Answer(200, [(b"vary", value)], b"")) is None


def test_the_date_of_an_answer_is_that_of_its_second() -> None:
    later = [(b"date", b"Wed, 25 Nov 2026 20:00:01 GMT")]
    assert DATE[1] in (wire_of([DATE], SDK_SUCCESS) or b"")
    assert later[0][1] in (wire_of(later, SDK_SUCCESS) or b"")
