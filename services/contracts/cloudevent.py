"""CloudEvents 1.0 in Kafka's binary mode: attributes as headers, data as the value (contract 5)."""

from __future__ import annotations

from functools import cache, lru_cache

from services.contracts.times import format_time

SPEC_VERSION = b"1.0"
JSON_TYPE = b"application/json"


def kafka_headers(
    *, ce_id: str, ce_type: str, source: str, time_us: int, subject: str | None = None
) -> list[tuple[str, bytes]]:
    """The headers of one record. `ce_id` is stable: the same event sent again has the same.

    `ce_dataschema` names the JSON Schema of the value by its type.
    """
    headers = [
        *_constant_headers(ce_type, source),
        ("ce_id", ce_id.encode()),
        ("ce_time", _time_bytes(time_us)),
    ]
    if subject is not None:
        headers.append(("ce_subject", subject.encode()))
    return headers


@lru_cache(256)
def _time_bytes(time_us: int) -> bytes:
    """All messages of one transaction are of one time."""
    return format_time(time_us).encode()


@cache
def _constant_headers(ce_type: str, source: str) -> tuple[tuple[str, bytes], ...]:
    """What all events of a type from one service have alike; there are about ten of them."""
    return (
        ("ce_specversion", SPEC_VERSION),
        ("ce_type", ce_type.encode()),
        ("ce_source", source.encode()),
        ("ce_dataschema", f"/schemas/{ce_type}.json".encode()),
        ("content-type", JSON_TYPE),
    )
