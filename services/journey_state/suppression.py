"""What was erased does not come back: keyed hashes, and the arrivals that they forbid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from services.contracts.touchpoint import primary_identifier
from services.journey_state.event import Arrival
from services.journey_state.keys import KEY_BYTES, identifier_key
from services.journey_state.store import erasures
from services.journey_state.store.erasures import ErasedRange
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Touchpoint

SECRET_BYTES = 32

Ranges = dict[bytes, list[ErasedRange]]


def keyed_hash(secret: bytes, key: bytes) -> bytes:
    """The hash that is kept of an identifier's or a message's key: of no use without the secret."""
    return blake2b(key, key=secret, digest_size=KEY_BYTES).digest()


class Suppression:
    """Drops arrivals that an erasure forbids. It learns the secret when it is first needed."""

    def __init__(self) -> None:
        self._secret: bytes | None = None

    async def kept(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Those that may come in: of none erased, or later than the erasure (semantics 8.3)."""
        self._secret = self._secret or await erasures.secret(connection)
        secret = self._secret
        if secret is None:
            return list(arrivals)
        hashes = {
            key: keyed_hash(secret, key)
            for arrival in arrivals
            for key in _identifier_keys(arrival.touchpoint)
        }
        messages = [keyed_hash(secret, arrival.fact.message_key) for arrival in arrivals]
        found = await erasures.forbidden(connection, list(hashes.values()), messages)
        if not found.ranges and not found.messages:
            return list(arrivals)
        ranges: Ranges = defaultdict(list)
        for one in found.ranges:
            ranges[one.identifier_hash].append(one)
        by_key = {key: ranges[hashed] for key, hashed in hashes.items() if hashed in ranges}
        return [
            arrival
            for arrival, message in zip(arrivals, messages, strict=True)
            if message not in found.messages and not _is_forbidden(arrival.touchpoint, by_key)
        ]


def _is_forbidden(touchpoint: Touchpoint, ranges: Ranges) -> bool:
    primary = identifier_key(*primary_identifier(touchpoint.identifiers))
    return any(
        (key == primary or not one.primary_only) and _covers(one, touchpoint.occurred_at)
        for key in _identifier_keys(touchpoint)
        for one in ranges.get(key, ())
    )


def _covers(one: ErasedRange, at: int) -> bool:
    return at <= one.until_at and (one.from_at is None or one.from_at <= at)


def _identifier_keys(touchpoint: Touchpoint) -> Iterable[bytes]:
    """All that it names, an alias's previous id as either kind."""
    for kind, value in touchpoint.identifiers.items():
        yield identifier_key(kind, value)
    if touchpoint.previous_id:
        yield identifier_key("user_id", touchpoint.previous_id)
        yield identifier_key("anonymous_id", touchpoint.previous_id)
