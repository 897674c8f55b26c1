"""Which user agents are crawlers: their touchpoints are kept and never folded."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
from crawlerdetect import CrawlerDetect

AGENTS_CACHED_MAX = 4096
AGENT_CHARACTERS_MAX = 512

# The library also lists HTTP clients (okhttp, curl) that apps and servers of real people use:
# only what calls itself one is taken for a crawler.
_SAYS_SO = re.compile(
    r"bot|crawl|spider|slurp|preview|facebookexternalhit|lighthouse|headless", re.IGNORECASE
)

_crawlers = CrawlerDetect()


class _Agent(msgspec.Struct):
    """The user agent in a context."""

    agent: str | None = msgspec.field(name="userAgent", default=None)


_decode = msgspec.json.Decoder(_Agent).decode


def is_bot(context: bytes) -> bool:
    """Whether the context's user agent is a crawler's. `context` is a valid JSON object."""
    if b'"userAgent"' not in context:
        return False
    try:
        agent = _decode(context).agent
    except msgspec.ValidationError:
        return False
    return bool(agent) and _is_crawler((agent or "")[:AGENT_CHARACTERS_MAX])


@lru_cache(AGENTS_CACHED_MAX)
def _is_crawler(agent: str) -> bool:
    return bool(_SAYS_SO.search(agent)) and bool(_crawlers.isCrawler(agent))
