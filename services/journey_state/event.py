"""A record of the touchpoint topic, read: touchpoint, heartbeat, or why it is neither."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from services.contracts import heartbeat, touchpoint
from services.contracts.heartbeat import Heartbeat
from services.contracts.times import read_time
from services.contracts.touchpoint import EMPTY_OBJECT, SCHEMA_VERSION, primary_identifier
from services.journey_state.keys import identifier_key, message_key
from services.journey_state.store.facts import Fact
from services.journey_state.touchpoint import Touchpoint


class Record(NamedTuple):
    """A Kafka record as far as we look at it; `append_time` is the log's, in microseconds."""

    partition: int
    offset: int
    append_time: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class InvalidRecordError(Exception):
    """A record that cannot be processed, now or later: it is set aside with this reason."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class Arrival(NamedTuple):
    """A touchpoint that has come, decoded for the fold and as the row that keeps it."""

    touchpoint: Touchpoint
    fact: Fact


_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def read(record: Record) -> Arrival | Heartbeat:
    """What the record holds; raises InvalidRecordError."""
    value = record.value
    if value is None:
        raise InvalidRecordError("empty", "a touchpoint record has a value")
    try:
        if heartbeat.is_heartbeat(record.headers):
            return heartbeat.decode(value)
        return read_touchpoint(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRecordError("undecodable", str(error)) from error
    except ValueError as error:
        raise InvalidRecordError("invalid", str(error)) from error
    except RecursionError as error:
        raise InvalidRecordError("invalid", "nested too deeply") from error


def read_touchpoint(value: bytes) -> Arrival:
    """The touchpoint of a record's value; raises ValueError or msgspec.DecodeError."""
    wire = touchpoint.decode(value)
    if wire.schema != SCHEMA_VERSION:
        raise ValueError(f"schema {wire.schema} is not known, only {SCHEMA_VERSION}")
    if not wire.identifiers:
        raise ValueError("a touchpoint names at least one identifier")
    occurred_at = read_time(wire.occurred_at)
    received_at = read_time(wire.received_at)
    event = Touchpoint(
        occurred_at=occurred_at,
        received_at=received_at,
        message_id=wire.message_id,
        source=wire.source,
        channel=wire.channel,
        call=wire.type,
        event=wire.event,
        identifiers=wire.identifiers,
        previous_id=wire.previous_id,
        properties=_object(wire.properties),
        traits=_object(wire.traits),
        context=_object(wire.context),
        consent=wire.consent,
        bot=wire.bot,
        historical=wire.historical,
    )
    fact = Fact(
        message_key=message_key(wire.source, wire.message_id),
        identifier_key=identifier_key(*primary_identifier(wire.identifiers)),
        occurred_at=occurred_at,
        message_id=wire.message_id,
        source=wire.source,
        received_at=received_at,
        channel=wire.channel,
        event=wire.event,
        body=value,
    )
    return Arrival(event, fact)


def _object(raw: msgspec.Raw) -> dict[str, Any]:
    if raw is EMPTY_OBJECT:
        return {}
    return _decode_object(raw)
