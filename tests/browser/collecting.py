"""An ingest that browsers send to, and what came of it on its topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.ingest.sources_file import hash_of
from tests.e2e.topic import read
from tests.waiting import until

if TYPE_CHECKING:
    from services.settings import Settings

KEY = "browser-write-key-00001"
ELSEWHERE_KEY = "elsewhere-write-key-0001"
SOURCES = [
    {"name": "site", "channel": "website", "key_sha256": hash_of(KEY), "origins": ["*"]},
    {
        "name": "elsewhere",
        "channel": "website",
        "key_sha256": hash_of(ELSEWHERE_KEY),
        "origins": ["https://shop.example"],
    },
]


@dataclass(frozen=True)
class Collecting:
    """Where it is, and how its topic is read."""

    settings: Settings
    url: str

    def tag(self, attributes: str = "", key: str = KEY) -> str:
        """The line that a website has in its head."""
        return f'<script async src="{self.url}/milepost.js" data-key="{key}" {attributes}></script>'

    async def touchpoints(self, anonymous_id: str) -> list[Any]:
        """A visitor's on the topic, every copy, in the order of their time."""
        kafka = self.settings.kafka
        values = [record.value for record in await read(kafka, kafka.topics.touchpoints)]
        own = [one for one in values if one["identifiers"].get("anonymous_id") == anonymous_id]
        return sorted(own, key=lambda one: str(one["occurred_at"]))

    async def distinct(self, anonymous_id: str, count: int) -> list[Any]:
        """The first copy of each message, once there are `count`; fails when there are more."""

        async def enough() -> list[Any] | None:
            copies = await self.touchpoints(anonymous_id)
            once = list({one["message_id"]: one for one in reversed(copies)}.values())[::-1]
            return once if len(once) >= count else None

        found = await until(enough)
        assert len(found) == count, [one["event"] for one in found]
        return found
