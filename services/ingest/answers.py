"""What a request is answered: SDKs and native senders each in their own words (contract 3)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from services.ingest.errors import (
    BAD_REQUEST,
    NATIVE_STATUS,
    RETRY_AFTER_SECONDS,
    UNAVAILABLE,
    Fault,
    RequestError,
    UnavailableError,
)
from services.ingest.translate import Verdict

Header = tuple[bytes, bytes]
Headers = list[Header]

JSON: Header = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")
_RETRY = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
_CLOSE = (b"connection", b"close")
# The rest of these bodies is not read, so the connection cannot carry another request.
_ENDS_CONNECTION = ("body_timeout", "body_too_large", "headers_too_large")
_SDK_SUCCESS = b'{"success": true}'


class Answer(NamedTuple):
    """Status, headers and body of a response."""

    status: int
    headers: Headers
    body: bytes


class _Result(msgspec.Struct):
    """One line of a native answer."""

    index: int
    id: str | None
    status: str
    code: str | None = None
    message: str | None = None


class _DryResult(_Result):
    """The same with the record that would have been published."""

    record: msgspec.Raw = msgspec.Raw(b"null")


class _Summary(msgspec.Struct):
    accepted: int
    rejected: int
    results: Sequence[_Result]


def _answer(status: int, kind: Header, body: bytes, *more: Header) -> Answer:
    length = (b"content-length", str(len(body)).encode())
    return Answer(status, [kind, length, *more], body)


SDK_SUCCESS = _answer(200, JSON, _SDK_SUCCESS)
EMPTY = _answer(200, (b"content-type", b"text/plain"), b"")
NO_STORE: Header = (b"cache-control", b"no-store, no-cache, must-revalidate, private")
# One transparent pixel.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
PIXEL = _answer(200, (b"content-type", b"image/gif"), GIF, NO_STORE, (b"pragma", b"no-cache"))


def nothing(*headers: Header) -> Answer:
    """200 that says something in its headers alone."""
    return Answer(200, [(b"content-length", b"0"), *headers], b"")


def json_answer(document: object) -> Answer:
    """200 with a document."""
    return _answer(200, JSON, msgspec.json.encode(document))


def sdk_success(verdicts: Sequence[Verdict]) -> Answer:
    """Everything durable; a request whose only event is bad is refused as a whole."""
    if len(verdicts) == 1 and (fault := verdicts[0].fault):
        return sdk_refusal(fault)
    return SDK_SUCCESS


def sdk_refusal(fault: Fault) -> Answer:
    """The one permanent failure that every SDK understands."""
    return sdk(BAD_REQUEST, fault.code, fault.message)


def native_success(verdicts: Sequence[Verdict], *, dry_run: bool = False) -> Answer:
    """A verdict per event."""
    results = [_dry_result(verdict) if dry_run else _result(verdict) for verdict in verdicts]
    refused = sum(verdict.fault is not None for verdict in verdicts)
    summary = _Summary(len(verdicts) - refused, refused, results)
    return _answer(200, JSON, msgspec.json.encode(summary))


def failure(
    error: RequestError | UnavailableError, *, native: bool, status: int | None = None
) -> Answer:
    """The whole request failed: for good, or for now. `status` is of natives, else the code's."""
    if isinstance(error, UnavailableError):
        answer = _problem if native else sdk
        retry = (b"retry-after", str(error.retry_after_seconds).encode())
        return answer(error.status, error.code, error.message, retry)
    ends = (_CLOSE,) if error.code in _ENDS_CONNECTION else ()
    if native:
        status = status or NATIVE_STATUS.get(error.code, BAD_REQUEST)
        return _problem(status, error.code, error.message, *ends)
    if error.code == "body_timeout":
        # A slow network is no fault of the events: a 400 would make the sender drop them.
        return sdk(UNAVAILABLE, error.code, error.message, _RETRY, *ends)
    return sdk(BAD_REQUEST, error.code, error.message, *ends)


def strict_refusal(verdicts: Sequence[Verdict], *, native: bool) -> Answer:
    """Strict mode: one bad event, so nothing was kept."""
    first = next(verdict for verdict in verdicts if verdict.fault is not None)
    assert first.fault is not None
    message = f"event {first.position}: {first.fault.message}; strict mode keeps nothing"
    answer = _problem if native else sdk
    return answer(BAD_REQUEST, first.fault.code, message)


def method_not_allowed(method: str) -> Answer:
    """The path takes `method` alone."""
    allow = (b"allow", f"{method}, OPTIONS".encode())
    return _problem(405, "method_not_allowed", f"use {method}", allow)


def sdk(status: int, code: str, message: str, *more: Header) -> Answer:
    """A failure in the shape that SDKs read: an object with `code` and `message`."""
    body = msgspec.json.encode({"success": False, "code": code, "message": message})
    return _answer(status, JSON, body, *more)


def _problem(status: int, code: str, message: str, *more: Header) -> Answer:
    body = {
        "type": f"urn:milepost:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": message,
        "code": code,
    }
    return _answer(status, _PROBLEM, msgspec.json.encode(body), *more)


def _result(verdict: Verdict) -> _Result:
    if verdict.fault is None:
        return _Result(verdict.position, verdict.id, "accepted")
    return _Result(verdict.position, verdict.id, "rejected", *verdict.fault)


def _dry_result(verdict: Verdict) -> _Result:
    result = _result(verdict)
    record = msgspec.Raw(verdict.record or b"null")
    return _DryResult(result.index, result.id, result.status, result.code, result.message, record)
