"""Who an event is about: identifier values cleaned, one per kind (semantics 2.1)."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from services.ingest.errors import EventError

IDENTIFIERS_MAX = 32
_BLOCKED = frozenset(["null", "undefined", "none", "nan", "0", "-1", "anonymous", "guest"]) | {
    "true",
    "false",
    "[object object]",
}
# The empty text, and how all that stands for no one begins.
_BLOCKED_BEGINNINGS = frozenset(c for word in _BLOCKED for c in (word[0], word[0].upper())) | {""}
_BLOCKED_CHARACTERS_MAX = max(map(len, _BLOCKED))
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")


def clean_value(value: object) -> str | None:
    """The identifier in `value`, trimmed; None when it stands for no one. Numbers become text."""
    if isinstance(value, str):
        text = value.strip()
        if text[:1] not in _BLOCKED_BEGINNINGS:
            return text
    elif value is None or isinstance(value, bool):
        return None
    elif isinstance(value, int):
        text = str(value)
    elif isinstance(value, float):
        text = str(int(value)) if value.is_integer() else repr(value)
    else:
        raise EventError("invalid_field", "an identifier must be a text or a number")
    if not text or _stands_for_no_one(text):
        return None
    return text


def _stands_for_no_one(text: str) -> bool:
    if len(text) <= _BLOCKED_CHARACTERS_MAX and text.lower() in _BLOCKED:
        return True
    # Zeros of any length, the zero UUID and "-0" are zeros and dashes only.
    return text[0] in "0-" and "0" in text and not text.strip("0-")


def clean(kind: str, value: object) -> str | None:
    """The value as identifiers of its kind are compared: e-mail lower-cased, phone as E.164."""
    text = clean_value(value)
    if text is None:
        return None
    if kind == "email":
        return text.lower()
    if kind == "phone":
        return international(text)
    return text


@lru_cache(maxsize=10_000)
def international(phone: str) -> str:
    """E.164 where the number says its country itself, else the text as it is."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def add(identifiers: dict[str, str], kind: str, value: object) -> None:
    """`identifiers` has the value, unless its kind had one already or the value is none."""
    if kind not in identifiers and (text := clean(kind, value)) is not None:
        identifiers[kind] = text


def add_stated(identifiers: dict[str, str], stated: dict[str, object]) -> None:
    """The sender's own `identifiers: {kind: value}`; raises EventError for a kind with no name."""
    if len(stated) > IDENTIFIERS_MAX:
        raise EventError("invalid_field", f"an event names at most {IDENTIFIERS_MAX} identifiers")
    for kind, value in stated.items():
        if not _KIND.fullmatch(kind):
            raise EventError(
                "invalid_field",
                f"the identifier kind {kind[:40]!r} must be like user_id: a-z, 0-9 and _",
            )
        add(identifiers, kind, value)
