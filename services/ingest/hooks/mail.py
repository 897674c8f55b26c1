"""What mail providers have in common: names on the map, what senders attach."""

from __future__ import annotations

from typing import NamedTuple

from services.ingest.hooks.provider import Members
from services.ingest.hooks.reading import short, text

DELIVERED = "Email Delivered"
OPENED = "Email Opened"
CLICKED = "Email Link Clicked"
BOUNCED = "Email Bounced"
SPAM = "Email Marked as Spam"
UNSUBSCRIBED = "Unsubscribed"
SUBSCRIBED = "Subscribed"
# Not in Segment's list: the mail's way before it arrives, named alike for all providers.
PROCESSED = "Email Processed"
DEFERRED = "Email Deferred"
DROPPED = "Email Dropped"
REPLIED = "Email Reply Received"

PREFIX = "Email"


class Told(NamedTuple):
    """What the sender attached to a mail so that its events can be told apart."""

    user_id: str | None
    anonymous_id: str | None
    properties: Members


def told(attached: object) -> Told:
    """The ids among a mail's custom arguments; nothing else of them is copied."""
    return Told(
        text(attached, "user_id") or text(attached, "userId"),
        text(attached, "anonymous_id") or text(attached, "anonymousId"),
        {name: short(attached, name) for name in ("campaign_id", "campaign_name", "email_id")},
    )


def bounce_type(*, is_hard: bool) -> str:
    """In the same words for all: `hard` (the address will not work), or `soft`."""
    return "hard" if is_hard else "soft"


def context(agent: str | None, ip: str | None) -> Members:
    """The client that opened or clicked."""
    return {"userAgent": agent, "ip": ip}


def joined(*parts: Members) -> Members:
    """The members of all; of those that are there twice the later, unless it says nothing."""
    found: Members = {}
    for part in parts:
        found |= {name: value for name, value in part.items() if value not in (None, "")}
    return found
