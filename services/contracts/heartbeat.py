"""Heartbeats of ingest instances: what has been made durable up to when (semantics 6.1)."""

from __future__ import annotations

from typing import Literal

import msgspec

HEADER = ("milepost", b"heartbeat")
Phase = Literal["hello", "beat", "goodbye"]
Spool = Literal["none", "empty", "pending"]


class Heartbeat(msgspec.Struct, kw_only=True, gc=False):
    """One instance's low watermark, written into every partition of the touchpoint topic.

    `low_watermark` is the oldest `received_at` (microseconds since 1970) that the instance has
    accepted and Kafka has not acknowledged, else its clock. `seq` grows with each beat of an
    instance, across restarts too.
    """

    instance: str
    seq: int
    low_watermark: int
    spool: Spool = "none"
    phase: Phase = "beat"


_decoder = msgspec.json.Decoder(Heartbeat)


def encode(heartbeat: Heartbeat) -> bytes:
    """The record's value; the record also carries `HEADER`."""
    return msgspec.json.encode(heartbeat)


def decode(value: bytes) -> Heartbeat:
    """The heartbeat of a record's value; raises `msgspec.ValidationError` or `DecodeError`."""
    return _decoder.decode(value)


def is_heartbeat(headers: object) -> bool:
    """Whether a record with these Kafka headers is a heartbeat."""
    return bool(headers) and HEADER in tuple(headers)  # type: ignore[arg-type]
