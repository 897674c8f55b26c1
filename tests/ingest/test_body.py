"""Bodies: encodings, caps and deadlines."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.body import BodyReader, Message, decoded
from services.ingest.errors import RequestError
from services.settings import IngestSettings
from tests.ingest.memory import Desk, ready_desk

EVENT = b'{"type":"page","userId":"u"}'
CAP = 1 << 16


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


ENCODED = [
    ("", EVENT),
    ("identity", EVENT),
    ("gzip", gzip.compress(EVENT, mtime=0)),
    ("GZIP", gzip.compress(EVENT, mtime=0)),
    ("", gzip.compress(EVENT, mtime=0)),
    ("gzip", gzip.compress(EVENT[:5], mtime=0) + gzip.compress(EVENT[5:], mtime=0)),
    ("deflate", zlib.compress(EVENT)),
    ("deflate", raw_deflate(EVENT)),
    ("zstd", zstandard.compress(EVENT)),
]


@pytest.mark.parametrize(("encoding", "body"), ENCODED)
async def test_encodings_are_undone(desk: Desk, encoding: str, body: bytes) -> None:
    headers = {"content_encoding": encoding} if encoding else {}
    assert (await desk.post("/v1/events", body, **headers)).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("encoding", "body", "code"),
    [
        ("br", EVENT, "unsupported_encoding"),
        ("gzip, gzip", EVENT, "unsupported_encoding"),
        ("gzip", EVENT, "invalid_encoding"),
        ("gzip", gzip.compress(EVENT, mtime=0)[:-3], "invalid_encoding"),
        ("deflate", EVENT, "invalid_encoding"),
        ("zstd", EVENT, "invalid_encoding"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/page"])
async def test_others_are_refused_by_name(
    desk: Desk, path: str, encoding: str, body: bytes, code: str
) -> None:
    answer = await desk.post(path, body, content_encoding=encoding)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(b" " * (64 << 20), mtime=0)),
        ("deflate", zlib.compress(b" " * (64 << 20))),
        ("zstd", zstandard.compress(b" " * (64 << 20))),
        ("", b" " * (5 << 20)),
    ],
)
async def test_the_cap_counts_what_comes_out(desk: Desk, encoding: str, bomb: bytes) -> None:
    headers = {"content_encoding": encoding} if encoding else {}
    answer = await desk.post("/v1/events", bomb, **headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_stream_is_stopped_at_the_cap() -> None:
    reader = BodyReader(CAP, seconds_max=30, all_bytes_max=1 << 20)
    chunks = iter([b"x" * CAP, b"y"] + [b"never read"] * 10)

    async def receive() -> Message:
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    with pytest.raises(RequestError, match="body_too_large"):
        await reader.read(receive, b"")
    assert next(chunks) == b"never read"


async def test_a_body_in_parts_is_one_body() -> None:
    parts: Iterator[bytes] = iter([b"a", b"", b"bc", b"d"])

    async def receive() -> Message:
        part = next(parts)
        return {"type": "http.request", "body": part, "more_body": part != b"d"}

    assert (
        await BodyReader(CAP, seconds_max=30, all_bytes_max=1 << 20).read(receive, b"") == b"abcd"
    )


@pytest.mark.parametrize(("path", "status"), [("/v1/events", 408), ("/v1/page", 503)])
async def test_a_body_that_never_ends_is_given_up(tmp_path: Path, path: str, status: int) -> None:
    desk = await ready_desk(tmp_path, IngestSettings(body_seconds_max=0.05))
    sweep = asyncio.create_task(desk.reader.sweep())
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    await desk.collector(scope, receive, send)
    sweep.cancel()
    assert sent[0]["status"] == status
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"body_timeout" in sent[1]["body"]


async def test_a_client_that_left_is_not_answered(desk: Desk) -> None:
    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/b", "headers": [], "query_string": b""}
    await desk.collector(scope, receive, send)
    assert not sent
    assert not desk.sink.records


async def test_headers_have_a_cap(desk: Desk) -> None:
    answer = await desk.post("/v1/events", EVENT, X_Large="x" * (65 << 10))
    assert (answer.status_code, answer.json()["code"]) == (413, "headers_too_large")


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"gzip", b"deflate", b"zstd", b"br", b"\xff"])
)
def test_no_bytes_do_more_than_our_error(body: bytes, encoding: bytes) -> None:
    with suppress(RequestError):
        assert len(decoded(body, encoding, CAP)) <= CAP


@given(st.binary(max_size=2000))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert decoded(gzip.compress(body, mtime=0), b"", CAP) == body
    assert decoded(zlib.compress(body), b"deflate", CAP) == body
    assert decoded(zstandard.compress(body), b"zstd", CAP) == body
