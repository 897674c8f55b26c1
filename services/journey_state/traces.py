"""Where an erased person's identifiers stand in what belongs to nobody or to others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from services.journey_state.touchpoint import Identifier

TEXT_CHARS_MIN = 6  # a shorter value may stand in somebody else's record by chance
_TELLING = ("properties", "traits", "context")  # of a record
_UNTOLD: dict[str, Any] = {
    "campaign": {"first": None, "last": None},
    "locale": None,
    "last_touchpoint": None,
}

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
    previous = record.get("previous_id")
    texts = frozenset(value.lower() for _, value in gone if len(value) >= TEXT_CHARS_MIN)
    changed = {
        **record,
        "identifiers": {k: v for k, v in record["identifiers"].items() if (k, v) not in gone},
        "previous_id": None if previous in values else previous,
        **{part: _without(record.get(part), texts) for part in _TELLING},
    }
    changed = {name: value for name, value in changed.items() if name in record}
    return None if changed == record else msgspec.json.encode(changed)


def tells_otherwise(body: bytes, changed: bytes) -> bool:
    """Whether a record says something else now that a fold may look at: not only who it names."""
    before, after = msgspec.json.decode(body), msgspec.json.decode(changed)
    return any(before.get(part) != after.get(part) for part in _TELLING)


def without_texts(traits: dict[str, Any], gone: Collection[Identifier]) -> dict[str, Any]:
    """Somebody else's traits without values that are one of these identifiers."""
    texts = frozenset(value.lower() for _, value in gone if len(value) >= TEXT_CHARS_MIN)
    kept: dict[str, Any] = _without(traits, texts)
    return kept


def _without(value: Any, texts: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, texts) for k, v in value.items() if not _is_one(v, texts)}
    if isinstance(value, list):
        return [_without(one, texts) for one in value if not _is_one(one, texts)]
    return value


def _is_one(value: Any, texts: Collection[str]) -> bool:
    return isinstance(value, str) and value.strip().lower() in texts


@dataclass(frozen=True, slots=True)
class Trace:
    """What of an erased person may stand in what is said of another, whom they were one with.

    `signals` are the person's, in hex; `is_theirs` tells of (source, message id) whether it is a
    touchpoint of theirs, the source may be unknown; `own` are the message ids of the touchpoints
    that the other's present history names.
    """

    gone: Collection[Identifier]
    signals: Collection[str]
    is_theirs: Callable[[str | None, str], bool]
    own: Collection[str]

    def taken_out(self, value: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
        """The value without it; `present` is what is to be said instead, where it says such things.

        What was said while both were one does not tell whose the campaign, the locale and the last
        touchpoint were: it says nothing of them any more.
        """
        named = value.get("identifiers", [])
        kept = [one for one in named if (one["kind"], one["value"]) not in self.gone]
        as_one = len(kept) < len(named)
        after: dict[str, Any] = self._nameless(value, as_one=as_one)
        for name in ("open_signals", "signals"):
            if name in value:
                after[name] = [one for one in after[name] if one["signal_id"] not in self.signals]
        instead = {"identifiers": kept, **(_UNTOLD if as_one else {}), **present}
        return after | {name: told for name, told in instead.items() if name in value}

    def _nameless(self, value: Any, *, as_one: bool) -> Any:
        """The value with null for each message id that is, or may be, the person's."""
        if isinstance(value, list):
            return [self._nameless(one, as_one=as_one) for one in value]
        if not isinstance(value, dict):
            return value
        after = {name: self._nameless(one, as_one=as_one) for name, one in value.items()}
        message_id = value.get("message_id")
        if message_id is not None and (
            (as_one and message_id not in self.own)
            or self.is_theirs(value.get("source"), message_id)
        ):
            after["message_id"] = None
        return after
