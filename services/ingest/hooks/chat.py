"""What chats have in common: names on the map, said from the customer's side as Segment does."""

from __future__ import annotations

from services.ingest.hooks.provider import Members
from services.ingest.hooks.reading import readable

STARTED = "Live Chat Conversation Started"
ENDED = "Live Chat Conversation Ended"
SENT = "Live Chat Message Sent"  # the customer wrote
RECEIVED = "Live Chat Message Received"  # an agent or a bot wrote to the customer
CLICKED = "Live Chat Button Clicked"
RATED = "Live Chat Conversation Rated"
PREFIX = "Live Chat"

# What becomes of a message to the customer. Of its own name, so that nobody who is only sent
# something counts as in conversation.
_RECEIPTS = {"sent": "Dispatched", "undelivered": "Failed"}


def receipt(status: str | None) -> str:
    """The name for a message's way to the customer."""
    return readable(f"{PREFIX} Message", _RECEIPTS.get(status or "", status))


def whatsapp(number: str | None) -> Members:
    """WhatsApp's id is a phone number without its plus."""
    digits = (number or "").removeprefix("+")
    return {"whatsapp": digits, "phone": f"+{digits}" if digits.isdecimal() else None}
