"""Where the simulator sends to: an ingest address and a write key per channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.contracts.touchpoint import CHANNELS, Channel


class TargetError(Exception):
    """The running system cannot be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """An ingest and the keys by which it knows the channel of an event."""

    ingest_url: str
    keys: Mapping[Channel, str]


def target(ingest_url: str, keys: Iterable[tuple[str, str]]) -> Target:
    """The target with these (channel, write key) pairs; of two for one channel the first counts.

    Raises TargetError unless it is an address and every channel has a key.
    """
    if not ingest_url.startswith(("http://", "https://")):
        raise TargetError(f"--ingest {ingest_url}: write it as http://host:port")
    found: dict[Channel, str] = {}
    for name, key in keys:
        for channel in CHANNELS:
            if channel == name:
                found.setdefault(channel, key)
    missing = [channel for channel in CHANNELS if channel not in found]
    if missing:
        raise TargetError(
            f"no write key for {', '.join(missing)}; add a source: "
            f"milepost source add shop-{missing[0]} --channel {missing[0]}"
        )
    return Target(ingest_url.rstrip("/"), found)


def parse_keys(pairs: Iterable[str]) -> list[tuple[str, str]]:
    """`channel=key` texts as pairs; raises TargetError for another form or channel."""
    parsed: list[tuple[str, str]] = []
    for pair in pairs:
        channel, separator, key = pair.partition("=")
        if not separator or channel not in CHANNELS or not key:
            raise TargetError(f"--key {pair}: write CHANNEL=KEY, the channel one of {CHANNELS}")
        parsed.append((channel, key))
    return parsed
