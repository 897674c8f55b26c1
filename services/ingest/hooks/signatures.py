"""Checks that all schemes share: equal in constant time, not too long ago, ours by its hash."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Iterator
from hashlib import sha256

from services.contracts.times import SECOND_US
from services.ingest.hooks.call import Call
from services.ingest.hooks.refusal import UnverifiedError, missing, stale, wrong

HOUR_SECONDS = 3600


def digest(secret: bytes, content: bytes, algorithm: str = "sha256") -> bytes:
    """The HMAC of `content`."""
    return hmac.new(secret, content, algorithm).digest()


def require_one(given: str, expected: Iterable[str], what: str) -> None:
    """Raises UnverifiedError unless `given` is one of `expected`, compared in constant time."""
    require_any([given] if given else [], expected, what)


def require_any(given: Iterable[str], expected: Iterable[str], what: str) -> None:
    """As `require_one`, where a sender may send several signatures of which one is enough."""
    known = [one.encode() for one in expected]
    shown = [one.encode() for one in given]
    if not shown:
        raise missing(what)
    if not any(hmac.compare_digest(one, other) for one in shown for other in known):
        raise wrong(what)


def require_fresh(stated_seconds: str, now_us: int, seconds_max: int, what: str) -> None:
    """Raises StaleError when the signed time is further from now than `seconds_max`."""
    try:
        distance = abs(now_us // SECOND_US - int(stated_seconds[:20]))
    except ValueError:
        raise wrong(what) from None
    if distance > seconds_max:
        raise stale(what, seconds_max / HOUR_SECONDS)


def require_own(call: Call, presented: Iterable[str]) -> None:
    """Raises UnverifiedError unless one of `presented` is the key that the source was made with."""
    hashes = [one.encode() for one in call.source.key_hashes]
    given = [sha256(one.encode()).hexdigest().encode() for one in presented if one]
    if not given:
        raise UnverifiedError("missing_key", "the source's key is missing: see its URL or header")
    if not any(hmac.compare_digest(one, known) for one in given for known in hashes):
        raise UnverifiedError("invalid_key", "this is not the source's key")


def verify_key(call: Call) -> None:
    """Our own key: in the URL (`?key=`), as Basic password or user, as Bearer, or in a header."""
    require_own(call, _presented(call))


def _presented(call: Call) -> Iterator[str]:
    yield call.asked("key")
    yield call.asked("writeKey")
    yield call.header("x-write-key")
    yield from _authorization(call.header("authorization"))


def _authorization(value: str) -> Iterator[str]:
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() == "bearer":
        yield credentials.strip()
    elif scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(credentials.strip(), validate=True).decode("latin-1")
        except (binascii.Error, ValueError):
            return
        user, _, password = decoded.partition(":")
        yield from (password, user)
