"""What the address of a page says, as Segment's browser SDK writes it into the context."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from services.ingest.protocols.rewriting import Document, without_empty

QUERY_FIELDS_MAX = 100
_CAMPAIGN = {"campaign": "name"}  # utm_campaign is the campaign's name, others keep theirs


def page_of(url: str | None, title: str | None, referrer: str | None) -> Document:
    """Segment's `context.page`."""
    page: Document = {"url": url, "title": title, "referrer": referrer}
    if url:
        try:
            parts = urlsplit(url)
        except ValueError:
            return without_empty(page)
        page |= {"path": parts.path or "/", "search": f"?{parts.query}" if parts.query else ""}
    return without_empty(page)


def campaign_of(url: str | None) -> Document:
    """Segment's `context.campaign`, from the address's `utm_...` fields."""
    if not url or "utm_" not in url:
        return {}
    try:
        fields = parse_qsl(urlsplit(url).query, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        return {}
    named = {name.removeprefix("utm_"): text for name, text in fields if name.startswith("utm_")}
    return {_CAMPAIGN.get(name, name): text for name, text in named.items()}
