"""A record of the touchpoint topic, read: touchpoint, heartbeat, or why it is neither."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from services.contracts import heartbeat
from services.contracts.heartbeat import Heartbeat
from services.contracts.times import from_datetime
from services.contracts.touchpoint import SCHEMA_VERSION, primary_identifier
from services.journey_state.facets import facets_of
from services.journey_state.keys import identifier_key, message_key
from services.journey_state.store.facts import Fact, TimelineRow
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


class _Wire(msgspec.Struct, gc=False):
    """The fields of a touchpoint record that the fold uses, decoded in one pass."""

    schema: int
    message_id: str
    source: str
    channel: str
    type: str
    event: str
    occurred_at: datetime
    received_at: datetime
    identifiers: dict[str, str]
    previous_id: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    consent: dict[str, bool] | None = None
    bot: bool = False
    historical: bool = False
    consent_required: bool = False


class _Kept(msgspec.Struct, gc=False):
    """The same of a record in the timeline, less what stands in columns beside it."""

    channel: str
    type: str
    event: str
    identifiers: dict[str, str]
    previous_id: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    consent: dict[str, bool] | None = None
    bot: bool = False
    historical: bool = False
    consent_required: bool = False


_decode = msgspec.json.Decoder(_Wire).decode
_decode_kept = msgspec.json.Decoder(_Kept).decode


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
    wire = _decode(value)
    if wire.schema != SCHEMA_VERSION:
        raise ValueError(f"schema {wire.schema} is not known, only {SCHEMA_VERSION}")
    if not wire.identifiers:
        raise ValueError("a touchpoint names at least one identifier")
    occurred_at = _microseconds(wire.occurred_at)
    received_at = _microseconds(wire.received_at)
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
        properties=wire.properties,
        traits=wire.traits,
        context=wire.context,
        consent=wire.consent,
        bot=wire.bot,
        historical=wire.historical,
        consent_required=wire.consent_required,
    )
    facets, campaign = facets_of(wire.type, wire.bot, wire.properties, wire.context)
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
        facets=facets,
        campaign=campaign,
    )
    return Arrival(event, fact)


def read_kept(row: TimelineRow) -> Touchpoint:
    """The touchpoint of a row of the timeline: what `read_touchpoint` gives, in half the time."""
    kept = _decode_kept(row.body)
    return Touchpoint(
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        message_id=row.message_id,
        source=row.source,
        channel=kept.channel,
        call=kept.type,
        event=kept.event,
        identifiers=kept.identifiers,
        previous_id=kept.previous_id,
        properties=kept.properties,
        traits=kept.traits,
        context=kept.context,
        consent=kept.consent,
        bot=kept.bot,
        historical=kept.historical,
        consent_required=kept.consent_required,
    )


def _microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("times have an offset")
    return from_datetime(moment)
