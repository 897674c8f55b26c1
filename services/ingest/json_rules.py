"""What JSON an event may hold beyond the grammar: depth, keys, and values every store can keep."""

from __future__ import annotations

import json
import math
import re
from typing import NamedTuple

from services.ingest.errors import Fault


class JsonLimits(NamedTuple):
    """Bounds of one event, the event itself is depth 1; and how many one body may have."""

    event_bytes_max: int
    depth_max: int
    keys_max: int
    events_max: int = 2_500


INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_INT64_DIGITS = 19

# Each body is mapped once, in C: digits to 0, e and E to e, what may stand before a number to a
# blank, all else to x. A number beyond int64 then has 19 zeros, one like 1e400 has 0e000.
_SHAPE = bytearray(b"x" * 256)
for _byte in b"0123456789":
    _SHAPE[_byte] = ord("0")
for _byte in b"eE":
    _SHAPE[_byte] = ord("e")
for _byte in b":,[ \t\r\n":
    _SHAPE[_byte] = ord(" ")
_SHAPE[ord("-")] = ord("-")
_SHAPE[ord(".")] = ord(".")
_SHAPE_TABLE = bytes(_SHAPE)
_LONG_NUMBER = b"0" * _INT64_DIGITS
_BIG_EXPONENT = b"0e000"
_MANTISSA_LOOK_BACK = 64

_KEY_BYTES_MIN = 4
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"{[:"))
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]|:|-?\d[\d.eE+-]*|-?Infinity|NaN', re.DOTALL)


def is_plain(body: bytes) -> bool:
    """Whether no value in `body` needs a closer look; False decides nothing by itself."""
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return False
    if b"\\" in body and b"\\u0000" in body:
        return False
    # To leave a byte out costs several times the mapping alone.
    shape = body.translate(_SHAPE_TABLE, b"+") if b"+" in body else body.translate(_SHAPE_TABLE)
    return _LONG_NUMBER not in shape and not _has_big_exponent(shape)


def _has_big_exponent(shape: bytes) -> bool:
    at = shape.find(_BIG_EXPONENT)
    while at >= 0:
        # In an identifier like 3e4711 no blank, minus or point leads up to the digits.
        mantissa = shape[max(0, at - _MANTISSA_LOOK_BACK) : at + 1].rstrip(b"0.")
        if mantissa.rstrip(b"-")[-1:] in (b" ", b""):
            return True
        at = shape.find(_BIG_EXPONENT, at + 1)
    return False


def small_bytes(limits: JsonLimits) -> int:
    """An event so short is not too large, and no object in it can have too many keys."""
    # `"":0,` is the shortest of them.
    return min(limits.event_bytes_max, _KEY_BYTES_MIN * limits.keys_max)


def structure_fault(event: bytes, limits: JsonLimits) -> Fault | None:
    """Whether an event that holds only plain values is too large, too deep or too wide."""
    if len(event) > limits.event_bytes_max:
        size, most = len(event), limits.event_bytes_max
        return Fault("event_too_large", f"the event has {size} bytes; at most {most} are taken")
    if len(event) <= small_bytes(limits):
        opened = event.count(b"{") + event.count(b"[")
        if opened <= limits.depth_max:
            return None
    marks = event.translate(None, _NOT_STRUCTURE)
    if len(marks) <= limits.depth_max and len(marks) <= limits.keys_max:
        return None
    colons = marks.count(b":")
    if len(marks) - colons <= limits.depth_max and colons <= limits.keys_max:
        return None
    return value_fault(event, limits)


def value_fault(event: bytes, limits: JsonLimits) -> Fault | None:
    """The first thing in the event that is not allowed, found token by token.

    Needs no valid JSON and no recursion: it also says why a parser failed.
    """
    if len(event) > limits.event_bytes_max:
        return structure_fault(event, limits)
    try:
        event.decode()
    except UnicodeDecodeError as error:
        return Fault("invalid_utf8", f"byte {error.start} of the event is not UTF-8")
    keys = [0]  # of each object that is open here, the event's surroundings first
    for match in _TOKEN.finditer(event):
        token = match[0]
        first = token[:1]
        if first in b"[{":
            keys.append(0)
            fault = _depth_fault(len(keys) - 1, limits)
        elif first in b"]}":
            fault = None
            del keys[max(1, len(keys) - 1) :]
        elif first == b":":
            keys[-1] += 1
            fault = _keys_fault(keys[-1], limits)
        else:
            fault = _text_fault(token) if first == b'"' else _number_fault(token)
        if fault:
            return fault
    return None


def _depth_fault(depth: int, limits: JsonLimits) -> Fault | None:
    if depth <= limits.depth_max:
        return None
    return Fault("too_deep", f"the event nests deeper than {limits.depth_max}")


def _keys_fault(keys: int, limits: JsonLimits) -> Fault | None:
    if keys <= limits.keys_max:
        return None
    return Fault("too_many_keys", f"an object has over {limits.keys_max} keys")


def _text_fault(token: bytes) -> Fault | None:
    if b"\\u" not in token:
        return None
    try:
        text = json.loads(token)
        text.encode()
    except UnicodeEncodeError:
        return Fault("lone_surrogate", "a text holds half of a surrogate pair")
    except ValueError:
        return None
    if "\0" in text:
        return Fault("nul_character", "a text holds \\u0000")
    return None


def _number_fault(token: bytes) -> Fault | None:
    if token.endswith((b"NaN", b"Infinity")):
        return Fault("not_finite", f"{token.decode()} is not a JSON number")
    try:
        if token.lstrip(b"-").isdigit():
            fits = len(token) <= _INT64_DIGITS + 1 and INT64_MIN <= int(token) <= INT64_MAX
        else:
            fits = math.isfinite(float(token))
    except ValueError:
        return None
    if fits:
        return None
    return Fault("number_out_of_range", f"{token[:40].decode()} fits neither int64 nor double")
