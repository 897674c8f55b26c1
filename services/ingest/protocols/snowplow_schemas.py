"""Self-describing JSON: what its schema calls it, and the entities that go along with an event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from services.ingest.errors import EventError
from services.ingest.protocols.rewriting import Document, as_object

COMMERCE = "com.snowplowanalytics.snowplow.ecommerce"
_SCHEMA = re.compile(r"iglu:([A-Za-z0-9_.-]{1,200})/([A-Za-z0-9_-]{1,200})/[^/]+/\d+-\d+-\d+")


class Described(NamedTuple):
    """What a self-describing JSON holds."""

    vendor: str
    name: str
    data: Any

    @property
    def object(self) -> Document:
        """The data, which must be an object. Raises EventError."""
        return as_object(self.data, f"the data of {self.name}")

    @property
    def is_standard(self) -> bool:
        """Whether Snowplow itself says what it means."""
        return self.vendor.startswith("com.snowplowanalytics.")


class Entities:
    """What a row says beside its event."""

    def __init__(self, described: Iterable[Described]) -> None:
        self._described = list(described)

    def all(self, name: str) -> list[Document]:
        """The data of each entity of that name of Snowplow's own. Raises EventError."""
        return [one.object for one in self._described if one.name == name and one.is_standard]

    def first(self, name: str) -> Document:
        """The first of them, or an empty object. Raises EventError."""
        return next(iter(self.all(name)), {})

    def shown(self, *, without: str = "") -> dict[str, list[Any]]:
        """Data by the name of its schema, but for those of the vendor `without`."""
        found: dict[str, list[Any]] = {}
        for one in self._described:
            if one.vendor != without:
                found.setdefault(one.name, []).append(one.data)
        return found


def described(value: Any) -> Described:
    """The content of a self-describing JSON. Raises EventError."""
    document = as_object(value, "a self-describing JSON")
    schema = document.get("schema")
    match = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if match is None:
        shown = str(schema)[:60]
        raise EventError(
            "invalid_event", f"{shown!r} is no schema like iglu:vendor/name/format/1-0-0"
        )
    return Described(match[1], match[2], document.get("data"))
