"""What can go wrong with a request or with one event of it, and the status that tells it."""

from __future__ import annotations

from typing import NamedTuple

BAD_REQUEST = 400
UNAVAILABLE = 503
TOO_MANY_REQUESTS = 429
RETRY_AFTER_SECONDS = 2

# Native paths only: on the paths of SDKs every permanent failure is a plain 400.
NATIVE_STATUS = {
    "invalid_write_key": 401,
    "origin_not_allowed": 403,
    "server_only_key": 403,
    "body_timeout": 408,
    "body_too_large": 413,
    "headers_too_large": 413,
    "too_many_events": 413,
}


class IngestError(Exception):
    """Root of what ingest raises by itself."""


class RequestError(IngestError):
    """The whole request is refused for good; `code` is for programs, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def too_many_events(count: int, most: int) -> RequestError:
    """A request has more events than one may have."""
    return RequestError("too_many_events", f"{count} events; a request has at most {most}")


class UnavailableError(IngestError):
    """Nothing can be made durable now; the sender should come back."""

    code = "unavailable"
    status = UNAVAILABLE
    retry_after_seconds = RETRY_AFTER_SECONDS

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RateLimitedError(UnavailableError):
    """The source sends faster than it may; it should come back after so many seconds."""

    code = "rate_limited"
    status = TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RefusedError(UnavailableError):
    """Kafka does not take these records as they are, while it takes others."""


class Fault(NamedTuple):
    """Why one event is rejected."""

    code: str
    message: str


class EventError(IngestError):
    """One event is rejected; its neighbours go on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.fault = Fault(code, message)
