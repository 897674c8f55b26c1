"""A request's body: read whole under a cap and a deadline, its content encoding undone."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any

import zstandard

from services.ingest.errors import RequestError, UnavailableError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

REAP_SECONDS = 0.25
ZSTD_WINDOW_BYTES_MAX = 8 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_AUTO_GZIP = 31
_RAW_DEFLATE = -15


class ClientGoneError(Exception):
    """The client closed the connection before its body was complete: no one waits for an answer."""


class BodyReader:
    """Reads bodies; one sweep for all of them ends those that take too long.

    A timer of its own for each request would cost more than reading the usual body does.
    """

    def __init__(self, bytes_max: int, seconds_max: float, all_bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max
        self._all_bytes_max = all_bytes_max
        self._all_bytes = 0
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()

    async def read(self, receive: Receive, encoding: bytes) -> bytes:
        """The decoded body. Raises RequestError, UnavailableError or ClientGoneError."""
        task = asyncio.current_task()
        assert task is not None
        self._reading[task] = monotonic() + self._seconds_max
        try:
            message = await receive()
            if message.get("more_body"):
                body = await self._receive_rest(message, receive)
            else:
                body = self._checked(message)
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            self._late.discard(task)
            task.uncancel()
            raise RequestError(
                "body_timeout", f"the body was not complete within {self._seconds_max:g} s"
            ) from None
        finally:
            del self._reading[task]
        return decoded(body, encoding, self._bytes_max)

    def undone(self, body: bytes, encoding: bytes) -> bytes:
        """As `read`, of a body that is there. Raises RequestError."""
        if len(body) > self._bytes_max:
            raise too_large(self._bytes_max)
        return decoded(body, encoding, self._bytes_max)

    async def sweep(self) -> None:
        """Runs until cancelled, ending every read that is over its time."""
        while True:
            await asyncio.sleep(REAP_SECONDS)
            now = monotonic()
            for task in [task for task, until in self._reading.items() if until < now]:
                self._late.add(task)
                task.cancel()

    async def _receive_rest(self, message: Message, receive: Receive) -> bytes:
        chunks = bytearray(self._checked(message))
        self._all_bytes += len(chunks)
        try:
            while message.get("more_body"):
                if self._all_bytes > self._all_bytes_max:
                    raise UnavailableError("too many bodies are arriving at once")
                message = await receive()
                more = self._checked(message)
                self._all_bytes += len(more)
                chunks += more
                if len(chunks) > self._bytes_max:
                    raise too_large(self._bytes_max)
        finally:
            self._all_bytes -= len(chunks)
        return bytes(chunks)

    def _checked(self, message: Message) -> bytes:
        body: bytes = message.get("body", b"")
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if len(body) > self._bytes_max:
            raise too_large(self._bytes_max)
        return body


def decoded(body: bytes, encoding: bytes, bytes_max: int) -> bytes:
    """The body with its encoding undone, never more than `bytes_max`. Raises RequestError.

    Gzip is known by its first bytes too: browsers send it without a header.
    """
    if body.startswith(_GZIP_MAGIC):
        return _inflated(body, _AUTO_GZIP, bytes_max)
    name = encoding.strip().lower()
    if name in (b"", b"identity"):
        return body
    if name in (b"gzip", b"x-gzip"):
        raise RequestError("invalid_encoding", "the body is not gzip as its header says")
    if name == b"deflate":
        return _inflated(
            body, zlib.MAX_WBITS if _has_zlib_header(body) else _RAW_DEFLATE, bytes_max
        )
    if name == b"zstd":
        return _unzstd(body, bytes_max)
    shown = name[:40].decode("latin-1")
    raise RequestError(
        "unsupported_encoding",
        f"content encoding {shown!r} is not taken; use gzip, deflate or zstd",
    )


def _has_zlib_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _inflated(body: bytes, window: int, bytes_max: int) -> bytes:
    out = bytearray()
    try:
        while body:
            stream = zlib.decompressobj(window)
            out += stream.decompress(body, bytes_max + 1 - len(out))
            if len(out) > bytes_max:
                raise too_large(bytes_max)
            if not stream.eof:
                raise RequestError("invalid_encoding", "the compressed body is cut off")
            body = stream.unused_data
    except zlib.error as error:
        raise RequestError("invalid_encoding", f"the body cannot be inflated: {error}") from None
    return bytes(out)


def _unzstd(body: bytes, bytes_max: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES_MAX).stream_reader(
            body, read_across_frames=True, closefd=False
        ) as reader:
            out = reader.read(bytes_max + 1)
    except zstandard.ZstdError as error:
        raise RequestError("invalid_encoding", f"the body is not zstd: {error}") from None
    if len(out) > bytes_max:
        raise too_large(bytes_max)
    return out


def too_large(bytes_max: int) -> RequestError:
    """The body is over its cap."""
    return RequestError("body_too_large", f"the body is over {bytes_max} bytes, decompressed")
