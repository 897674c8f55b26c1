"""Dead letters on their way back: through the touchpoint topic, so that a rebuild sees them too."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import msgspec
from uuid_utils import uuid7

from services.contracts.touchpoint import record_key
from services.journey_state.event import InvalidRecordError, read_touchpoint
from services.journey_state.publication import TopicCode
from services.journey_state.store import dead_letters, outcomes
from services.journey_state.store.dead_letters import OpenLetter
from services.journey_state.store.outcomes import RELAY_SHARDS, OutboxRow
from services.journey_state.store.pool import Connection

REPLAY_LETTERS_MAX = 500  # of one transaction
RECORD = "record"  # the ce_type of an outbox row that is a record as it is

_NO_CUSTOMER = bytes(16)
_pair = msgspec.msgpack.Decoder(tuple[bytes, bytes])


async def replay(
    connection: Connection, letters: Sequence[OpenLetter], now: int, fixed: bytes | None = None
) -> int:
    """The records are on their way to the touchpoint topic and marked `replayed`; gives how many.

    `fixed` replaces the bytes of the one letter. What has no value has nothing to send and stays.
    Their dedupe makes repeats harmless. Raises InvalidRecordError when `fixed` is no touchpoint.
    """
    if fixed is not None:
        _require_touchpoint(fixed)
    rows, sent = [], []
    for letter in letters:
        value = letter.value if fixed is None else fixed
        if value:
            sent.append(letter.dead_letter_id)
            rows.append(_row(_key_of(value, letter.key), value, now))
    if rows:
        await outcomes.add_to_outbox(connection, rows)
        await dead_letters.settle(connection, sent, "replayed")
    return len(sent)


def wrap_record(key: bytes, value: bytes) -> bytes:
    """A record as the value of an outbox row."""
    return msgspec.msgpack.encode((key, value))


def open_record(wrapped: bytes) -> tuple[bytes, bytes]:
    """Key and value of a record that `wrap_record` put into an outbox row."""
    return _pair.decode(wrapped)


def _require_touchpoint(value: bytes) -> None:
    try:
        read_touchpoint(value)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidRecordError("invalid", str(error)) from error


def _key_of(value: bytes, stored: bytes | None) -> bytes:
    """The key that the touchpoint asks for; of bytes that are none, the one it came with."""
    try:
        return record_key(dict(read_touchpoint(value).touchpoint.identifiers))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return stored or b""


def _row(key: bytes, value: bytes, now: int) -> OutboxRow:
    return OutboxRow(
        shard=crc32(key) % RELAY_SHARDS,
        customer_id=_NO_CUSTOMER,
        topic=int(TopicCode.TOUCHPOINTS),
        version=0,
        ce_id=uuid7().bytes,
        ce_type=RECORD,
        value=wrap_record(key, value),
        created_at=now,
    )
