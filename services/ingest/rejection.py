"""A rejected event as a record of its topic."""

from __future__ import annotations

from typing import NamedTuple

from uuid_utils import uuid7

from services.contracts import rejected
from services.contracts.cloudevent import kafka_headers
from services.contracts.rejected import ORIGINAL_BYTES_MAX, RejectedEvent
from services.contracts.times import format_time
from services.ingest.errors import Fault


class RejectionRecord(NamedTuple):
    """Value and headers for Kafka."""

    value: bytes
    headers: list[tuple[str, bytes]]


def rejection(raw: bytes, source: str, fault: Fault, received_at: int) -> RejectionRecord:
    """The record that keeps `raw` with the reason it was refused for."""
    event = RejectedEvent(
        original=raw[:ORIGINAL_BYTES_MAX],
        size=len(raw),
        source=source,
        code=fault.code,
        message=fault.message,
        received_at=format_time(received_at),
    )
    headers = kafka_headers(
        ce_id=str(uuid7()), ce_type=rejected.TYPE, source="/ingest", time_us=received_at
    )
    return RejectionRecord(rejected.encode(event), headers)
