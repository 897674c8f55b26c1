"""What filters and pain points ask of a touchpoint, read once and kept in columns beside it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

CAMPAIGN_LENGTH_MAX = 500  # characters; what is longer is cut

# Bits of the column `facets`; `touch_queries` reads them, and the record itself where it is null.
PERSON = 1  # neither a bot's nor a statement of consent
FAILED = 2  # properties.error says something
EXPERIMENT = 4  # properties may name one
DEVICE_SHIFT = 3  # from this bit on: the place in `DEVICE_CODES`
DEVICE_CODES = ("unknown", "mobile", "tablet", "desktop")
EXPERIMENT_NAMES = ("experiment", "experiment_name", "experiment_id")
_NAMES = frozenset(EXPERIMENT_NAMES)

_NO_ERROR = frozenset(("", "false", "0", "{}", "[]"))
_AGENTS_MAX = 10_000  # remembered: browsers are many fewer than visits
_TYPES = {
    **dict.fromkeys(("ios", "android", "mobile", "phone", "smartphone"), 1),
    **dict.fromkeys(("tablet", "ipad"), 2),
    **dict.fromkeys(("desktop", "laptop", "web", "macos", "windows", "linux"), 3),
}
_AGENTS = (
    (re.compile("ipad|tablet|^Mozilla/(?!.*Mobi).*Android", re.IGNORECASE | re.DOTALL), 2),
    (re.compile("mobi|iphone|android|ios", re.IGNORECASE), 1),
    (re.compile("^(Mozilla|Opera)/"), 3),
)


# Of `facets` and `campaign`; without them both are read from the record whenever they are asked.
Kept = tuple[int | None, str | None]

_UNREAD: Kept = (None, None)


def facets_of(
    call: str,
    bot: bool,
    properties: dict[str, Any],
    context: dict[str, Any],
) -> Kept:
    """Those of a touchpoint: what PostgreSQL reads from it, or nothing where that is not certain.

    Texts that are not plain and values of other types than usual are left to PostgreSQL.
    """
    said, agent, campaign = context.get("device"), context.get("userAgent"), context.get("campaign")
    found = 0 if bot or call == "consent" else PERSON
    if said is not None or agent is not None:
        device = _device(said, agent)
        if device is None:
            return _UNREAD
        found |= device << DEVICE_SHIFT
    if properties:
        if "error" in properties:
            failed = _failed(properties["error"])
            if failed is None:
                return _UNREAD
            found |= failed
        if not _NAMES.isdisjoint(properties):
            found |= EXPERIMENT
    if type(campaign) is not dict:
        return found, None
    name = campaign.get("name")
    if name is None:
        return found, None
    if type(name) is not str or not name.isprintable():
        return _UNREAD
    return found, name[:CAMPAIGN_LENGTH_MAX]


def _failed(error: object) -> int | None:
    if error is None or error is False:
        return 0
    if isinstance(error, str):
        return 0 if error in _NO_ERROR else FAILED
    return FAILED if error else None  # how a nought or an empty list is written decides


def _device(said: object, agent: object) -> int | None:
    kind = said.get("type") if type(said) is dict else None
    if type(kind) not in _TEXTUAL or type(agent) not in _TEXTUAL:
        return None
    return _device_of(kind, agent)


_TEXTUAL = (str, type(None))


@lru_cache(_AGENTS_MAX)
def _device_of(kind: str | None, agent: str | None) -> int | None:
    if not (kind or "").isascii() or not (agent or "").isascii():
        return None  # which letters are the same but for their case depends on the database
    if kind is None and agent is None:
        return 0
    if kind is not None and kind.lower() in _TYPES:
        return _TYPES[kind.lower()]
    if agent is None:
        return 0
    return next((code for pattern, code in _AGENTS if pattern.search(agent)), 0)
