"""Personal values masked, each by what it is: what is left tells apart and names nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "***"
_SHOWN_FROM = 8  # characters of an id of which something is shown

_EMAIL = re.compile(r"([\w.+'-]+)(@|%40)([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)\d[\d\s().-]{6,18}\d(?![\w])")
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# Not the version of a product, as in `Chrome/119.0.0.0`.
_IPV4 = re.compile(rf"(?<![\w.])(?<!\w/){_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}(?![\w.])")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:])")
_QUERY = re.compile(r"(?<=[?&#;])([^=&#;\s]+)=([^&#\s]+)")
_QUERY_KEPT = ("utm_",)


def masked_email(text: str) -> str:
    """`ann@example.com` as `a***@e***.com`; all of it where it is none."""
    name, at, domain = text.rpartition("@")
    labels = domain.split(".")
    if not (name and at and len(labels) > 1):
        return HIDDEN
    return f"{name[0]}{HIDDEN}@{domain[0]}{HIDDEN}.{labels[-1]}"


def masked_phone(text: str) -> str:
    """`+48600100212` as `+48***12`; all of it where that would be most of it."""
    digits = re.sub(r"\D", "", text)
    if len(digits) < _SHOWN_FROM:
        return HIDDEN
    start = f"+{digits[:2]}" if text.lstrip().startswith("+") else ""
    return f"{start}{HIDDEN}{digits[-2:]}"


def masked_id(text: str) -> str:
    """`user-20481` as `us***81`; a short one wholly."""
    return f"{text[:2]}{HIDDEN}{text[-2:]}" if len(text) >= _SHOWN_FROM else HIDDEN


def masked_identifier(kind: str, value: str) -> str:
    """A value of this kind of identifier."""
    if kind == "email":
        return masked_email(value)
    return masked_phone(value) if kind == "phone" else masked_value(value)


def masked_value(text: str) -> str:
    """An id, e-mail address or phone number, whichever it looks like."""
    contact = masked_contact(text)
    return masked_id(text) if contact == HIDDEN else contact


def masked_contact(text: str) -> str:
    """An e-mail address or a phone number as such; anything else wholly."""
    if _EMAIL.fullmatch(text):
        return masked_email(text)
    return masked_phone(text.strip()) if _PHONE.fullmatch(text.strip()) else HIDDEN


def masked_address(text: str) -> str:
    """An internet address: `203.0.113.7` as `203.0.***`."""
    parts = text.split(".")
    return f"{parts[0]}.{parts[1]}.{HIDDEN}" if len(parts) == len("0000") else HIDDEN


def scrubbed(text: str, known: re.Pattern[str] | None = None) -> str:
    """A text without what looks like an e-mail, a phone number or an internet address, without
    the values of a URL's query but `utm_` ones, and without what is `known` of the person."""
    if "=" in text:
        text = _QUERY.sub(_masked_query, text)
    if known is not None:
        text = known.sub(HIDDEN, text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(lambda found: masked_email(f"{found[1]}@{found[3]}"), text)
    text = _PHONE.sub(lambda found: masked_phone(found[0]), text)
    text = _IPV4.sub(lambda found: masked_address(found[0]), text)
    return _IPV6.sub(HIDDEN, text) if text.count(":") > 2 else text


def _masked_query(found: re.Match[str]) -> str:
    kept = found[1].lower().startswith(_QUERY_KEPT)
    return found[0] if kept else f"{found[1]}={HIDDEN}"


def known_pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of these values where it stands as a word, however it is spelled in a URL."""
    forms = {form for value in values for form in (value, quote(value, safe=""))}
    forms |= {value[-9:] for value in values if re.fullmatch(r"\+\d{10,15}", value)}
    if not forms:
        return None
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    either = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
