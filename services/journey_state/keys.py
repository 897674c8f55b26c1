"""Fixed-width keys of what has names of any length: 16-byte BLAKE2b hashes."""

from __future__ import annotations

from hashlib import blake2b

KEY_BYTES = 16


def identifier_key(kind: str, value: str) -> bytes:
    """The key of an identifier; kinds hold no NUL, so the two parts cannot be confused."""
    return blake2b(f"{kind}\0{value}".encode(), digest_size=KEY_BYTES).digest()


def message_key(source: str, message_id: str) -> bytes:
    """The key of an event: one `(source, message_id)` is one event (semantics 1.7)."""
    return blake2b(f"{source}\0{message_id}".encode(), digest_size=KEY_BYTES).digest()
