"""Where an erased person's identifiers stand in what belongs to nobody or to others."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from services.journey_state.touchpoint import Identifier

_WORD = rb"[0-9A-Za-z_@.+\-\x80-\xff]"


def written(identifiers: Iterable[Identifier]) -> list[bytes]:
    """The values as bytes in which they may stand: in UTF-8, and as JSON escapes them."""
    values = {value for _, value in identifiers}
    forms = {value.encode() for value in values}
    forms |= {json.dumps(value, ensure_ascii=ascii_)[1:-1].encode()
              for value in values for ascii_ in (False, True)}  # fmt: skip
    return sorted(forms)


def holds_any(text: bytes, forms: Collection[bytes]) -> bool:
    """Whether any stands there as a word of its own, not as a part of a longer one."""
    return any(
        re.search(rb"(?<!" + _WORD + rb")" + re.escape(form) + rb"(?!" + _WORD + rb")", text)
        for form in forms
    )


def without_identifiers(body: bytes, gone: Collection[Identifier]) -> bytes | None:
    """Somebody else's record that does not name these any more; None: it names none of them.

    An event that another person's identifier was refused in (too many, two known users) belongs
    to the one and names the other.
    """
    record: dict[str, Any] = msgspec.json.decode(body)
    values = {value for kind, value in gone if kind in ("user_id", "anonymous_id")}
    kept = {k: v for k, v in record["identifiers"].items() if (k, v) not in gone}
    previous = record.get("previous_id")
    if kept == record["identifiers"] and previous not in values:
        return None
    previous = None if previous in values else previous
    return msgspec.json.encode({**record, "identifiers": kept, "previous_id": previous})


def without_person(
    payload: dict[str, Any], gone: Collection[Identifier], signals: Collection[str]
) -> dict[str, Any]:
    """Somebody else's signal without what it says of an erased person whom they once were one with.

    `signals` are the erased person's; the id that it was raised as is theirs too.
    """
    return {
        **payload,
        "identifiers": [
            one for one in payload.get("identifiers", ()) if (one["kind"], one["value"]) not in gone
        ],
        "open_signals": [
            one for one in payload.get("open_signals", ()) if one["signal_id"] not in signals
        ],
        "raised_as": None,
    }
