"""No body makes a parser raise anything but our error, and none is read two ways."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.touchpoint import decode
from services.ingest.errors import RequestError
from services.ingest.json_rules import JsonLimits, is_plain, structure_fault, value_fault
from services.ingest.json_split import items_of, members_of
from services.ingest.protocols import native, segment
from services.ingest.protocols.event import Event, Parsed
from services.ingest.sources_file import Source
from services.ingest.translate import Moment, TimeLimits, Translator
from tests.ingest.memory import NOW, head

LIMITS = JsonLimits(event_bytes_max=32 << 10, depth_max=32, keys_max=256)
SOURCE = Source(name="s", channel="app", key_sha256="", allow_channel_override=True)

numbers = st.integers(-(2**70), 2**70) | st.floats()
scalars = st.none() | st.booleans() | numbers | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
FIELDS = [*Event.__struct_encode_fields__, "batch", "events"]
CONTEXT_FIELDS = ["traits", "ip", "consent", "consentManagement"]
wild_events = st.dictionaries(st.sampled_from(FIELDS), values)
likely_events = st.fixed_dictionaries(
    {"type": st.sampled_from(segment.CALLS), "userId": st.text(min_size=1)},
    optional={
        "event": st.text(),
        "timestamp": st.datetimes().map(str),
        "properties": st.dictionaries(st.text(), values),
        "traits": st.dictionaries(st.sampled_from(["email", "phone", "x"]), values),
        "context": st.dictionaries(st.sampled_from(CONTEXT_FIELDS), values),
        "identifiers": st.dictionaries(st.text("abc_", min_size=1), values),
        "historical": values,
        "channel": values,
    },
)  # fmt: skip
documents = st.one_of(
    wild_events,
    likely_events,
    st.lists(wild_events | likely_events | values),
    st.fixed_dictionaries({"events": st.lists(wild_events | likely_events) | values}),
    st.fixed_dictionaries(
        {"batch": st.lists(wild_events | likely_events) | values},
        optional={"sentAt": values, "context": values, "writeKey": values},
    ),
)
json_bodies = documents.map(lambda document: json.dumps(document).encode("utf-8", "surrogatepass"))
cut_bodies = st.builds(lambda body, n: body[: n % (len(body) + 1)], json_bodies, st.integers(0))
bodies = st.binary() | json_bodies | cut_bodies
types = st.sampled_from([b"application/json", b"application/x-ndjson", b""])


def translate(parsed: Parsed) -> None:
    """Every event comes out as a record that can be read again, or with its fault."""
    moment = Moment(NOW, NOW)
    limits = TimeLimits(86_400_000_000, 400 * 86_400_000_000)
    verdicts = Translator(SOURCE, None, moment, limits).translate(parsed, None)
    assert [v.position for v in verdicts] == [one.position for one in parsed.events]
    for verdict in verdicts:
        assert (verdict.fault is None) == (verdict.record is not None)
        if verdict.record is not None:
            record = decode(verdict.record)
            assert record.identifiers
            require_storable(msgspec.json.decode(verdict.record))


def require_storable(value: Any) -> None:
    """PostgreSQL's jsonb and Kafka's readers can hold it."""
    if isinstance(value, str):
        assert "\0" not in value
        value.encode()
    elif isinstance(value, dict):
        for key, inner in value.items():
            require_storable(key)
            require_storable(inner)
    elif isinstance(value, list):
        for inner in value:
            require_storable(inner)
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**63
    elif isinstance(value, float):
        assert math.isfinite(value)


@given(bodies, types)
def test_native_bodies(body: bytes, content_type: bytes) -> None:
    try:
        parsed = native.parse(body, head({b"content-type": content_type}), LIMITS)
    except RequestError:
        return
    translate(parsed)


@given(bodies)
def test_segment_bodies(body: bytes) -> None:
    for parse in (segment.parse_single, segment.parse_batch):
        try:
            parsed = parse(body, head(), LIMITS)
        except RequestError:
            continue
        translate(parsed)


@given(st.lists(values.map(json.dumps)), st.sampled_from(["", " ", "\n\t"]))
def test_a_list_is_cut_where_json_says(items: list[str], space: str) -> None:
    document = f"{space}[{space}" + f"{space},{space}".join(items) + f"{space}]{space}"
    assert items_of(document.encode()) == [item.encode() for item in items]


@given(st.dictionaries(st.text(), values.map(json.dumps)))
def test_an_object_is_cut_where_json_says(members: dict[str, str]) -> None:
    document = (
        "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in members.items()) + "}"
    )
    expected = {json.dumps(key)[1:-1].encode(): value.encode() for key, value in members.items()}
    assert members_of(document.encode()) == expected


@given(json_bodies)
def test_the_fast_look_never_passes_what_the_slow_one_refuses(body: bytes) -> None:
    if is_plain(body):
        fault = structure_fault(body, LIMITS)
        slow = value_fault(body, LIMITS)
        if slow is not None and slow.code != "not_finite":
            assert fault == slow


@given(documents)
def test_what_is_fine_is_never_refused(document: Any) -> None:
    try:
        body = json.dumps(document, allow_nan=False).encode()
        require_storable(document)
    except (ValueError, AssertionError):
        return
    fault = value_fault(body, LIMITS)
    assert fault is None or fault.code in ("too_deep", "too_many_keys", "event_too_large")
