"""Bodies of others, read without trust: a field of another kind than expected is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from services.contracts.times import SECOND_US, format_time, from_datetime
from services.ingest.errors import RequestError
from services.ingest.times import EARLIEST_US, LATEST_US

FORM_FIELDS_MAX = 1000
# Seconds since 1970 stay below this until the year 5138; milliseconds were above it since 1973.
MILLISECONDS_FROM = 1e11
TEXT_CHARACTERS_MAX = 500
_WORD = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def json_of(body: bytes) -> Any:
    """The JSON value of a body. Raises RequestError."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise RequestError("malformed_json", f"the body is not valid JSON: {error}") from None


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form body; of a repeated one the last. Raises RequestError."""
    return dict(form_pairs(body))


def form_pairs(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form body in their order, empty ones too. Raises RequestError."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError as error:
        raise RequestError("invalid_body", f"the body is not a form: {error}") from None


def member(item: object, *path: str | int) -> Any:
    """What stands at the path, through objects by name and lists by place; None when nothing."""
    for step in path:
        if isinstance(step, str) and isinstance(item, dict):
            item = item.get(step)
        elif isinstance(step, int) and isinstance(item, list) and step < len(item):
            item = item[step]
        else:
            return None
    return item


def text(item: object, *path: str | int) -> str | None:
    """The text or number at the path, as text; None for anything else and for an empty one."""
    value = member(item, *path)
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def short(item: object, *path: str | int) -> str | None:
    """The text at the path, cut to what a property may be long."""
    value = text(item, *path)
    return value[:TEXT_CHARACTERS_MAX] if value else None


def number(item: object, *path: str | int) -> int | float | None:
    """The number at the path, also where it is written as text."""
    value = member(item, *path)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -1e15 < value < 1e15:
        return None
    return int(value) if float(value).is_integer() else value


def objects(item: object, *path: str | int) -> Iterator[dict[str, Any]]:
    """The objects of the list at the path."""
    value = member(item, *path)
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def seconds(item: object, *path: str | int) -> str | None:
    """The time at the path, given in seconds since 1970, as RFC 3339."""
    return _time(item, SECOND_US, *path)


def milliseconds(item: object, *path: str | int) -> str | None:
    """The time at the path, given in milliseconds since 1970, as RFC 3339."""
    return _time(item, 1000, *path)


def moment(item: object, *path: str | int) -> str | None:
    """The time at the path, in whichever of the usual ways it is written."""
    count = number(item, *path)
    if count is None:
        return text(item, *path)
    unit = milliseconds if abs(count) >= MILLISECONDS_FROM else seconds
    return unit(item, *path)


def rfc2822(item: object, *path: str | int) -> str | None:
    """The time at the path, written as in mails, as RFC 3339."""
    value = text(item, *path)
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return value
    return format_time(from_datetime(moment)) if moment.tzinfo else value


def _time(item: object, unit_us: int, *path: str | int) -> str | None:
    stated = text(item, *path)
    count = number(item, *path)
    if count is None:
        return stated  # what is no number is refused as a time, with its text
    time_us = round(count * unit_us)
    return format_time(time_us) if EARLIEST_US <= time_us <= LATEST_US else stated


def address(value: str | None) -> str | None:
    """The bare address of `Ann <ann@example.com>`."""
    if not value:
        return None
    return parseaddr(value)[1] or value


def readable(prefix: str, name: str | None) -> str:
    """A name for the map made of a provider's: `group_resubscribe` is `Email Group Resubscribe`."""
    words = _WORD.findall(_CAMEL.sub(" ", (name or "event")[:80]))
    said = " ".join(word[:1].upper() + word[1:] for word in words) or "Event"
    return said if said.startswith(prefix) else f"{prefix} {said}".strip()


def stable_id(*parts: object) -> str:
    """An id made of what tells an event from others, the same at each try."""
    return "h-" + sha256(msgspec.json.encode([str(part) for part in parts])).hexdigest()[:32]
