"""What a touchpoint tells of its customer: traits, campaign, locale, the key of a repeat."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from services.journey_state.touchpoint import Touchpoint

TRAITS_BYTES_MAX = 65_536  # of one customer, encoded; traits that lead beyond are left out
CAMPAIGN_FIELDS = ("id", "name", "source", "medium", "term", "content")
CAMPAIGN_TEXT_LENGTH_MAX = 500  # characters
LOCALE_LENGTH_MAX = 35  # characters, the longest of BCP 47
ONCE_KEY_LENGTH_MAX = 64  # characters; a longer key is kept as its hash


def merged_traits(traits: dict[str, Any], touchpoint: Touchpoint) -> dict[str, Any]:
    """The customer's traits with those of the touchpoint; null removes, a group's do not count."""
    if not touchpoint.traits or touchpoint.call == "group":
        return traits
    merged = {k: v for k, v in {**traits, **touchpoint.traits}.items() if v is not None}
    if merged == traits or len(msgspec.msgpack.encode(merged)) > TRAITS_BYTES_MAX:
        return traits
    return merged


def campaign_of(context: Mapping[str, Any]) -> dict[str, Any] | None:
    """The campaign that brought the touchpoint; None if it names none."""
    campaign = context.get("campaign")
    if not isinstance(campaign, dict):
        return None
    found = {}
    for field in CAMPAIGN_FIELDS:
        value = campaign.get(field)
        if isinstance(value, str) and value:
            found[field] = value[:CAMPAIGN_TEXT_LENGTH_MAX]
    return found or None


def locale_of(context: Mapping[str, Any]) -> str | None:
    """The locale that the touchpoint states."""
    locale = context.get("locale")
    return locale[:LOCALE_LENGTH_MAX] if isinstance(locale, str) and locale else None


def seen_key(text: str) -> str:
    """The key text as it is kept; "" where there is none."""
    if len(text) <= ONCE_KEY_LENGTH_MAX:
        return text
    return "blake2b:" + blake2b(text.encode(), digest_size=16).hexdigest()
