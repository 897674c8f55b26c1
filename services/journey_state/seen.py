"""Which message ids a customer's touchpoints have: a set that may say yes wrongly, but never no.

Ids stand in it as fingerprints of 16 bits, one behind the other; beyond `LISTED_MAX` of them as a
bit for each fingerprint that there can be. So it takes two bytes per touchpoint, 8 KiB at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

LISTED_MAX = 4_095  # so that a list is always shorter than the bits are

_FINGERPRINTS = 1 << 16
_BITS_BYTES = _FINGERPRINTS // 8


def any_may_hold(sets: Sequence[bytes], message_id: str) -> bool:
    """Whether one of the sets may have this message id; False is certain."""
    number = _fingerprint(message_id)
    listed = number.to_bytes(2, "big")
    for seen in sets:
        if len(seen) == _BITS_BYTES:
            if seen[number >> 3] & 1 << (number & 7):
                return True
        # Half of one and half of its neighbour may look like it, too: whoever asks looks closer.
        elif listed in seen:
            return True
    return False


def with_ids(seen: bytes, message_ids: Iterable[str]) -> bytes:
    """The set with these message ids, too."""
    numbers = [_fingerprint(message_id) for message_id in message_ids]
    if len(seen) + 2 * len(numbers) <= 2 * LISTED_MAX:
        return seen + b"".join(number.to_bytes(2, "big") for number in numbers)
    if len(seen) == _BITS_BYTES:
        bits = bytearray(seen)
    else:
        bits = bytearray(_BITS_BYTES)
        pairs = zip(seen[::2], seen[1::2], strict=True)
        numbers += [high << 8 | low for high, low in pairs]
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def _fingerprint(message_id: str) -> int:
    # The product spreads ids that are alike, such as numbers, as those that are not.
    return (crc32(message_id.encode()) * 0x9E3779B1 & 0xFFFFFFFF) >> 16
