"""An event of any sender, by the mapping of its source."""

from __future__ import annotations

import re

from services.ingest.hooks.options import Mapping
from services.ingest.hooks.provider import Occurrence
from services.ingest.hooks.reading import member, moment, readable, text

_STEP = re.compile(r"[^.\[\]]+")


def mapped(item: object, mapping: Mapping, message_id: str | None = None) -> Occurrence:
    """What the mapping finds in one item; `message_id` where it names none."""
    said = found_text(item, mapping.event)
    name = mapping.names.get(said or "") or mapping.name or readable("", said)
    return Occurrence(
        name=name,
        id=found_text(item, mapping.message_id) or message_id,
        at=moment(found(item, mapping.timestamp)) if mapping.timestamp else None,
        identifiers={kind: found_text(item, path) for kind, path in mapping.identifiers.items()},
        properties={name: found(item, path) for name, path in mapping.properties.items()},
        user_id=found_text(item, mapping.user_id),
        anonymous_id=found_text(item, mapping.anonymous_id),
    )


def found(item: object, path: str) -> object:
    """What stands at a dotted path; a step of digits is a place in a list or a name."""
    for step in _STEP.findall(path):
        item = member(item, int(step) if isinstance(item, list) and step.isdigit() else step)
    return item


def found_text(item: object, path: str | None) -> str | None:
    """The text or number at the path."""
    return text(found(item, path)) if path else None
